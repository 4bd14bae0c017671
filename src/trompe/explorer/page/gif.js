// @ts-check
/**
 * Animated GIFs. Each frame has its own palette: its very colors where they are at most 256, else those of median cut.
 */

const MOST_COLORS = 256;
const MOST_CODES = 4096;

/**
 * Frames of one size, repeated without end. A frame that comes again is compressed once.
 * @param {ImageData[]} frames @param {number} delay of each, in hundredths of a second
 * @returns {Promise<Blob>}
 */
export async function gif(frames, delay) {
  const { width, height } = frames[0];
  /** @type {Map<ImageData, Uint8Array>} */
  const blocks = new Map();
  for (const frame of frames) {
    if (blocks.has(frame)) continue;
    blocks.set(frame, imageBlock(frame));
    await new Promise(done => setTimeout(done)); // the page goes on meanwhile
  }
  const screen = [...text("GIF89a"), ...short(width), ...short(height), 0, 0, 0];
  const repeated = [0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, ...short(0), 0];
  const timed = [0x21, 0xf9, 4, 0, ...short(delay), 0, 0];
  const parts = frames.flatMap(frame => [Uint8Array.from(timed), /** @type {Uint8Array} */ (blocks.get(frame))]);
  const all = [Uint8Array.from([...screen, ...repeated]), ...parts, Uint8Array.of(0x3b)];
  return new Blob(/** @type {BlobPart[]} */ (all), { type: "image/gif" });
}

/** @param {string} one */
const text = one => Array.from(one, letter => letter.charCodeAt(0));
/** @param {number} value */
const short = value => [value & 255, value >> 8];

/** A frame's place, palette and compressed pixels. @param {ImageData} frame */
function imageBlock(frame) {
  const { palette, indices } = quantized(frame),
    bits = Math.max(2, Math.ceil(Math.log2(palette.length)));
  const colors = new Uint8Array(3 * 2 ** bits);
  palette.forEach((color, place) => colors.set(color, 3 * place));
  const head = [0x2c, 0, 0, 0, 0, ...short(frame.width), ...short(frame.height), 0x80 | (bits - 1)];
  const packed = compressed(indices, bits),
    chunks = [Uint8Array.from(head), colors, Uint8Array.of(bits)];
  for (let start = 0; start < packed.length; start += 255) {
    const chunk = packed.subarray(start, start + 255);
    chunks.push(Uint8Array.of(chunk.length), chunk);
  }
  chunks.push(Uint8Array.of(0));
  const block = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  chunks.reduce((place, chunk) => (block.set(chunk, place), place + chunk.length), 0);
  return block;
}

/**
 * At most 256 colors for an image, and which of them each pixel has.
 * @param {ImageData} image
 */
export function quantized({ data }) {
  const colors = new Uint32Array(data.length / 4).map(
    (_, pixel) => (data[4 * pixel] << 16) | (data[4 * pixel + 1] << 8) | data[4 * pixel + 2],
  );
  /** How many pixels have each color. @type {Map<number, number>} */
  const counts = new Map();
  for (const color of colors) counts.set(color, (counts.get(color) ?? 0) + 1);
  const boxes = cut([...counts.keys()], counts);
  /** @type {Map<number, number>} */
  const places = new Map();
  boxes.forEach((box, place) => box.forEach(color => places.set(color, place)));
  const indices = Uint8Array.from(colors, color => /** @type {number} */ (places.get(color)));
  return { palette: boxes.map(box => mean(box, counts)), indices };
}

/**
 * Colors in at most 256 boxes: again and again, the box whose pixels spread most is cut at the median of its widest
 * channel.
 * @param {number[]} colors @param {Map<number, number>} counts
 */
function cut(colors, counts) {
  const boxes = [spreadOf(colors, counts)];
  while (boxes.length < MOST_COLORS) {
    const widest = boxes.reduce((best, box, place) => (box.spread > boxes[best].spread ? place : best), 0);
    const { colors, shift, count, spread } = boxes[widest];
    if (!spread) break;
    colors.sort((a, b) => ((a >> shift) & 255) - ((b >> shift) & 255));
    let at = 0;
    for (let below = 0; at < colors.length - 1 && (at === 0 || below < count / 2); at++)
      below += counts.get(colors[at]) ?? 0;
    boxes.splice(widest, 1, spreadOf(colors.slice(0, at), counts), spreadOf(colors.slice(at), counts));
  }
  return boxes.map(box => box.colors);
}

/**
 * A box, with the channel in which it is widest, and how far its pixels are from each other in all.
 * @param {number[]} colors @param {Map<number, number>} counts
 */
function spreadOf(colors, counts) {
  const ranges = [16, 8, 0].map(shift => {
    let least = 255,
      most = 0;
    for (const color of colors) {
      least = Math.min(least, (color >> shift) & 255);
      most = Math.max(most, (color >> shift) & 255);
    }
    return most - least;
  });
  const widest = ranges.indexOf(Math.max(...ranges));
  const count = colors.reduce((sum, color) => sum + (counts.get(color) ?? 0), 0);
  return { colors, shift: 16 - 8 * widest, count, spread: ranges[widest] ** 2 * Math.sqrt(count) };
}

/** @param {number[]} colors @param {Map<number, number>} counts */
function mean(colors, counts) {
  let total = 0;
  const sums = [0, 0, 0];
  for (const color of colors) {
    const count = counts.get(color) ?? 0;
    total += count;
    [16, 8, 0].forEach((shift, channel) => (sums[channel] += count * ((color >> shift) & 255)));
  }
  return sums.map(sum => Math.round(sum / total));
}

/**
 * Variable-length LZW codes, the lowest bit first.
 * @param {Uint8Array} indices @param {number} bits of an index
 */
function compressed(indices, bits) {
  const clear = 2 ** bits,
    end = clear + 1;
  /** @type {number[]} */
  const bytes = [];
  let held = 0,
    holds = 0,
    size = bits + 1,
    next = end + 1;
  /** The code of each known sequence: of another known one, and an index. @type {Map<number, number>} */
  const codes = new Map();
  const put = (/** @type {number} */ code) => {
    held |= code << holds;
    for (holds += size; holds >= 8; holds -= 8, held >>>= 8) bytes.push(held & 255);
  };
  put(clear);
  let sequence = indices[0];
  for (const index of indices.subarray(1)) {
    const longer = (sequence << 8) | index,
      known = codes.get(longer);
    if (known !== undefined) {
      sequence = known;
      continue;
    }
    put(sequence);
    if (next < MOST_CODES) {
      if (next === 2 ** size) size++;
      codes.set(longer, next++);
    } else {
      put(clear);
      codes.clear();
      [size, next] = [bits + 1, end + 1];
    }
    sequence = index;
  }
  put(sequence);
  if (next === 2 ** size && size < 12) size++; // the decoder has added one more
  put(end);
  if (holds) bytes.push(held & 255);
  return Uint8Array.from(bytes);
}
