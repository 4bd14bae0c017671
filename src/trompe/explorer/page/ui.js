// @ts-check
/** Small parts of views. */

/**
 * An element: properties as they are named in the DOM, `on...` as listeners, `aria-...`, `data-...` and `role` as
 * attributes.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [properties] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (/^(aria-|data-|role$|for$)/.test(name)) made.setAttribute(name, String(value));
    else /** @type {any} */ (made)[name] = value;
  }
  made.append(...children);
  return made;
}

/**
 * A labeled slider.
 * @param {{label: string, min: number, max: number, step?: number | "any", value: number, digits?: number,
 *   onchange: (value: number) => void}} options
 */
export function slider({ label, min, max, step = "any", value, digits = 2, onchange }) {
  const shown = el("output", {}, value.toFixed(digits));
  const input = el("input", {
    type: "range",
    min: String(min),
    max: String(max),
    step: String(step),
    "aria-label": label,
  });
  input.value = String(value);
  input.addEventListener("input", () => {
    shown.textContent = Number(input.value).toFixed(digits);
    onchange(Number(input.value));
  });
  const root = el("label", { className: "slider" }, el("span", {}, label), input, shown);
  /** Move it without a call. @param {number} to */
  const set = to => {
    input.value = String(to);
    shown.textContent = to.toFixed(digits);
  };
  return { root, input, set };
}

/** @param {string} label @param {() => void} onclick @param {Record<string, any>} [properties] */
export const button = (label, onclick, properties = {}) =>
  el("button", { type: "button", onclick, ...properties }, label);

/**
 * A labeled choice.
 * @param {string} label @param {(string | [string, string])[]} options values, or pairs of value and text
 * @param {string} value @param {(value: string) => void} onchange
 */
export function choice(label, options, value, onchange) {
  const select = el("select", { "aria-label": label });
  for (const one of options) {
    const [key, text] = typeof one === "string" ? [one, one] : one;
    select.append(el("option", { value: key }, text));
  }
  select.value = value;
  select.addEventListener("change", () => onchange(select.value));
  return { root: el("label", { className: "choice" }, label, " ", select), select };
}

/**
 * A task of which one runs at a time: of the calls that come meanwhile, only the last is made. So a pointer is
 * followed as fast as the engine can, and never behind.
 * @template {any[]} A
 * @param {(...args: A) => Promise<void>} task
 * @returns {(...args: A) => void}
 */
export function latest(task) {
  /** @type {A | null} */
  let waiting = null;
  let running = false;
  const run = async () => {
    running = true;
    while (waiting) {
      const args = waiting;
      waiting = null;
      try {
        await task(...args);
      } catch (error) {
        say(error);
      }
    }
    running = false;
  };
  return (...args) => {
    waiting = args;
    if (!running) void run();
  };
}

/**
 * A listener that reports what goes wrong.
 * @template {any[]} A
 * @param {(...args: A) => Promise<void>} task
 */
export const reporting =
  task =>
  (/** @type {A} */ ...args) =>
    void task(...args).catch(say);

/** Report an error, for a while. @param {unknown} error */
export function say(error) {
  const box = document.getElementById("message");
  if (!box || (error instanceof DOMException && error.name === "AbortError")) return;
  box.textContent = error instanceof Error ? error.message : String(error);
  box.hidden = false;
  clearTimeout(Number(box.dataset.timer));
  box.dataset.timer = String(setTimeout(() => (box.hidden = true), 8000));
}
