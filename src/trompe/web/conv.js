"use strict";
const NAMES = {
  input: [1, 12, 5],
  kernel: [1, 7, 3],
  stride: [1, 4, 2],
  padding: [0, 6, 1],
  dilation: [1, 3, 1],
  output_padding: [0, 3, 0],
};
const CASES = {
  no_padding_no_strides: [4, 3, 1, 0],
  arbitrary_padding_no_strides: [5, 4, 1, 2],
  half_padding_no_strides: [5, 3, 1, 1],
  full_padding_no_strides: [5, 3, 1, 2],
  no_padding_strides: [5, 3, 2, 0],
  padding_strides: [5, 3, 2, 1],
  padding_strides_odd: [6, 3, 2, 1],
};
const INPUT = "#56b4e9",
  WINDOW = "#0072b2",
  MADE = "#9fd8c6",
  MAKING = "#e69f00";
const byId = id => document.getElementById(id);
const state = { kind: "convolution", frame: 0, playing: true };
for (const name in NAMES) state[name] = [NAMES[name][2], NAMES[name][2]];

// The arithmetic of one axis

function reach(axis) {
  return axis.dilation * (axis.kernel - 1) + 1;
}

function outputSize(kind, axis) {
  if (kind === "transposed") {
    if (axis.output_padding > 0 && axis.output_padding >= Math.max(axis.stride, axis.dilation))
      throw `An output padding of ${axis.output_padding} with a stride of ${axis.stride}: it chooses among the sizes that a stride merges: give less than the stride (or the dilation).`;
    const size = axis.stride * (axis.input - 1) + reach(axis) - 2 * axis.padding + axis.output_padding;
    if (size < 1)
      throw `Cutting ${2 * axis.padding} off leaves nothing: use less padding, a larger kernel or a larger input.`;
    return size;
  }
  if (kind === "pooling" && axis.padding > Math.floor(axis.kernel / 2))
    throw `A pooling of ${axis.kernel} takes a padding of at most ${Math.floor(axis.kernel / 2)}: else a window would see nothing but padding.`;
  const room = axis.input + 2 * axis.padding - reach(axis);
  if (room < 0)
    throw `A kernel that reaches over ${reach(axis)} cells does not fit an input of ${axis.input} with padding ${axis.padding}: use a larger input, more padding or a smaller kernel.`;
  return Math.floor(room / axis.stride) + 1;
}

function around(kind, axis) {
  if (kind !== "transposed") return [axis.padding, axis.padding];
  const before = reach(axis) - 1 - axis.padding;
  return [before, before + axis.output_padding];
}

function windows(kind, axis) {
  const size = outputSize(kind, axis),
    [before, after] = around(kind, axis);
  const [stretch, step] = kind === "transposed" ? [axis.stride, 1] : [1, axis.stride];
  const length = stretch * (axis.input - 1) + 1;
  const cells = Array.from({ length: before + length + after }, (_, n) => {
    const place = n - before;
    return place < 0 || place >= length ? -1 : place % stretch ? -2 : place / stretch;
  });
  const taps = Array.from({ length: axis.kernel }, (_, tap) => tap * axis.dilation);
  return { cells, taps, starts: Array.from({ length: size }, (_, o) => o * step), size };
}

function axisOf(place) {
  const axis = {};
  for (const name in NAMES) axis[name] = state[name][place];
  if (state.kind !== "transposed") axis.output_padding = 0;
  return axis;
}

function formula(kind, axis, size) {
  const p = 2 * axis.padding,
    k = reach(axis);
  if (kind !== "transposed") return `floor((${axis.input} + ${p} - ${k}) / ${axis.stride}) + 1 = ${size}`;
  const extra = axis.output_padding ? ` + ${axis.output_padding}` : "";
  const zeros = axis.stride - 1,
    [before, after] = around(kind, axis);
  return (
    `${axis.stride} (${axis.input} - 1) + ${k} - ${p}${extra} = ${size}\n` +
    "as in torch, the padding is that of the corresponding convolution;\n" +
    (Math.min(before, after) < 0
      ? `cut off are ${-Math.min(before, after)} of the stretched input's cells on a side`
      : `drawn with ${zeros} zero${zeros === 1 ? "" : "s"} between its cells and ${before}${after === before ? "" : ` and ${after}`} around it`)
  );
}

