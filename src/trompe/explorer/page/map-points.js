// @ts-check
/** The data's latents, as points of a plane. */
import { latentSize } from "./latents.js";

/** @typedef {import("./plane.js").Place} Place @typedef {import("./plane.js").Plane} Plane */
/**
 * @typedef {object} Point
 * @property {Float32Array} latent
 * @property {number | null} label
 * @property {string | null} color of its class
 * @property {Place} place where it is projected
 * @property {number} distance of the latent from the plane
 */

export class Points {
  /** @type {Point[]} */
  all = [];
  /** Classes that are not shown. @type {Set<number>} */
  hidden = new Set();
  /** Of the data. @type {Uint8Array | null} */
  images = null;

  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    /** Whether the data's latents can be known. */
    this.exist = session.about.data !== null && session.can("encoder");
  }

  /** @param {Plane} plane */
  async load(plane) {
    const { about, engine } = this.session,
      latents = this.exist ? await engine.latents() : null;
    if (!latents) return;
    this.images = await engine.images();
    const size = latentSize(about);
    this.all = Array.from({ length: latents.length / size }, (_, index) => {
      const latent = latents.slice(index * size, (index + 1) * size),
        label = about.data?.labels?.[index] ?? null;
      return { latent, label, color: label === null ? null : about.colors[label], ...plane.project(latent) };
    });
  }

  /** @param {Plane} plane */
  project(plane) {
    for (const point of this.all) Object.assign(point, plane.project(point.latent));
  }

  get shown() {
    return this.all.filter(({ label }) => label === null || !this.hidden.has(label));
  }

  /** The shown point that is nearest to a place, if one is less far. @param {Place} place @param {number} far */
  nearest([x, y], far) {
    let least = far,
      nearest = /** @type {number | null} */ (null);
    this.all.forEach(({ place, label }, index) => {
      const distance = Math.hypot(place[0] - x, place[1] - y);
      if (distance < least && (label === null || !this.hidden.has(label))) [least, nearest] = [distance, index];
    });
    return nearest;
  }

  /** A point in words. @param {number} index */
  describe(index) {
    const { label, distance } = this.all[index];
    const name = label === null ? `image ${index}` : this.session.about.classes[label];
    return distance > 0.01 ? `${name}, ${distance.toFixed(1)} off the plane` : name;
  }
}
