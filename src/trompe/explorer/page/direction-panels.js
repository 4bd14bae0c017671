// @ts-check
/** Panels of the view of directions: the sliders, the name of the chosen direction, and the own ones as a file. */
import { KINDS, LONGEST_NAME, parse, serialize, unlike } from "./directions.js";
import { save } from "./images.js";
import { button, el, reporting, slider } from "./ui.js";

/** @typedef {import("./directions.js").Direction} Direction */
/** @typedef {import("./directions.js").State} State */

/** What can be done with the chosen direction. @param {State} state */
export function chosenOf(state) {
  const heading = el("h2", {}),
    name = el("input", { type: "text", maxLength: LONGEST_NAME, "aria-label": "name" });
  const keep = button(
    "Keep under this name",
    reporting(async () => {
      if (state.chosen) await state.keep({ ...state.chosen, name: name.value.trim() || state.chosen.name });
    }),
  );
  const rename = button(
    "Rename",
    reporting(async () => {
      const { chosen, own } = state;
      if (!chosen || !name.value.trim()) return;
      const one = {
        ...chosen,
        name: unlike(
          name.value,
          own.filter(other => other !== chosen),
        ),
      };
      state.values.set(one, state.values.get(chosen) ?? 0);
      await state.setOwn(
        own.map(other => (other === chosen ? one : other)),
        one,
      );
    }),
  );
  const drop = button(
    "Delete",
    reporting(async () =>
      state.setOwn(
        state.own.filter(other => other !== state.chosen),
        null,
      ),
    ),
  );
  const root = el(
    "div",
    { className: "panel chosen" },
    heading,
    el("div", { className: "buttons" }, name, keep, rename, drop),
  );
  const show = () => {
    const { chosen } = state,
      own = chosen?.kind === "own";
    heading.textContent = chosen ? `Direction “${chosen.name}”` : "Directions";
    name.value = own && chosen ? chosen.name : "";
    name.placeholder = own ? "" : "a name for it";
    name.hidden = !chosen;
    keep.hidden = !chosen || own;
    rename.hidden = drop.hidden = !own;
  };
  return { root, show };
}

/**
 * The user's own directions as a file, and from one.
 * @param {import("./session.js").Session} session @param {State} state
 */
export function filesOf(session, state) {
  const file = el("input", {
    type: "file",
    accept: ".json,application/json",
    className: "visually-hidden",
    tabIndex: -1,
    "aria-label": "a file of directions",
  });
  file.addEventListener(
    "change",
    reporting(async () => {
      const text = await file.files?.[0]?.text();
      file.value = "";
      if (text === undefined) return;
      let { own } = state;
      for (const one of parse(text, session.about)) own = [...own.filter(other => other.name !== one.name), one];
      await state.setOwn(own, own.at(-1) ?? null);
    }),
  );
  const download = button(
    "Download your own directions",
    reporting(async () =>
      save(new Blob([serialize(state.own)], { type: "application/json" }), `${session.about.name}-directions.json`),
    ),
  );
  state.addEventListener("list", () => (download.disabled = !state.own.length));
  return el(
    "div",
    { className: "buttons" },
    download,
    button("Load directions from a file", () => file.click()),
    file,
  );
}

/** The sliders, by kind. @param {State} state */
export function groupsOf(state) {
  const root = el("div", { className: "groups" });
  /** @type {Map<Direction, ReturnType<typeof slider>>} */
  const sliders = new Map();
  const mark = () => {
    for (const [direction, { root: row }] of sliders) row.classList.toggle("here", direction === state.chosen);
    const group = state.chosen && sliders.get(state.chosen)?.root.closest("details");
    if (group) group.open = true;
  };
  const reset = () => sliders.forEach(({ set }, direction) => set(state.values.get(direction) ?? 0));
  const fill = () => {
    const open = new Set([...root.querySelectorAll("details")].filter(one => one.open).map(one => one.dataset.kind));
    sliders.clear();
    root.replaceChildren();
    for (const [kind, [title, meaning]] of Object.entries(KINDS)) {
      const list = state.list.filter(one => one.kind === kind);
      if (!list.length) continue;
      const rows = list.map(direction => rowOf(direction).root);
      root.append(
        el(
          "details",
          { className: "panel", open: open.has(kind), "data-kind": kind },
          el("summary", {}, `${title} (${list.length})`),
          el("p", { className: "note" }, meaning),
          ...rows,
        ),
      );
    }
    if (!root.children.length)
      root.append(el("p", { className: "note" }, "This model has no directions yet: make one below."));
    mark();
  };
  /** @param {Direction} direction */
  const rowOf = direction => {
    const { name, reach } = direction;
    const made = slider({
      label: name,
      min: -reach,
      max: reach,
      value: state.values.get(direction) ?? 0,
      onchange: value => state.move(direction, value),
    });
    made.root.title = name;
    made.input.addEventListener("focus", () => state.choose(direction));
    made.input.addEventListener("pointerdown", () => state.choose(direction));
    made.input.addEventListener("dblclick", () => {
      made.set(0);
      state.move(direction, 0);
    });
    sliders.set(direction, made);
    return made;
  };
  state.addEventListener("set", reset);
  return { root, fill, mark, reset };
}
