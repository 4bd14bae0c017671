// @ts-check
/** Draw a distribution, and watch a GAN, a VAE or an autoencoder learn it. */
import { curveColor, drawCurves, short } from "../curves.js";
import { normal } from "../latents.js";
import { Training } from "../live-session.js";
import { settingsPanels } from "../live-settings.js";
import { cursorOf, logitAt, onceSized, plane, pointOf, said, switches } from "../scatter.js";
import { button, el, reporting, slider } from "../ui.js";

const REACH = 1.25;
/** Points of a dab of the brush, which has one at every so many coordinates of a stroke. */
const DAB = 8,
  SPACING = 0.04;
/** Of an arrow, in coordinates. */
const LONGEST = 0.3;
/** Smaller logits are drawn as weakly as they are. */
const LEAST_LOGIT = 0.5;
/** @type {[string, string][]} */
const SETS = [
  ["ring", "Ring"],
  ["grid", "Grid"],
  ["spirals", "Spirals"],
  ["moons", "Two moons"],
];
/** What is drawn of each family, and how. @type {Record<string, [string, string][]>} */
const PARTS = {
  gan: [
    ["data", "dot real"],
    ["samples", "dot generated"],
    ["discriminator's logit", "area"],
    ["generator's gradient", "arrow"],
  ],
  vae: [
    ["data", "dot real"],
    ["samples", "dot generated"],
    ["reconstructions", "dot restored"],
  ],
  autoencoder: [
    ["data", "dot real"],
    ["reconstructions", "dot restored"],
  ],
};

/** @type {import("../main.js").View} */
export const view = { name: "live", title: "Live training", requires: [], verbs: ["live"], mount };

/** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
async function mount(root, session, signal) {
  const training = new Training(session, signal),
    board = drawingBoard(training, signal);
  const { panels, sync } = settingsPanels(training.settings, {
    begin: part => training.begin(part),
    change: part => training.change(part),
  });
  training.addEventListener("settings", sync, { signal });
  root.append(
    el(
      "p",
      {},
      "Draw points, choose how to learn them, and start. Everything but the networks can be changed " +
        "while it trains.",
    ),
    el(
      "div",
      { className: "columns" },
      el("div", {}, board.canvas, running(training, signal), board.reading, lossPanel(training, signal)),
      el("div", {}, dataPanel(training, board, signal), ...panels),
    ),
  );
  training.begin({});
}

/** What starts and stops it. @param {Training} training @param {AbortSignal} signal */
function running(training, signal) {
  const start = button("Start", () => training.toggle(), { className: "main" });
  const step = button(
    "Step",
    reporting(() => training.steps(1)),
  );
  const again = button("New weights", () => training.begin({ seed: training.settings.seed + 1 }));
  const when = el("output", {}),
    trouble = el("p", { className: "trouble", role: "alert", hidden: true });
  const count = slider({
    label: "Steps per frame",
    min: 1,
    max: 100,
    step: 1,
    value: training.count,
    digits: 0,
    onchange: value => (training.count = value),
  });
  training.addEventListener(
    "state",
    () => {
      const { state } = training;
      start.textContent = training.running ? "Pause" : "Start";
      start.disabled = step.disabled = !state || Boolean(state.stopped) || !training.points.length;
      when.textContent = state ? `step ${state.step.toLocaleString("en")}` : "";
      trouble.textContent = state?.stopped ?? (training.points.length ? "" : "There are no points: draw some.");
      trouble.hidden = !trouble.textContent;
    },
    { signal },
  );
  return el("div", {}, el("div", { className: "buttons" }, start, step, again, when), trouble, count.root);
}

/** The plane, to draw on. @param {Training} training @param {AbortSignal} signal */
function drawingBoard(training, signal) {
  const board = { hidden: /** @type {Set<string>} */ (new Set()), width: 0.03 };
  /** @type {[number, number] | null} */
  let cursor = null;
  const label = "the plane: draw points with the pointer, or move with the arrow keys and draw with the space bar";
  const reading = el("p", { className: "reading", role: "status" });
  const { canvas, redraw } = plane(label, () => ({ ...sceneOf(training, board.hidden), cursor }), signal);
  const show = () => {
    reading.textContent = cursor ? readingOf(training, cursor) : "";
    redraw();
  };
  canvas.classList.add("draw");
  training.addEventListener("state", show, { signal });
  cursorOf(canvas, REACH, point => {
    cursor = point;
    show();
  });
  brush(
    canvas,
    (x, y) => training.setPoints([...training.points, ...dab(x, y, board.width)]),
    () => cursor,
  );
  return Object.assign(board, { canvas, reading, redraw });
}

