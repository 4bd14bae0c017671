// @ts-check
/** Directions of the latent space: where they come from, where the user's own are kept, latents moved along them. */
import { checked } from "./engine.js";
import { latentSize, randomLatent } from "./latents.js";

/**
 * @typedef {object} Direction
 * @property {string} name
 * @property {string} kind one of `KINDS`
 * @property {number[]} vector of unit length
 * @property {number} reach how far to go either way
 */

/** The kinds: what each is called, and what it is. */
export const KINDS = {
  own: ["Your own", "Made from two sets of images, or kept from those below under a name."],
  "class mean": ["Class means", "From the mean latent of all other images to that of the class."],
  latents: [
    "Principal directions of the latents",
    "In these the latents of the data vary most; in brackets, the share of their variance.",
  ],
  "first features": [
    "Principal directions of the decoder's first layer",
    "In these the output of its first layer changes most; in brackets, the share of that change.",
  ],
};
const MOST_OWN = 200;
export const LONGEST_NAME = 80;
const DEVIATIONS = 3;
const TINY = 1e-6;

/** @typedef {import("./session.js").Session} Session */

/** All directions of a run, the user's own first. @param {Session} session @returns {Promise<Direction[]>} */
export async function readDirections({ engine, about }) {
  const isStatic = about.engine === "static";
  /** @type {Direction[]} */
  let found = await (await engine.fetch(isStatic ? "directions.json" : "directions")).json();
  const kept = isStatic ? localStorage.getItem(storage(about)) : null;
  if (kept !== null) found = [...found.filter(one => one.kind !== "own"), ...parse(kept, about)];
  return [...found.filter(one => one.kind === "own"), ...found.filter(one => one.kind !== "own")];
}

/**
 * Keep the user's own: in the run folder, or for a static page in this browser.
 * @param {Session} session @param {Direction[]} own
 */
export async function keepOwn({ about }, own) {
  if (own.length > MOST_OWN) throw new Error(`A run keeps at most ${MOST_OWN} directions.`);
  if (about.engine === "static") return localStorage.setItem(storage(about), serialize(own));
  const address = `api/runs/${encodeURIComponent(about.name)}/directions`;
  await checked(
    fetch(address, { method: "PUT", body: serialize(own), headers: { "content-type": "application/json" } }),
  );
}

/** @param {import("./engine.js").About} about */
const storage = about => `trompe directions ${location.pathname} ${about.name}`;

/** Directions as JSON, the same in a run folder and in a file. @param {Direction[]} own */
export const serialize = own => JSON.stringify(own.map(({ name, vector, reach }) => ({ name, vector, reach })));

/** Directions from a file. @param {string} text @param {import("./engine.js").About} about @returns {Direction[]} */
export function parse(text, about) {
  const size = latentSize(about),
    number = (/** @type {unknown} */ value) => typeof value === "number" && Number.isFinite(value);
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON.");
  }
  if (!Array.isArray(found)) throw new Error("This file holds no list of directions.");
  return found.map(one => {
    const { name, vector, reach } = one ?? {};
    if (
      typeof name !== "string" ||
      !name.trim() ||
      !Array.isArray(vector) ||
      !vector.every(number) ||
      !(number(reach) && reach > 0)
    )
      throw new Error("Each direction needs a `name`, a `vector` of numbers and a `reach`.");
    if (vector.length !== size)
      throw new Error(`“${name}” has ${vector.length} values, and the latents of this model ${size}.`);
    return { name: name.slice(0, LONGEST_NAME), kind: "own", vector: unit(vector, `“${name}”`), reach };
  });
}

/** A vector at length one. @param {number[]} vector @param {string} what */
function unit(vector, what) {
  const length = Math.hypot(...vector);
  if (!(length > TINY)) throw new Error(`${what} has no length.`);
  return vector.map(value => Number((value / length).toFixed(6)));
}

/**
 * The direction from the mean of one set of latents to that of another.
 * @param {Session} session @param {string} name @param {Float32Array[]} from @param {Float32Array[]} to
 * @returns {Promise<Direction>}
 */
export async function difference(session, name, from, to) {
  const mean = (/** @type {Float32Array[]} */ set, /** @type {number} */ place) =>
    set.reduce((sum, one) => sum + one[place], 0) / set.length;
  const vector = unit(
    Array.from(to[0], (_, place) => mean(to, place) - mean(from, place)),
    "The difference of these sets",
  );
  return { name, kind: "own", vector, reach: await reachOf(session, vector) };
}

