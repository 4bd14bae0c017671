// @ts-check
/** The discriminator's gradient: what to change in an image to look more real; and images that follow it. */
import { drawCurves } from "../curves.js";
import { firstImage, imagePicker } from "../hand.js";
import { paint, sizeOf, toBytes } from "../images.js";
import { button, el, latest, reporting, slider } from "../ui.js";

/** The mean change of a pixel in a step, at first and at most. */
const STRIDE = 0.004,
  MOST_STRIDE = 0.02;

/** @type {import("../main.js").View} */
export const view = {
  name: "gradient",
  title: "Discriminator gradient",
  requires: ["discriminator of images", "flat images"],
  verbs: ["gradient", "discriminate"],
  mount,
};

/** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
async function mount(root, session, signal) {
  const { about } = session,
    shape = about.input_shape,
    size = sizeOf(shape);
  const canvases = ["image", "gradient", "change"].map(name =>
    el("canvas", { className: "image", role: "img", "aria-label": name }),
  );
  const [shownImage, shownGradient, shownChange] = canvases;
  const captions = [
    "The image",
    "Its gradient: a pixel that is brighter than gray would look more real if brighter, a darker one if darker",
    "The change so far, amplified ten times",
  ];
  const logit = el("output", { className: "logit" }),
    curve = el("canvas", { className: "losses", hidden: true, role: "img", "aria-label": "logit after each step" });
  /** @type {Float32Array} */
  let start = new Float32Array(size),
    image = start,
    gradient = start;
  /** What is new whenever following begins. @type {object | null} */
  let following = null;
  /** @type {number[]} */
  let logits = [];

  /** Look at an image anew. */
  const look = async () => {
    const options = { label: session.label },
      looked = image;
    const [found, value] = await Promise.all([
      session.engine.gradient(image, options),
      session.engine.discriminate(image, options),
    ]);
    if (looked !== image) return; // another came meanwhile
    gradient = found;
    logits.push(value[0]);
    draw();
  };
  const draw = () => {
    paint(shownImage, toBytes(image), shape);
    const largest = Math.max(1e-12, quantile(gradient, 0.99));
    paint(shownGradient, toBytes(gradient.map(value => 0.5 + (0.5 * value) / largest)), shape);
    paint(shownChange, toBytes(image.map((value, place) => 0.5 + 10 * (value - start[place]) * 0.5)), shape);
    logit.textContent =
      `logit ${logits.at(-1)?.toFixed(3)}` +
      (logits.length > 1 ? ` after ${logits.length - 1} steps, from ${logits[0].toFixed(3)}` : "");
    curve.hidden = logits.length < 2;
    drawCurves(curve, { steps: [...logits.keys()], terms: { logit: logits } }, ["logit"], false);
  };
  const begin = latest(async () => {
    image = start = await firstImage(session);
    logits = [];
    await look();
  });
  const step = async () => {
    const scale = Math.max(1e-12, gradient.reduce((sum, value) => sum + Math.abs(value), 0) / size);
    image = image.map((value, place) => Math.min(1, Math.max(0, value + (stride * gradient[place]) / scale)));
    await look();
  };
  let stride = STRIDE;
  const follow = button(
    "Follow it",
    reporting(async () => {
      const own = (following = following ? null : {});
      follow.setAttribute("aria-pressed", String(own !== null));
      try {
        while (own && following === own && !signal.aborted) await step();
      } finally {
        if (following === own) {
          following = null;
          follow.setAttribute("aria-pressed", "false");
        }
      }
    }),
    { className: "main", "aria-pressed": "false" },
  );
  const once = button("One step", reporting(step));
  const back = button("Back to the start", () => begin());
  const speed = slider({
    label: "Step size",
    min: 0.0005,
    max: MOST_STRIDE,
    step: 0.0005,
    value: STRIDE,
    digits: 4,
    onchange: value => (stride = value),
  });
  session.addEventListener("image", () => begin(), { signal });
  session.addEventListener("label", () => begin(), { signal });
  session.addEventListener("changed", () => begin(), { signal });
  root.append(
    el(
      "p",
      {},
      "The discriminator's logit says how real an image looks to it. Its gradient says, for each pixel, which change would look more real; a generator is trained by nothing else.",
    ),
    el(
      "div",
      { className: "figures" },
      ...canvases.map((canvas, place) => el("figure", {}, canvas, el("figcaption", {}, captions[place]))),
    ),
    el(
      "div",
      { className: "panel" },
      el("div", { className: "buttons" }, follow, once, back, logit),
      speed.root,
      curve,
    ),
    el("div", { className: "panel" }, el("h2", {}, "Image"), imagePicker(session, signal)),
  );
  begin();
}

/** @param {Float32Array} values of which the sizes are compared @param {number} share */
function quantile(values, share) {
  const sizes = values.map(Math.abs).sort();
  return sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))];
}
