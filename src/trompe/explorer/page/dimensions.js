// @ts-check
/** The latent in hand by its dimensions: a slider for each, and a pad for two. */
import { middle, nameOf } from "./latents.js";
import { button, choice, el, slider } from "./ui.js";

/** @typedef {import("./session.js").Session} Session */

/** Sliders shown at first. */
const FIRST = 32,
  FIRST_NARROW = 12;
/** Of a dimension's range, that an arrow key moves the pad. */
const KEY_STEP = 1 / 40;

/** The latent in hand, some of whose dimensions are locked. Event: `locks`. */
export class Position extends EventTarget {
  /** @param {Session} session @param {Float32Array} start @param {number[]} locked */
  constructor(session, start, locked) {
    super();
    this.session = session;
    this.locked = new Set(locked.filter(dimension => dimension in start));
    session.setLatent(start);
  }

  get latent() {
    return /** @type {Float32Array} */ (this.session.latent);
  }

  /** Another latent, but for the locked dimensions. @param {Float32Array} latent */
  allowed(latent) {
    return latent.map((value, dimension) => (this.locked.has(dimension) ? this.latent[dimension] : value));
  }

  /** Go to another latent; locked dimensions stay. @param {Float32Array} latent */
  move(latent) {
    this.session.setLatent(this.allowed(latent));
  }

  /** Set single dimensions, locked or not. @param {[dimension: number, value: number][]} values */
  set(...values) {
    const latent = this.latent.slice();
    for (const [dimension, value] of values) latent[dimension] = value;
    this.session.setLatent(latent);
  }

  /** @param {number} dimension */
  toggle(dimension) {
    if (!this.locked.delete(dimension)) this.locked.add(dimension);
    this.dispatchEvent(new Event("locks"));
  }

  unlock() {
    this.locked.clear();
    this.dispatchEvent(new Event("locks"));
  }
}

/**
 * A slider for each active dimension, the most active first.
 * @param {Position} position @param {AbortSignal} signal
 */
export function sliders(position, signal) {
  const { session } = position,
    list = el("div", { className: "dimensions" });
  const facts = el("p", { className: "note" });
  /** @type {ReturnType<typeof dimensionRow>[]} */
  let rows = [];
  let shown = matchMedia("(max-width: 800px)").matches ? FIRST_NARROW : FIRST,
    active = "";
  const more = button("", () => {
    shown = Infinity;
    fill();
  });
  const unlock = button("Unlock all", () => position.unlock());
  const follow = () => {
    rows.forEach(row => row.show());
    unlock.hidden = !position.locked.size;
  };
  const fill = () => {
    const { latents } = session.about,
      hidden = latents.activity.length - latents.active.length;
    active = activeOf(session);
    rows = latents.active.slice(0, shown).map(dimension => dimensionRow(position, dimension));
    list.replaceChildren(...rows.map(row => row.root));
    more.hidden = rows.length === latents.active.length;
    more.textContent = `Show all ${latents.active.length}`;
    facts.textContent =
      `The most active first; bars: ${latents.unit === "nats" ? "KL in nats" : latents.unit}.` +
      `${hidden ? ` ${hidden} inactive ones are hidden.` : ""} A locked dimension moves only by hand.`;
    follow();
  };
  session.addEventListener("latent", follow, { signal });
  position.addEventListener("locks", follow, { signal });
  session.addEventListener("changed", () => activeOf(session) !== active && fill(), { signal });
  fill();
  return el(
    "div",
    { className: "panel" },
    el("h2", {}, "Latent dimensions"),
    facts,
    list,
    el("div", { className: "buttons" }, more, unlock),
  );
}

/** Which dimensions are active, in any order: the order of a run in training changes often. @param {Session} session */
const activeOf = session => session.about.latents.active.toSorted((a, b) => a - b).join();

