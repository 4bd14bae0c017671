// @ts-check
/** Canvases, one on the other, that show a part of a plane: moved by mouse, fingers and keys. */
import { Viewport } from "./plane.js";
import { el } from "./ui.js";

/** @typedef {import("./plane.js").Place} Place */

/** Pixels that a press may move and still be a click. */
const STEADY = 5;
const KEY_ZOOM = 1.5;
/** Of the shorter side, how far an arrow key moves the cursor. */
const KEY_STEP = 1 / 40;
/** Pixels that the arrow keys leave between the cursor and an edge. */
const ROOM = 12;

export class Stage {
  viewport = new Viewport();
  /** Where the pointer is, or where the arrow keys have moved it. @type {Place | null} */
  cursor = null;
  /** Pressed pointers. @type {Map<number, Place>} */
  #pressed = new Map();
  #moved = 0;
  #several = false;
  #cross = el("div", { className: "cross", hidden: true });

  /**
   * @param {object} options
   * @param {string} options.label
   * @param {() => void} options.sized called when the size has changed
   * @param {() => void} options.moved when another part of the plane is shown
   * @param {() => void} options.pointed when the cursor is somewhere else
   * @param {() => void} options.picked when its place is chosen
   * @param {() => void} options.reset
   * @param {AbortSignal} options.signal
   */
  constructor({ label, sized, moved, pointed, picked, reset, signal }) {
    /** What is shown, from the lowest. */
    this.layers = { tiles: el("canvas"), points: el("canvas"), axes: el("canvas"), marks: el("canvas") };
    const properties = { className: "stage", tabIndex: 0, role: "application", "aria-label": label };
    this.root = el("div", properties, ...Object.values(this.layers), this.#cross);
    this.moved = moved;
    this.pointed = pointed;
    this.picked = picked;
    this.reset = reset;
    const sizes = new ResizeObserver(() => {
      const { width, height } = this.root.getBoundingClientRect();
      if (!width || !height) return;
      [this.viewport.width, this.viewport.height] = [width, height];
      for (const canvas of Object.values(this.layers))
        [canvas.width, canvas.height] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
      sized();
    });
    sizes.observe(this.root);
    signal.addEventListener("abort", () => sizes.disconnect());
    this.root.addEventListener("pointerdown", event => this.#down(event));
    this.root.addEventListener("pointermove", event => this.#move(event));
    this.root.addEventListener("pointerup", event => this.#up(event));
    this.root.addEventListener("pointercancel", event => this.#pressed.delete(event.pointerId));
    this.root.addEventListener("wheel", event => this.#wheel(event), { passive: false });
    this.root.addEventListener("keydown", event => this.#key(event));
  }

  /** A layer to draw on in CSS pixels, emptied. @param {keyof Stage["layers"]} layer */
  pen(layer) {
    const pen = /** @type {CanvasRenderingContext2D} */ (this.layers[layer].getContext("2d"));
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, this.viewport.width, this.viewport.height);
    pen.imageSmoothingQuality = "high";
    return pen;
  }

  /** What is shown, as one canvas. */
  picture() {
    const { width, height } = this.layers.tiles,
      whole = el("canvas", { width, height });
    const pen = /** @type {CanvasRenderingContext2D} */ (whole.getContext("2d"));
    pen.fillStyle = getComputedStyle(this.root).backgroundColor;
    pen.fillRect(0, 0, width, height);
    for (const canvas of Object.values(this.layers)) {
      pen.globalAlpha = Number(canvas.style.opacity || 1);
      pen.drawImage(canvas, 0, 0);
    }
    return whole;
  }

  /** @param {number} factor @param {Place} [fixed] */
  zoom(factor, fixed = this.viewport.center) {
    this.viewport.zoom(factor, fixed);
    this.moved();
  }

  /** @param {Place} place */
  point(place) {
    this.cursor = place;
    this.markCursor();
    this.pointed();
  }

  markCursor() {
    if (!this.cursor) return;
    const [x, y] = this.viewport.toPixels(this.cursor),
      { width, height } = this.viewport;
    this.#cross.hidden = x < 0 || y < 0 || x > width || y > height;
    this.#cross.style.transform = `translate(${x}px, ${y}px)`;
  }

  /** @param {MouseEvent} event @returns {Place} */
  #at(event) {
    const box = this.root.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    this.root.setPointerCapture(event.pointerId);
    if (!this.#pressed.size) [this.#moved, this.#several] = [0, false];
    this.#pressed.set(event.pointerId, this.#at(event));
    this.#several ||= this.#pressed.size > 1;
    if (!this.#several) this.point(this.viewport.toPlane(this.#at(event)));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const to = this.#at(event),
      from = this.#pressed.get(event.pointerId);
    if (!from) {
      if (event.pointerType === "mouse") this.point(this.viewport.toPlane(to));
      return;
    }
    this.#moved += Math.hypot(to[0] - from[0], to[1] - from[1]);
    const other = [...this.#pressed].find(([id]) => id !== event.pointerId)?.[1];
    this.#pressed.set(event.pointerId, to);
    if (other) this.#pinch(from, to, other);
    else if (event.pointerType !== "mouse" && !this.#several) this.point(this.viewport.toPlane(to));
    else if (this.#moved > STEADY) {
      this.viewport.pan(to[0] - from[0], to[1] - from[1]);
      this.moved();
    }
  }

  /** One of two fingers has moved. @param {Place} from @param {Place} to @param {Place} other */
  #pinch(from, to, other) {
    const apart = (/** @type {Place} */ one) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1]));
    this.viewport.pan((to[0] - from[0]) / 2, (to[1] - from[1]) / 2);
    this.zoom(apart(to) / apart(from), this.viewport.toPlane([(to[0] + other[0]) / 2, (to[1] + other[1]) / 2]));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (this.#pressed.delete(event.pointerId) && !this.#several && this.#moved <= STEADY) this.picked();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    // a trackpad's pinch comes as small turns of a wheel with the control key
    const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0015));
    this.zoom(factor, this.viewport.toPlane(this.#at(event)));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const cursor = this.cursor ?? this.viewport.center;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrow) this.#step(arrow, event.shiftKey ? KEY_STEP / 8 : KEY_STEP);
    else if (event.key === "+" || event.key === "=") this.zoom(KEY_ZOOM, cursor);
    else if (event.key === "-") this.zoom(1 / KEY_ZOOM, cursor);
    else if (event.key === "0" || event.key === "Home") this.reset();
    else if (event.key === "Enter" || event.key === " ") this.picked();
    else return;
    event.preventDefault();
  }

  /**
   * Move the cursor, and the plane with it where it would leave the canvas.
   * @param {number[]} arrow @param {number} share of the span
   */
  #step([x, y], share) {
    const { viewport } = this,
      far = viewport.span * share,
      [left, bottom] = this.cursor ?? viewport.center;
    const to = /** @type {Place} */ ([left + x * far, bottom + y * far]);
    const at = viewport.toPixels(to),
      sizes = [viewport.width, viewport.height];
    const over = at.map((one, axis) => one - Math.min(sizes[axis] - ROOM, Math.max(ROOM, one)));
    if (over[0] || over[1]) {
      viewport.pan(-over[0], -over[1]);
      this.moved();
    }
    this.point(to);
  }
}
