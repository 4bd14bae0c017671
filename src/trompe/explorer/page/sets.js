// @ts-check
/** Two sets of images whose latents are known, chosen from the data or from samples; and the direction between them. */
import { sameShape } from "./hand.js";
import { paint, sizeOf, toBytes } from "./images.js";
import { LONGEST_NAME, difference } from "./directions.js";
import { latentSize, randomLatent } from "./latents.js";
import { button, choice, el, reporting } from "./ui.js";

/** Images to choose from at a time. */
const PAGE = 40;
const ALL = "all";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {{latent: Float32Array, image: Uint8Array, text: string}} Item */
/** @typedef {"A" | "B"} SetName */

/** @type {SetName[]} */
const NAMES = ["A", "B"];
const TITLES = { A: "A: with it", B: "B: without it" };

/** Two sets, one of which is being filled. Event: `changed`. */
class Sets extends EventTarget {
  /** @type {Record<SetName, Item[]>} */
  items = { A: [], B: [] };
  /** @type {SetName} */
  filled = "A";

  /** The set that an item is in. @param {Item} item */
  of(item) {
    return NAMES.find(one => this.items[one].includes(item));
  }

  /** Put an item into the set that is filled, or take it out of the one that it is in. @param {Item} item */
  toggle(item) {
    const where = this.of(item);
    if (where) this.items[where] = this.items[where].filter(one => one !== item);
    else this.items[this.filled].push(item);
    this.dispatchEvent(new Event("changed"));
  }

  /** @param {SetName} name */
  fill(name) {
    this.filled = name;
    this.dispatchEvent(new Event("changed"));
  }

  clear() {
    this.items = { A: [], B: [] };
    this.dispatchEvent(new Event("changed"));
  }
}

/**
 * The panel that makes a direction of two sets.
 * @param {Session} session @param {AbortSignal} signal
 * @param {() => Promise<Item>} shown the image that is shown, with its latent
 * @param {(made: import("./directions.js").Direction) => Promise<void>} keep
 */
export function setsPanel(session, signal, shown, keep) {
  const sets = new Sets();
  const trays = el("div", { className: "trays" }, ...NAMES.map(name => tray(session, sets, name)));
  const hand = button(
    "Add the image in hand",
    reporting(async () => sets.toggle(await handItem(session))),
  );
  const show = () => (hand.hidden = !session.can("encoder") || !session.image || !isSame(session));
  session.addEventListener("image", show, { signal });
  session.addEventListener("changed", () => sets.clear(), { signal }); // these latents were another model's
  show();
  const add = button(
    "Add the image shown",
    reporting(async () => sets.toggle(await shown())),
  );
  return el(
    "section",
    { className: "panel sets", "aria-label": "a direction from two sets" },
    el("h2", {}, "Make a direction from two sets"),
    el(
      "p",
      {},
      "Choose images that have something and images that do not, alike in all else or many of each. " +
        "The direction goes from the mean latent of B to that of A.",
    ),
    trays,
    makerOf(session, sets, keep),
    el("div", { className: "buttons" }, add, hand),
    candidatesOf(session, signal, sets),
  );
}

/** Whether what is encoded is of the shape of what is decoded. @param {Session} session */
const isSame = ({ about }) => sameShape(about.input_shape, about.image_shape);

/** The image in hand with its latent. @param {Session} session @returns {Promise<Item>} */
async function handItem({ image, engine, label }) {
  if (!image) throw new Error("There is no image in hand.");
  return { latent: await engine.encode(image, { label }), image: toBytes(image), text: "the image in hand" };
}

/**
 * The name of the direction, and the button that makes it.
 * @param {Session} session @param {Sets} sets
 * @param {(made: import("./directions.js").Direction) => Promise<void>} keep
 */
function makerOf(session, sets, keep) {
  const name = el("input", {
    type: "text",
    maxLength: LONGEST_NAME,
    placeholder: "such as: smiling",
    "aria-label": "name of the direction",
  });
  const make = button(
    "Make the direction",
    reporting(async () => {
      const [to, from] = NAMES.map(one => sets.items[one].map(item => item.latent));
      await keep(await difference(session, name.value.trim() || "B to A", from, to));
      name.value = "";
    }),
    { className: "main", disabled: true },
  );
  sets.addEventListener("changed", () => (make.disabled = NAMES.some(one => !sets.items[one].length)));
  return el("div", { className: "buttons" }, name, make);
}

/** The images of a set. @param {Session} session @param {Sets} sets @param {SetName} name */
function tray(session, sets, name) {
  const choose = button("", () => sets.fill(name), { title: `fill set ${name}` });
  const images = el("div", { className: "strip", role: "group", "aria-label": `images of set ${name}` });
  const show = () => {
    const items = sets.items[name];
    choose.setAttribute("aria-pressed", String(name === sets.filled));
    choose.textContent = `${TITLES[name]} (${items.length})`;
    images.replaceChildren(
      ...items.map(item => thumb(session, item, `remove ${item.text} from set ${name}`, () => sets.toggle(item))),
    );
    if (!items.length) images.append(el("span", { className: "note" }, "no images yet"));
  };
  sets.addEventListener("changed", show);
  show();
  return el("div", { className: "tray" }, choose, images);
}

