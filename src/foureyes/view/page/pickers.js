// What is chosen above the list: file, verifiers, order and filters.

import { byId, el } from "./dom.js";
import { FILTERS } from "./state.js";
import { NO_SIGNAL, orders, valueOf } from "./words.js";

const WAIT_MS = 300;

/**
 * Fills the choices from the files and the state.
 * @param {any} files what /api/file answered
 * @param {Record<string, string>} state
 */
export function drawPickers({ files }, state) {
  const file = files[state.file];
  byId("pick-file").hidden = files.length < 2;
  byId("file-name").hidden = files.length > 1;
  byId("file-name").textContent = file.name;
  options("file", files.map(({ name }, i) => [String(i), name]), state.file);
  options("verifier", file.verifiers.map(({ name }, i) => [String(i), name]), state.verifier);
  byId("pick-verifier").hidden = !file.verifiers.length;
  const others = besides(files, state);
  byId("pick-with").hidden = others.length === 0;
  options("with", [["", "nothing"], ...others], state.with);
  drawFilters(file.verifiers[state.verifier]?.signals ?? [], signalOf({ files }, state), state);
}

/** The signal that the list is sorted by. */
export function signalOf({ files }, state) {
  const signals = files[state.file].verifiers[state.verifier]?.signals ?? [];
  return signals.find(({ name }) => name === state.sort) ?? signals[0] ?? NO_SIGNAL;
}

/**
 * Calls `change` with what a person chose.
 * @param {(chosen: Record<string, string>) => void} change
 */
export function preparePickers(change) {
  for (const name of ["file", "verifier", "with", "sort", "label"]) byId(name).addEventListener("change", (event) => change({ [name]: event.target.value }));
  byId("order").addEventListener("change", (event) => {
    const [by, order] = event.target.value.split(" ");
    change({ by, order });
  });
  for (const name of ["text", "signal_min", "signal_max", "min_tokens", "max_tokens"]) {
    let timer;
    byId(name).addEventListener("input", (event) => {
      clearTimeout(timer);
      if (event.target.validity.valid) timer = setTimeout(() => change({ [name]: event.target.value }), WAIT_MS);
    });
  }
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => openRanges(byId("ranges").hidden));
  byId("reset").addEventListener("click", () => change(Object.fromEntries(FILTERS.map((name) => [name, ""]))));
}

function drawFilters(signals, signal, state) {
  options("sort", signals.map(({ name, title }) => [name, `${name}: ${title}`]), signal.name);
  options("order", orders(signal, state.with !== ""), `${state.by} ${state.order}`);
  byId("signal-range").textContent = signal.unit ? `${signal.name}, ${signal.unit}` : signal.name;
  for (const [id, seen] of [["signal_min", signal.low], ["signal_max", signal.high]]) byId(id).placeholder = seen === null ? "" : valueOf(seen, signal).replace("−", "-");
  for (const name of FILTERS) if (document.activeElement !== byId(name)) byId(name).value = state[name];
  const used = FILTERS.filter((name) => name !== "text" && state[name] !== "").length;
  byId("more").textContent = used ? `Filter (${used})` : "Filter";
  if (used) openRanges(true);
}

function openRanges(open) {
  byId("ranges").hidden = !open;
  byId("more").setAttribute("aria-expanded", String(open));
}

/** Other verifiers of this file, and all of the other files. */
function besides(files, state) {
  return files.flatMap((file, f) =>
    file.verifiers
      .map(({ name }, v) => [`${f}:${v}`, files.length > 1 ? `${name} in ${file.name}` : name])
      .filter(([value]) => value !== `${state.file}:${state.verifier}`),
  );
}

function options(id, choices, chosen) {
  const select = byId(id);
  const key = JSON.stringify(choices);
  if (select.dataset.shown !== key) select.replaceChildren(...choices.map(([value, text]) => el("option", { value, text })));
  select.dataset.shown = key;
  select.value = chosen;
}
