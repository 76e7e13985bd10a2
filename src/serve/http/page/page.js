// The page: a list of models, a form for the chosen one, its answer.
import { showAnswer } from './answer.js';
import { byId, copyText, element } from './dom.js';
import { inputForm } from './inputs.js';
import { shapeText } from './tensor.js';

let chosen = ''; // "name:version" of the model whose form is shown

function inferUrl(model) {
  return `${location.origin}/v2/models/${encodeURIComponent(model.name)}/versions/${model.version}/infer`;
}

async function send(url, body) {
  const start = performance.now();
  const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const text = await response.text();
  return { ok: response.ok, status: response.status, text, milliseconds: performance.now() - start };
}

function showProblem(text) {
  byId('form-note').textContent = text;
}

async function submit(model, forms, button) {
  button.disabled = true;
  showProblem('');
  try {
    const inputs = await Promise.all(forms.map((form) => form.read()));
    const body = JSON.stringify({ inputs });
    const url = inferUrl(model);
    showAnswer(model, url, body, await send(url, body));
  } catch (error) {
    showProblem(error instanceof TypeError ? 'the server did not answer' : error.message);
  } finally {
    button.disabled = false;
  }
}

function showModel(model) {
  chosen = `${model.name}:${model.version}`;
  byId('model-title').textContent = `${model.name}, version ${model.version}`;
  const forms = model.inputs.map(inputForm);
  const button = element('button', { type: 'submit' }, 'Run');
  byId('form').replaceChildren(...forms.map((form) => form.node),
    element('p', { id: 'form-note', className: 'bad', role: 'alert' }), button);
  byId('form').onsubmit = (event) => {
    event.preventDefault();
    submit(model, forms, button);
  };
  byId('model').hidden = false;
  byId('answer').hidden = true;
  for (const entry of document.querySelectorAll('#models button')) {
    entry.setAttribute('aria-pressed', String(entry.dataset.model === chosen));
  }
}

function signatureText(tensors) {
  return tensors.map((tensor) => `${tensor.name} ${tensor.datatype} ${shapeText(tensor.shape)}`).join(', ');
}

function modelEntry(model) {
  const isReady = model.state === 'READY';
  const key = `${model.name}:${model.version}`;
  const entry = element('button', { type: 'button', disabled: !isReady, 'aria-pressed': String(key === chosen), onclick: () => showModel(model) },
    element('span', { className: 'name' }, model.name), element('span', { className: 'quiet' }, 'version ' + model.version),
    element('span', { className: 'quiet' }, isReady ? `${signatureText(model.inputs)} → ${signatureText(model.outputs)}` : model.reason),
    element('span', { className: isReady ? 'state good' : 'state bad' }, model.state));
  entry.dataset.model = key;
  return element('li', {}, entry);
}

async function refresh() {
  const note = byId('models-note');
  try {
    const response = await fetch('/page/models');
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { models } = await response.json();
    byId('models').replaceChildren(...models.map(modelEntry));
    note.textContent = models.length === 0 ? 'No model is loaded. Load one with: slipway load NAME' : '';
    const again = models.find((model) => `${model.name}:${model.version}` === chosen) || models.find((model) => model.state === 'READY');
    if (again && again.state === 'READY' && byId('model').hidden) showModel(again);
  } catch (error) {
    note.textContent = 'The list of models did not come: ' + error.message;
  }
}

byId('refresh').addEventListener('click', refresh);
byId('copy').addEventListener('click', async () => {
  await copyText(byId('curl').textContent);
  byId('copy').textContent = 'Copied';
});
refresh();
