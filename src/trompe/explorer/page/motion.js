// @ts-check
/** The latent in motion: a random walk, and a path between two latents. */
import { paint } from "./images.js";
import { between, latentSize, middle, normal, randomLatent } from "./latents.js";
import { button, choice, el, latest, reporting, slider } from "./ui.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./dimensions.js").Position} Position */
/** @typedef {(step: (seconds: number) => void, label: string) => HTMLButtonElement} Animator */

/** The most that a frame of an animation advances. */
const MOST_SECONDS = 0.1;
/** Of the walk: how fast its velocity is forgotten. */
const FRICTION = 1;
/** Of a path, played one way. */
const SECONDS = 3;

/**
 * Buttons that start and stop an animation, one of which runs at a time.
 * @param {AbortSignal} signal @returns {Animator}
 */
export function animator(signal) {
  /** @type {{toggle: HTMLButtonElement} | null} */
  let running = null;
  const become = (/** @type {typeof running} */ next) => {
    running?.toggle.setAttribute("aria-pressed", "false");
    running = next;
    running?.toggle.setAttribute("aria-pressed", "true");
  };
  signal.addEventListener("abort", () => become(null));
  return (step, label) => {
    const toggle = button(
      label,
      () => {
        if (running?.toggle === toggle) return become(null);
        const own = { toggle };
        become(own);
        let before = performance.now();
        const frame = (/** @type {number} */ now) => {
          if (running !== own) return;
          step(Math.min(MOST_SECONDS, Math.max(0, now - before) / 1000));
          before = now;
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      },
      { "aria-pressed": "false" },
    );
    return toggle;
  };
}

/**
 * A step of a random walk that stays where the model has been trained: Langevin dynamics of the prior, or of the normal
 * distribution of the data's latents. Between the bounds of a uniform prior it is reflected.
 * @param {Position} position
 */
export function walker(position) {
  const { session } = position,
    velocity = Float32Array.from({ length: latentSize(session.about) }, normal);
  return (/** @type {number} */ seconds) => {
    const { prior, latents } = session.about,
      uniform = prior === "uniform",
      noise = Math.sqrt(2 * FRICTION * seconds);
    const latent = position.latent.slice();
    for (const d of latents.active) {
      const center = (latents.low[d] + latents.high[d]) / 2,
        scale = (latents.high[d] - center) / (uniform ? 1 : 3);
      let place = (latent[d] - center) / scale;
      velocity[d] += -((uniform ? 0 : place) + FRICTION * velocity[d]) * seconds + noise * normal();
      place += velocity[d] * seconds;
      if (uniform && Math.abs(place) > 1) {
        velocity[d] = -Math.sign(place) * Math.abs(velocity[d]);
        place = Math.max(-1, Math.min(1, 2 * Math.sign(place) - place));
      }
      latent[d] = center + scale * place;
    }
    position.move(latent);
  };
}

/** A random latent whose inactive dimensions are in the middle, as those of an address. @param {Session} session */
export function randomActive({ about }) {
  const latent = middle(about),
    random = randomLatent(about);
  for (const dimension of about.latents.active) latent[dimension] = random[dimension];
  return latent;
}

/** @typedef {{ends: [Float32Array, Float32Array], at: number, arc: boolean}} Path */

/**
 * The latent at a place of a path. @param {Path} path @param {number} at
 */
export const along = ({ ends, arc }, at) => between(ends[0], ends[1], at, arc);

/**
 * Two ends, and a slider between them. `touched` is called when the path is used.
 * @param {Position} position @param {Path} path @param {Animator} animate
 * @param {{find: (() => Promise<Float32Array>) | null, touched: () => void, signal: AbortSignal}} options `find` gives
 *   the latent of the image in hand
 */
export function pathPanel(position, path, animate, { find, touched, signal }) {
  const { session } = position;
  const canvases = ["A", "B"].map(name => el("canvas", { role: "img", "aria-label": `end ${name}` }));
  const draw = latest(async () => {
    const { engine, about, label } = session;
    const found = await engine.decode(Float32Array.from([...path.ends[0], ...path.ends[1]]), { label });
    canvases.forEach((canvas, end) => paint(canvas, found, about.image_shape, end));
  });
  const go = (/** @type {number} */ at) => {
    path.at = at;
    place.set(at);
    touched();
    position.move(along(path, at));
  };
  const place = slider({ label: "A to B", min: 0, max: 1, value: path.at, onchange: go });
  /** @param {number} end @param {Float32Array} latent */
  const choose = (end, latent) => {
    path.ends[end] = latent;
    draw();
    go(end);
  };
  const rows = canvases.map((canvas, end) => {
    const name = "AB"[end];
    const image = button(
      "Image",
      reporting(async () => {
        image.disabled = true;
        try {
          if (find) choose(end, await find());
        } finally {
          image.disabled = false;
        }
      }),
      { "aria-label": `${name}: the image in hand` },
    );
    const allow = () => {
      image.disabled = !session.image;
    };
    session.addEventListener("image", allow, { signal });
    allow();
    return el(
      "div",
      { className: "end" },
      el("b", {}, name),
      el(
        "button",
        { type: "button", className: "thumb", "aria-label": `go to ${name}`, onclick: () => go(end) },
        canvas,
      ),
      button("Current", () => choose(end, position.latent), { "aria-label": `${name}: the current latent` }),
      button("Random", () => choose(end, randomActive(session)), { "aria-label": `${name}: a random latent` }),
      ...(find ? [image] : []),
    );
  });
  // evenly in phase is slow at the ends, where it turns
  let forward = true;
  const play = animate(seconds => {
    const phase = Math.acos(1 - 2 * path.at) / Math.PI + ((forward ? 1 : -1) * seconds) / SECONDS;
    if (phase >= 1 || phase <= 0) forward = phase <= 0;
    go(eased(Math.min(1, Math.max(0, phase))));
  }, "Play");
  play.title = "there and back";
  const ways = /** @type {[string, string][]} */ ([
    ["straight", "straight"],
    ["arc", "spherical"],
  ]);
  const way = choice("Way", ways, path.arc ? "arc" : "straight", value => {
    path.arc = value === "arc";
    go(path.at);
  });
  for (const event of ["label", "changed"]) session.addEventListener(event, () => draw(), { signal });
  draw();
  return el(
    "div",
    { className: "panel" },
    el("h2", {}, "Between two images"),
    ...rows,
    place.root,
    el("div", { className: "buttons" }, play, way.root),
  );
}

/** Slow at both ends. @param {number} phase in [0, 1] */
export const eased = phase => (1 - Math.cos(Math.PI * phase)) / 2;
