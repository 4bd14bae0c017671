// @ts-check
/** The panels beside a map: the place under the pointer, the classes, the plane, the image in hand. */
import { imagePicker } from "./hand.js";
import { context, paint, read, toBytes } from "./images.js";
import { latentSize, nameOf, randomLatent } from "./latents.js";
import { button, choice, el, latest, reporting, say, slider } from "./ui.js";

/** @typedef {import("./views/map.js").LatentMap} LatentMap */

/** What the decoder makes of the place under the pointer. @param {LatentMap} map */
export function pointerPanel({ shape }) {
  const canvas = el("canvas", { className: "image", role: "img", "aria-label": "image decoded under the pointer" });
  const where = el("output", {}),
    text = el("div", {}, el("h2", {}, "Under the pointer"), where);
  return {
    root: el("div", { className: "panel now" }, canvas, text),
    /** @param {Uint8Array} bytes @param {string} text */
    show(bytes, text) {
      paint(canvas, bytes, shape);
      canvas.setAttribute("aria-busy", "false");
      where.textContent = text;
    },
    /** Show a tile for as long as the place itself is not decoded. @param {ImageBitmap} tile @param {string} text */
    showTile(tile, text) {
      [canvas.width, canvas.height] = [tile.width, tile.height];
      context(canvas).drawImage(tile, 0, 0);
      canvas.setAttribute("aria-busy", "true");
      where.textContent = `${text}\n(its tile)`;
    },
  };
}

/** How the map is shown. @param {LatentMap} map */
export function tools(map) {
  const { stage } = map;
  /** @param {"tiles" | "points"} layer @param {string} label */
  const fade = (layer, label) =>
    slider({
      label,
      min: 0,
      max: 1,
      value: 1,
      onchange: value => {
        const shown = stage.layers[layer].style.opacity !== "0";
        stage.layers[layer].style.opacity = String(value);
        if (!shown) map.moved();
      },
    }).root;
  const faders = [fade("tiles", "Images")];
  if (map.points.exist) faders.push(fade("points", "Points"));
  return el(
    "div",
    { className: "tools" },
    el(
      "div",
      { className: "buttons" },
      button("+", () => stage.zoom(1.5), { "aria-label": "zoom in" }),
      button("−", () => stage.zoom(1 / 1.5), { "aria-label": "zoom out" }),
      button("Show all", () => map.showAll()),
      button(
        "Save PNG",
        reporting(() => map.save()),
      ),
    ),
    el("div", { className: "faders" }, ...faders),
  );
}

/** The classes of the points: each can be hidden. @param {LatentMap} map */
export function legend(map) {
  const { classes, colors } = map.session.about,
    { points } = map;
  const root = el("div", { className: "classes", role: "group", "aria-label": "classes shown", hidden: true });
  const fill = () => {
    const present = [...new Set(points.all.map(point => point.label))].filter(label => label !== null);
    present.sort((one, other) => one - other);
    const show = (/** @type {number[]} */ labels) => {
      map.hide(present.filter(label => !labels.includes(label)));
      buttons.forEach((one, place) => one.setAttribute("aria-pressed", String(labels.includes(present[place]))));
    };
    const buttons = present.map(label => {
      const swatch = el("span", { className: "swatch", "aria-hidden": "true" });
      swatch.style.background = colors[label];
      const toggle = () => show(present.filter(one => points.hidden.has(one) === (one === label)));
      const pressed = String(!points.hidden.has(label));
      return el("button", { type: "button", "aria-pressed": pressed, onclick: toggle }, swatch, classes[label]);
    });
    root.hidden = !present.length;
    root.replaceChildren(
      ...buttons,
      button("All", () => show(present)),
      button("None", () => show([])),
    );
  };
  return { root, fill };
}

/** Which plane of the latent space. @param {LatentMap} map */
export function planePanel(map) {
  const { about } = map.session,
    { activity, unit } = about.latents,
    size = latentSize(about);
  const root = el("div", { className: "panel", hidden: size < 3 }, el("h2", {}, "Plane"));
  if (size < 3) return root;
  const order = activity.map((_, d) => d).sort((one, other) => activity[other] - activity[one]);
  const options = order.map(
    d => /** @type {[string, string]} */ ([String(d), `${nameOf(d)} (${activity[d].toPrecision(2)})`]),
  );
  const axes = ["Across", "Up"].map((label, place) =>
    choice(label, options, String(map.dimensions[place]), value => {
      const before = map.dimensions[place],
        other = map.dimensions[1 - place];
      map.dimensions[place] = Number(value);
      if (other === Number(value)) map.dimensions[1 - place] = before;
      axes.forEach((axis, at) => (axis.select.value = String(map.dimensions[at])));
      map.choosePlane();
      map.showAll();
    }),
  );
  const mean = about.prior ? "at the prior's mean" : "at the data's mean";
  const others = choice(
    "Other dimensions",
    [
      ["middle", mean],
      ["hand", "as in hand"],
    ],
    map.others,
    value => {
      map.others = /** @type {"middle" | "hand"} */ (value);
      map.choosePlane();
    },
  );
  const two = el(
    "div",
    { className: "choices" },
    ...axes.map(axis => axis.root),
    others.root,
    el(
      "p",
      { className: "note" },
      `In parentheses, how active each is: ${unit === "nats" ? "its KL divergence in nats" : unit}.`,
    ),
  );
  const three = threeLatents(map);
  const kind = choice(
    "Through",
    [
      ["two", "two latent dimensions"],
      ["three", "three latents"],
    ],
    "two",
    value => {
      two.hidden = value === "three";
      three.root.hidden = value === "two";
      if (value === "three") return three.begin();
      map.three = null;
      map.choosePlane();
      map.showAll();
    },
  );
  root.append(el("div", { className: "choices" }, kind.root), two, three.root);
  return root;
}

