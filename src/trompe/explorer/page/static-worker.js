// @ts-check
/** Where a static page computes, so that it answers its visitor meanwhile: one graph at a time. */

/** onnxruntime-web, by folder, once it is needed. @type {Map<string, Promise<any>>} */
const runtimes = new Map();
/** By address of a graph. @type {Map<string, Promise<any>>} */
const sessions = new Map();
let queue = Promise.resolve();

/** Whether a GPU is there, and what onnxruntime-web waits for it by; a GPU that is emulated is slower than none. */
async function hasWebGPU() {
  const adapter = await /** @type {any} */ (navigator).gpu?.requestAdapter();
  return "Suspending" in WebAssembly && Boolean(adapter) && !adapter.info.isFallbackAdapter;
}

/** @param {string} folder */
async function start(folder) {
  const base = new URL(`vendor/${folder}/`, import.meta.url).href,
    ort = await import(`${base}ort.js`);
  ort.env.wasm.wasmPaths = { mjs: `${base}ort-wasm.js`, wasm: `${base}ort-wasm.wasm` };
  ort.env.wasm.numThreads = self.crossOriginIsolated ? 0 : 1; // threads need headers that few web servers send
  ort.env.logLevel = "error";
  return ort;
}

/** @param {string} graph @param {boolean} webgpu */
async function open(graph, webgpu) {
  const gpu = webgpu && (await hasWebGPU()),
    folder = gpu ? "webgpu" : "wasm";
  if (!runtimes.has(folder)) runtimes.set(folder, start(folder));
  const ort = await runtimes.get(folder),
    response = await fetch(graph);
  if (!response.ok) throw new Error(`${graph}: ${response.status} ${response.statusText}`);
  const content = new Uint8Array(await response.arrayBuffer());
  const options = { executionProviders: gpu ? ["webgpu", "wasm"] : ["wasm"] };
  const session = await ort.InferenceSession.create(content, options);
  return { ort, session };
}

/** @param {import("./static.js").Task} task @returns {Promise<Float32Array>} */
async function run({ graph, rows, shape, labels, webgpu }) {
  if (!sessions.has(graph)) sessions.set(graph, open(graph, webgpu));
  const { ort, session } = await sessions.get(graph),
    [input, ...others] = session.inputNames;
  /** @type {Record<string, any>} */
  const given = { [input]: new ort.Tensor("float32", rows, shape) };
  if (others.includes("labels"))
    given.labels = new ort.Tensor("int64", BigInt64Array.from(labels, BigInt), [labels.length]);
  return (await session.run(given))[session.outputNames[0]].data;
}

/** @param {{data: {id: number} & import("./static.js").Task}} message */
self.onmessage = ({ data: { id, ...task } }) => {
  queue = queue.then(async () => {
    try {
      self.postMessage({ id, found: await run(task) });
    } catch (error) {
      sessions.delete(task.graph); // the next call opens it anew
      self.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
};
