// @ts-check
/** The image in hand: one of the data, a file, a drawing, or a sample. */
import { context, paint, read, sizeOf, toFloats } from "./images.js";
import { noise } from "./latents.js";
import { button, el, reporting } from "./ui.js";

const STRIP = 14;
const CANVAS = 196;

/**
 * What sets `session.image`: a strip of the data's images, a file chosen or dropped, a drawing, a sample.
 * @param {Session} session @param {AbortSignal} signal
 */
export function imagePicker(session, signal) {
  const { about } = session,
    shape = about.input_shape;
  const strip = el("div", { className: "strip", role: "group", "aria-label": "images of the data" });
  const file = el("input", {
    type: "file",
    accept: "image/*",
    className: "visually-hidden",
    "aria-label": "choose an image file",
    tabIndex: -1,
  });
  /** @param {Blob | undefined} blob */
  const take = async blob => blob && session.setImage(await read(blob, shape));
  file.addEventListener(
    "change",
    reporting(async () => {
      await take(file.files?.[0]);
      file.value = "";
    }),
  );
  const board = drawingBoard(session);
  const buttons = el(
    "div",
    { className: "buttons" },
    button("Your own image", () => file.click()),
    file,
    button("Draw one", () => {
      board.hidden = !board.hidden;
    }),
  );
  if (canSample(session))
    buttons.append(
      button(
        "Generate one",
        reporting(async () => session.setImage(await sampled(session))),
      ),
    );
  const root = el("div", { className: "hand" });
  if (about.data && sameShape(about.image_shape, shape)) {
    const fill = async () => {
      const bytes = await session.engine.images(),
        count = Number(about.data?.count);
      const chosen = Array.from({ length: Math.min(STRIP, count) }, () => Math.floor(Math.random() * count));
      strip.replaceChildren(
        ...chosen.map(index => {
          const canvas = el("canvas", { "aria-hidden": "true" });
          paint(canvas, bytes, shape, index);
          const label = about.data?.labels ? `, ${about.classes[about.data.labels[index]]}` : "";
          return el(
            "button",
            {
              type: "button",
              className: "thumb",
              "aria-label": `image ${index}${label}`,
              onclick: reporting(async () => {
                if (about.conditional && about.data?.labels) session.setLabel(about.data.labels[index]);
                session.setImage(await session.dataImage(index));
              }),
            },
            canvas,
          );
        }),
      );
    };
    buttons.prepend(button("Other images", reporting(fill)));
    root.append(strip);
    reporting(fill)();
  }
  root.append(buttons, board);
  root.addEventListener("dragover", event => event.preventDefault());
  root.addEventListener(
    "drop",
    reporting(async event => {
      event.preventDefault();
      await take(event.dataTransfer?.files[0]);
    }),
  );
  document.addEventListener(
    "paste",
    reporting(async event => {
      const pasted = [...(event.clipboardData?.files ?? [])].find(one => one.type.startsWith("image/"));
      await take(pasted);
    }),
    { signal },
  );
  return root;
}

/** @typedef {import("./session.js").Session} Session */

/** @param {Session} session */
const canSample = session => session.has("sample") && session.can("prior");

/** @param {Session} session */
const sampled = async ({ engine, about, label }) => toFloats(await engine.sample(noise(about), { label }));

/** @param {number[]} one @param {number[]} other */
export const sameShape = (one, other) =>
  one.length === other.length && one.every((size, place) => size === other[place]);

/**
 * An image to begin with, where there is none in hand: the first of the data, which is of the class in hand where one
 * is, or a sample.
 * @param {Session} session
 */
export async function firstImage(session) {
  if (session.image && session.image.length === sizeOf(session.about.input_shape)) return session.image;
  const { about } = session;
  if (about.data && sameShape(about.image_shape, about.input_shape)) {
    const labels = about.conditional ? about.data.labels : null,
      first = Math.max(0, labels?.indexOf(Number(session.label)) ?? 0);
    if (labels && labels[first] !== session.label) session.setLabel(labels[first]);
    session.setImage(await session.dataImage(first));
  } else if (canSample(session)) session.setImage(await sampled(session));
  else throw new Error("The data of this run are not here: choose or draw an image.");
  return /** @type {Float32Array} */ (session.image);
}

/** A board to draw on, in white on black; each stroke's end takes the drawing in hand. @param {Session} session */
function drawingBoard(session) {
  const canvas = el("canvas", {
    width: CANVAS,
    height: CANVAS,
    className: "drawing",
    role: "img",
    "aria-label": "drawing board: draw with the mouse or a finger",
  });
  const clear = () => {
    context(canvas).fillStyle = "#000";
    context(canvas).fillRect(0, 0, CANVAS, CANVAS);
  };
  clear();
  /** @type {[number, number] | null} */
  let last = null;
  /** @param {PointerEvent} event @returns {[number, number]} */
  const at = event => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * CANVAS, ((event.clientY - box.top) / box.height) * CANVAS];
  };
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
  });
  canvas.addEventListener("pointermove", event => {
    if (!last) return;
    const to = at(event),
      pen = context(canvas);
    pen.strokeStyle = "#fff";
    pen.lineWidth = CANVAS / 12;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...to);
    pen.stroke();
    last = to;
  });
  canvas.addEventListener(
    "pointerup",
    reporting(async () => {
      last = null;
      session.setImage(await read(canvas, session.about.input_shape));
    }),
  );
  canvas.addEventListener("pointercancel", () => (last = null));
  return el("div", { className: "board", hidden: true }, canvas, button("Clear", clear));
}
