// @ts-check
/** The page's frame: which run, which view. What a view needs stands in the view. */
import { listRuns, openRun } from "./engine.js";
import { Session } from "./session.js";
import { el, reporting, say } from "./ui.js";
import { VIEWS } from "./views/index.js";

/**
 * A view: shown where the model has its capabilities, usable where the engine has its verbs.
 * @typedef {object} View
 * @property {string} name
 * @property {string} title
 * @property {string[]} requires capabilities of the model
 * @property {string[]} [verbs] of the engine
 * @property {(session: Session) => string | null} [lacks] another reason not to show it
 * @property {(root: HTMLElement, session: Session, signal: AbortSignal) => Promise<void> | void} mount fills an empty
 *   element; when the signal is aborted, the view is gone
 */

/** @template {HTMLElement} T @param {string} id @returns {T} */
const byId = id => /** @type {T} */ (document.getElementById(id));
const POLL = 2000;

let shown = new AbortController();
let opened = new AbortController();

/** Why a run has not a view, or `null`. @param {View} view @param {Session} of */
function lacking(view, of) {
  const capability = view.requires.find(one => !of.can(one));
  if (capability !== undefined) return of.about.lacks[capability] ?? `the model has no ${capability}`;
  return view.lacks?.(of) ?? null;
}

/** Why this page cannot show a view that the run has, or `null`. @param {View} view @param {Session} of */
function absent(view, of) {
  const verb = view.verbs?.find(one => !of.has(one));
  return verb === undefined ? null : "This view computes with the model itself: open the run with `trompe explore`.";
}

/** @param {string} name */
async function choose(name) {
  shown.abort();
  opened.abort();
  opened = new AbortController();
  const { signal } = opened;
  byId("tabs").replaceChildren();
  byId("facts").textContent = "";
  byId("view").replaceChildren(el("p", { role: "status" }, `Opening ${name} ...`));
  const engine = await openRun(name).catch(error => {
    if (!signal.aborted) byId("view").replaceChildren(el("p", {}, "The run could not be opened."));
    throw error;
  });
  if (signal.aborted) return; // another was chosen meanwhile
  const session = new Session(engine);
  session.remember({ run: name });
  const { about } = engine;
  document.title = `${about.name} · trompe`;
  byId("facts").textContent = factsOf(about);
  byId("about").textContent =
    `${about.name}: recipe ${about.recipe}, trained on ${about.data_name}, with trompe ${about.trompe}.` +
    (about.data ? "" : ` Its data are not at hand: there are no images of theirs here, and nothing is ordered by KL.`);
  showClasses(session);
  showTabs(session);
  if (about.engine === "served") void watch(session, signal);
}

/** @param {import("./engine.js").About} about */
function factsOf(about) {
  const size = about.image_shape.slice(1).join("×"),
    latent = about.latent_shape.join("×");
  const what =
    about.kind === "points" ? "points of the plane" : `${size} ${about.image_shape[0] === 1 ? "grayscale" : "color"}`;
  return `${about.family}, ${what}, ${latent} latent dimension${latent === "1" ? "" : "s"}, step ${about.step.toLocaleString("en")} of ${about.steps.toLocaleString("en")}`;
}

/** @param {Session} of */
function showClasses(of) {
  byId("class-choice").hidden = !of.about.conditional;
  const select = /** @type {HTMLSelectElement} */ (byId("class"));
  select.replaceChildren(...of.about.classes.map((name, place) => el("option", { value: String(place) }, name)));
  select.value = String(of.label ?? 0);
  select.onchange = () => of.setLabel(Number(select.value));
  of.addEventListener("label", () => (select.value = String(of.label)), { signal: opened.signal });
}

/** @param {Session} of */
function showTabs(of) {
  const views = VIEWS.filter(view => lacking(view, of) === null);
  const tabs = views.map(view =>
    el(
      "button",
      { type: "button", role: "tab", id: `tab-${view.name}`, "aria-controls": "view", onclick: () => show(view, of) },
      view.title,
    ),
  );
  byId("tabs").replaceChildren(...tabs);
  byId("tabs").onkeydown = event => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key],
      at = tabs.indexOf(/** @type {any} */ (document.activeElement));
    if (by && at >= 0) tabs[(at + by + tabs.length) % tabs.length].click();
    if (by && at >= 0) tabs[(at + by + tabs.length) % tabs.length].focus();
  };
  const wanted =
    views.find(view => view.name === of.recall("view")) ?? views.find(view => !absent(view, of)) ?? views[0];
  if (wanted) show(wanted, of);
  else byId("view").replaceChildren(el("p", {}, "There is no view of this model yet."));
}

/** @param {View} view @param {Session} of */
function show(view, of) {
  shown.abort();
  shown = new AbortController();
  for (const tab of byId("tabs").children) {
    const own = tab.id === `tab-${view.name}`;
    tab.setAttribute("aria-selected", String(own));
    /** @type {HTMLElement} */ (tab).tabIndex = own ? 0 : -1;
    if (own) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  of.remember({ view: view.name });
  const root = el("div", { className: `view ${view.name}` });
  byId("view").setAttribute("aria-labelledby", `tab-${view.name}`);
  byId("view").replaceChildren(root);
  const reason = absent(view, of);
  if (reason) root.append(el("p", { className: "absent" }, reason));
  else reporting(async () => view.mount(root, of, shown.signal))();
}

/** Notice when a run changes on disk. @param {Session} of @param {AbortSignal} signal */
async function watch(of, signal) {
  let known = await of.engine.status().catch(() => null);
  /** The run or its server is gone. @param {unknown} error */
  const gone = error => (say(error), null);
  while (!signal.aborted) {
    await new Promise(done => setTimeout(done, POLL));
    if (signal.aborted || document.hidden) continue;
    const found = await of.engine.status().catch(gone);
    if (!found || !known || found.version === known.version) {
      known ??= found;
      continue;
    }
    known = found;
    const engine = await openRun(of.about.name).catch(() => null);
    if (!engine || signal.aborted) continue;
    of.engine = engine;
    of.about = engine.about;
    byId("facts").textContent = factsOf(engine.about);
    of.dispatchEvent(new Event("changed"));
  }
}

async function start() {
  const runs = await listRuns();
  const select = /** @type {HTMLSelectElement} */ (byId("run"));
  select.replaceChildren(
    ...runs.map(run =>
      el("option", { value: run.name, disabled: Boolean(run.error), title: run.error ?? "" }, run.name),
    ),
  );
  byId("run-choice").hidden = runs.length < 2;
  const usable = runs.filter(run => !run.error);
  if (!usable.length) {
    byId("view").replaceChildren(el("p", {}, "There is no run to open."));
    throw new Error(runs[0]?.error ?? "there is no run");
  }
  const wanted = new URLSearchParams(location.hash.slice(1)).get("run");
  const refused = runs.find(run => run.name === wanted)?.error;
  if (refused) say(refused);
  const name = usable.some(run => run.name === wanted) ? String(wanted) : usable[0].name;
  select.value = name;
  select.onchange = reporting(() => {
    history.replaceState(null, "", `#${new URLSearchParams({ run: select.value })}`);
    return choose(select.value);
  });
  await choose(name);
}

addEventListener("hashchange", () => location.reload()); // an address that was typed, pasted or followed
start().catch(say);
