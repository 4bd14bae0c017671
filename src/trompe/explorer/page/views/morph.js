// @ts-check
/** An image by its latent: sliders, random walks, paths between two images, one's own image; saved and shared. */
import { pad, Position, sliders } from "../dimensions.js";
import { gif } from "../gif.js";
import { imagePicker } from "../hand.js";
import { context, paint, save, toBytes } from "../images.js";
import { latentSize, middle } from "../latents.js";
import { along, animator, eased, pathPanel, randomActive, walker } from "../motion.js";
import { button, el, latest, reporting, slider } from "../ui.js";

/** @typedef {import("../engine.js").About} About */
/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../motion.js").Path} Path */

/** The least width of saved images. */
const PNG_WIDTH = 512,
  GIF_WIDTH = 256;
/** Of a saved path, one way; and the hundredths of a second that each is shown. */
const FRAMES = 24,
  DELAY = 8;
/** Sliders beneath which there is room for the square of two dimensions. */
const FEW = 8;
/** Browsers refuse to have the address changed too often. */
const ADDRESS_DELAY = 400;

/** @type {import("../main.js").View} */
export const view = { name: "morph", title: "Morph", requires: ["decoder", "flat images"], verbs: ["decode"], mount };

/** @param {HTMLElement} root @param {Session} session @param {AbortSignal} signal */
function mount(root, session, signal) {
  const [, height, width] = session.about.image_shape;
  const canvas = el("canvas", { className: "image", width, height, role: "img", "aria-label": "image of the latent" });
  const { position, path, pathUsed } = stateOf(session),
    animate = animator(signal);
  const draw = latest(async () => {
    paint(canvas, await session.engine.decode(position.latent, { label: session.label }), session.about.image_shape);
  });
  for (const event of ["latent", "label", "changed"]) session.addEventListener(event, () => draw(), { signal });
  const remembering = addressKeeper(position, path, pathUsed, signal);
  const find = finder(session);
  const walk = walker(position),
    active = session.about.latents.active.length;
  const square = active > 1 ? [pad(position, signal)] : [];
  let speed = 1;
  root.append(
    el(
      "div",
      { className: "first" },
      el("div", { className: "shown" }, canvas),
      el(
        "div",
        { className: "panel" },
        el(
          "div",
          { className: "buttons" },
          button("Random", () => position.move(randomActive(session)), { className: "main" }),
          button("Reset", () => position.move(middle(session.about))),
          animate(seconds => walk(speed * seconds), "Random walk"),
        ),
        slider({ label: "Speed", min: 0.1, max: 4, value: speed, digits: 1, onchange: value => (speed = value) }).root,
        savers(position, path, canvas, remembering.write),
      ),
    ),
    el("div", { className: "middle" }, sliders(position, signal), ...(active <= FEW ? square : [])),
    el(
      "div",
      { className: "last" },
      pathPanel(position, path, animate, { find, touched: remembering.usePath, signal }),
      ...(active <= FEW ? [] : square),
      ...(find ? [handPanel(position, find, signal)] : []),
    ),
  );
  remembering.write();
  draw();
}

/** Where the view begins: at the latent in hand, that of the address, or another. @param {Session} session */
function stateOf(session) {
  const { about } = session,
    size = latentSize(about),
    found = unpacked(about, session.recall("z"));
  const held = session.latent?.length === size ? session.latent : null;
  const start = held ?? found ?? (session.can("encoder") ? middle(about) : randomActive(session));
  const locked = (session.recall("locked") ?? "").split(".").filter(Boolean).map(Number);
  const position = new Position(session, start, locked);
  const ends = ["from", "to"].map(key => unpacked(about, session.recall(key)));
  const at = Math.min(1, Math.max(0, Number(session.recall("at")) || 0));
  /** @type {Path} */
  const path = { ends: [ends[0] ?? start, ends[1] ?? randomActive(session)], at, arc: false };
  path.arc = (session.recall("way") ?? (about.prior === "normal" && size > 2 ? "arc" : "straight")) === "arc";
  return { position, path, pathUsed: Boolean(ends[0]) };
}

/**
 * Keeps the state in the address, now and then. A path stands in it once it is used.
 * @param {Position} position @param {Path} path @param {boolean} pathUsed @param {AbortSignal} signal
 */
function addressKeeper(position, path, pathUsed, signal) {
  const { session } = position;
  let timer = 0;
  const write = () => {
    clearTimeout(timer);
    timer = 0;
    if (signal.aborted || session.recall("run") !== session.about.name) return;
    session.remember({ z: packed(session.about, position.latent), locked: [...position.locked].join(".") || null });
    if (!pathUsed) return;
    const [from, to] = path.ends.map(end => packed(session.about, end));
    session.remember({ from, to, at: path.at.toFixed(3), way: path.arc ? "arc" : "straight" });
  };
  const soon = () => {
    timer ||= setTimeout(write, ADDRESS_DELAY);
  };
  session.addEventListener("latent", soon, { signal });
  position.addEventListener("locks", soon, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    write,
    usePath: () => {
      pathUsed = true;
    },
  };
}

/** What finds the latent of the image in hand, where there is such a thing. @param {Session} session */
function finder(session) {
  const encodes = session.has("encode") && session.can("encoder");
  if (!encodes && !(session.has("invert") && session.can("prior"))) return null;
  const verb = encodes ? "encode" : "invert";
  return async () => {
    if (!session.image) throw new Error("Choose an image first.");
    return session.engine[verb](session.image, { label: session.label });
  };
}

