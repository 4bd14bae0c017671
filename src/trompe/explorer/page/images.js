// @ts-check
/** Images as arrays, on canvases, from files. A shape is channels, height, width. */

/** @typedef {number[]} Shape */

/** @param {Shape} shape */
export const sizeOf = shape => shape.reduce((product, one) => product * one, 1);

/** @param {Uint8Array} bytes @returns {Float32Array} in [0, 1] */
export const toFloats = bytes => Float32Array.from(bytes, level => level / 255);

/** @param {Float32Array} values in [0, 1] @returns {Uint8Array} */
export const toBytes = values => Uint8Array.from(values, value => Math.round(255 * Math.min(1, Math.max(0, value))));

/**
 * An image of several as what a canvas takes.
 * @param {Uint8Array} bytes @param {Shape} shape
 */
export function imageData(bytes, [channels, height, width], index = 0) {
  const data = new ImageData(width, height),
    plane = height * width,
    start = index * channels * plane;
  for (let place = 0; place < plane; place++) {
    for (let channel = 0; channel < 3; channel++)
      data.data[4 * place + channel] = bytes[start + Math.min(channel, channels - 1) * plane + place];
    data.data[4 * place + 3] = 255;
  }
  return data;
}

/** Small images keep their pixels when they are enlarged. @param {Shape} shape */
export const isSmall = shape => shape[1] <= 40;

/**
 * Draw one image so that it fills a canvas, whose size is the image's own.
 * @param {HTMLCanvasElement} canvas @param {Uint8Array} bytes @param {Shape} shape
 */
export function paint(canvas, bytes, shape, index = 0) {
  const data = imageData(bytes, shape, index);
  if (canvas.width !== data.width || canvas.height !== data.height)
    [canvas.width, canvas.height] = [data.width, data.height];
  canvas.classList.toggle("pixels", isSmall(shape));
  context(canvas).putImageData(data, 0, 0);
}

/**
 * Draw all images as a grid, its rows from the top.
 * @param {HTMLCanvasElement} canvas @param {Uint8Array} bytes @param {Shape} shape @param {number} columns
 */
export function paintGrid(canvas, bytes, shape, columns, gap = 1) {
  const [, height, width] = shape,
    count = bytes.length / sizeOf(shape),
    rows = Math.ceil(count / columns);
  canvas.width = columns * (width + gap) - gap;
  canvas.height = rows * (height + gap) - gap;
  canvas.classList.toggle("pixels", isSmall(shape));
  for (let index = 0; index < count; index++) {
    const x = (index % columns) * (width + gap),
      y = Math.floor(index / columns) * (height + gap);
    context(canvas).putImageData(imageData(bytes, shape, index), x, y);
  }
}

/** @param {HTMLCanvasElement} canvas */
export function context(canvas) {
  const found = canvas.getContext("2d", { willReadFrequently: true });
  if (!found) throw new Error("this browser has no canvas");
  return found;
}

/**
 * An image file, or another source of pixels, cropped to a shape's proportions and brought to its size: halved until
 * it is less than twice as large, so that every pixel counts.
 * @param {Blob | HTMLCanvasElement} source @param {Shape} shape
 * @returns {Promise<Float32Array>}
 */
export async function read(source, shape) {
  const bitmap = await createImageBitmap(source).catch(() => {
    throw new Error("this file cannot be read as an image");
  });
  const [channels, height, width] = shape,
    scale = Math.min(bitmap.width / width, bitmap.height / height);
  const crop = [width * scale, height * scale];
  let canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(width, Math.round(crop[0])), Math.max(height, Math.round(crop[1]))];
  context(canvas).drawImage(
    bitmap,
    (bitmap.width - crop[0]) / 2,
    (bitmap.height - crop[1]) / 2,
    crop[0],
    crop[1],
    0,
    0,
    canvas.width,
    canvas.height,
  );
  while (canvas.width > width || canvas.height > height) {
    const smaller = document.createElement("canvas");
    smaller.width = Math.max(width, Math.ceil(canvas.width / 2));
    smaller.height = Math.max(height, Math.ceil(canvas.height / 2));
    const drawn = context(smaller);
    drawn.imageSmoothingQuality = "high";
    drawn.drawImage(canvas, 0, 0, smaller.width, smaller.height);
    canvas = smaller;
  }
  const { data } = context(canvas).getImageData(0, 0, width, height),
    plane = height * width;
  const image = new Float32Array(channels * plane);
  for (let place = 0; place < plane; place++) {
    const [red, green, blue] = data.subarray(4 * place, 4 * place + 3);
    if (channels === 1) image[place] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
    else [red, green, blue].forEach((level, channel) => (image[channel * plane + place] = level / 255));
  }
  return image;
}

/** Save a canvas or a blob as a file. @param {HTMLCanvasElement | Blob} what @param {string} name */
export async function save(what, name) {
  const blob = what instanceof Blob ? what : await new Promise(done => what.toBlob(done, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
