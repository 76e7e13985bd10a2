// One form part for each input of a signature. A part is {way, node, read()}; read() gives {shape, data} or throws an Error
// whose text is for the person.
import { element } from './dom.js';
import { drawingPad } from './pad.js';
import { FLOATS, elementCount, filled, imageLayout, oneOf, pixelsToTensor, shapeOf, shapeText, zeroOf } from './tensor.js';

const MOST_NUMBERS = 64;

function rangeChoice(input) {
  if (!FLOATS.includes(input.datatype)) return { node: element('span'), value: () => 'byte' };
  const select = element('select', {},
    element('option', { value: 'unit' }, '0 to 1'),
    element('option', { value: 'byte' }, '0 to 255'),
    element('option', { value: 'signed' }, '-1 to 1'));
  return { node: element('label', { className: 'quiet' }, 'values from black to white: ', select), value: () => select.value };
}

function drawingPart(input, layout) {
  const pad = drawingPad(input.name);
  const range = rangeChoice(input);
  return {
    way: 'Draw',
    node: element('div', {}, pad.node, range.node),
    read: async () => pixelsToTensor(pad.pixels(), layout, range.value()),
  };
}

async function filePixels(file, layout) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error('this file is not an image that the browser can read');
  });
  const width = layout.width < 0 ? bitmap.width : layout.width;
  const height = layout.height < 0 ? bitmap.height : layout.height;
  const canvas = element('canvas', { width, height });
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function imagePart(input, layout) {
  const chooser = element('input', { type: 'file', accept: 'image/*' });
  const range = rangeChoice(input);
  const size = layout.width < 0 ? 'its own size' : `${layout.width} by ${layout.height} pixels`;
  return {
    way: 'Image',
    node: element('div', {}, element('p', {}, element('label', {}, 'image file ', chooser)),
      element('p', { className: 'quiet' }, `scaled to ${size}, ${layout.channels === 3 ? 'colour' : 'grey'}`), range.node),
    read: async () => {
      if (chooser.files.length === 0) throw new Error('choose an image file');
      return pixelsToTensor(await filePixels(chooser.files[0], layout), layout, range.value());
    },
  };
}

function readField(field, input) {
  if (input.datatype === 'BYTES') return field.value;
  if (input.datatype === 'BOOL') return field.checked;
  const text = field.value.trim();
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) {
    field.focus();
    throw new Error(`"${field.value}" is not a number`);
  }
  return value;
}

function numbersPart(input) {
  const shape = oneOf(input.shape);
  const type = { BYTES: 'text', BOOL: 'checkbox' }[input.datatype] || 'text';
  const fields = Array.from({ length: elementCount(shape) }, () =>
    element('input', { type, inputMode: input.datatype === 'BYTES' ? 'text' : 'decimal', value: type === 'checkbox' ? 'on' : String(zeroOf(input.datatype)) }));
  const labels = fields.map((field, index) => element('label', {}, `${input.name}[${index}]`, field));
  return {
    way: input.datatype === 'BYTES' ? 'Text' : 'Numbers',
    node: element('div', { className: 'numbers' }, ...labels),
    read: async () => ({ shape, data: fields.map((field) => readField(field, input)) }),
  };
}

function parseTensor(text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Error('not JSON: ' + error.message);
  }
  const shape = shapeOf(data);
  if (shape === null) throw new Error('rows of different lengths');
  return { shape, data: shape.length === 0 ? [data] : data };
}

function jsonPart(input) {
  const shape = oneOf(input.shape);
  const small = elementCount(shape) <= 4096;
  const area = element('textarea', { spellcheck: false, value: small ? JSON.stringify(filled(shape, zeroOf(input.datatype))) : '' });
  area.setAttribute('aria-label', input.name + ' as JSON');
  return {
    way: 'JSON',
    node: element('div', {}, element('p', { className: 'quiet' }, 'nested arrays of shape ' + shapeText(input.shape)), area),
    read: async () => parseTensor(area.value),
  };
}

function partsOf(input) {
  const parts = [];
  const layout = imageLayout(input);
  const isDigit = layout && layout.channels === 1 && layout.width === 28 && layout.height === 28;
  if (isDigit) parts.push(drawingPart(input, layout));
  if (layout) parts.push(imagePart(input, layout));
  if (elementCount(oneOf(input.shape)) <= MOST_NUMBERS) parts.push(numbersPart(input));
  parts.push(jsonPart(input));
  return parts;
}

/** A fieldset for one input, and read(): the input as the API wants it. */
export function inputForm(input, index) {
  const parts = partsOf(input);
  let chosen = parts[0];
  const ways = parts.map((part) => element('label', {}, element('input', {
    type: 'radio', name: 'way-' + index, value: part.way, checked: part === chosen,
    onchange: () => {
      chosen = part;
      parts.forEach((other) => { other.node.hidden = other !== chosen; });
    },
  }), part.way));
  parts.forEach((part) => { part.node.hidden = part !== chosen; });
  const node = element('fieldset', {},
    element('legend', {}, `${input.name} `, element('span', { className: 'quiet' }, input.datatype + ' ' + shapeText(input.shape))),
    element('div', { className: 'ways', role: 'radiogroup', 'aria-label': 'how to give ' + input.name }, ...ways),
    ...parts.map((part) => part.node));
  return {
    node,
    read: async () => {
      try {
        return { name: input.name, datatype: input.datatype, ...(await chosen.read()) };
      } catch (error) {
        throw new Error(`${input.name}: ${error.message}`);
      }
    },
  };
}
