// An answer as bars, numbers, JSON and the curl line that gives it again.
import { byId, element } from './dom.js';
import { elementCount, shapeText } from './tensor.js';

const MOST_BARS = 20;
const MOST_NUMBERS = 200;
const LONGEST_CURL = 16 * 1024;
const SVG = 'http://www.w3.org/2000/svg';

function numberText(value) {
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

// Widths are attributes of SVG rectangles: the page's policy allows no inline style.
function bar(fraction) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 100 10');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const rectangle = document.createElementNS(SVG, 'rect');
  rectangle.setAttribute('height', '10');
  rectangle.setAttribute('width', String(Math.max(0.5, 100 * fraction)));
  svg.append(rectangle);
  return svg;
}

/** Which classes to show, and how long their bars are. */
function scoredClasses(values) {
  const classes = values.map((value, index) => ({ value, index }));
  const best = classes.reduce((a, b) => (b.value > a.value ? b : a));
  const shown = classes.length <= MOST_BARS ? classes : [...classes].sort((a, b) => b.value - a.value).slice(0, MOST_BARS);
  const isProbability = values.every((value) => value >= 0 && value <= 1);
  const low = isProbability ? 0 : Math.min(0, ...values);
  const high = isProbability ? 1 : Math.max(...values);
  return { best, rows: shown.map((row) => ({ ...row, fraction: high > low ? (row.value - low) / (high - low) : 0 })) };
}

function barTable(values, labels) {
  const { best, rows } = scoredClasses(values);
  const nameOf = (row) => (labels && labels[row.index] !== undefined ? labels[row.index] : String(row.index));
  const lines = rows.map((row) => element('tr', { className: row.index === best.index ? 'best' : '' },
    element('th', { scope: 'row' }, nameOf(row)), element('td', { className: 'track' }, bar(row.fraction)),
    element('td', {}, numberText(row.value))));
  const more = values.length > rows.length ? ` (${rows.length} highest of ${values.length})` : '';
  return element('div', {},
    element('p', { className: 'highest' }, 'Highest: ', element('strong', {}, nameOf(best)), `, ${numberText(best.value)}${more}`),
    element('table', { className: 'bars' }, element('tbody', {}, ...lines)));
}

function isScores(output) {
  const classes = output.shape[output.shape.length - 1];
  const isFlat = elementCount(output.shape) === classes;
  return isFlat && classes > 1 && output.data.every((value) => typeof value === 'number');
}

function outputView(output, labels) {
  const title = element('h3', {}, output.name + ' ', element('span', { className: 'quiet' }, output.datatype + ' ' + shapeText(output.shape)));
  if (isScores(output)) return element('div', {}, title, barTable(output.data, labels));
  const shown = output.data.slice(0, MOST_NUMBERS).map(numberText).join(', ');
  return element('div', {}, title, element('pre', {}, shown + (output.data.length > MOST_NUMBERS ? ', …' : '')));
}

function shellQuoted(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'";
}

/** The curl line; a long request goes by a file, which the page offers. */
export function curlLine(url, body) {
  const data = body.length <= LONGEST_CURL ? shellQuoted(body) : '@request.json';
  return `curl -s ${shellQuoted(url)} -H 'Content-Type: application/json' -d ${data}`;
}

function showRequest(url, body) {
  byId('curl').textContent = curlLine(url, body);
  const link = byId('request-file');
  link.hidden = body.length <= LONGEST_CURL;
  if (link.href) URL.revokeObjectURL(link.href);
  if (!link.hidden) link.href = URL.createObjectURL(new Blob([body], { type: 'application/json' }));
}

/** Shows what came back: `answer` is {ok, status, text, milliseconds}. */
export function showAnswer(model, url, body, answer) {
  let json = null;
  try {
    json = JSON.parse(answer.text);
  } catch {
    // Bare NaN and Infinity are legal in answers of this API and not in the browser's JSON: the text is shown as it came.
  }
  const note = byId('answer-note');
  note.className = answer.ok ? '' : 'bad';
  const problem = json && json.error ? json.error : `status ${answer.status}`;
  note.textContent = answer.ok ? `${model.name}, version ${model.version}: ${answer.milliseconds.toFixed(1)} ms` : problem;
  const labels = Object.fromEntries(model.outputs.map((output) => [output.name, output.labels]));
  const outputs = answer.ok && json && json.outputs ? json.outputs : [];
  byId('outputs').replaceChildren(...outputs.map((output) => outputView(output, labels[output.name])));
  byId('json').textContent = json ? JSON.stringify(json, null, 1) : answer.text;
  showRequest(url, body);
  byId('copy').textContent = 'Copy';
  byId('answer').hidden = false;
  byId('answer-title').focus();
}
