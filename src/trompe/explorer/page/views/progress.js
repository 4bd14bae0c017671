// @ts-check
/** Training: samples from the same noise, or reconstructions of the same images, at each kept snapshot. */
import { paintGrid, sizeOf, toFloats } from "../images.js";
import { noise } from "../latents.js";
import { button, el, latest, reporting } from "../ui.js";

const SHOWN = 36;
const COLUMNS = 9;
const SECONDS_PER_STEP = 0.35;

/** @type {import("../main.js").View} */
export const view = {
  name: "progress",
  title: "Progress",
  requires: ["decoder", "flat images"],
  verbs: ["progress"],
  lacks: ({ about }) =>
    about.prior === null && !(about.data && about.capabilities.includes("reconstruction"))
      ? "there is nothing to sample from, and no image to reconstruct"
      : null,
  mount,
};

/** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
async function mount(root, session, signal) {
  const samples = session.can("prior");
  const canvas = el("canvas", {
    className: "image wide-image",
    role: "img",
    "aria-label": "images at the chosen step",
  });
  const when = el("output", {}),
    scrub = el("input", { type: "range", min: "0", "aria-label": "training step" });
  const playing = button("Play", () => play());
  let seed = noise(session.about, SHOWN),
    steps = stepsOf(session);
  /** The images of each step that has been shown. @type {Map<number, Uint8Array>} */
  const known = new Map();

  const images = async (/** @type {number} */ step) => {
    const found = known.get(step) ?? (await imagesAt(session, step, seed));
    known.set(step, found);
    return found;
  };
  const show = latest(async () => {
    const step = steps[Number(scrub.value)];
    paintGrid(canvas, await images(step), session.about.image_shape, COLUMNS);
    when.textContent = `step ${step.toLocaleString("en")}`;
  });
  let running = false;
  const play = reporting(async () => {
    running = !running;
    if (!running) return;
    playing.textContent = "Pause";
    const from = Number(scrub.value) === steps.length - 1 ? 0 : Number(scrub.value);
    for (let place = from; place < steps.length && running && !signal.aborted; place++) {
      scrub.value = String(place);
      show();
      await new Promise(done => setTimeout(done, 1000 * SECONDS_PER_STEP));
    }
    running = false;
    playing.textContent = "Play";
  });
  const reset = () => {
    const last = Number(scrub.value) === Number(scrub.max);
    steps = stepsOf(session);
    known.delete(steps[steps.length - 1]);
    scrub.max = String(steps.length - 1);
    if (last) scrub.value = scrub.max;
    playing.disabled = steps.length < 2;
    show();
  };
  scrub.addEventListener("input", () => show());
  session.addEventListener("changed", reset, { signal });
  session.addEventListener(
    "label",
    () => {
      known.clear();
      show();
    },
    { signal },
  );
  const buttons = el("div", { className: "buttons" }, playing, when);
  if (samples && session.about.engine === "served")
    buttons.append(
      button("Other noise", () => {
        seed = noise(session.about, SHOWN);
        known.clear();
        show();
      }),
    );
  const few = session.about.snapshots.length
    ? ""
    : " This run kept no snapshots; `--train.snapshots 100 1000` keeps some.";
  root.append(
    el(
      "p",
      {},
      (samples
        ? "Samples from the same noise at each kept step: drag to see how they came to be."
        : "The same images, reconstructed at each kept step.") +
        (session.about.step < session.about.steps
          ? " This run is not finished: new weights appear here as it trains."
          : "") +
        few,
    ),
    canvas,
    scrub,
    buttons,
  );
  scrub.max = String(steps.length - 1);
  scrub.value = scrub.max;
  playing.disabled = steps.length < 2;
  show();
}

/** The steps whose weights there are. @param {import("../session.js").Session} session */
function stepsOf({ about }) {
  return [...about.snapshots.filter(step => step < about.step), about.step];
}

/** @param {import("../session.js").Session} session @param {number} step @param {Float32Array} seed */
async function imagesAt(session, step, seed) {
  const { engine, about } = session,
    options = { label: session.label, snapshot: step === about.step ? null : step };
  if (about.engine === "static") {
    const found = await engine.fetch(`progress-${step}.bin`);
    return new Uint8Array(await found.arrayBuffer());
  }
  if (about.prior) return engine.sample(seed, options);
  const images = await engine.images();
  return engine.reconstruct(toFloats(images.subarray(0, SHOWN * sizeOf(about.input_shape))), options);
}