/**
 * Three standard deviations along a direction: of the prior, or of the data's latents.
 * @param {Session} session @param {number[]} vector
 */
async function reachOf({ about, engine }, vector) {
  if (about.prior) return about.prior === "uniform" ? DEVIATIONS / Math.sqrt(3) : DEVIATIONS;
  const latents = (await engine.latents()) ?? new Float32Array(0),
    size = vector.length,
    count = latents.length / size;
  const along = Array.from({ length: count }, (_, row) =>
    vector.reduce((sum, value, place) => sum + value * latents[row * size + place], 0),
  );
  const mean = along.reduce((sum, value) => sum + value, 0) / count;
  const deviation = Math.sqrt(along.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  return DEVIATIONS * (deviation > TINY ? deviation : 1);
}

/**
 * A latent moved along directions, within the prior where that is uniform.
 * @param {Float32Array} start @param {Map<Direction, number>} values @param {import("./engine.js").About} about
 */
export function moved(start, values, about) {
  const latent = start.slice();
  for (const [{ vector }, value] of values) vector.forEach((one, place) => (latent[place] += value * one));
  return about.prior === "uniform" ? latent.map(value => Math.min(1, Math.max(-1, value))) : latent;
}

/** A name that no other has. @param {string} name @param {Direction[]} others */
export function unlike(name, others) {
  const plain = name
      .trim()
      .replace(/\s+/g, " ")
      .slice(0, LONGEST_NAME - 4),
    taken = new Set(others.map(one => one.name));
  let found = plain;
  for (let count = 2; taken.has(found); count++) found = `${plain} ${count}`;
  return found;
}

/**
 * Where the latent starts, how far it went along each direction, and which direction is chosen. Events: `moved`,
 * `chosen`, `start`, `list` (the directions are others).
 */
export class State extends EventTarget {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    super();
    this.session = session;
    const inHand = session.latent?.length === latentSize(session.about) ? session.latent : null;
    this.start = inHand ?? randomLatent(session.about);
    /** @type {Direction[]} */
    this.list = [];
    /** @type {Map<Direction, number>} */
    this.values = new Map();
    /** @type {Direction | null} */
    this.chosen = null;
  }

  /** The latent that is shown. */
  get latent() {
    return moved(this.start, this.values, this.session.about);
  }

  async read() {
    this.list = await readDirections(this.session);
    const wanted = this.session.recall("direction");
    this.changed(this.list.find(one => keyOf(one) === wanted) ?? this.list[0] ?? null);
  }

  /** The list is another, and this one of it is chosen. @param {Direction | null} chosen */
  changed(chosen) {
    const values = new Map([...this.values].map(([one, value]) => [keyOf(one), value]));
    this.values = new Map(
      this.list.filter(one => values.has(keyOf(one))).map(one => [one, values.get(keyOf(one)) ?? 0]),
    );
    this.chosen = null;
    this.dispatchEvent(new Event("list"));
    this.choose(chosen);
    this.dispatchEvent(new Event("moved"));
  }

  /** @param {Direction | null} direction */
  choose(direction) {
    if (direction !== null && direction === this.chosen) return;
    this.chosen = direction;
    this.session.remember({ direction: direction && keyOf(direction) });
    this.dispatchEvent(new Event("chosen"));
  }

  /** @param {Float32Array} start */
  begin(start) {
    this.start = start;
    this.values.clear();
    this.session.setLatent(start);
    this.dispatchEvent(new Event("start"));
  }

  /** @param {Direction} direction @param {number} value */
  move(direction, value) {
    value === 0 ? this.values.delete(direction) : this.values.set(direction, value);
    this.session.setLatent(this.latent);
    this.dispatchEvent(new Event("moved"));
  }

  get own() {
    return this.list.filter(one => one.kind === "own");
  }

  /** Make the user's own directions these, and choose one. @param {Direction[]} own @param {Direction | null} chosen */
  async setOwn(own, chosen) {
    await keepOwn(this.session, own);
    this.list = [...own, ...this.list.filter(one => one.kind !== "own")];
    this.changed(chosen ?? this.list[0] ?? null);
  }

  /** One more of the user's own. @param {Direction} made */
  async keep(made) {
    const one = { ...made, kind: "own", name: unlike(made.name, this.own) };
    await this.setOwn([...this.own, one], one);
  }
}

/** @param {Direction} direction */
export const keyOf = direction => `${direction.kind}: ${direction.name}`;
