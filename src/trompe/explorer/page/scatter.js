// @ts-check
/** The plane on a canvas: a discriminator's field, points, arrows and lines between points. */
import { context } from "./images.js";
import { el } from "./ui.js";

/**
 * Points are flat arrays of x and y; a field is of logits, its lowest row first, between the plane's corners.
 * @typedef {object} Scene
 * @property {number} reach coordinates are within -reach and reach
 * @property {{logits: ArrayLike<number>, side: number, largest: number} | null} [field]
 * @property {ArrayLike<number>} [real]
 * @property {ArrayLike<number>} [generated]
 * @property {{from: ArrayLike<number>, by: ArrayLike<number>, longest: number} | null} [arrows] in coordinates
 * @property {{from: ArrayLike<number>, to: ArrayLike<number>} | null} [lines]
 * @property {[number, number] | null} [cursor]
 */

const ARROWS = 120;
/** Of the field's color, at the largest logit; below it falls as the root, so that the sign is seen near zero. */
const OPACITY = 0.55;

/**
 * A canvas of a square plane, drawn anew when its size or the colors change.
 * @param {string} label @param {() => Scene} scene what there is to draw @param {AbortSignal} signal
 */
export function plane(label, scene, signal) {
  const canvas = el("canvas", { className: "points", tabIndex: 0, role: "img", "aria-label": label });
  const redraw = () => draw(canvas, scene());
  onceSized(canvas, redraw, signal);
  return { canvas, redraw };
}

/**
 * Call when an element has a size, and when its size or the colors change.
 * @param {HTMLElement} element @param {() => void} call @param {AbortSignal} signal
 */
export function onceSized(element, call, signal) {
  const sized = new ResizeObserver(call);
  sized.observe(element);
  signal.addEventListener("abort", () => sized.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", call, { signal });
}

/** A pen in CSS pixels on a canvas of as many pixels as the screen has. @param {HTMLCanvasElement} canvas */
export function penOf(canvas) {
  const scale = devicePixelRatio || 1,
    width = canvas.clientWidth,
    height = canvas.clientHeight,
    pen = context(canvas);
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

/** The value of a color of the stylesheet. @param {Element} element @param {string} name */
export const color = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

/** @param {HTMLCanvasElement} canvas @param {Scene} scene */
export function draw(canvas, scene) {
  const { pen, width, height } = penOf(canvas),
    { reach } = scene;
  if (!width) return;
  const x = (/** @type {number} */ value) => (0.5 + value / (2 * reach)) * width;
  const y = (/** @type {number} */ value) => (0.5 - value / (2 * reach)) * height;
  const [real, generated, ink, card] = ["--real", "--generated", "--ink", "--card"].map(name => color(canvas, name));
  if (scene.field) drawField(pen, scene.field, [real, generated, ink], width, height);
  const size = Math.max(1.6, width / 260);
  if (scene.real) dots(pen, scene.real, x, y, size, real, null);
  if (scene.lines) {
    const { from, to } = scene.lines;
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.35;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let i = 0; i < from.length; i += 2) {
      pen.moveTo(x(from[i]), y(from[i + 1]));
      pen.lineTo(x(to[i]), y(to[i + 1]));
    }
    pen.stroke();
    pen.globalAlpha = 1;
    dots(pen, to, x, y, 1.2 * size, color(canvas, "--restored"), card);
  }
  if (scene.arrows) drawArrows(pen, scene.arrows, x, y, ink);
  if (scene.generated) dots(pen, scene.generated, x, y, 1.2 * size, generated, card);
  if (scene.cursor) cross(pen, x(scene.cursor[0]), y(scene.cursor[1]), ink, card);
}

/** @typedef {(value: number) => number} Place */

/**
 * @param {CanvasRenderingContext2D} pen @param {ArrayLike<number>} points @param {Place} x @param {Place} y
 * @param {number} size @param {string} fill @param {string | null} edge
 */
function dots(pen, points, x, y, size, fill, edge) {
  pen.fillStyle = fill;
  pen.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    pen.moveTo(x(points[i]) + size, y(points[i + 1]));
    pen.arc(x(points[i]), y(points[i + 1]), size, 0, 2 * Math.PI);
  }
  if (edge) {
    pen.strokeStyle = edge;
    pen.lineWidth = 1.2;
    pen.stroke();
  }
  pen.fill();
}

