// @ts-check
/** The served engine: every verb is a request to the run's model. */
import { checked } from "./engine.js";

/**
 * @param {string} name
 * @returns {Promise<import("./engine.js").Engine>}
 */
export async function open(name) {
  const base = `api/runs/${encodeURIComponent(name)}`;
  const about = await (await checked(fetch(base))).json();

  /** @param {string} verb @param {Float32Array} rows @param {import("./engine.js").Options} [options] */
  const ask = async (verb, rows, { label = null, snapshot = null } = {}) => {
    const query = new URLSearchParams();
    if (label !== null && about.conditional) query.set("label", String(label));
    if (snapshot !== null) query.set("snapshot", String(snapshot));
    const body = rows.slice().buffer;
    const headers = { "content-type": "application/octet-stream" };
    const asked = fetch(`${base}/${verb}${query.size ? `?${query}` : ""}`, { method: "POST", body, headers });
    return (await checked(asked)).arrayBuffer();
  };
  /** @param {string} verb @returns {import("./engine.js").Engine["decode"]} */
  const bytes = verb => async (rows, options) => new Uint8Array(await ask(verb, rows, options));
  /** @param {string} verb @returns {import("./engine.js").Engine["encode"]} */
  const floats = verb => async (rows, options) => new Float32Array(await ask(verb, rows, options));

  return {
    about,
    decode: bytes("decode"),
    sample: bytes("sample"),
    encode: floats("encode"),
    reconstruct: bytes("reconstruct"),
    discriminate: floats("discriminate"),
    gradient: floats("gradient"),
    invert: floats("invert"),
    images: once(async () => new Uint8Array(await (await checked(fetch(`${base}/images`))).arrayBuffer())),
    latents: once(async () => {
      if (!about.data || !about.capabilities.includes("encoder")) return null;
      return new Float32Array(await (await checked(fetch(`${base}/latents`))).arrayBuffer());
    }),
    fetch: (path, body) => checked(fetch(`${base}/${path}`, body === undefined ? {} : { method: "POST", body })),
    status: async () => (await checked(fetch(`${base}/status`))).json(),
  };
}

/**
 * A request that is made once, when it is first needed.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {() => Promise<T>}
 */
export function once(ask) {
  /** @type {Promise<T> | undefined} */
  let answer;
  return () => (answer ??= ask());
}
