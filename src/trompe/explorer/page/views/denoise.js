// @ts-check
/** An image with noise, restored. */
import { firstImage, imagePicker } from "../hand.js";
import { paint, sizeOf, toBytes } from "../images.js";
import { normal } from "../latents.js";
import { button, choice, el, latest, slider } from "../ui.js";

/** @type {import("../main.js").View} */
export const view = {
  name: "denoise",
  title: "Denoise",
  requires: ["reconstruction", "flat images"],
  verbs: ["reconstruct"],
  mount,
};

/** The kinds of noise: each a function of a value and an amount. */
const NOISES = {
  gaussian: (/** @type {number} */ value, /** @type {number} */ amount) => value + amount * normal(),
  masking: (/** @type {number} */ value, /** @type {number} */ amount) => (Math.random() < amount ? 0 : value),
  "salt and pepper": (/** @type {number} */ value, /** @type {number} */ amount) =>
    Math.random() < amount ? Math.round(Math.random()) : value,
};

/** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
async function mount(root, session, signal) {
  const shape = session.about.input_shape,
    size = sizeOf(shape);
  let kind = /** @type {keyof typeof NOISES} */ ("gaussian"),
    amount = 0.3,
    brush = 0.12;
  /** @type {Float32Array} */
  let clean = new Float32Array(size),
    noisy = clean;
  const shown = el("canvas", {
    className: "image draw",
    role: "img",
    tabIndex: 0,
    "aria-label": "noisy image: draw noise on it",
  });
  const restored = el("canvas", { className: "image", role: "img", "aria-label": "restored image" });
  const error = el("output", {});
  const restore = latest(async () => {
    const found = await session.engine.reconstruct(noisy, { label: session.label });
    paint(restored, found, session.about.image_shape);
    const distance = (/** @type {ArrayLike<number>} */ one) =>
      Array.from(clean).reduce((sum, value, place) => sum + (value - one[place]) ** 2, 0) / size;
    error.textContent = `mean squared error ${distance(noisy).toFixed(4)} with the noise, ${distance(Array.from(found, level => level / 255)).toFixed(4)} restored`;
  });
  const draw = () => {
    paint(shown, toBytes(noisy), shape);
    restore();
  };
  /** Noise in a circle of the image, or in all of it. @param {(x: number, y: number) => boolean} [inside] */
  const add = inside => {
    const [channels, height, width] = shape;
    noisy = noisy.slice();
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        if (inside && !inside((x + 0.5) / width, (y + 0.5) / height)) continue;
        for (let channel = 0; channel < channels; channel++) {
          const place = (channel * height + y) * width + x;
          noisy[place] = Math.min(1, Math.max(0, NOISES[kind](noisy[place], amount)));
        }
      }
    draw();
  };
  /** @param {PointerEvent} event */
  const under = event => {
    if (!event.buttons) return;
    const box = shown.getBoundingClientRect(),
      x = (event.clientX - box.left) / box.width,
      y = (event.clientY - box.top) / box.height;
    add((a, b) => Math.hypot(a - x, b - y) < brush);
  };
  shown.addEventListener("pointerdown", event => {
    shown.setPointerCapture(event.pointerId);
    under(event);
  });
  shown.addEventListener("pointermove", under);
  shown.addEventListener("keydown", event => {
    if (event.key === "Enter") add();
  });
  const begin = latest(async () => {
    noisy = clean = await firstImage(session);
    draw();
  });
  session.addEventListener("image", () => begin(), { signal });
  for (const one of ["label", "changed"]) session.addEventListener(one, () => restore(), { signal });
  const kinds = choice("Noise", Object.keys(NOISES), kind, value => (kind = /** @type {any} */ (value)));
  root.append(
    el(
      "p",
      {},
      "Draw noise on the image, or add it everywhere; the model restores what it takes the image to have been.",
    ),
    el(
      "div",
      { className: "figures" },
      el("figure", {}, shown, el("figcaption", {}, "With noise: draw on it")),
      el("figure", {}, restored, el("figcaption", {}, "Restored")),
    ),
    el(
      "div",
      { className: "panel" },
      el(
        "div",
        { className: "buttons" },
        button("Noise everywhere", () => add(), { className: "main" }),
        button("Clean", () => {
          noisy = clean;
          draw();
        }),
        kinds.root,
      ),
      slider({ label: "Amount", min: 0, max: 1, value: amount, onchange: value => (amount = value) }).root,
      slider({ label: "Brush", min: 0.03, max: 0.5, value: brush, onchange: value => (brush = value) }).root,
      error,
    ),
    el("div", { className: "panel" }, el("h2", {}, "Image"), imagePicker(session, signal)),
  );
  begin();
}