/** @param {Position} position @param {number} dimension */
function dimensionRow(position, dimension) {
  const { about } = position.session,
    { latents } = about,
    name = nameOf(dimension);
  const share = latents.activity[dimension] / Math.max(...latents.activity);
  const activity = `${latents.activity[dimension].toPrecision(2)} ${latents.unit}`;
  const { root, input, set } = slider({
    label: name,
    min: latents.low[dimension],
    max: latents.high[dimension],
    value: position.latent[dimension],
    onchange: value => position.set([dimension, value]),
  });
  input.setAttribute("aria-label", `${name}, ${activity}`);
  const reset = () => position.set([dimension, middle(about)[dimension]]);
  input.addEventListener("dblclick", reset);
  const bar = el("span", { className: "activity", title: activity }, el("span"));
  /** @type {HTMLElement} */ (bar.firstChild).style.width = `${100 * share}%`;
  const lock = button("", () => position.toggle(dimension), {
    className: "lock",
    "aria-label": `lock ${name}`,
    title: "lock",
  });
  const show = () => {
    set(position.latent[dimension]);
    lock.setAttribute("aria-pressed", String(position.locked.has(dimension)));
  };
  const back = button("↺", reset, { "aria-label": `reset ${name}`, title: "reset" });
  return { root: el("div", { className: "dimension" }, bar, root, lock, back), show };
}

/**
 * A square whose sides are two dimensions: they follow the pointer, and stay where it is clicked.
 * @param {Position} position @param {AbortSignal} signal
 */
export function pad(position, signal) {
  const { session } = position,
    { active } = session.about.latents,
    mark = el("span", { className: "mark" });
  let [across, up] = wanted(session) ?? active;
  /** The values to go back to when the pointer leaves. @type {[number, number][]} */
  let kept = [];
  const square = el("div", { className: "square", tabIndex: 0, role: "application", "aria-label": "" }, mark);
  const keep = () => {
    kept = [across, up].map(dimension => [dimension, position.latent[dimension]]);
  };
  const follow = () => {
    const [x, y] = [across, up].map(dimension => shareOf(session, dimension, position.latent[dimension]));
    [mark.style.left, mark.style.top] = [`${100 * x}%`, `${100 * (1 - y)}%`];
    const values = [across, up].map(dimension => `${nameOf(dimension)} ${position.latent[dimension].toFixed(2)}`);
    square.setAttribute("aria-label", `${values.join(", ")}; arrow keys move`);
  };
  /** @param {number} x @param {number} y shares of the ranges */
  const go = (x, y) => position.set([across, valueAt(session, across, x)], [up, valueAt(session, up, y)]);
  /** @param {PointerEvent} event */
  const under = event => {
    const box = square.getBoundingClientRect();
    go((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height);
  };
  square.addEventListener("pointerenter", keep);
  square.addEventListener("pointermove", event => {
    under(event);
    if (event.buttons) keep();
  });
  square.addEventListener("pointerdown", event => {
    square.setPointerCapture(event.pointerId);
    under(event);
    keep();
  });
  square.addEventListener("pointerleave", () => position.set(...kept));
  square.addEventListener("keydown", event => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    const [x, y] = [across, up].map(dimension => shareOf(session, dimension, position.latent[dimension]));
    go(x + KEY_STEP * steps[0], y + KEY_STEP * steps[1]);
    keep();
  });
  session.addEventListener("latent", follow, { signal });
  const options = active.map(dimension => /** @type {[string, string]} */ ([String(dimension), nameOf(dimension)]));
  const choose = () => {
    [across, up] = [sides[0], sides[1]].map(side => Number(side.select.value));
    session.remember({ pad: `${across}.${up}` });
    follow();
  };
  const sides = [choice("Across", options, String(across), choose), choice("Up", options, String(up), choose)];
  follow();
  return el(
    "div",
    { className: "panel" },
    el("h2", {}, "Two dimensions"),
    el("p", { className: "note" }, "Move over the square to see them change; click to keep."),
    el("div", { className: "choices" }, ...sides.map(side => side.root)),
    square,
  );
}

/** The dimensions that the address names, where they are two active ones. @param {Session} session */
function wanted(session) {
  const found = session.recall("pad")?.split(".").map(Number);
  return found?.length === 2 && found.every(one => session.about.latents.active.includes(one)) ? found : null;
}

/** @param {Session} session @param {number} dimension @param {number} value */
function shareOf({ about: { latents } }, dimension, value) {
  return inside((value - latents.low[dimension]) / (latents.high[dimension] - latents.low[dimension]));
}

/** @param {Session} session @param {number} dimension @param {number} share */
function valueAt({ about: { latents } }, dimension, share) {
  return latents.low[dimension] + inside(share) * (latents.high[dimension] - latents.low[dimension]);
}

/** @param {number} share */
const inside = share => Math.min(1, Math.max(0, share));
