// @ts-check
/** A plane of latent space: what the decoder makes of each place, and where the encoder puts the data. */
import { paint, save } from "../images.js";
import { latentSize, middle, nameOf } from "../latents.js";
import { colorsOf, digitsOf, drawAxes, drawBadge, drawLanding, drawPoints, drawRing, signed } from "../map-drawing.js";
import { handPanel, legend, planePanel, pointerPanel, tools } from "../map-panels.js";
import { Points } from "../map-points.js";
import { planeOfDimensions, planeThrough } from "../plane.js";
import { Stage } from "../stage.js";
import { Tiles } from "../tiles.js";
import { el, latest, reporting } from "../ui.js";

/** @typedef {import("../plane.js").Place} Place */

/** Pixels from a point at which it is pointed at. */
const REACH = 9;
/** Milliseconds: tiles wait until the pointer rests as long; the address follows the view after so many. */
const REST = 80;
const SETTLED = 300;
/** Milliseconds for an image, from which on a moving pointer is followed by tiles. */
const SLOW = 60;
const HELP =
  "Map of the plane. Arrow keys move the cursor, with Shift in small steps; plus and minus zoom, " +
  "0 shows all, Enter takes the latent in hand.";

/** @type {import("../main.js").View} */
export const view = {
  name: "map",
  title: "Map",
  requires: ["decoder", "flat images"],
  verbs: ["decode"],
  lacks: ({ about }) => (latentSize(about) < 2 ? "the model has one latent dimension, and no plane" : null),
  mount: (root, session, signal) => new LatentMap(root, session, signal).open(),
};

/** The map, and what its panels change of it. */
export class LatentMap {
  /** What the other dimensions are. @type {"middle" | "hand"} */
  others = "middle";
  /** The latents that the plane is through. @type {Float32Array[] | null} */
  three = null;
  /** The point under the cursor. @type {number | null} */
  hovered = null;
  /** Where the image in hand lands. @type {{latent: Float32Array, image: HTMLCanvasElement} | null} */
  landing = null;
  /** Whether what is under the cursor is being decoded, since when, and whether the last time it took long. */
  #pointing = false;
  #since = 0;
  #slow = false;
  #pointedAt = 0;
  #stale = new Set();
  #settling = 0;

