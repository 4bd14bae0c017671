// @ts-check
/** Latents as flat arrays. */

/** @typedef {import("./engine.js").About} About */

/** @param {About} about */
export const latentSize = about => about.latent_shape.reduce((product, one) => product * one, 1);

/** A latent dimension's name, as in the figures. @param {number} dimension from 0 */
export const nameOf = dimension => `z${dimension + 1}`;

/** A standard normal number. */
export const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

/** Standard normal noise, `count` rows. @param {About} about */
export const noise = (about, count = 1) => Float32Array.from({ length: count * latentSize(about) }, normal);

/**
 * A random latent: of the prior, or where there is none, of the normal distribution of the data's latents in each
 * dimension.
 * @param {About} about
 */
export function randomLatent(about) {
  const { mean, deviation } = about.latents;
  return Float32Array.from({ length: latentSize(about) }, (_, dimension) => {
    if (about.prior === "uniform") return 2 * Math.random() - 1;
    return about.prior === "normal" ? normal() : mean[dimension] + deviation[dimension] * normal();
  });
}

/** Where a latent begins: the prior's middle, or the data's mean. @param {About} about */
export const middle = about =>
  about.prior ? new Float32Array(latentSize(about)) : Float32Array.from(about.latents.mean);

/**
 * Between two latents: in a straight line, or, for a normal prior of many dimensions, by the arc between their
 * directions with the length going evenly from one's to the other's.
 * @param {Float32Array} from @param {Float32Array} to @param {number} place in [0, 1]
 */
export function between(from, to, place, spherical = false) {
  const norm = (/** @type {Float32Array} */ one) => Math.hypot(...one);
  const lengths = [norm(from), norm(to)];
  const cosine = from.reduce((sum, value, d) => sum + value * to[d], 0) / (lengths[0] * lengths[1]);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (!spherical || !(Math.sin(angle) > 1e-4)) return from.map((value, d) => value + place * (to[d] - value));
  const length = lengths[0] + place * (lengths[1] - lengths[0]);
  const [a, b] = [Math.sin((1 - place) * angle), Math.sin(place * angle)].map(
    part => (part * length) / Math.sin(angle),
  );
  return from.map((value, d) => (a * value) / lengths[0] + (b * to[d]) / lengths[1]);
}

/** Rows as one array. @param {Float32Array[]} parts of some rows each */
export function joined(parts) {
  if (parts.length === 1) return parts[0];
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}