/**
 * @param {CanvasRenderingContext2D} pen @param {NonNullable<Scene["arrows"]>} arrows
 * @param {Place} x @param {Place} y @param {string} ink
 */
function drawArrows(pen, { from, by, longest }, x, y, ink) {
  const room = x(longest) - x(0);
  pen.strokeStyle = ink;
  pen.lineWidth = 1.1;
  pen.beginPath();
  for (let i = 0; i < Math.min(from.length, 2 * ARROWS); i += 2) {
    const at = [x(from[i]), y(from[i + 1])],
      move = [x(by[i]) - x(0), y(by[i + 1]) - y(0)];
    const length = Math.hypot(...move);
    if (length < 1.5) continue;
    const shrink = Math.min(1, (1.5 * room) / length),
      head = Math.min(6, 0.4 * length);
    const to = [at[0] + shrink * move[0], at[1] + shrink * move[1]],
      angle = Math.atan2(move[1], move[0]);
    pen.moveTo(at[0], at[1]);
    pen.lineTo(to[0], to[1]);
    for (const side of [-0.45, 0.45]) {
      pen.moveTo(to[0], to[1]);
      pen.lineTo(to[0] - head * Math.cos(angle + side), to[1] - head * Math.sin(angle + side));
    }
  }
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {string} ink @param {string} card
 */
function cross(pen, x, y, ink, card) {
  for (const [style, width] of /** @type {[string, number][]} */ ([
    [card, 4],
    [ink, 1.5],
  ])) {
    pen.strokeStyle = style;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x - 9, y);
    pen.lineTo(x + 9, y);
    pen.moveTo(x, y - 9);
    pen.lineTo(x, y + 9);
    pen.stroke();
  }
}

/**
 * The logits as colors, and a line where they are zero.
 * @param {CanvasRenderingContext2D} pen @param {NonNullable<Scene["field"]>} field
 * @param {string[]} colors of real, of generated, and of the line @param {number} width @param {number} height
 */
function drawField(pen, { logits, side, largest }, colors, width, height) {
  const small = document.createElement("canvas"),
    data = new ImageData(side, side);
  const [real, generated] = colors.map(rgb);
  for (let place = 0; place < side * side; place++) {
    const share = Math.sqrt(Math.min(1, Math.abs(logits[place]) / Math.max(largest, 1e-12)));
    const row = side - 1 - Math.floor(place / side),
      at = 4 * (row * side + (place % side));
    data.data.set([...(logits[place] > 0 ? real : generated), 255 * OPACITY * share], at);
  }
  small.width = small.height = side;
  context(small).putImageData(data, 0, 0);
  const cell = [width / (side - 1), height / (side - 1)]; // the outer pixels' centers lie at the corners
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, -cell[0] / 2, -cell[1] / 2, width + cell[0], height + cell[1]);
  drawBoundary(pen, logits, side, cell, height, colors[2]);
}

/**
 * Where the logits are zero, cell by cell: between the places at which they change sign along its edges.
 * @param {CanvasRenderingContext2D} pen @param {ArrayLike<number>} logits @param {number} side @param {number[]} cell
 * @param {number} height @param {string} ink
 */
