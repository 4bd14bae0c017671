// @ts-check
/** Directions that mean something, as sliders: class means, principal directions, and the user's own. */
import { State, keyOf, moved } from "../directions.js";
import { chosenOf, filesOf, groupsOf } from "../direction-panels.js";
import { imagePicker } from "../hand.js";
import { paint, sizeOf } from "../images.js";
import { latentSize, middle, randomLatent } from "../latents.js";
import { setsPanel } from "../sets.js";
import { button, el, latest, reporting } from "../ui.js";

/** Of the film strip, in reaches of the direction. */
const FRAMES = [-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1];

/** @typedef {import("../directions.js").Direction} Direction */

/** @type {import("../main.js").View} */
export const view = {
  name: "directions",
  title: "Directions",
  requires: ["decoder", "flat images"],
  verbs: ["decode"],
  mount,
};

/** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
async function mount(root, session, signal) {
  const state = new State(session);
  const stage = stageOf(session, state),
    chosen = chosenOf(state),
    groups = groupsOf(state);
  state.addEventListener("moved", stage.show);
  state.addEventListener("chosen", () => {
    stage.showStrip();
    chosen.show();
    groups.mark();
  });
  state.addEventListener("start", () => {
    groups.reset();
    stage.show();
    stage.showStrip();
  });
  state.addEventListener("list", groups.fill);
  const sets = setsPanel(
    session,
    signal,
    async () => ({
      latent: state.latent,
      image: await session.engine.decode(state.latent, { label: session.label }),
      text: "the image that was shown",
    }),
    async made => {
      await state.keep(made);
      stage.root.scrollIntoView({ block: "nearest" });
    },
  );
  root.append(
    el(
      "p",
      {},
      "Each slider moves the latent along a direction, from where it starts; " +
        "the film strip goes along the chosen direction from one end to the other.",
    ),
    el(
      "div",
      { className: "columns" },
      stage.root,
      el(
        "div",
        {},
        el("div", { className: "above" }, startPanel(session, state, signal), chosen.root),
        groups.root,
        filesOf(session, state),
      ),
    ),
    sets,
  );
  session.addEventListener(
    "label",
    () => {
      stage.show();
      stage.showStrip();
    },
    { signal },
  );
  session.addEventListener(
    "changed",
    reporting(() => state.read()),
    { signal },
  );
  state.begin(state.start);
  await state.read();
}

/**
 * The image, and images along the chosen direction.
 * @param {import("../session.js").Session} session @param {State} state
 */
function stageOf(session, state) {
  const { about, engine } = session,
    shape = about.image_shape;
  const image = el("canvas", { className: "image", role: "img", "aria-label": "image of the latent" });
  const caption = el("p", { className: "note strip-caption" });
  const frames = FRAMES.map(part => {
    const canvas = el("canvas", { "aria-hidden": "true" });
    return {
      part,
      canvas,
      element: el(
        "button",
        { type: "button", className: "frame", onclick: () => state.chosen && go(part * state.chosen.reach) },
        canvas,
      ),
    };
  });
  const strip = el(
    "div",
    { className: "film", role: "group", "aria-label": "images along the chosen direction" },
    ...frames.map(one => one.element),
  );
  /** @param {number} value */
  const go = value => {
    if (state.chosen) state.move(state.chosen, value);
    state.dispatchEvent(new Event("set"));
  };
  const paintImage = latest(async () =>
    paint(image, await engine.decode(state.latent, { label: session.label }), shape),
  );
  const paintStrip = latest(async () => {
    const { chosen } = state;
    strip.hidden = caption.hidden = !chosen;
    if (!chosen) return;
    const size = latentSize(about),
      rows = new Float32Array(FRAMES.length * size);
    FRAMES.forEach((part, row) =>
      rows.set(moved(state.start, new Map(state.values).set(chosen, part * chosen.reach), about), row * size),
    );
    const images = await engine.decode(rows, { label: session.label }),
      pixels = sizeOf(shape);
    frames.forEach(({ canvas }, row) => paint(canvas, images.subarray(row * pixels, (row + 1) * pixels), shape));
  });
  const mark = () => {
    const { chosen } = state,
      value = chosen ? (state.values.get(chosen) ?? 0) : 0;
    caption.textContent = chosen
      ? `Along “${chosen.name}”, from −${chosen.reach.toFixed(1)} to ${chosen.reach.toFixed(1)}`
      : "";
    for (const { part, element } of frames) {
      element.classList.toggle("here", Math.abs(value / (chosen?.reach ?? 1) - part) < 1 / 6);
      element.setAttribute("aria-label", `go to ${(part * (chosen?.reach ?? 1)).toFixed(1)}`);
    }
  };
  /** The values of the directions that are not chosen: while they stay, so does the strip. */
  let others = "";
  const show = () => {
    const found = JSON.stringify(
      [...state.values].filter(([one]) => one !== state.chosen).map(([one, value]) => [keyOf(one), value]),
    );
    paintImage();
    if (found !== others) paintStrip();
    others = found;
    mark();
  };
  const showStrip = () => {
    paintStrip();
    mark();
  };
  return {
    root: el("div", { className: "directed" }, image, el("div", { className: "along" }, caption, strip)),
    show,
    showStrip,
  };
}

/**
 * Where the latent starts.
 * @param {import("../session.js").Session} session @param {State} state @param {AbortSignal} signal
 */
function startPanel(session, state, signal) {
  const buttons = el(
    "div",
    { className: "buttons" },
    button("Random start", () => state.begin(randomLatent(session.about)), { className: "main" }),
    button("All sliders to zero", () => state.begin(state.start)),
    button(session.about.prior ? "Mean of the prior" : "Mean of the data", () => state.begin(middle(session.about))),
  );
  const panel = el("div", { className: "panel" }, el("h2", {}, "Start"), buttons);
  if (!session.can("encoder")) return panel;
  session.addEventListener(
    "image",
    reporting(async () => {
      if (session.image) state.begin(await session.engine.encode(session.image, { label: session.label }));
    }),
    { signal },
  );
  panel.append(el("details", {}, el("summary", {}, "From an image"), imagePicker(session, signal)));
  return panel;
}
