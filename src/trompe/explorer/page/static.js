// @ts-check
/** The static engine: the run's networks as ONNX graphs, which onnxruntime-web runs in a worker of this page. */
import { checked } from "./engine.js";
import { sizeOf, toBytes } from "./images.js";
import { joined } from "./latents.js";
import { once } from "./served.js";
import { el } from "./ui.js";

/** Of a task for the worker: what has more rows is split, so that another may come between. */
const ROWS = 32;
const PATIENCE = 400;

/**
 * @param {string} name
 * @returns {Promise<import("./engine.js").Engine>}
 */
export async function open(name) {
  const base = `runs/${encodeURIComponent(name)}`;
  const load = (/** @type {string} */ path) => checked(fetch(`${base}/${path}`));
  const about = await (await load("about.json")).json();

  /**
   * Run a graph over rows, a part of them at a time.
   * @param {string} verb @param {Float32Array} rows @param {import("./engine.js").Options} [options]
   */
  const ask = async (verb, rows, { label = null, snapshot = null } = {}) => {
    if (!about.static.graphs.includes(verb)) throw new Error(absent(verb));
    if (snapshot !== null) throw new Error(absent("earlier weights"));
    const ofLatents = verb === "decode" || verb === "sample";
    const shape = ofLatents ? about.latent_shape : about.input_shape,
      size = sizeOf(shape);
    const graph = new URL(`${base}/${verb}.onnx`, document.baseURI).href;
    const parts = [];
    for (let start = 0; start < rows.length; start += ROWS * size) {
      const part = rows.slice(start, start + ROWS * size),
        count = part.length / size;
      const given = ofLatents ? part : part.map(value => Math.min(1, Math.max(0, value)));
      const labels = Array.from({ length: count }, (_, row) => label ?? (start / size + row) % about.classes.length);
      parts.push(await compute({ graph, rows: given, shape: [count, ...shape], labels, webgpu: about.static.webgpu }));
    }
    return joined(parts);
  };
  /** @param {string} verb @returns {import("./engine.js").Engine["decode"]} */
  const bytes = verb => async (rows, options) => toBytes(await ask(verb, rows, options));
  /** @param {string} verb @returns {import("./engine.js").Engine["encode"]} */
  const floats = verb => (rows, options) => ask(verb, rows, options);
  const decode = bytes("decode");

  return {
    about,
    decode,
    sample: about.prior === "normal" ? decode : bytes("sample"),
    encode: floats("encode"),
    reconstruct: async (images, options) => decode(await ask("encode", images, options), options),
    discriminate: floats("discriminate"),
    gradient: floats("gradient"),
    invert: floats("invert"),
    images: once(async () => new Uint8Array(await (await load("images.bin")).arrayBuffer())),
    latents: once(async () => {
      if (!about.data || !about.capabilities.includes("encoder")) return null;
      return new Float32Array(await (await load("latents.bin")).arrayBuffer());
    }),
    fetch: async (path, body) => {
      if (body !== undefined) throw new Error(absent(path));
      return load(path);
    },
    status: async () => ({ version: "" }),
  };
}

/** @param {string} what */
const absent = what => `This page was exported without ${what}: open the run with \`trompe explore\`.`;

/**
 * What the worker computes: a graph's output for rows of a shape, whose first number counts them.
 * @typedef {{graph: string, rows: Float32Array, shape: number[], labels: number[], webgpu: boolean}} Task
 */

/** @type {Map<number, {resolve: (found: Float32Array) => void, reject: (reason: Error) => void}>} */
const waiting = new Map();
/** Graphs that have answered. @type {Set<string>} */
const loaded = new Set();
let asked = 0;

const worker = once(async () => {
  const made = new Worker(new URL("static-worker.js", import.meta.url), { type: "module" });
  made.onmessage = ({ data: { id, found, error } }) => {
    const task = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) task?.resolve(found);
    else task?.reject(new Error(error));
  };
  made.onerror = event => {
    for (const task of waiting.values()) task.reject(new Error(`The networks cannot run here. ${event.message ?? ""}`));
    waiting.clear();
  };
  return made;
});

/** @param {Task} task @returns {Promise<Float32Array>} */
async function compute(task) {
  const id = asked++,
    to = await worker();
  const found = new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    to.postMessage({ id, ...task }, [task.rows.buffer]);
  });
  if (loaded.has(task.graph)) return found;
  const notice = el("p", { className: "message loading", role: "status" }, "Loading the networks ...");
  const timer = setTimeout(() => document.body.append(notice), PATIENCE);
  try {
    await found;
    loaded.add(task.graph);
  } finally {
    clearTimeout(timer);
    notice.remove();
  }
  return found;
}