function call() {
  const of = name =>
    state[name][0] === state[name][1] ? `${state[name][0]}` : `(${state[name][0]}, ${state[name][1]})`;
  const pooled = state.kind === "pooling";
  const name = { convolution: "Conv2d", transposed: "ConvTranspose2d", pooling: "MaxPool2d" }[state.kind];
  const parts = [pooled ? of("kernel") : `1, 1, ${of("kernel")}`, `stride=${of("stride")}`, `padding=${of("padding")}`];
  if (of("dilation") !== "1") parts.push(`dilation=${of("dilation")}`);
  if (state.kind === "transposed" && of("output_padding") !== "0") parts.push(`output_padding=${of("output_padding")}`);
  return `torch.nn.${name}(${parts.join(", ")})`;
}

// Small whole numbers, always the same

function inputAt(row, column) {
  return ((row * 7 + column * 5 + row * column * 3 + 1) % 11) % 4;
}
function kernelAt(row, column) {
  return (row + 2 * column + 1) % 3;
}

function windowOf(rows, columns, row, column) {
  const terms = [];
  rows.taps.forEach((down, i) =>
    columns.taps.forEach((along, j) => {
      const r = rows.cells[rows.starts[row] + down],
        c = columns.cells[columns.starts[column] + along];
      const inside = r >= 0 && c >= 0;
      if (!inside && state.kind === "pooling") return;
      const [a, b] = state.kind === "transposed" ? [rows.taps.length - 1 - i, columns.taps.length - 1 - j] : [i, j];
      terms.push([inside ? inputAt(r, c) : 0, kernelAt(a, b)]);
    }),
  );
  return terms;
}

function valueOf(terms) {
  return state.kind === "pooling" ? Math.max(...terms.map(t => t[0])) : terms.reduce((sum, [v, w]) => sum + v * w, 0);
}

// Drawing

const LEANING = -0.42,
  FLAT = 0.5,
  MARGIN = 14,
  GAP = 40;

