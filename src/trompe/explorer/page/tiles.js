// @ts-check
/** What a decoder makes of a plane, as tiles: each is the image decoded at its center. */
import { imageData, sizeOf } from "./images.js";
import { joined } from "./latents.js";
import { say } from "./ui.js";

/** @typedef {import("./plane.js").Plane} Plane @typedef {import("./plane.js").Viewport} Viewport */
/** @typedef {import("./plane.js").Place} Place */
/** @typedef {{level: number, column: number, row: number}} Cell of a grid whose tiles are 2 ** level wide */

const MOST_KEPT = 4000;
/** Levels above the one wanted, decoded before it: few tiles that give a first view. */
const COARSER = 2;
/** Milliseconds that a request for tiles shall take, and for which it waits for others at most. */
const BUDGET = 40;
const PATIENCE = 300;
const LEAST_CHUNK = 4;
const MOST_CHUNK = 64;

export class Tiles {
  /** Decoded tiles by their key, the last used at the end. @type {Map<string, Cell & {image: ImageBitmap}>} */
  #kept = new Map();
  /** @type {Cell[]} */
  #wanted = [];
  #chunk = LEAST_CHUNK;
  #running = false;
  /** Of the plane, class and weights: what is decoded for an earlier one is dropped. */
  #generation = 0;
  /** @type {Plane | null} */
  #plane = null;

  /**
   * @param {object} options
   * @param {number[]} options.shape of an image
   * @param {(latents: Float32Array) => Promise<Uint8Array>} options.decode
   * @param {() => boolean} options.busy whether something more urgent is being decoded
   * @param {() => void} options.ready called when there are more tiles to draw
   * @param {AbortSignal} options.signal
   */
  constructor({ shape, decode, busy, ready, signal }) {
    this.shape = shape;
    this.decode = decode;
    this.busy = busy;
    this.ready = ready;
    this.signal = signal;
    this.ratio = shape[1] / shape[2];
    this.leastWidth = Math.min(48, Math.max(32, shape[2]));
  }

  /** Forget all tiles: they are of another plane, class or model. */
  forget() {
    this.#generation++;
    this.#kept.clear();
    this.#wanted = [];
  }

  /** Decode what a viewport shows, and nothing else any longer. @param {Plane} plane @param {Viewport} viewport */
  want(plane, viewport) {
    const level = this.#levelOf(viewport);
    this.#plane = plane;
    this.#wanted = [];
    for (const one of [level + COARSER, level])
      for (const cell of this.#cells(one, viewport)) {
        const key = keyOf(cell),
          known = this.#kept.get(key);
        if (known) {
          this.#kept.delete(key);
          this.#kept.set(key, known);
        } else this.#wanted.push(cell);
      }
    if (!this.#running) void this.#work();
  }

  /** The image of the tile that a place is on, where it is decoded. @param {Place} place @param {Viewport} viewport */
  imageAt([x, y], viewport) {
    const own = this.#levelOf(viewport);
    for (const level of [own, own + COARSER]) {
      const column = Math.floor(x / 2 ** level),
        row = Math.floor(y / (2 ** level * this.ratio));
      const tile = this.#kept.get(keyOf({ level, column, row }));
      if (tile) return tile.image;
    }
    return null;
  }

  /** @param {CanvasRenderingContext2D} pen @param {Viewport} viewport */
  draw(pen, viewport) {
    const level = this.#levelOf(viewport),
      cells = this.#cells(level, viewport);
    const own = cells.map(cell => this.#kept.get(keyOf(cell))).filter(tile => tile !== undefined);
    if (own.length < cells.length) {
      const others = [...this.#kept.values()].filter(tile => tile.level !== level && Math.abs(tile.level - level) <= 8);
      others.sort((one, other) => other.level - one.level).forEach(tile => this.#drawTile(pen, viewport, tile));
    }
    own.forEach(tile => this.#drawTile(pen, viewport, tile));
  }

  /** @param {Viewport} viewport */
  #levelOf(viewport) {
    return Math.ceil(Math.log2(this.leastWidth / viewport.scale));
  }

  /** The cells that a viewport shows, from its middle outwards. @param {number} level @param {Viewport} viewport */
  #cells(level, viewport) {
    const width = 2 ** level,
      height = width * this.ratio;
    const [left, top] = viewport.toPlane([0, 0]),
      [right, bottom] = viewport.toPlane([viewport.width, viewport.height]);
    const [x, y] = [viewport.center[0] / width - 0.5, viewport.center[1] / height - 0.5];
    /** @type {Cell[]} */
    const cells = [];
    for (let row = Math.floor(bottom / height); row * height < top; row++)
      for (let column = Math.floor(left / width); column * width < right; column++) cells.push({ level, column, row });
    const far = (/** @type {Cell} */ cell) => (cell.column - x) ** 2 + (cell.row - y) ** 2;
    return cells.sort((one, other) => far(one) - far(other));
  }

  /** @param {CanvasRenderingContext2D} pen @param {Viewport} viewport @param {Cell & {image: ImageBitmap}} tile */
  #drawTile(pen, viewport, { level, column, row, image }) {
    const width = 2 ** level,
      height = width * this.ratio,
      dots = devicePixelRatio;
    const [left, top] = viewport.toPixels([column * width, (row + 1) * height]);
    const [right, bottom] = viewport.toPixels([(column + 1) * width, row * height]);
    if (right < 0 || bottom < 0 || left > viewport.width || top > viewport.height) return;
    // whole device pixels, so that no line is between tiles
    const [x, y, toX, toY] = [left, top, right, bottom].map(one => Math.round(one * dots) / dots);
    pen.drawImage(image, x, y, toX - x, toY - y);
  }

  /** Decode what is wanted, a few at a time, and after what is more urgent. */
  async #work() {
    this.#running = true;
    try {
      while (this.#wanted.length && !this.signal.aborted) {
        await this.#turn();
        await this.#decodeSome(this.#wanted.splice(0, this.#chunk));
      }
    } catch (error) {
      this.#wanted = [];
      if (!this.signal.aborted) say(error);
    }
    this.#running = false;
  }

  /** @param {Cell[]} cells */
  async #decodeSome(cells) {
    const generation = this.#generation,
      plane = this.#plane,
      started = performance.now();
    if (!cells.length || !plane) return;
    const latents = cells.map(({ level, column, row }) => {
      const width = 2 ** level;
      return plane.at([(column + 0.5) * width, (row + 0.5) * width * this.ratio]);
    });
    const bytes = await this.decode(joined(latents));
    const fitting = (this.#chunk * BUDGET) / (performance.now() - started);
    this.#chunk = Math.min(MOST_CHUNK, Math.max(LEAST_CHUNK, Math.round(Math.min(2 * this.#chunk, fitting))));
    const images = await Promise.all(cells.map((_, index) => createImageBitmap(imageData(bytes, this.shape, index))));
    if (generation !== this.#generation) return;
    cells.forEach((cell, index) => this.#kept.set(keyOf(cell), { ...cell, image: images[index] }));
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(key);
    }
    this.ready();
  }

  /** Wait while something else is more urgent. */
  async #turn() {
    const since = performance.now();
    while (this.busy() && performance.now() - since < PATIENCE) await new Promise(done => setTimeout(done, 20));
  }
}

/** @param {Cell} cell */
const keyOf = ({ level, column, row }) => `${level} ${column} ${row}`;