/** Three latents, each to be chosen. @param {LatentMap} map */
function threeLatents(map) {
  const { session, signal } = map;
  /** @type {Float32Array[]} */
  let latents = [];
  const canvases = [1, 2, 3].map(number =>
    el("canvas", { className: "image", role: "img", "aria-label": `latent ${number}, decoded` }),
  );
  const random = () => {
    const { all } = map.points;
    return all.length ? all[Math.floor(Math.random() * all.length)].latent : randomLatent(session.about);
  };
  const draw = latest(async () => {
    for (const [place, latent] of latents.entries()) paint(canvases[place], await map.decode(latent), map.shape);
  });
  /** @param {Float32Array[]} chosen */
  const take = chosen => {
    const before = map.three;
    try {
      map.three = chosen;
      map.choosePlane();
      latents = chosen;
      map.showAll();
      draw();
    } catch (error) {
      map.three = before;
      say(error);
    }
  };
  const put = (/** @type {number} */ place, /** @type {Float32Array} */ latent) =>
    take(latents.map((one, at) => (at === place ? latent : one)));
  const inHand = (/** @type {number} */ place) => {
    if (session.latent) put(place, session.latent);
    else say("There is no latent in hand: click a place of the map, or choose an image.");
  };
  for (const event of ["label", "changed"]) session.addEventListener(event, () => draw(), { signal });
  const figures = canvases.map((canvas, place) =>
    el(
      "figure",
      {},
      canvas,
      el("figcaption", {}, String(place + 1)),
      button("In hand", () => inHand(place), { "aria-label": `latent ${place + 1}: take the one in hand` }),
      button("Random", () => put(place, random()), { "aria-label": `latent ${place + 1}: a random one` }),
    ),
  );
  const note = "Click a place or a point of the map, or choose an image, to have its latent in hand.";
  const root = el(
    "div",
    { hidden: true },
    el("div", { className: "three" }, ...figures),
    el("p", { className: "note" }, note),
  );
  return { root, begin: () => take(latents.length ? latents : [random(), random(), random()]) };
}

/** The image in hand: where it lands and what the model makes of it. @param {LatentMap} map */
export function handPanel(map) {
  const { session, signal } = map,
    { about } = session,
    encodes = session.can("encoder") && session.has("encode");
  const inverts = !encodes && session.can("prior") && session.has("invert");
  const root = el("div", { className: "panel", hidden: !encodes && !inverts }, el("h2", {}, "Image in hand"));
  if (root.hidden) return { root, tell: () => {} };
  const given = el("canvas", { className: "image", role: "img", "aria-label": "image in hand" });
  const made = el("canvas", { className: "image", role: "img", "aria-label": "its reconstruction" });
  const says = el("output", { className: "note" });
  const reconstruction = el("figure", {}, made, el("figcaption", {}, "Reconstruction"));
  const figures = el(
    "div",
    { className: "figures hand-figures", hidden: true },
    el("figure", {}, given, el("figcaption", {}, "Image")),
    reconstruction,
  );
  const show = button("Show it on the map", () => map.landing && map.goTo(map.landing.latent), { hidden: true });
  const find = button("Find its latent", () => search(), { className: "main", hidden: true });
  /** Whether the image is a new one, whose latent is then in hand too. */
  let fresh = false;
  /** Say where the image lands, which is elsewhere in another plane. */
  const tell = () => {
    if (!map.landing) return;
    const { place, distance } = map.plane.project(map.landing.latent);
    const off = `, ${distance.toFixed(2)} off the plane; its reconstruction is of the latent itself`;
    says.textContent = `lands at ${map.describe(place).join(", ")}${distance > 0.01 ? off : ""}`;
  };
  /** @param {"encode" | "invert"} verb */
  const land = async verb => {
    const { image } = session;
    if (!image) return;
    const latent = await session.engine[verb](image, { label: session.label });
    if (image !== session.image || signal.aborted) return;
    const inHand = fresh || !session.latent || session.latent === map.landing?.latent;
    map.land(latent, given);
    if (inHand) session.setLatent(latent);
    fresh = false;
    paint(made, await map.decode(latent), map.shape);
    tell();
    reconstruction.classList.remove("empty");
    show.hidden = false;
  };
  const search = reporting(async () => {
    [find.disabled, fresh] = [true, true];
    says.textContent = "searching for the latent whose image is nearest …";
    await land("invert").finally(() => (find.disabled = false));
  });
  const take = latest(async () => {
    if (!session.image) return;
    paint(given, toBytes(session.image), about.input_shape);
    figures.hidden = false;
    if (encodes) return land("encode");
    map.land(null, given);
    reconstruction.classList.add("empty");
    says.textContent = "";
    [show.hidden, find.hidden] = [true, false];
  });
  for (const event of ["image", "label", "changed"])
    session.addEventListener(
      event,
      () => {
        fresh ||= event === "image";
        take();
      },
      { signal },
    );
  take();
  map.stage.root.addEventListener("dragover", event => event.preventDefault());
  map.stage.root.addEventListener(
    "drop",
    reporting(async event => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) session.setImage(await read(file, about.input_shape));
    }),
  );
  root.append(imagePicker(session, signal), el("div", { className: "buttons" }, find, show), says, figures);
  return { root, tell };
}