/** @param {Training} training @param {Set<string>} hidden @returns {import("../scatter.js").Scene} */
function sceneOf({ state, points }, hidden) {
  if (!state) return { reach: REACH, real: points };
  const { logits = [], push = [], samples = [], encoded = [], reconstructed = [] } = state;
  const shown = (/** @type {string} */ name) => !hidden.has(name),
    side = Math.sqrt(logits.length);
  const strongest = quantile(norms(push), 0.95),
    largest = Math.max(LEAST_LOGIT, quantile(logits.map(Math.abs), 0.9));
  return {
    reach: REACH,
    real: shown("data") ? points : [],
    generated: shown("samples") ? samples : [],
    field: side && shown("discriminator's logit") ? { logits, side, largest } : null,
    arrows:
      side && shown("generator's gradient")
        ? { from: samples, by: push.map(value => (value * LONGEST) / strongest), longest: LONGEST }
        : null,
    lines: encoded.length && shown("reconstructions") ? { from: encoded, to: reconstructed } : null,
  };
}

/** @param {Training} training @param {[number, number]} cursor */
function readingOf({ state }, cursor) {
  if (!state?.logits) return `at (${cursor.map(value => value.toFixed(2)).join(", ")})`;
  return said(logitAt(state.logits, Math.sqrt(state.logits.length), REACH, cursor), cursor, state.probability);
}

/**
 * @param {Training} training @param {{hidden: Set<string>, width: number, redraw: () => void}} board
 * @param {AbortSignal} signal
 */
function dataPanel(training, board, signal) {
  const parts = el("div", {});
  const sets = SETS.map(([name, title]) =>
    button(title, () => training.change({ data: name }), { "aria-pressed": "false" }),
  );
  let family = "";
  training.addEventListener(
    "state",
    () => {
      const { settings } = training;
      sets.forEach((one, place) => one.setAttribute("aria-pressed", String(settings.data === SETS[place][0])));
      if (settings.family === family) return;
      family = settings.family;
      parts.replaceChildren(switches(PARTS[family], board.hidden, board.redraw));
    },
    { signal },
  );
  const width = slider({
    label: "Brush",
    min: 0,
    max: 0.2,
    step: 0.01,
    value: board.width,
    onchange: value => (board.width = value),
  });
  return el(
    "div",
    { className: "panel" },
    el("h2", {}, "Data"),
    el(
      "div",
      { className: "buttons" },
      ...sets,
      button("Clear", () => training.setPoints([])),
    ),
    width.root,
    parts,
  );
}

/**
 * Draw along the pointer's way, or at the cursor by the space bar.
 * @param {HTMLCanvasElement} canvas @param {(x: number, y: number) => void} add
 * @param {() => [number, number] | null} cursor
 */
function brush(canvas, add, cursor) {
  /** @type {[number, number] | null} */
  let last = null;
  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    last = pointOf(canvas, REACH, event);
    add(...last);
  });
  canvas.addEventListener("pointermove", event => {
    if (!last) return;
    const to = pointOf(canvas, REACH, event),
      length = Math.hypot(to[0] - last[0], to[1] - last[1]);
    if (length < SPACING) return;
    for (let way = SPACING; way <= length; way += SPACING)
      add(last[0] + ((to[0] - last[0]) * way) / length, last[1] + ((to[1] - last[1]) * way) / length);
    last = to;
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (last = null));
  canvas.addEventListener("keydown", event => {
    const at = cursor();
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (at) add(...at);
  });
}

/** Points around a place. @param {number} x @param {number} y @param {number} width a standard deviation */
const dab = (x, y, width) =>
  Array.from({ length: DAB }, () =>
    [x, y].map(value => Math.min(REACH, Math.max(-REACH, Number((value + width * normal()).toFixed(4))))),
  ).flat();

/** @param {number[]} flat */
const norms = flat =>
  Array.from({ length: flat.length / 2 }, (_, place) => Math.hypot(flat[2 * place], flat[2 * place + 1]));

/** @param {number[]} values @param {number} share */
const quantile = (values, share) =>
  Math.max(1e-12, values.slice().sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0);

/** The losses so far. @param {Training} training @param {AbortSignal} signal */
function lossPanel(training, signal) {
  const canvas = el("canvas", { className: "losses", role: "img", "aria-label": "losses over the steps" });
  const legend = el("div", { className: "legend" });
  const show = () => {
    const { terms } = training.history,
      isLoss = (/** @type {string} */ name) => name.endsWith("/loss");
    const logged = Object.keys(terms).filter(name => !name.endsWith("_accuracy"));
    const names = [...logged.filter(isLoss), ...logged.filter(name => !isLoss(name))];
    drawCurves(canvas, training.history, names, training.settings.family === "autoencoder");
    legend.replaceChildren(
      ...names.map((name, place) => {
        const mark = el("i", { className: "kind line" });
        mark.style.background = curveColor(place);
        const title = name.replace(/^(vae|autoencoder)\//, "").replaceAll(/[/_]/g, " ");
        return el("span", {}, mark, `${title} ${short(terms[name].at(-1) ?? 0)}`);
      }),
    );
  };
  training.addEventListener("state", show, { signal });
  onceSized(canvas, show, signal);
  return el("div", { className: "panel" }, el("h2", {}, "Losses"), canvas, legend);
}
