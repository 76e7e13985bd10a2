// Elements without markup strings: whatever a model is called, it stays text.

/** An element with properties and children; strings become text nodes. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('aria-') || name === 'role' || name === 'scope') node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Writes the text to the clipboard; where the browser keeps that for secure origins, by a selection. */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = element('textarea', { value: text, readOnly: true });
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
