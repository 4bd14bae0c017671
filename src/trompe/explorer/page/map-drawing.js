// @ts-check
/** What stands on a map beside the decoded images: points, axes and marks. */

/** @typedef {import("./plane.js").Place} Place @typedef {import("./plane.js").Viewport} Viewport */
/** @typedef {CanvasRenderingContext2D} Pen */

const RADIUS = 3;
/** Pixels between two ticks, about. */
const TICKS = 90;
const THUMBNAIL = 44;

/** Colors of the page, for a canvas. @param {Element} element */
export function colorsOf(element) {
  const style = getComputedStyle(element);
  const color = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return { ink: color("ink"), paper: color("card"), accent: color("accent") };
}

/** @typedef {ReturnType<typeof colorsOf>} Colors */

/** @param {Pen} pen @param {Place} at @param {number} radius */
function circle(pen, [x, y], radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
}

/**
 * @param {Pen} pen @param {Viewport} viewport
 * @param {{place: Place, color: string | null}[]} points @param {Colors} colors
 */
export function drawPoints(pen, viewport, points, colors) {
  pen.lineWidth = 1;
  pen.strokeStyle = colors.paper;
  for (const { place, color } of points) {
    const [x, y] = viewport.toPixels(place);
    if (Math.min(x, y, viewport.width - x, viewport.height - y) < -RADIUS) continue;
    circle(pen, [x, y], RADIUS);
    pen.fillStyle = color ?? colors.accent;
    pen.fill();
    pen.stroke();
  }
}

/**
 * Text with an edge, so that it can be read on images.
 * @param {Pen} pen @param {string} text @param {Place} at @param {Colors} colors
 */
function write(pen, text, [x, y], colors) {
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = colors.paper;
  pen.strokeText(text, x, y);
  pen.fillStyle = colors.ink;
  pen.fillText(text, x, y);
}

/**
 * Ticks along the lower and the left edge, and the names of both axes.
 * @param {Pen} pen @param {Viewport} viewport @param {[string, string]} names @param {Colors} colors
 */
export function drawAxes(pen, viewport, names, colors) {
  const { width, height, scale } = viewport,
    step = roundStep(TICKS / scale),
    digits = digitsOf(step);
  const [left, low] = viewport.toPlane([0, height]),
    [right, high] = viewport.toPlane([width, 0]);
  pen.font = "12px system-ui, sans-serif";
  const tick = (/** @type {Place} */ from, /** @type {Place} */ to) => {
    for (const [color, wide] of /** @type {[string, number][]} */ ([
      [colors.paper, 4],
      [colors.ink, 1.5],
    ])) {
      [pen.strokeStyle, pen.lineWidth] = [color, wide];
      pen.beginPath();
      pen.moveTo(...from);
      pen.lineTo(...to);
      pen.stroke();
    }
  };
  [pen.textAlign, pen.textBaseline] = ["center", "bottom"];
  for (let count = Math.ceil(left / step); count * step < right; count++) {
    const [x] = viewport.toPixels([count * step, 0]);
    if (x < 50 || x > width - 20) continue;
    tick([x, height], [x, height - 6]);
    write(pen, signed(count * step, digits), [x, height - 8], colors);
  }
  [pen.textAlign, pen.textBaseline] = ["left", "middle"];
  for (let count = Math.ceil(low / step); count * step < high; count++) {
    const [, y] = viewport.toPixels([0, count * step]);
    if (y < 34 || y > height - 40) continue;
    tick([0, y], [6, y]);
    write(pen, signed(count * step, digits), [9, y], colors);
  }
  pen.font = "600 12px system-ui, sans-serif";
  [pen.textAlign, pen.textBaseline] = ["right", "bottom"];
  write(pen, `${names[0]} →`, [width - 8, height - 26], colors);
  [pen.textAlign, pen.textBaseline] = ["left", "top"];
  write(pen, `↑ ${names[1]}`, [9, 9], colors);
}

/** 1, 2 or 5 times a power of ten, not below this. @param {number} least */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find(one => one * power >= least) ?? 10);
}

/** Digits behind the point that tell steps apart. @param {number} step */
export const digitsOf = step => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));

/** @param {number} value @param {number} digits */
export const signed = (value, digits) =>
  (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace("-", "−");

/** @param {Pen} pen @param {Place} at @param {string} color @param {Colors} colors */
export function drawRing(pen, at, color, colors, radius = 8) {
  for (const [shade, wide] of /** @type {[string, number][]} */ ([
    [colors.paper, 6],
    [color, 3],
  ])) {
    circle(pen, at, radius);
    [pen.strokeStyle, pen.lineWidth] = [shade, wide];
    pen.stroke();
  }
}

/** A numbered place. @param {Pen} pen @param {Place} at @param {string} text @param {Colors} colors */
export function drawBadge(pen, at, text, colors) {
  circle(pen, at, 10);
  pen.fillStyle = colors.ink;
  pen.fill();
  [pen.strokeStyle, pen.lineWidth] = [colors.paper, 2];
  pen.stroke();
  pen.font = "600 12px system-ui, sans-serif";
  [pen.textAlign, pen.textBaseline] = ["center", "middle"];
  pen.fillStyle = colors.paper;
  pen.fillText(text, at[0], at[1] + 0.5);
}

/**
 * An image above the place where it lands.
 * @param {Pen} pen @param {Place} at @param {HTMLCanvasElement} image @param {Colors} colors
 */
export function drawLanding(pen, [x, y], image, colors) {
  const scale = THUMBNAIL / Math.max(image.width, image.height);
  const width = image.width * scale,
    height = image.height * scale;
  const left = x - width / 2,
    top = y - height - 16;
  pen.fillStyle = colors.accent;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x - 8, y - 16);
  pen.lineTo(x + 8, y - 16);
  pen.fill();
  pen.fillRect(left - 3, top - 3, width + 6, height + 6);
  pen.drawImage(image, left, top, width, height);
}
