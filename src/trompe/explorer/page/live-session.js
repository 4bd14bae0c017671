// @ts-check
/** A training that the server holds. */
import { logged } from "./curves.js";
import { checked } from "./engine.js";
import { DEFAULTS, recalled, remembered } from "./live-settings.js";
import { latest, reporting, say } from "./ui.js";

const MOST_NUMBERS = 20_000;
/** @typedef {import("./live-settings.js").Settings} Settings */

/**
 * What the server says of a session.
 * @typedef {object} State
 * @property {string} [id]
 * @property {number} step
 * @property {string | null} stopped
 * @property {Record<string, number>} losses
 * @property {boolean} probability
 * @property {number[]} [data] @property {number[]} [samples] @property {number[]} [push] @property {number[]} [logits]
 * @property {number[]} [encoded] @property {number[]} [reconstructed]
 */

/** Its events: `state`, of networks and points, and `settings`. */
export class Training extends EventTarget {
  /** @param {import("./session.js").Session} session @param {AbortSignal} signal */
  constructor(session, signal) {
    super();
    this.session = session;
    this.signal = signal;
    this.settings = recalled(session.recall("live"));
    this.count = 10;
    this.running = false;
    /** The data's points. @type {number[]} */
    this.points = [];
    /** @type {State | null} */
    this.state = null;
    /** @type {import("./curves.js").History} */
    this.history = { steps: [], terms: {} };
    this.id = "";
    /** Requests are made one after another. @type {Promise<void>} */
    this.turn = Promise.resolve();
    this.make = latest(() => this.inTurn(() => this.made()));
    signal.addEventListener("abort", () => this.inTurn(() => this.end()).catch(() => {}));
  }

  /** @param {() => Promise<void>} task */
  inTurn(task) {
    const made = this.turn.then(task);
    this.turn = made.catch(() => {});
    return made;
  }

  /** @param {string} path @param {object} [body] @returns {Promise<State>} */
  async ask(path, body) {
    const headers = { "content-type": "application/json" };
    const asked = fetch(`api/live${path}`, { method: "POST", headers, body: body && JSON.stringify(body) });
    return (await checked(asked)).json();
  }

  /** New weights, in networks of these settings. @param {Partial<Settings>} part */
  begin(part) {
    Object.assign(this.settings, part);
    this.make();
  }

  async made() {
    try {
      await this.end();
      this.take(await this.ask("", this.settings));
    } catch (error) {
      if (this.signal.aborted) return;
      Object.assign(this.settings, structuredClone(DEFAULTS), { data: this.settings.data });
      this.take(await this.ask("", this.settings));
      say(error);
    }
    if (this.signal.aborted) await this.end();
  }

  async end() {
    const id = this.id;
    this.id = "";
    if (id) await fetch(`api/live/${id}`, { method: "DELETE" });
  }

  /** Other settings for the same weights. @param {Partial<Settings>} part */
  change(part) {
    const before = { ...this.settings };
    Object.assign(this.settings, part);
    this.inTurn(async () => this.take(await this.ask(`/${this.id}/options`, part))).catch(error => {
      Object.assign(this.settings, before);
      this.dispatchEvent(new Event("settings"));
      say(error);
    });
  }

  /** @param {State} state */
  take(state) {
    if (state.id) [this.id, this.history] = [state.id, { steps: [], terms: {} }];
    if (this.signal.aborted) return;
    if (state.data && !Array.isArray(this.settings.data)) this.points = state.data;
    const isNew = state.step > (this.history.steps.at(-1) ?? 0) && Object.keys(state.losses).length;
    if (isNew) logged(this.history, state.step, state.losses);
    this.state = state;
    if (state.stopped) this.running = false;
    this.session.remember({ live: remembered(this.settings) });
    this.dispatchEvent(new Event("settings"));
    this.dispatchEvent(new Event("state"));
  }

  /** @param {number} count */
  steps(count) {
    return this.inTurn(async () => this.take(await this.ask(`/${this.id}/steps?count=${count}`)));
  }

  toggle = reporting(async () => {
    this.running = !this.running;
    this.dispatchEvent(new Event("state"));
    try {
      while (this.running && !this.signal.aborted) {
        await this.steps(this.count);
        await new Promise(done => requestAnimationFrame(done));
      }
    } finally {
      this.running = false;
      this.dispatchEvent(new Event("state"));
    }
  });

  /** @param {number[]} points */
  setPoints(points) {
    this.points = points.slice(-MOST_NUMBERS);
    this.settings.data = this.points;
    if (!points.length) this.running = false;
    this.dispatchEvent(new Event("state"));
    if (points.length) this.sendPoints();
  }

  sendPoints = latest(() =>
    this.inTurn(async () => this.take(await this.ask(`/${this.id}/options`, { data: this.points }))),
  );
}
