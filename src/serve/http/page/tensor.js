// Shapes and values of tensors as the API writes them: row-major, -1 for any size.

export const FLOATS = ['FP16', 'FP32', 'FP64', 'BF16'];

/** The shape with every open dimension set to one. */
export function oneOf(shape) {
  return shape.map((dim) => (dim < 0 ? 1 : dim));
}

export function elementCount(shape) {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** "[N,28,28,1]". */
export function shapeText(shape) {
  return '[' + shape.map((dim, axis) => (dim >= 0 ? dim : axis === 0 ? 'N' : '?')).join(',') + ']';
}

/** The shape of nested arrays; null where their lengths differ. */
export function shapeOf(value) {
  if (!Array.isArray(value)) return [];
  if (value.length === 0) return [0];
  const inner = shapeOf(value[0]);
  const same = inner && value.every((item) => JSON.stringify(shapeOf(item)) === JSON.stringify(inner));
  return same ? [value.length, ...inner] : null;
}

/** A nested array of that shape holding one value. */
export function filled(shape, value) {
  if (shape.length === 0) return value;
  return Array.from({ length: shape[0] }, () => filled(shape.slice(1), value));
}

export function zeroOf(datatype) {
  if (datatype === 'BYTES') return '';
  return datatype === 'BOOL' ? false : 0;
}

// A grey digit without an axis for its channel: [N,28,28] or [N,784].
function digitLayout(shape) {
  const rest = shape.slice(1).join();
  return rest === '28,28' || rest === '784' ? { height: 28, width: 28, channels: 1, first: false, shape: [1, ...shape.slice(1)] } : null;
}

/** Where an image's pixels go: {height, width, channels, first, shape?}; `first`: channels before rows. Null: not an image. */
export function imageLayout(input) {
  const { shape, datatype } = input;
  if (shape[0] > 1 || !(FLOATS.includes(datatype) || datatype === 'UINT8')) return null;
  if (shape.length !== 4) return digitLayout(shape);
  const fits = (dim) => dim === -1 || (dim >= 8 && dim <= 4096);
  const isColour = (dim) => dim === 1 || dim === 3;
  if (isColour(shape[3]) && fits(shape[1]) && fits(shape[2])) {
    return { height: shape[1], width: shape[2], channels: shape[3], first: false };
  }
  if (isColour(shape[1]) && fits(shape[2]) && fits(shape[3])) {
    return { height: shape[2], width: shape[3], channels: shape[1], first: true };
  }
  return null;
}

/** Canvas pixels to a flat tensor in the layout's order; `range` is 'unit', 'byte' or 'signed'. */
export function pixelsToTensor(pixels, layout, range) {
  const plane = pixels.width * pixels.height;
  const data = new Array(plane * layout.channels);
  const scale = { unit: (v) => Math.round((v / 255) * 1e6) / 1e6, byte: (v) => v, signed: (v) => Math.round((v / 127.5 - 1) * 1e6) / 1e6 }[range];
  for (let i = 0; i < plane; i++) {
    const [red, green, blue] = pixels.data.slice(4 * i, 4 * i + 3);
    const colours = layout.channels === 3 ? [red, green, blue] : [Math.round(0.299 * red + 0.587 * green + 0.114 * blue)];
    colours.forEach((value, channel) => {
      data[layout.first ? channel * plane + i : i * layout.channels + channel] = scale(value);
    });
  }
  const { height, width } = pixels;
  const shape = layout.first ? [1, layout.channels, height, width] : [1, height, width, layout.channels];
  return { shape: layout.shape || shape, data };
}
