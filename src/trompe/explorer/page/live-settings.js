// @ts-check
/** What of a live training can be chosen, and the panels that choose it. */
import { choice, el, slider } from "./ui.js";

/**
 * The fields of `Start` in `explorer/live_training.py`.
 * @typedef {object} Settings
 * @property {string | number[]} data a set's name, or points that were drawn
 * @property {"gan" | "vae" | "autoencoder"} family
 * @property {number[]} widths @property {number} latent @property {string} activation @property {number} seed
 * @property {string} objective
 * @property {number} learning_rate @property {number} discriminator_lr_scale @property {number} batch
 * @property {number} r1 @property {number} r2 @property {number} gradient_penalty @property {number} beta
 */

/** @type {Settings} */
export const DEFAULTS = {
  data: "ring",
  family: "gan",
  widths: [128, 128],
  latent: 2,
  activation: "leaky-relu",
  seed: 0,
  objective: "non-saturating",
  learning_rate: 0.001,
  discriminator_lr_scale: 1,
  batch: 256,
  r1: 0.01,
  r2: 0,
  gradient_penalty: 0,
  beta: 1,
};
/** Autoencoders of the plane bear more. */
const RATES = { gan: 0.001, vae: 0.003, autoencoder: 0.003 };

/** @type {[string, string][]} */
const FAMILIES = [
  ["gan", "GAN"],
  ["vae", "VAE"],
  ["autoencoder", "Autoencoder"],
];
const OBJECTIVES = ["minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"];
const LAYERS = [[], [16], [64], [128], [32, 32], [64, 64], [128, 128], [64, 64, 64], [128, 128, 128], [256, 256, 256]];
const ACTIVATIONS = ["relu", "leaky-relu", "tanh", "elu", "silu", "gelu", "sigmoid"];
const LEARNING_RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1];
const SCALES = [0.1, 0.3, 1, 2, 5, 10];
const WEIGHTS = [0, 0.001, 0.01, 0.1, 0.3, 1, 10];
const BETAS = [0, 0.1, 0.3, 1, 3, 10];
const BATCHES = [8, 32, 64, 128, 256, 512, 1024];
const MOST_LATENT = 16;

/** @param {number[]} widths */
const named = widths => (widths.length ? widths.join(" · ") : "none");

/** @param {number[]} values @returns {[string, string][]} */
const numbers = values => values.map(value => [String(value), String(value)]);

/**
 * Panels of the networks and of the training. What decides the networks' shapes begins anew; all else goes on.
 * @param {Settings} settings
 * @param {{begin: (part: Partial<Settings>) => void, change: (part: Partial<Settings>) => void}} calls
 */
export function settingsPanels(settings, { begin, change }) {
  const family = choice("Family", FAMILIES, settings.family, value => {
    const chosen = /** @type {Settings["family"]} */ (value);
    begin({ family: chosen, learning_rate: RATES[chosen] });
  });
  const layers = choice("Hidden layers", LAYERS.map(named), named(settings.widths), value =>
    begin({ widths: LAYERS.find(one => named(one) === value) ?? [] }),
  );
  const activation = choice("Activation", ACTIVATIONS, settings.activation, value => begin({ activation: value }));
  const latent = slider({
    label: "Latent dimensions",
    min: 1,
    max: MOST_LATENT,
    step: 1,
    digits: 0,
    value: settings.latent,
    onchange: value => begin({ latent: value }),
  });

  const objective = choice("Objective", OBJECTIVES, settings.objective, value => {
    // without a bound on the discriminator's gradient it has no optimum
    const bounded = value !== "wasserstein" || settings.r1 || settings.r2 || settings.gradient_penalty;
    change({ objective: value, ...(bounded ? {} : { gradient_penalty: 1 }) });
  });
  /**
   * @param {string} label
   * @param {"learning_rate" | "discriminator_lr_scale" | "batch" | "r1" | "r2" | "gradient_penalty" | "beta"} name
   * @param {number[]} values
   */
  const number = (label, name, values) =>
    choice(label, numbers(values), String(settings[name]), value => change({ [name]: Number(value) }));
  const chosen = {
    learning_rate: number("Learning rate", "learning_rate", LEARNING_RATES),
    discriminator_lr_scale: number("Discriminator learning rate ×", "discriminator_lr_scale", SCALES),
    batch: number("Batch size", "batch", BATCHES),
    r1: number("R1", "r1", WEIGHTS),
    r2: number("R2", "r2", WEIGHTS),
    gradient_penalty: number("Gradient penalty", "gradient_penalty", WEIGHTS),
    beta: number("KL weight (beta)", "beta", BETAS),
  };
  const grid = (/** @type {HTMLElement[]} */ ...rows) => el("div", { className: "settings" }, ...rows);
  const networks = el(
    "div",
    { className: "panel" },
    el("h2", {}, "Networks"),
    grid(family.root, layers.root, activation.root),
    latent.root,
    el("p", { className: "note" }, "Another network begins with new weights."),
  );
  const training = el(
    "div",
    { className: "panel" },
    el("h2", {}, "Training"),
    grid(objective.root, ...Object.values(chosen).map(one => one.root)),
    el("p", { className: "note" }, "It goes on with the same weights when you change these, or the data."),
  );

  /** Show the settings as they are. */
  const sync = () => {
    family.select.value = settings.family;
    layers.select.value = named(settings.widths);
    activation.select.value = settings.activation;
    objective.select.value = settings.objective;
    latent.set(settings.latent);
    for (const [name, one] of Object.entries(chosen))
      one.select.value = String(settings[/** @type {keyof typeof chosen} */ (name)]);
    const { discriminator_lr_scale, r1, r2, gradient_penalty } = chosen;
    for (const one of [objective, discriminator_lr_scale, r1, r2, gradient_penalty])
      one.root.hidden = settings.family !== "gan";
    chosen.beta.root.hidden = settings.family !== "vae";
  };
  sync();
  return { panels: [networks, training], sync };
}

/**
 * The settings that an address holds: those that differ from the defaults, but for points that were drawn.
 * @param {string | null} text @returns {Settings}
 */
export function recalled(text) {
  const settings = /** @type {any} */ (structuredClone(DEFAULTS));
  try {
    for (const [key, value] of Object.entries(JSON.parse(text ?? "{}")))
      if (key in settings && typeof value === typeof settings[key]) settings[key] = value;
  } catch {
    // no JSON: the defaults
  }
  return settings;
}

/** The other way round. @param {Settings} settings @returns {string | null} */
export function remembered(settings) {
  const plain = JSON.stringify,
    standard = /** @type {any} */ (DEFAULTS);
  const changed = Object.entries(settings).filter(
    ([key, value]) => plain(value) !== plain(standard[key]) && !(key === "data" && Array.isArray(value)),
  );
  return changed.length ? plain(Object.fromEntries(changed)) : null;
}
