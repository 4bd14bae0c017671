// @ts-check
/**
 * What the page knows of a run, the same from both engines.
 * @typedef {object} About
 * @property {string} name
 * @property {string} trompe version
 * @property {string} recipe
 * @property {string} family
 * @property {string} data_name
 * @property {string} kind image, video, voxels or points
 * @property {string[]} classes
 * @property {string[]} colors one for each class
 * @property {boolean} conditional whether it takes a class
 * @property {number[]} image_shape channels and sizes of what it decodes
 * @property {number[]} input_shape the same of what it encodes
 * @property {number[]} latent_shape
 * @property {"normal" | "uniform" | null} prior
 * @property {string[]} capabilities
 * @property {Record<string, string>} lacks the reason for each capability that it has not
 * @property {Latents} latents
 * @property {{count: number, labels: number[] | null} | null} data
 * @property {number} step
 * @property {number} steps
 * @property {number[]} snapshots steps at which weights were kept
 * @property {"served" | "static"} engine
 * @property {string[]} verbs what this engine can be asked for
 * @property {any} [static] what a static page holds beside its graphs
 *
 * Of each latent dimension, flattened.
 * @typedef {object} Latents
 * @property {number[]} activity
 * @property {string} unit of the activity
 * @property {number[]} active the active dimensions, the most active first
 * @property {number[]} mean of the data's latents
 * @property {number[]} deviation
 * @property {number[]} low
 * @property {number[]} high
 *
 * @typedef {{label?: number | null, snapshot?: number | null}} Options
 *
 * What both engines do. Arrays are rows, one after another: latents and noise as float32, images given as float32 in
 * [0, 1] and returned as bytes, channels first.
 * @typedef {object} Engine
 * @property {About} about
 * @property {(latents: Float32Array, options?: Options) => Promise<Uint8Array>} decode
 * @property {(noise: Float32Array, options?: Options) => Promise<Uint8Array>} sample
 * @property {(images: Float32Array, options?: Options) => Promise<Float32Array>} encode
 * @property {(images: Float32Array, options?: Options) => Promise<Uint8Array>} reconstruct
 * @property {(images: Float32Array, options?: Options) => Promise<Float32Array>} discriminate
 * @property {(images: Float32Array, options?: Options) => Promise<Float32Array>} gradient served only
 * @property {(images: Float32Array, options?: Options) => Promise<Float32Array>} invert served only
 * @property {() => Promise<Uint8Array>} images of the data
 * @property {() => Promise<Float32Array | null>} latents of the data's images
 * @property {(path: string, body?: BodyInit) => Promise<Response>} fetch something else that belongs to this run
 * @property {() => Promise<{version: string}>} status of the run on disk
 */

/** Whether this page was exported, and computes in the browser. */
export const isStatic = () => document.querySelector('meta[name="engine"]')?.getAttribute("content") === "static";

/**
 * The runs of this page.
 * @returns {Promise<{name: string, recipe?: string, data?: string, step?: number, error?: string}[]>}
 */
export async function listRuns() {
  return (await checked(fetch(isStatic() ? "runs/index.json" : "api/runs"))).json();
}

/**
 * The engine of a run.
 * @param {string} name
 * @returns {Promise<Engine>}
 */
export async function openRun(name) {
  const { open } = await import(isStatic() ? "./static.js" : "./served.js");
  return open(name);
}

/**
 * A response that is one, or an error that says why not.
 * @param {Promise<Response>} request
 */
export async function checked(request) {
  const response = await request.catch(() => {
    throw new Error(isStatic() ? "this file cannot be loaded" : "the explorer does not answer: has it been stopped?");
  });
  if (response.ok) return response;
  let reason = `${response.status} ${response.statusText}`;
  try {
    const said = await response.json();
    reason = typeof said.detail === "string" ? said.detail : reason;
  } catch {
    // not JSON
  }
  throw new Error(reason);
}