  /** @param {HTMLElement} root @param {import("../session.js").Session} session @param {AbortSignal} signal */
  constructor(root, session, signal) {
    this.session = session;
    this.signal = signal;
    this.shape = session.about.image_shape;
    /** The plane's two dimensions, unless it is through three latents. */
    this.dimensions = firstDimensions(session);
    this.plane = planeOfDimensions(middle(session.about), ...this.dimensions);
    this.points = new Points(session);
    this.stage = new Stage({
      label: HELP,
      sized: () => this.#sized(),
      moved: () => this.moved(),
      pointed: () => this.#pointed(),
      picked: reporting(() => this.#pick()),
      reset: () => this.showAll(),
      signal,
    });
    this.tiles = new Tiles({
      shape: this.shape,
      decode: latents => this.decode(latents),
      busy: () => this.#pointing || performance.now() - this.#pointedAt < REST,
      ready: () => this.redraw("tiles"),
      signal,
    });
    this.tip = el("figure", { className: "tip", hidden: true }, el("canvas"), el("figcaption"));
    this.stage.root.append(this.tip);
    this.pointer = pointerPanel(this);
    this.legend = legend(this);
    this.hand = handPanel(this);
    root.append(
      el("p", {}, introduction(this)),
      el(
        "div",
        { className: "columns" },
        el("div", {}, this.stage.root, tools(this), this.legend.root),
        el("div", {}, this.pointer.root, planePanel(this), this.hand.root),
      ),
    );
  }

  async open() {
    const { session, signal } = this;
    const load = async () => {
      await this.points.load(this.plane);
      this.points.project(this.plane);
      this.legend.fill();
      this.redraw("points", "marks");
    };
    session.addEventListener("label", () => this.#anew(), { signal });
    session.addEventListener(
      "changed",
      reporting(async () => {
        this.#anew();
        await load();
      }),
      { signal },
    );
    session.addEventListener(
      "latent",
      () => {
        if (this.others === "hand" && !this.three) this.choosePlane();
        else this.redraw("marks");
      },
      { signal },
    );
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.redraw("points", "axes", "marks"), { signal });
    this.choosePlane();
    await load();
  }

  /** Decode with the class in hand. @param {Float32Array} latents */
  decode(latents) {
    return this.session.engine.decode(latents, { label: this.session.label });
  }

  /** Take the plane that is chosen. Throws where three latents give none. */
  choosePlane() {
    const { session, dimensions } = this,
      base = (this.others === "hand" && session.latent) || middle(session.about);
    this.plane = this.three ? planeThrough(this.three) : planeOfDimensions(base, ...dimensions);
    session.remember({ dims: this.three ? null : dimensions.join() });
    this.points.project(this.plane);
    this.hand.tell();
    this.#anew();
  }

  /** The names of the plane's coordinates. @returns {[string, string]} */
  get names() {
    if (this.three) return ["from 1 to 2", "towards 3"];
    return [nameOf(this.dimensions[0]), nameOf(this.dimensions[1])];
  }

  /** Show where the latents of the prior and of the data are, or the three that the plane is through. */
  showAll() {
    const { low, high, mean, deviation } = this.session.about.latents,
      { viewport } = this.stage;
    const least = this.dimensions.map(d => Math.min(low[d], mean[d] - 3 * deviation[d]));
    const most = this.dimensions.map(d => Math.max(high[d], mean[d] + 3 * deviation[d]));
    if (this.three) {
      viewport.fit(this.three.map(one => this.plane.project(one).place));
      viewport.look(viewport.center, 1.6 * viewport.span);
    } else
      viewport.fit([
        [least[0], least[1]],
        [most[0], most[1]],
      ]);
    this.moved();
  }

  /** Put the place of a latent in the middle. @param {Float32Array} latent */
  goTo(latent) {
    const { place } = this.plane.project(latent),
      { viewport } = this.stage;
    viewport.look(place, viewport.span);
    this.stage.point(place);
    this.moved();
  }

  /** Show only points of other classes. @param {number[]} labels */
  hide(labels) {
    this.points.hidden = new Set(labels);
    this.#hover();
    this.redraw("points", "marks");
  }

  /**
   * Mark where the image in hand lands, or nothing.
   * @param {Float32Array | null} latent @param {HTMLCanvasElement} image
   */
  land(latent, image) {
    this.landing = latent && { latent, image };
    this.redraw("marks");
  }

  save() {
    return save(this.stage.picture(), `${this.session.about.name}-map.png`);
  }

  /** The coordinates of a place in words. @param {Place} place */
  describe(place) {
    const digits = 2 + digitsOf(Math.min(1, this.stage.viewport.span / 6));
    return place.map((one, axis) => `${this.names[axis]}: ${signed(one, digits)}`);
  }

  /** Draw layers at the next frame. @param {...keyof Stage["layers"]} layers */
  redraw(...layers) {
    if (!this.#stale.size) requestAnimationFrame(() => this.#draw());
    layers.forEach(layer => this.#stale.add(layer));
  }

  /** Another part of the plane is to be shown. */
  moved() {
    const { viewport } = this.stage;
    this.redraw("tiles", "points", "axes", "marks");
    if (viewport.width <= 1) return;
    this.#hover();
    this.stage.markCursor();
    if (this.stage.layers.tiles.style.opacity !== "0") this.tiles.want(this.plane, viewport);
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      const digits = 3 + digitsOf(Math.min(1, viewport.span));
      const state = [...viewport.center, viewport.span].map(one => Number(one.toFixed(digits)) + 0);
      if (!this.signal.aborted) this.session.remember({ map: state.join() });
    }, SETTLED);
  }

  /** Decode all anew: the plane, the class or the weights are others. */
  #anew() {
    this.tiles.forget();
    this.moved();
    this.#follow();
  }

