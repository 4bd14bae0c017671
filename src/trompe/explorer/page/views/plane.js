// @ts-check
/** A GAN of points of the plane: data, samples, the discriminator's field and the generator's gradients, by step. */
import { cursorOf, logitAt, plane, said, switches } from "../scatter.js";
import { button, el, latest, reporting } from "../ui.js";

const SECONDS_PER_STEP = 0.35;
/** Of an arrow, as a share of the plane's half. */
const LONGEST = 0.24;

/** @type {import("../main.js").View} */
export const view = {
  name: "plane",
  title: "The plane",
  requires: ["points", "discriminator of images"],
  verbs: ["fields"],
  lacks: ({ about }) =>
    about.conditional || about.family !== "gan" ? "the game is that of an unconditional GAN" : null,
  mount,
};

/**
 * Both networks at each kept step.
 * @typedef {object} Fields
 * @property {number[]} steps
 * @property {number} side @property {number} points @property {number} real
 * @property {[number, number]} reach
 * @property {number} strongest @property {number} largest
 * @property {boolean} probability
 * @property {{logits: Float32Array, points: Float32Array, push: Float32Array}[]} at
 * @property {Float32Array} data
 *
 * What is shown: the fields, at a place among the steps.
 * @typedef {{fields: Fields, place: number, hidden: Set<string>, cursor: [number, number] | null}} Game
 */

/** The file of `explorer/fields.py`. @param {ArrayBuffer} buffer @returns {Fields} */
export function parse(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const floats = new Float32Array(buffer, 4 + length);
  let start = 0;
  const take = (/** @type {number} */ count) => floats.subarray(start, (start += count));
  const { side, points } = header;
  const at = header.steps.map(() => ({ logits: take(side * side), points: take(2 * points), push: take(2 * points) }));
  return { ...header, at, data: take(2 * header.real) };
}

/** @type {[string, string][]} */
const PARTS = [
  ["real points", "dot real"],
  ["samples", "dot generated"],
  ["discriminator's logit", "area"],
  ["generator's gradient", "arrow"],
];

/** @param {Game} game @returns {import("../scatter.js").Scene} */
function sceneOf({ fields, place, hidden, cursor }) {
  const { logits, points, push } = fields.at[place],
    reach = fields.reach[1],
    longest = LONGEST * reach;
  const [real, samples, logit, gradient] = PARTS.map(([name]) => !hidden.has(name));
  return {
    reach,
    cursor,
    field: logit ? { logits, side: fields.side, largest: fields.largest } : null,
    real: real ? fields.data : [],
    generated: samples ? points : [],
    arrows: gradient
      ? { from: points, by: push.map(value => (value * longest) / Math.max(1e-12, fields.strongest)), longest }
      : null,
  };
}

/** @param {Game} game */
function readingOf({ fields, place, cursor }) {
  if (!cursor) return "Point at the plane, or use the arrow keys on it, to read the discriminator's logit.";
  return said(logitAt(fields.at[place].logits, fields.side, fields.reach[1], cursor), cursor, fields.probability);
}

/** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
async function mount(root, session, signal) {
  /** @param {string | null} [step] */
  const load = async step => {
    const fields = parse(await (await session.engine.fetch("fields")).arrayBuffer());
    const known = fields.steps.indexOf(Number(step ?? NaN));
    return { fields, place: known < 0 ? fields.steps.length - 1 : known };
  };
  /** @type {Game} */
  const game = { ...(await load(session.recall("step"))), hidden: new Set(), cursor: null };
  const label = "the plane: arrow keys move a cursor that reads the logit";
  const board = plane(label, () => sceneOf(game), signal),
    reading = el("p", { className: "reading", role: "status" });
  const draw = () => {
    reading.textContent = readingOf(game);
    board.redraw();
  };
  const steps = player(game, session, draw, signal);
  cursorOf(board.canvas, game.fields.reach[1], point => {
    game.cursor = point;
    draw();
  });
  session.addEventListener(
    "changed",
    latest(async () => {
      const last = game.place === game.fields.steps.length - 1;
      Object.assign(game, await load(last ? null : String(game.fields.steps[game.place])));
      steps.show();
    }),
    { signal },
  );
  const parts = switches(PARTS, game.hidden, draw);
  root.append(
    el(
      "p",
      {},
      "Where the plane is blue, the discriminator takes a point for real; where it is orange, for " +
        "generated; on the line it cannot tell. Each arrow is the way in which the generator's loss moves a sample: " +
        "minus its gradient.",
    ),
    el(
      "div",
      { className: "columns" },
      el("div", {}, board.canvas, reading),
      el("div", {}, steps.panel, el("div", { className: "panel" }, el("h2", {}, "Shown"), parts)),
    ),
  );
  steps.show();
}

/**
 * A slider over the steps, and what plays them.
 * @param {Game} game @param {import("../session.js").Session} session @param {() => void} draw
 * @param {AbortSignal} signal
 */
function player(game, session, draw, signal) {
  const scrub = el("input", { type: "range", min: "0", "aria-label": "training step" }),
    when = el("output", {});
  const last = () => game.fields.steps.length - 1;
  let playing = false;
  const show = () => {
    const step = game.fields.steps[game.place];
    scrub.max = String(last());
    scrub.value = String(game.place);
    scrub.setAttribute("aria-valuetext", `step ${step}`);
    when.textContent = `step ${step.toLocaleString("en")} of ${session.about.steps.toLocaleString("en")}`;
    play.disabled = last() === 0;
    session.remember({ step: game.place === last() ? null : String(step) });
    draw();
  };
  const go = (/** @type {number} */ to) => {
    game.place = Math.min(last(), Math.max(0, to));
    show();
  };
  const play = button(
    "Play",
    reporting(async () => {
      playing = !playing;
      if (playing && game.place === last()) go(0);
      while (playing && !signal.aborted && game.place < last()) {
        play.textContent = "Pause";
        await new Promise(done => setTimeout(done, 1000 * SECONDS_PER_STEP));
        if (playing && !signal.aborted) go(game.place + 1);
      }
      playing = false;
      play.textContent = "Play";
    }),
    { className: "main" },
  );
  scrub.addEventListener("input", () => go(Number(scrub.value)));
  const back = button("Back", () => go(game.place - 1)),
    next = button("Step", () => go(game.place + 1));
  const few =
    session.about.snapshots.length > 1
      ? "One picture for each step at which the run kept its weights."
      : "This run kept no snapshots; `--train.snapshots 0 100 1000` keeps some.";
  const panel = el(
    "div",
    { className: "panel" },
    el("h2", {}, "Training"),
    scrub,
    el("div", { className: "buttons" }, play, back, next, when),
    el("p", { className: "note" }, few),
  );
  return { panel, show };
}