/**
 * An image of one's own, and its latent.
 * @param {Position} position @param {() => Promise<Float32Array>} find @param {AbortSignal} signal
 */
function handPanel(position, find, signal) {
  const { session } = position,
    encodes = session.can("encoder");
  const canvas = el("canvas", { role: "img", "aria-label": "image in hand" });
  const start = button(encodes ? "Encode it again" : "Find its latent", () => go());
  const go = latest(async () => {
    start.disabled = true;
    try {
      position.move(await find());
    } finally {
      start.disabled = false;
    }
  });
  const show = () => {
    if (session.image) paint(canvas, toBytes(session.image), session.about.input_shape);
    held.hidden = !session.image;
  };
  const held = el("div", { className: "held" }, canvas, start);
  session.addEventListener(
    "image",
    () => {
      show();
      if (encodes) go();
    },
    { signal },
  );
  show();
  return el(
    "div",
    { className: "panel" },
    el("h2", {}, "From an image"),
    el(
      "p",
      { className: "note" },
      encodes
        ? "Choose an image: it is encoded, and you go on from its latent."
        : "This model has no encoder: the latent whose image comes nearest is searched by gradient descent, which " +
            "takes some seconds.",
    ),
    imagePicker(session, signal),
    held,
  );
}

/**
 * @param {Position} position @param {Path} path @param {HTMLCanvasElement} canvas
 * @param {() => void} write puts the state into the address
 */
function savers(position, path, canvas, write) {
  const { session } = position,
    { name } = session.about;
  const animated = button(
    "Save GIF",
    reporting(async () => {
      animated.disabled = true;
      try {
        await save(await pathGif(position, path), `${name}.gif`);
      } finally {
        animated.disabled = false;
      }
    }),
    { title: "the path from A to B and back" },
  );
  const link = button(
    "Copy link",
    reporting(async () => {
      write();
      await navigator.clipboard.writeText(location.href);
      link.textContent = "Copied";
      setTimeout(() => (link.textContent = "Copy link"), 1500);
    }),
    { title: "the address holds this image's latent" },
  );
  link.hidden = !navigator.clipboard;
  return el(
    "div",
    { className: "buttons" },
    button(
      "Save PNG",
      reporting(() => save(enlarged(canvas, PNG_WIDTH), `${name}.png`)),
    ),
    animated,
    link,
  );
}

/** The path from A to B and back. @param {Position} position @param {Path} path */
async function pathGif(position, path) {
  const { engine, about, label } = position.session,
    shape = about.image_shape;
  const places = Array.from({ length: FRAMES }, (_, frame) => eased(frame / (FRAMES - 1)));
  const latents = places.map(at => position.allowed(along(path, at)));
  const images = await engine.decode(Float32Array.from(latents.flatMap(latent => [...latent])), { label });
  const there = latents.map((_, frame) => {
    const canvas = document.createElement("canvas");
    paint(canvas, images, shape, frame);
    const large = enlarged(canvas, GIF_WIDTH);
    return context(large).getImageData(0, 0, large.width, large.height);
  });
  return gif([...there, ...there.slice(1, -1).reverse()], DELAY);
}

/**
 * An image several times as large, at least of this width, drawn as the page draws it.
 * @param {HTMLCanvasElement} canvas @param {number} width
 */
function enlarged(canvas, width) {
  const times = Math.ceil(width / canvas.width),
    large = document.createElement("canvas");
  [large.width, large.height] = [times * canvas.width, times * canvas.height];
  const pen = context(large);
  pen.imageSmoothingEnabled = !canvas.classList.contains("pixels");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(canvas, 0, 0, large.width, large.height);
  return large;
}

/** Of a dimension's reach in an address, that a unit is; 16 bits hold eight times the reach. */
const UNIT = 1 / 4096;

/** The active dimensions of a latent as text, two bytes each. @param {About} about @param {Float32Array} latent */
function packed(about, latent) {
  const values = codedDimensions(about).map(([dimension, center, unit]) => (latent[dimension] - center) / unit);
  const bytes = new DataView(new ArrayBuffer(2 * values.length));
  values.forEach((value, place) => bytes.setInt16(2 * place, Math.max(-32768, Math.min(32767, Math.round(value)))));
  const letters = Array.from(new Uint8Array(bytes.buffer), byte => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The latent of such a text, or `null` where it is of another model.
 * @param {About} about @param {string | null} text
 */
function unpacked(about, text) {
  const dimensions = codedDimensions(about),
    latent = middle(about);
  if (!text || !/^[\w-]+$/.test(text) || text.length !== Math.ceil((8 * dimensions.length) / 3)) return null;
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new DataView(Uint8Array.from(letters, letter => letter.charCodeAt(0)).buffer);
  dimensions.forEach(([dimension, center, unit], place) => {
    latent[dimension] = center + unit * bytes.getInt16(2 * place);
  });
  return latent;
}

/** The active dimensions, from the first, with what is 0 and what is 1 in an address. @param {About} about */
function codedDimensions({ latents: { active, low, high } }) {
  return active
    .toSorted((a, b) => a - b)
    .map(dimension => {
      const reach = (high[dimension] - low[dimension]) / 2;
      return [dimension, low[dimension] + reach, reach * UNIT];
    });
}
