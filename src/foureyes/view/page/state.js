// What is shown, as it stands in the address after #, so that a link to a row can be sent.

const DEFAULTS = {
  file: "0",
  verifier: "0",
  with: "",
  sort: "",
  by: "value",
  order: "worst",
  label: "",
  text: "",
  signal_min: "",
  signal_max: "",
  min_tokens: "",
  max_tokens: "",
  offset: "0",
  row: "",
};

/** Those that decide which rows are listed. */
export const FILTERS = ["label", "text", "signal_min", "signal_max", "min_tokens", "max_tokens"];

/** @returns {typeof DEFAULTS} */
export function stateOfAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const names = Object.keys(DEFAULTS).filter((name) => given.has(name));
  return { ...DEFAULTS, ...Object.fromEntries(names.map((name) => [name, given.get(name)])) };
}

/**
 * Writes a state into the address.
 * @param {typeof DEFAULTS} state
 * @param {boolean} step whether the browser's Back leads to what was shown before
 */
export function rememberState(state, step) {
  const kept = Object.entries(state).filter(([name, value]) => value !== DEFAULTS[name]);
  const address = `#${new URLSearchParams(kept)}`;
  if (address === (location.hash || "#")) return;
  if (step) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/** The parameters of /api/rows. */
export function rowsQuery(state, limit) {
  const { row: _, ...asked } = state;
  return new URLSearchParams(Object.entries({ ...asked, limit: String(limit) }).filter(([, value]) => value !== ""));
}

/** [file, verifier] of what stands beside, or null. */
export function beside(state) {
  return /^\d+:\d+$/.test(state.with) ? state.with.split(":").map(Number) : null;
}
