// How far the labels have come, and what else there is to say of the file.

import { byId, el } from "./dom.js";
import { count, plural } from "./numbers.js";
import { LABELS } from "./words.js";

/**
 * @param {any} about what /api/file answered
 * @param {import("./source.js").ScoredFile} file the one that is looked at
 * @param {boolean} saves whether labels reach a file
 */
export function drawTally(about, file, saves) {
  const place = byId("tally");
  const open = place.querySelector("details")?.open ?? false;
  const notes = notesOf(about, file);
  place.replaceChildren(shares(file.labels), counts(file.labels), ...(notes.length ? [told(notes, open)] : []), ...(saves ? [] : [el("p", { class: "hint", text: copyOf(file) })]));
}

/** What a page without a server holds: as many rows as its labels are about. */
function copyOf({ name, rows, indexed, labels }) {
  const held = Object.values(labels).reduce((sum, n) => sum + n, 0);
  return `This page is a copy of ${count(held)} of ${plural(rows ?? indexed, "row")} of ${name}; labels given here go when it is closed.`;
}

function shares(labels) {
  const all = Object.values(labels).reduce((sum, n) => sum + n, 0);
  return el("p", { class: "shares", "aria-hidden": "true" }, Object.keys(LABELS).map((name) => el("i", { class: name, style: { "--p": all ? labels[name] / all : 0 } })));
}

function counts(labels) {
  const words = Object.entries(LABELS).map(([name, { sign, word }]) => el("span", { class: name }, el("b", {}, el("span", { "aria-hidden": "true", text: `${sign} ` }), count(labels[name])), ` ${word}`));
  return el("p", {}, words, el("span", { class: "to-go", text: `${count(labels.none)} to go` }));
}

/** What ended the reading of the file, rows that cannot be shown as they should be, decisions that could not be used. */
function notesOf({ sidecar_notes: notes }, { error, problems }) {
  return [...(error ? [error] : []), ...problems.map(({ cause, rows, example }) => `${plural(rows, "row")}: ${cause} (${example})`), ...notes];
}

const told = (notes, open) => el("details", { class: "notes", open }, el("summary", { text: plural(notes.length, "note") }), el("ul", {}, notes.map((text) => el("li", { text }))));