function draw() {
  let rows, columns;
  byId("error").textContent = "";
  try {
    rows = windows(state.kind, axisOf(0));
    columns = windows(state.kind, axisOf(1));
  } catch (message) {
    byId("error").textContent = message;
    byId("stage").innerHTML = byId("formula").textContent = byId("call").textContent = "";
    return;
  }
  const frames = rows.size * columns.size;
  state.frame = Math.min(state.frame, frames - 1);
  byId("frame").max = frames - 1;
  byId("frame").value = state.frame;
  const most = Math.max(rows.cells.length, columns.cells.length, rows.size, columns.size);
  const unit = 30 * Math.min(1, 16 / most),
    upwards = state.kind !== "transposed";
  const mostRows = Math.max(rows.cells.length, rows.size),
    mostColumns = Math.max(columns.cells.length, columns.size);
  const width = (mostColumns - mostRows * LEANING) * unit + 2 * MARGIN;
  const heights = [rows.cells.length * FLAT * unit, rows.size * FLAT * unit];
  const upper = upwards ? heights[1] : heights[0],
    height = heights[0] + heights[1] + GAP + 2 * MARGIN;
  const corner = (r, c, above) => [(width - (c + r * LEANING) * unit) / 2, above ? MARGIN : MARGIN + upper + GAP];
  const given = corner(rows.cells.length, columns.cells.length, !upwards),
    made = corner(rows.size, columns.size, upwards);
  const at = (origin, r, c) => [origin[0] + (c + r * LEANING) * unit, origin[1] + r * FLAT * unit];
  const cell = (origin, r, c, tall = 1, wide = 1) => [
    at(origin, r, c),
    at(origin, r, c + wide),
    at(origin, r + tall, c + wide),
    at(origin, r + tall, c),
  ];
  const parts = [];
  const polygon = (points, fill, stroke, extra = "") =>
    parts.push(
      `<polygon points="${points.map(p => p.map(v => v.toFixed(1)).join()).join(" ")}" fill="${fill}" stroke="${stroke}" ${extra}/>`,
    );
  const text = (points, value, colored) => {
    if (!byId("numbers").checked) return;
    const x = points.reduce((s, p) => s + p[0], 0) / 4,
      y = points.reduce((s, p) => s + p[1], 0) / 4;
    parts.push(
      `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${(unit * 0.36).toFixed(1)}" text-anchor="middle" dominant-baseline="central" fill="${colored ? "#22252a" : "var(--ink)"}">${value}</text>`,
    );
  };
  rows.cells.forEach((r, i) =>
    columns.cells.forEach((c, j) => {
      const kind = r === -1 || c === -1 ? -1 : Math.min(r, c),
        points = cell(given, i, j);
      if (kind === -1) polygon(points, "none", "var(--dim)", 'stroke-dasharray="4"');
      else polygon(points, kind === -2 ? "var(--zero)" : INPUT, "var(--edge)");
      text(points, kind >= 0 ? inputAt(r, c) : 0, kind >= 0);
    }),
  );
  for (let r = 0; r < rows.size; r++)
    for (let c = 0; c < columns.size; c++) polygon(cell(made, r, c), "none", "var(--edge)");
  const row = Math.floor(state.frame / columns.size),
    column = state.frame % columns.size;
  const top = rows.starts[row],
    left = columns.starts[column];
  for (const down of rows.taps)
    for (const along of columns.taps) {
      const points = cell(given, top + down, left + along),
        r = rows.cells[top + down],
        c = columns.cells[left + along];
      polygon(points, WINDOW + "88", WINDOW);
      text(points, Math.min(r, c) >= 0 ? inputAt(r, c) : 0, true);
    }
  const whole = cell(given, top, left, rows.taps.at(-1) + 1, columns.taps.at(-1) + 1),
    making = cell(made, row, column);
  whole.forEach((point, k) =>
    parts.push(
      `<line x1="${point[0]}" y1="${point[1]}" x2="${making[k][0]}" y2="${making[k][1]}" stroke="var(--edge)"/>`,
    ),
  );
  for (let n = 0; n <= state.frame; n++) {
    const r = Math.floor(n / columns.size),
      c = n % columns.size;
    polygon(cell(made, r, c), n === state.frame ? MAKING : MADE, "var(--edge)");
    text(cell(made, r, c), valueOf(windowOf(rows, columns, r, c)), true);
  }
  const stage = byId("stage");
  stage.setAttribute("viewBox", `0 0 ${width.toFixed(0)} ${height.toFixed(0)}`);
  stage.innerHTML = parts.join("");
  const lines = [
    `${state.input.join(" x ")} to ${rows.size} x ${columns.size}`,
    formula(state.kind, axisOf(1), columns.size),
  ];
  if (!byId("square").checked) lines.splice(1, 0, `rows: ${formula(state.kind, axisOf(0), rows.size).split("\n")[0]}`);
  if (byId("numbers").checked) {
    const terms = windowOf(rows, columns, row, column),
      value = valueOf(terms);
    const kernel = rows.taps.map((_, i) => columns.taps.map((_, j) => kernelAt(i, j)).join(" ")).join(" / ");
    if (state.kind !== "pooling") lines.push(`kernel ${kernel}${state.kind === "transposed" ? ", flipped" : ""}`);
    lines.push(
      state.kind === "pooling"
        ? `max(${terms.map(t => t[0]).join(", ")}) = ${value}`
        : `${
            terms
              .filter(t => t[0] && t[1])
              .map(t => t.join("·"))
              .join(" + ") || 0
          } = ${value}`,
    );
  }
  byId("formula").textContent = lines.join("\n");
  byId("call").textContent = call();
}

