// A square to draw a digit on, with mouse, finger, pen or keyboard, and its reduction to the 28 by 28 pixels of MNIST.
import { element } from './dom.js';

const SIZE = 280;
const DIGIT = 28;
const INNER = 20; // MNIST: the digit fits 20 by 20, and its centre of mass lies in the middle of 28 by 28

function newCanvas(width, height) {
  const canvas = element('canvas', { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  return { canvas, context };
}

/** The bounding box of what is not black; null for an empty square. */
function inkBox(pixels) {
  let [left, top, right, bottom] = [pixels.width, pixels.height, -1, -1];
  for (let y = 0; y < pixels.height; y++) {
    for (let x = 0; x < pixels.width; x++) {
      if (pixels.data[4 * (y * pixels.width + x)] < 16) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function centreOfMass(pixels) {
  let [mass, x, y] = [0, 0, 0];
  for (let i = 0; i < pixels.width * pixels.height; i++) {
    const ink = pixels.data[4 * i];
    mass += ink;
    x += ink * (i % pixels.width);
    y += ink * Math.floor(i / pixels.width);
  }
  return { x: x / mass + 0.5, y: y / mass + 0.5 };
}

// Halving in steps averages all pixels; one big step would skip most of them.
function scaleDown(source, box, width, height) {
  let current = newCanvas(box.width, box.height);
  current.context.drawImage(source, box.left, box.top, box.width, box.height, 0, 0, box.width, box.height);
  while (current.canvas.width > 2 * width || current.canvas.height > 2 * height) {
    const next = newCanvas(Math.max(width, Math.ceil(current.canvas.width / 2)), Math.max(height, Math.ceil(current.canvas.height / 2)));
    next.context.drawImage(current.canvas, 0, 0, next.canvas.width, next.canvas.height);
    current = next;
  }
  const last = newCanvas(width, height);
  last.context.imageSmoothingQuality = 'high';
  last.context.drawImage(current.canvas, 0, 0, width, height);
  return last;
}

/** 28 by 28 pixels as MNIST has them, from a drawing in white on black. */
export function toMnist(canvas) {
  const whole = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const digit = newCanvas(DIGIT, DIGIT);
  const box = inkBox(whole);
  if (box) {
    const ratio = INNER / Math.max(box.width, box.height);
    const width = Math.max(1, Math.round(box.width * ratio));
    const height = Math.max(1, Math.round(box.height * ratio));
    const small = scaleDown(canvas, box, width, height);
    const centre = centreOfMass(small.context.getImageData(0, 0, width, height));
    digit.context.drawImage(small.canvas, Math.round(DIGIT / 2 - centre.x), Math.round(DIGIT / 2 - centre.y));
  }
  return digit.context.getImageData(0, 0, DIGIT, DIGIT);
}

function drawWithPointer(canvas, lineTo) {
  const place = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [((event.clientX - frame.left) * SIZE) / frame.width, ((event.clientY - frame.top) * SIZE) / frame.height];
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    lineTo(...place(event), true);
    event.preventDefault();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) lineTo(...place(event), false);
  });
}

function drawWithKeys(canvas, lineTo) {
  const steps = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
  let [x, y] = [SIZE / 2, SIZE / 4];
  canvas.addEventListener('keydown', (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    if (event.shiftKey) lineTo(x, y, true);
    x = Math.min(SIZE, Math.max(0, x + step[0]));
    y = Math.min(SIZE, Math.max(0, y + step[1]));
    if (event.shiftKey) lineTo(x, y, false);
  });
}

/** A drawing square: {node, pixels(), clear()}. */
export function drawingPad(label) {
  const { canvas, context } = newCanvas(SIZE, SIZE);
  canvas.className = 'pad';
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', label + ': draw a digit; arrow keys move, with Shift they draw');
  const preview = newCanvas(DIGIT, DIGIT);
  preview.canvas.className = 'preview';
  preview.canvas.setAttribute('aria-hidden', 'true');
  const showPreview = () => preview.context.putImageData(toMnist(canvas), 0, 0);
  let last = null;
  const lineTo = (x, y, starts) => {
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.lineWidth = 22;
    context.strokeStyle = '#fff';
    context.beginPath();
    context.moveTo(...(starts || !last ? [x, y] : last));
    context.lineTo(x, y);
    context.stroke();
    last = [x, y];
    showPreview();
  };
  drawWithPointer(canvas, lineTo);
  drawWithKeys(canvas, lineTo);
  const clear = () => {
    context.fillRect(0, 0, SIZE, SIZE);
    showPreview();
  };
  const erase = element('button', { type: 'button', onclick: clear }, 'Clear');
  const seen = element('div', { className: 'quiet' }, preview.canvas, element('div', {}, 'what the model sees'), erase);
  return { node: element('div', { className: 'row' }, canvas, seen), pixels: () => toMnist(canvas), clear };
}
