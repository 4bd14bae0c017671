// @ts-check
/** A plane in latent space, and the part of it that a canvas shows. */

/** @typedef {[number, number]} Place coordinates in a plane, or pixels of a canvas */

const MOST_SPAN = 1e4;
const LEAST_SPAN = 1e-4;

export class Plane {
  /**
   * @param {Float32Array} origin @param {Float32Array} across a unit vector, of the first coordinate
   * @param {Float32Array} up another, orthogonal to it
   */
  constructor(origin, across, up) {
    this.origin = origin;
    this.across = across;
    this.up = up;
  }

  /** The latent at a place. @param {Place} place */
  at([x, y]) {
    return this.origin.map((value, d) => value + x * this.across[d] + y * this.up[d]);
  }

  /**
   * Where a latent lies when it is projected orthogonally, and its distance from the plane.
   * @param {Float32Array} latent @returns {{place: Place, distance: number}}
   */
  project(latent) {
    let x = 0,
      y = 0,
      rest = 0;
    for (let d = 0; d < latent.length; d++) {
      const difference = latent[d] - this.origin[d];
      x += difference * this.across[d];
      y += difference * this.up[d];
    }
    for (let d = 0; d < latent.length; d++)
      rest += (latent[d] - this.origin[d] - x * this.across[d] - y * this.up[d]) ** 2;
    return { place: [x, y], distance: Math.sqrt(rest) };
  }
}

/**
 * The plane of two latent dimensions, the others as in `base`: its coordinates are the latent's own.
 * @param {Float32Array} base @param {number} x @param {number} y
 */
export function planeOfDimensions(base, x, y) {
  const origin = base.map((value, d) => (d === x || d === y ? 0 : value));
  const unit = (/** @type {number} */ one) => base.map((_, d) => Number(d === one));
  return new Plane(origin, unit(x), unit(y));
}

/** @param {Float32Array} one @param {Float32Array} other */
const dot = (one, other) => one.reduce((sum, value, d) => sum + value * other[d], 0);

/**
 * The plane through three latents: its origin is their mean, and its first axis goes from the first to the second.
 * @param {Float32Array[]} latents
 */
export function planeThrough([first, second, third]) {
  const unit = (/** @type {Float32Array} */ one) => {
    const length = Math.sqrt(dot(one, one));
    if (!(length > 1e-4)) throw new Error("These three latents lie on one line: no plane is through them alone.");
    return one.map(value => value / length);
  };
  const across = unit(second.map((value, d) => value - first[d]));
  const side = third.map((value, d) => value - first[d]),
    along = dot(side, across);
  const up = unit(side.map((value, d) => value - along * across[d]));
  return new Plane(
    first.map((value, d) => (value + second[d] + third[d]) / 3),
    across,
    up,
  );
}

/** The part of a plane that a canvas shows. The second coordinate grows upwards. */
export class Viewport {
  /** @type {Place} */
  center = [0, 0];
  /** Units of the plane in the canvas's shorter side. */
  span = 6;
  width = 1;
  height = 1;

  /** Pixels of a unit. */
  get scale() {
    return Math.min(this.width, this.height) / this.span;
  }

  /** @param {Place} place @returns {Place} */
  toPixels([x, y]) {
    const { center, scale } = this;
    return [this.width / 2 + (x - center[0]) * scale, this.height / 2 - (y - center[1]) * scale];
  }

  /** @param {Place} pixels @returns {Place} */
  toPlane([x, y]) {
    const { center, scale } = this;
    return [center[0] + (x - this.width / 2) / scale, center[1] - (y - this.height / 2) / scale];
  }

  /** @param {number} x @param {number} y pixels by which the plane is dragged */
  pan(x, y) {
    this.look([this.center[0] - x / this.scale, this.center[1] + y / this.scale], this.span);
  }

  /** Enlarge, keeping a place where it is. @param {number} factor @param {Place} fixed */
  zoom(factor, fixed) {
    const span = Math.min(MOST_SPAN, Math.max(LEAST_SPAN, this.span / factor)),
      ratio = span / this.span;
    this.look([fixed[0] + (this.center[0] - fixed[0]) * ratio, fixed[1] + (this.center[1] - fixed[1]) * ratio], span);
  }

  /** @param {Place} center @param {number} span */
  look([x, y], span) {
    const within = (/** @type {number} */ value) => Math.min(MOST_SPAN, Math.max(-MOST_SPAN, value));
    this.center = [within(x), within(y)];
    this.span = Math.min(MOST_SPAN, Math.max(LEAST_SPAN, span));
  }

  /** Show these places, with a margin. @param {Place[]} places */
  fit(places) {
    const ranges = [0, 1].map(axis => {
      const values = places.map(place => place[axis]);
      return [Math.min(...values), Math.max(...values)];
    });
    const [[left, right], [low, high]] = ranges,
      shorter = Math.min(this.width, this.height);
    const span = Math.max((right - left) * (shorter / this.width), (high - low) * (shorter / this.height), 0.01);
    this.look([(left + right) / 2, (low + high) / 2], 1.08 * span);
  }
}