// Controls

function build() {
  const box = byId("sliders");
  box.innerHTML = "";
  const square = byId("square").checked;
  for (const name in NAMES) {
    if (name === "output_padding" && state.kind !== "transposed") continue;
    for (const place of square ? [0] : [0, 1]) {
      const shown = name.replace("_", " ") + (square ? "" : place ? ", columns" : ", rows");
      const label = document.createElement("label");
      label.innerHTML = `<span>${shown}</span><input type="range" min="${NAMES[name][0]}" max="${NAMES[name][1]}" value="${state[name][place]}" data-name="${name}" data-place="${place}"><output>${state[name][place]}</output>`;
      label.querySelector("input").addEventListener("input", event => {
        const value = Number(event.target.value);
        label.querySelector("output").textContent = value;
        state[name][place] = value;
        if (byId("square").checked) state[name][1] = value;
        state.frame = 0;
        draw();
      });
      box.append(label);
    }
  }
}

function choose(name) {
  const transposed = name.endsWith("_transposed");
  if (name === "dilation") {
    set("convolution", [7, 3, 1, 0], 2, 0);
    return;
  }
  const [input, kernel, stride, padding] = CASES[name.replace("_transposed", "")];
  if (!transposed) {
    set("convolution", [input, kernel, stride, padding], 1, 0);
    return;
  }
  const room = input + 2 * padding - kernel;
  set("transposed", [Math.floor(room / stride) + 1, kernel, stride, padding], 1, room % stride);
}

function set(kind, [input, kernel, stride, padding], dilation, extra) {
  Object.assign(state, {
    kind,
    frame: 0,
    input: [input, input],
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: [padding, padding],
    dilation: [dilation, dilation],
    output_padding: [extra, extra],
  });
  byId("kind").value = kind;
  byId("square").checked = true;
  build();
  draw();
}

for (const name of [...Object.keys(CASES), ...Object.keys(CASES).map(name => name + "_transposed"), "dilation"]) {
  const option = document.createElement("option");
  option.value = name;
  option.textContent = name.replaceAll("_", " ");
  byId("case").append(option);
}
byId("case").addEventListener("change", event => {
  if (event.target.value) choose(event.target.value);
});
byId("kind").addEventListener("change", event => {
  state.kind = event.target.value;
  state.frame = 0;
  build();
  draw();
});
byId("square").addEventListener("change", event => {
  if (event.target.checked) for (const name in NAMES) state[name][1] = state[name][0];
  build();
  draw();
});
byId("numbers").addEventListener("change", draw);
byId("frame").addEventListener("input", event => {
  state.frame = Number(event.target.value);
  pause(true);
  draw();
});
byId("toggle").addEventListener("click", () => pause(state.playing));
byId("copy").addEventListener("click", () => navigator.clipboard?.writeText(byId("call").textContent));
function pause(stop) {
  state.playing = !stop;
  byId("toggle").textContent = stop ? "play" : "pause";
}
setInterval(() => {
  if (!state.playing || byId("error").textContent) return;
  state.frame = (state.frame + 1) % (Number(byId("frame").max) + 1);
  draw();
}, 700);

// The layer that the address names, as in conv.html#kind=transposed&input=4&kernel=4&stride=2&padding=1
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)),
    kind = given.get("kind");
  if (![...byId("kind").options].some(option => option.value === kind)) return;
  state.kind = byId("kind").value = kind;
  for (const [name, [least, most, usual]] of Object.entries(NAMES)) {
    const values = (given.get(name) ?? `${usual}`)
      .split(",")
      .map(value => Math.min(most, Math.max(least, Math.round(Number(value)) || 0)));
    state[name] = [values[0], values.at(-1)];
  }
  byId("square").checked = Object.keys(NAMES).every(name => state[name][0] === state[name][1]);
  state.frame = 0;
}
addEventListener("hashchange", () => {
  fromAddress();
  build();
  draw();
});
fromAddress();
build();
draw();