  #sized() {
    const [x, y, span] = (this.session.recall("map") ?? "").split(",").map(Number);
    if (!this.stage.cursor) {
      if ([x, y, span].every(Number.isFinite) && span > 0) this.stage.viewport.look([x, y], span);
      else this.showAll();
      this.stage.cursor = this.stage.viewport.center;
      this.#follow();
    }
    this.moved();
  }

  #pointed() {
    this.#pointedAt = performance.now();
    this.#hover();
    this.#standIn();
    this.#follow();
  }

  /** Where decoding is slow, show the tile under the cursor meanwhile. Returns whether there is one. */
  #standIn() {
    const { cursor, viewport } = this.stage,
      slow = this.#slow || (this.#pointing && this.#waited > SLOW);
    const tile = slow && cursor && this.tiles.imageAt(cursor, viewport);
    if (tile) this.pointer.showTile(tile, this.describe(cursor).join("\n"));
    return Boolean(tile);
  }

  get #waited() {
    return performance.now() - this.#since;
  }

  /** Decode what is under the cursor: the last place of those that come meanwhile. */
  #follow = latest(async () => {
    const { cursor } = this.stage;
    if (!cursor || this.signal.aborted) return;
    this.#pointing = true;
    this.#since = performance.now();
    try {
      const image = await this.decode(this.plane.at(cursor));
      this.#slow = this.#waited > SLOW;
      // a tile is nearer to the cursor than a place that it has left
      if (cursor === this.stage.cursor || !this.#standIn()) this.pointer.show(image, this.describe(cursor).join("\n"));
    } finally {
      this.#pointing = false;
    }
  });

  /** Find the point under the cursor, once that has been put somewhere, and show its image. */
  #hover() {
    const { viewport, cursor } = this.stage,
      { points, tip } = this;
    const nearest = cursor && this.#pointedAt ? points.nearest(cursor, REACH / viewport.scale) : null;
    if (nearest !== this.hovered) this.redraw("marks");
    if (nearest !== null && nearest !== this.hovered && points.images) {
      paint(/** @type {HTMLCanvasElement} */ (tip.firstChild), points.images, this.shape, nearest);
      /** @type {HTMLElement} */ (tip.lastChild).textContent = points.describe(nearest);
    }
    this.hovered = nearest;
    tip.hidden = nearest === null;
    if (nearest === null) return;
    const [x, y] = viewport.toPixels(points.all[nearest].place),
      below = y < 150;
    tip.style.left = `${Math.min(viewport.width - 56, Math.max(56, x))}px`;
    tip.style.top = `${below ? y + 18 : y - 18}px`;
    tip.classList.toggle("below", below);
  }

  /** Take in hand what is under the cursor: a point's image and latent, or the place's latent. */
  async #pick() {
    const { session, hovered } = this,
      { cursor } = this.stage;
    if (hovered === null) {
      if (cursor) session.setLatent(this.plane.at(cursor));
      return;
    }
    const { latent, label } = this.points.all[hovered];
    if (session.about.conditional && label !== null) session.setLabel(label);
    session.setLatent(latent);
    session.setImage(await session.dataImage(hovered));
  }

  #draw() {
    const { stage, plane, session, hovered } = this,
      { viewport } = stage,
      colors = colorsOf(stage.root);
    const stale = new Set(this.#stale),
      shown = this.points.shown;
    this.#stale.clear();
    if (viewport.width <= 1 || this.signal.aborted) return;
    if (stale.has("tiles")) this.tiles.draw(stage.pen("tiles"), viewport);
    if (stale.has("points")) drawPoints(stage.pen("points"), viewport, shown, colors);
    if (stale.has("axes")) drawAxes(stage.pen("axes"), viewport, this.names, colors);
    if (!stale.has("marks")) return;
    const pen = stage.pen("marks"),
      point = hovered === null ? null : this.points.all[hovered];
    const at = (/** @type {Float32Array} */ latent) => viewport.toPixels(plane.project(latent).place);
    if (point) drawRing(pen, viewport.toPixels(point.place), point.color ?? colors.accent, colors);
    if (session.latent) drawRing(pen, at(session.latent), colors.accent, colors, 5);
    this.three?.forEach((latent, place) => drawBadge(pen, at(latent), String(place + 1), colors));
    if (this.landing) drawLanding(pen, at(this.landing.latent), this.landing.image, colors);
  }
}

/** @param {LatentMap} map */
function introduction({ session, points }) {
  const what = session.can("gaussian posterior") ? "posterior means" : "latents";
  const projected = latentSize(session.about) > 2 ? ", projected orthogonally onto the plane" : "";
  return (
    "Each tile is the decoder's image of the latent at its middle." +
    (points.exist ? ` Points are the ${what} of the data${projected}.` : "") +
    " Drag and turn the wheel, or use two fingers, to move the map; click to take a latent in hand."
  );
}

/**
 * The two dimensions in the address, or the most active.
 * @param {import("../session.js").Session} session @returns {[number, number]}
 */
function firstDimensions(session) {
  const { about } = session,
    size = latentSize(about),
    wanted = (session.recall("dims") ?? "").split(",").map(Number);
  const valid = wanted.length === 2 && wanted.every(one => Number.isInteger(one) && one >= 0 && one < size);
  if (valid && wanted[0] !== wanted[1]) return [wanted[0], wanted[1]];
  const [x, y] = size === 2 ? [0, 1] : new Set([...about.latents.active, 0, 1]);
  return [x, y];
}
