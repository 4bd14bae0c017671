// @ts-check
/** The layers of the run's networks at work on the image in hand, each a link to the page of convolutions. */
import { firstImage, imagePicker } from "../hand.js";
import { paint } from "../images.js";
import { button, el, latest } from "../ui.js";

/**
 * A layer as the engine describes it.
 * @typedef {object} Layer
 * @property {number} number
 * @property {string} network
 * @property {string} kind
 * @property {number[]} input shape
 * @property {number[]} output shape
 * @property {number} parameters
 * @property {number} multiplications per image
 * @property {number | null} receptive_field
 * @property {string} [maps] output channels as bytes, in base64
 * @property {Record<string, number[]> & {kind: string}} [window]
 */

/** @type {import("../main.js").View} */
export const view = {
  name: "layers",
  title: "Layers",
  requires: ["flat images"],
  verbs: ["layers"],
  mount,
};

/** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
async function mount(root, session, signal) {
  const table = el("tbody"),
    maps = el("div", { className: "maps" }),
    caption = el("p", { className: "note" });
  const page = el("iframe", { title: "the layer's arithmetic", hidden: true });
  const arithmetic = el("p", { className: "note", hidden: true }, "Its arithmetic, on an input of 12 cells at most:");
  let chosen = -1;

  /** @param {Layer} layer */
  const show = layer => {
    chosen = layer.number;
    for (const row of table.rows) row.setAttribute("aria-selected", String(row.dataset.number === String(chosen)));
    maps.replaceChildren(...mapsOf(layer));
    const shown = maps.childElementCount,
      all = layer.output[0];
    caption.textContent = shown
      ? `${shown < all ? `The first ${shown} of ` : ""}${all} output channels, each from its least value (black) to its largest (white).`
      : "This layer has no maps.";
    page.hidden = arithmetic.hidden = !layer.window;
    if (layer.window) page.src = `conv.html#${addressOf(layer.window)}`;
  };
  const look = latest(async () => {
    const image = await firstImage(session);
    const query = session.label === null ? "" : `?label=${session.label}`;
    const answer =
      session.about.engine === "static"
        ? session.engine.fetch("layers.json")
        : session.engine.fetch(`layers${query}`, image.slice().buffer);
    /** @type {Layer[]} */
    const layers = await (await answer).json();
    table.replaceChildren(...layers.map(layer => rowOf(layer, () => show(layer))));
    const first = layers.find(layer => layer.number === chosen) ?? layers.find(layer => layer.window) ?? layers[0];
    if (first) show(first);
  });
  for (const event of ["image", "label", "changed"]) session.addEventListener(event, () => look(), { signal });
  const head = ["", "network", "layer", "input", "output", "parameters", "multiplications", "receptive field"];
  root.append(
    el(
      "p",
      {},
      "Every layer with weights, in the order in which the image goes through the networks: choose one to see what it makes of the image, and its arithmetic.",
    ),
    el(
      "div",
      {},
      el(
        "div",
        { className: "wide panel", role: "region", tabIndex: 0, "aria-label": "layers" },
        el("table", {}, el("thead", {}, el("tr", {}, ...head.map(text => el("th", { scope: "col" }, text)))), table),
      ),
      el(
        "div",
        { className: "columns" },
        el("div", { className: "panel" }, el("h2", {}, "Output"), caption, maps),
        ...(session.about.engine === "static"
          ? []
          : [el("div", { className: "panel" }, el("h2", {}, "Image"), imagePicker(session, signal))]),
      ),
    ),
    arithmetic,
    page,
  );
  look();
}

/** @param {Layer} layer @param {() => void} onchoose */
function rowOf(layer, onchoose) {
  const number = (/** @type {number | null} */ value) => (value === null ? "" : value.toLocaleString("en"));
  const cells = [
    layer.network,
    layer.kind,
    layer.input.join("×"),
    layer.output.join("×"),
    number(layer.parameters),
    number(layer.multiplications),
    number(layer.receptive_field),
  ];
  return el(
    "tr",
    { "data-number": layer.number },
    el("td", {}, button("Show", onchoose, { "aria-label": `show layer ${layer.number}` })),
    ...cells.map(text => el("td", {}, text)),
  );
}

/** The output channels of a layer, each on a canvas. @param {Layer} layer */
function mapsOf(layer) {
  if (!layer.maps) return [];
  const bytes = Uint8Array.from(atob(layer.maps), letter => letter.charCodeAt(0)),
    shape = [1, layer.output[1], layer.output[2]];
  return Array.from({ length: bytes.length / (shape[1] * shape[2]) }, (_, index) => {
    const canvas = el("canvas", { role: "img", "aria-label": `channel ${index + 1}` });
    paint(canvas, bytes, shape, index);
    return canvas;
  });
}

/** The layer in the address of the page of convolutions. @param {Record<string, any>} window */
function addressOf(window) {
  return new URLSearchParams(
    Object.entries(window).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]),
  );
}
