// Small things a browser remembers for this page; where it may not, they are forgotten with the page.

const held = new Map();

export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return held.get(name) ?? null;
  }
}

export function remember(name, value) {
  held.set(name, value);
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that stores nothing, or no more
  }
}
