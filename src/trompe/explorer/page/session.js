// @ts-check
/**
 * What the views of one run share: its engine, the class, the image and the latent in hand, and the state that stands
 * in the page's address. Events: `label`, `image`, `latent`, `changed` (the run's weights changed on disk).
 */
export class Session extends EventTarget {
  /** @param {import("./engine.js").Engine} engine */
  constructor(engine) {
    super();
    this.engine = engine;
    this.about = engine.about;
    /** The class in hand, of a conditional model. @type {number | null} */
    this.label = engine.about.conditional ? this.#labelInAddress() : null;
    /** The image in hand, float32 in [0, 1]. @type {Float32Array | null} */
    this.image = null;
    /** The latent in hand. @type {Float32Array | null} */
    this.latent = null;
  }

  #labelInAddress() {
    const label = Number(this.recall("class"));
    return label in this.about.classes ? label : 0;
  }

  /** @param {string} capability of the model */
  can(capability) {
    return this.about.capabilities.includes(capability);
  }

  /** @param {string} verb of the engine */
  has(verb) {
    return this.about.verbs.includes(verb);
  }

  /** @param {number} label */
  setLabel(label) {
    this.label = label;
    this.remember({ class: String(label) });
    this.dispatchEvent(new Event("label"));
  }

  /** @param {Float32Array} image */
  setImage(image) {
    this.image = image;
    this.dispatchEvent(new Event("image"));
  }

  /** @param {Float32Array} latent */
  setLatent(latent) {
    this.latent = latent;
    this.dispatchEvent(new Event("latent"));
  }

  /** An image of the data. @param {number} index */
  async dataImage(index) {
    const bytes = await this.engine.images(),
      size = this.about.image_shape.reduce((a, b) => a * b, 1);
    return Float32Array.from(bytes.subarray(index * size, (index + 1) * size), level => level / 255);
  }

  /** A value of the view's state in the address. @param {string} key */
  recall(key) {
    return new URLSearchParams(location.hash.slice(1)).get(key);
  }

  /** Put a view's state into the address, which can be shared. @param {Record<string, string | null>} state */
  remember(state) {
    const all = new URLSearchParams(location.hash.slice(1));
    for (const [key, value] of Object.entries(state)) value === null ? all.delete(key) : all.set(key, value);
    history.replaceState(null, "", `#${all}`);
  }
}
