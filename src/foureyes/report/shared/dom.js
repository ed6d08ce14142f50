// The one way things get into the page: elements made here, with text as text. No markup is ever parsed.

/** An element. `props` sets attributes; `class`, `text`, `on…` and `dataset` mean what they say; null leaves one out. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "style") for (const [key, entry] of Object.entries(value)) node.style.setProperty(key, entry);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Replaces what is in a node, but only if `key` changed, so that a live page does not disturb a reader. */
export function fill(node, key, make) {
  const mark = JSON.stringify(key);
  if (node.dataset.shown === mark) return;
  node.dataset.shown = mark;
  node.replaceChildren(...[make()].flat().filter((child) => child !== null));
}

/** Says something to a screen reader. */
export function say(words) {
  byId("said").textContent = words;
}