function drawBoundary(pen, logits, side, cell, height, ink) {
  const corners = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  pen.strokeStyle = ink;
  pen.globalAlpha = 0.6;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let row = 0; row < side - 1; row++)
    for (let column = 0; column < side - 1; column++) {
      const values = corners.map(([right, up]) => logits[(row + up) * side + column + right]);
      const found = [];
      for (let edge = 0; edge < 4; edge++) {
        const one = values[edge],
          other = values[(edge + 1) % 4],
          share = one / (one - other);
        if (one > 0 === other > 0) continue;
        const [from, to] = [corners[edge], corners[(edge + 1) % 4]];
        found.push([column + from[0] + share * (to[0] - from[0]), row + from[1] + share * (to[1] - from[1])]);
      }
      for (let i = 0; i + 1 < found.length; i += 2) {
        pen.moveTo(found[i][0] * cell[0], height - found[i][1] * cell[1]);
        pen.lineTo(found[i + 1][0] * cell[0], height - found[i + 1][1] * cell[1]);
      }
    }
  pen.stroke();
  pen.globalAlpha = 1;
}

/** @param {string} hex */
const rgb = hex => [1, 3, 5].map(start => parseInt(hex.slice(start, start + 2), 16));

/**
 * The logit at a point, between those around it.
 * @param {ArrayLike<number>} logits @param {number} side @param {number} reach @param {number[]} point
 */
export function logitAt(logits, side, reach, point) {
  const [column, row] = point.map(value => Math.min(side - 1, Math.max(0, (0.5 + value / (2 * reach)) * (side - 1))));
  const left = Math.min(side - 2, Math.floor(column)),
    below = Math.min(side - 2, Math.floor(row));
  const [right, up] = [column - left, row - below];
  const at = (/** @type {number} */ a, /** @type {number} */ b) => logits[(below + b) * side + left + a];
  return (1 - up) * ((1 - right) * at(0, 0) + right * at(1, 0)) + up * ((1 - right) * at(0, 1) + right * at(1, 1));
}

/**
 * What a discriminator says of a point, in words.
 * @param {number} logit @param {number[]} point @param {boolean} probability whether there is one
 */
export function said(logit, point, probability) {
  const real = probability ? `, probability of being real ${Math.round(100 / (1 + Math.exp(-logit)))}%` : "";
  return `at (${point.map(value => value.toFixed(2)).join(", ")}): logit ${logit.toFixed(2)}${real}`;
}

/**
 * A cursor of the plane, by pointer and arrow keys.
 * @param {HTMLCanvasElement} canvas @param {number} reach @param {(point: [number, number] | null) => void} moved
 */
export function cursorOf(canvas, reach, moved) {
  /** @type {[number, number]} */
  let point = [0, 0];
  const go = (/** @type {[number, number]} */ [x, y]) => {
    point = [Math.min(reach, Math.max(-reach, x)), Math.min(reach, Math.max(-reach, y))];
    moved(point);
  };
  const follow = (/** @type {PointerEvent} */ event) => go(pointOf(canvas, reach, event));
  canvas.addEventListener("pointerdown", follow);
  canvas.addEventListener("pointermove", follow);
  for (const left of ["pointerleave", "blur"]) canvas.addEventListener(left, () => moved(null));
  canvas.addEventListener("keydown", event => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const stride = (event.shiftKey ? 0.25 : 0.05) * reach;
    go([point[0] + stride * by[0], point[1] + stride * by[1]]);
  });
}

/**
 * Where a pointer is, in coordinates.
 * @param {HTMLCanvasElement} canvas @param {number} reach @param {PointerEvent} event @returns {[number, number]}
 */
export function pointOf(canvas, reach, event) {
  const box = canvas.getBoundingClientRect(),
    scale = (2 * reach) / box.width;
  return [(event.clientX - box.left) * scale - reach, reach - (event.clientY - box.top) * scale];
}

/**
 * A legend: what is drawn, each a switch.
 * @param {[string, string][]} parts names, and classes of their marks @param {Set<string>} hidden
 * @param {() => void} changed
 */
export function switches(parts, hidden, changed) {
  const labels = parts.map(([name, kind]) => {
    const box = el("input", {
      type: "checkbox",
      checked: !hidden.has(name),
      onchange: () => {
        box.checked ? hidden.delete(name) : hidden.add(name);
        changed();
      },
    });
    return el("label", {}, box, el("i", { className: `kind ${kind}` }), name);
  });
  return el("div", { className: "switches", role: "group", "aria-label": "what is drawn" }, ...labels);
}
