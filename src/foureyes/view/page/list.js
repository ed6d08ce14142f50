// The answers that fit, a page at a time, worst first unless asked otherwise.

import { byId, el } from "./dom.js";
import { count, percent, plural } from "./numbers.js";
import { LABELS, shareOf, valueOf } from "./words.js";

export const PAGE = 50;

/**
 * Draws one page of rows.
 * @param {any} found what /api/rows answered
 * @param {import("./source.js").Signal} signal that they are sorted by
 * @param {{offset: number, pending: (row: number) => string | null | undefined, choose: (row: number) => void}} how
 */
export function drawList(found, signal, { offset, pending, choose }) {
  const list = byId("rows");
  list.replaceChildren(...found.rows.map((row) => el("li", {}, entry(row, signal, pending(row.row), choose))));
  list.scrollTop = 0;
  drawFound(found);
  const last = Math.min(offset + PAGE, found.total);
  byId("page-at").textContent = found.total ? `${count(offset + 1)}–${count(last)}` : "";
  byId("page-before").disabled = offset === 0;
  byId("page-after").disabled = last >= found.total;
}

/** Says how many answers fit. */
export function drawFound({ total, search }) {
  const words = total ? plural(total, "answer") : "No answer fits.";
  byId("found").textContent = search && !search.complete ? `${words}; searched ${percent(search.searched / Math.max(search.of, 1))} so far` : words;
}

/** Marks the row that is open, which alone is a Tab stop; the first one where none is open. */
export function markCurrent(row) {
  const list = byId("rows");
  const entries = [...list.querySelectorAll("button")];
  const focused = list.contains(document.activeElement);
  const current = entries.find((node) => node.dataset.row === row);
  for (const node of entries) {
    node.tabIndex = node === (current ?? entries[0]) ? 0 : -1;
    if (node === current) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  }
  if (!current) return;
  if (focused) current.focus();
  current.scrollIntoView({ block: "nearest" });
}

/** Shows a new label on a row of the list, if it is there. */
export function relabel(row, label, unsaved) {
  const node = byId("rows").querySelector(`[data-row="${row}"] .given`);
  node?.replaceWith(given(label, unsaved));
}

function entry(row, signal, pending, choose) {
  const label = pending !== undefined ? pending : (row.mine ?? row.label);
  return el(
    "button",
    { type: "button", class: "entry", tabindex: "-1", dataset: { row: String(row.row) }, onclick: () => choose(row.row) },
    el(
      "span",
      { class: "entry-head" },
      el("span", { class: "place", text: count(row.place) }),
      measure(row, signal),
      row.which ? el("span", { class: "which", text: row.which }) : null,
      given(label, pending !== undefined),
    ),
    el("span", { class: "entry-prompt", dir: "auto", text: row.prompt || "no question" }),
    el("span", { class: row.problem ? "entry-answer problem" : "entry-answer", dir: row.problem ? null : "auto", text: row.problem || row.answer || "empty answer" }),
  );
}

function measure(row, signal) {
  const beside = row.with ? el("span", { class: "beside", text: ` · ${valueOf(row.with.value, signal)}` }) : null;
  const bar = el("span", { class: "meter", "aria-hidden": "true", style: { "--p": shareOf(row.value, signal) } });
  return el("span", { class: "measure" }, bar, el("b", { text: valueOf(row.value, signal) }), !row.with && signal.unit && row.value !== null ? el("span", { class: "unit", text: signal.unit }) : null, beside);
}

function given(label, unsaved) {
  if (!label) return el("span", { class: "given" });
  const { word, sign } = LABELS[label];
  return el("span", { class: `given ${label}${unsaved ? " waits" : ""}` }, el("span", { "aria-hidden": "true", text: sign }), el("span", { class: "unseen", text: unsaved ? `${word}, not saved` : word }));
}
