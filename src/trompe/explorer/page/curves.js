// @ts-check
/** Losses over the steps of a training. */
import { color, penOf } from "./scatter.js";

const COLORS = ["--real", "--generated", "--restored", "--soft", "--ink"];
const MOST = 500;

/** @typedef {{steps: number[], terms: Record<string, number[]>}} History a value of each term at each step */

/**
 * Add what was logged; of a long history every second value stays.
 * @param {History} history @param {number} step @param {Record<string, number>} losses
 */
export function logged(history, step, losses) {
  const names = Object.keys(losses);
  if (names.join() !== Object.keys(history.terms).join())
    [history.steps, history.terms] = [[], Object.fromEntries(names.map(name => [name, []]))];
  history.steps.push(step);
  for (const name of names) history.terms[name].push(losses[name]);
  if (history.steps.length <= MOST) return;
  const every = (/** @type {number[]} */ values) => values.filter((_, place) => place % 2 === 1);
  history.steps = every(history.steps);
  for (const name of names) history.terms[name] = every(history.terms[name]);
}

/**
 * @param {HTMLCanvasElement} canvas @param {History} history @param {string[]} names @param {boolean} logarithmic
 */
export function drawCurves(canvas, history, names, logarithmic) {
  const { pen, width, height } = penOf(canvas),
    { steps } = history;
  const known = names.filter(name => history.terms[name]);
  if (!width || steps.length < 2 || !known.length) return;
  const scale = (/** @type {number} */ value) => (logarithmic ? Math.log10(Math.max(value, 1e-12)) : value);
  const all = known.flatMap(name => history.terms[name].map(scale)),
    [low, high] = [Math.min(...all), Math.max(...all)];
  const room = { left: 52, right: 6, top: 10, bottom: 20 },
    first = steps[0],
    last = steps[steps.length - 1];
  const box = [width - room.left - room.right, height - room.top - room.bottom];
  const x = (/** @type {number} */ step) => room.left + (box[0] * (step - first)) / (last - first || 1);
  const y = (/** @type {number} */ value) => room.top + box[1] - (box[1] * (value - low)) / (high - low || 1);
  pen.font = "12px system-ui, sans-serif";
  pen.fillStyle = color(canvas, "--soft");
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const value of [low, high]) pen.fillText(short(logarithmic ? 10 ** value : value), room.left - 6, y(value));
  pen.textBaseline = "alphabetic";
  pen.fillText(`step ${last.toLocaleString("en")}`, width - room.right, height - 4);
  pen.textAlign = "left";
  pen.fillText(first.toLocaleString("en"), room.left, height - 4);
  pen.strokeStyle = color(canvas, "--line");
  pen.lineWidth = 1;
  pen.strokeRect(room.left, room.top, box[0], box[1]);
  pen.lineWidth = 1.5;
  known.forEach((name, place) => {
    pen.strokeStyle = color(canvas, COLORS[place % COLORS.length]);
    pen.beginPath();
    history.terms[name].forEach((value, at) => pen.lineTo(x(steps[at]), y(scale(value))));
    pen.stroke();
  });
}

/** @param {number} value */
export const short = value =>
  value !== 0 && (Math.abs(value) < 0.01 || Math.abs(value) >= 1000) ? value.toExponential(1) : value.toFixed(2);

/** The color of each curve, for a legend. @param {number} place */
export const curveColor = place => `var(${COLORS[place % COLORS.length]})`;