/**
 * @param {Session} session @param {Item} item @param {string} label
 * @param {() => void} onclick
 */
function thumb(session, item, label, onclick) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  paint(canvas, item.image, session.about.image_shape);
  return el("button", { type: "button", className: "thumb", "aria-label": label, onclick }, canvas);
}

/**
 * A grid of images to choose from.
 * @param {Session} session @param {AbortSignal} signal @param {Sets} sets
 */
function candidatesOf(session, signal, sets) {
  const { about } = session,
    sources = sourcesOf(session);
  let source = sources[0]?.[0] ?? "",
    label = ALL,
    page = 0;
  /** The items of the data that were shown, so that they are known again. @type {Map<number, Item>} */
  const known = new Map();
  const grid = gridOf(session, sets);
  const fill = reporting(async () => {
    const items = await (source === "samples" ? samples(session) : ofData(session, label, page, known));
    if (!signal.aborted) grid.show(items);
  });
  const pages = button("Other images", () => {
    page++;
    fill();
  });
  const names = about.classes.map((text, place) => /** @type {[string, string]} */ ([String(place), text]));
  const classes = choice("Class", [[ALL, "all"], ...names], ALL, value => {
    [label, page] = [value, 0];
    fill();
  });
  const showClasses = () => (classes.root.hidden = source !== "data" || !about.data?.labels || names.length < 2);
  const which = choice("Choose from", sources, source, value => {
    [source, page] = [value, 0];
    showClasses();
    fill();
  });
  which.root.hidden = sources.length < 2;
  showClasses();
  if (sources.length) fill();
  session.addEventListener("label", () => source === "samples" && fill(), { signal });
  const anew = () => {
    known.clear();
    if (sources.length) fill();
  };
  session.addEventListener("changed", anew, { signal });
  const choices = el("div", { className: "buttons" }, which.root, classes.root, pages);
  return el("div", { hidden: !sources.length }, choices, grid.root);
}

/** Images as buttons, each marked with the set that it is in. @param {Session} session @param {Sets} sets */
function gridOf(session, sets) {
  /** @type {{item: Item, element: HTMLElement}[]} */
  let listed = [];
  const root = el("div", { className: "candidates", role: "group", "aria-label": "images to choose from" });
  const mark = () => {
    for (const { item, element } of listed) {
      const set = sets.of(item);
      element.dataset.set = set ?? "";
      element.setAttribute("aria-label", item.text + (set ? `, in set ${set}: take it out` : ": put it into the set"));
    }
  };
  /** @param {Item[]} items */
  const show = items => {
    listed = items.map(item => ({ item, element: thumb(session, item, item.text, () => sets.toggle(item)) }));
    root.replaceChildren(...listed.map(one => one.element));
    mark();
  };
  sets.addEventListener("changed", mark);
  return { root, show };
}

/**
 * Where there are images whose latents are known.
 * @param {Session} session @returns {[string, string][]}
 */
function sourcesOf(session) {
  const { about } = session;
  /** @type {[string, string][]} */
  const found = [];
  if (about.data && session.can("encoder") && sameShape(about.image_shape, about.input_shape))
    found.push(["data", "the data"]);
  if (session.can("prior")) found.push(["samples", "samples"]);
  return found;
}

/** @param {Session} session @returns {Promise<Item[]>} */
async function samples(session) {
  const { about } = session,
    size = latentSize(about),
    pixels = sizeOf(about.image_shape);
  const latents = new Float32Array(PAGE * size);
  for (let row = 0; row < PAGE; row++) latents.set(randomLatent(about), row * size);
  const images = await session.engine.decode(latents, { label: session.label });
  return Array.from({ length: PAGE }, (_, row) => ({
    latent: latents.slice(row * size, (row + 1) * size),
    image: images.slice(row * pixels, (row + 1) * pixels),
    text: `sample ${row + 1}`,
  }));
}

/**
 * A page of the data's images, of one class or all; after the last page the first.
 * @param {Session} session @param {string} label @param {number} page
 * @param {Map<number, Item>} known
 * @returns {Promise<Item[]>}
 */
async function ofData(session, label, page, known) {
  const { about, engine } = session,
    size = latentSize(about),
    pixels = sizeOf(about.image_shape),
    labels = about.data?.labels;
  const [images, latents] = await Promise.all([engine.images(), engine.latents()]);
  const places = Array.from({ length: about.data?.count ?? 0 }, (_, place) => place).filter(
    place => label === ALL || labels?.[place] === Number(label),
  );
  const start = (page * PAGE) % Math.max(1, Math.ceil(places.length / PAGE) * PAGE);
  return places.slice(start, start + PAGE).map(place => {
    const item = known.get(place) ?? {
      latent: /** @type {Float32Array} */ (latents).slice(place * size, (place + 1) * size),
      image: images.slice(place * pixels, (place + 1) * pixels),
      text: `image ${place}${labels ? `, ${about.classes[labels[place]]}` : ""}`,
    };
    known.set(place, item);
    return item;
  });
}
