// One answer: the question, what the verifiers saw, and all that the row says of it.

import { byId, el } from "./dom.js";
import { alike, differenceMap, heatMap, legend } from "./heatmap.js";
import { count, percent, plural } from "./numbers.js";
import { show } from "./pieces.js";
import { ordinal } from "./words.js";

const LONG = 1600;
/**
 * @typedef {object} Side one verifier of one file, and the row that it read
 * @property {any} row what /api/row answered, or null where the file does not have the answer
 * @property {any} [verifier] of it
 * @property {string} name
 */

/**
 * Draws a row.
 * @param {any} row what /api/row answered
 * @param {Side[]} sides one, or two that are compared
 * @param {{place: number | null, total: number, order: string}} where it stands in the list
 * @param {{strength: number, nats: string, likelihood: string}[]} scale of colours
 */
export function drawDetail(row, sides, where, scale) {
  const body = byId("row");
  body.replaceChildren(
    ...[head(row, where), exchange(row), sides.length > 1 ? compared(sides) : reading(sides[0], 0), sides.some(({ verifier }) => verifier?.heat) ? legend("Surprise, nats · Probability", scale) : null, signals(sides), fields(row)].filter((part) => part !== null),
  );
}

/** Says why there is nothing to see. */
export function drawNothing(words) {
  byId("row").replaceChildren(el("p", { class: "none", text: words }));
}

/** Says anew where the row that is drawn stands, once the list is another. */
export function drawPlace(row, where) {
  byId("row-place").replaceWith(placeOf(row, where));
}

function head(row, where) {
  const which = row.which ? ` · ${row.which}` : "";
  return el("header", { class: "row-head" }, el("h1", { id: "row-title", tabindex: "-1", text: `Row ${count(row.row + 1)}${which}` }), placeOf(row, where));
}

function placeOf(row, { place, total, order }) {
  const stands = place === null ? "" : `${ordinal(place)} of ${count(total)}, ${order}`;
  const said = row.label ? el("span", { class: "file-says", text: `The file says: ${row.label}` }) : null;
  return el("p", { class: "hint", id: "row-place" }, row.where && row.where !== `row ${row.row + 1}` ? `${row.where} · ` : "", stands, said ? [stands ? " · " : "", said] : null);
}

function exchange(row) {
  const turns = row.prompt;
  const folded = turns.length > 3 ? turns.slice(0, -2) : [];
  const shown = turns.slice(folded.length);
  const earlier = folded.length ? el("details", { class: "earlier" }, el("summary", { text: plural(folded.length, "earlier turn") }), el("dl", { class: "exchange" }, folded.map(turn))) : null;
  return el("section", { "aria-label": "Question" }, earlier, el("dl", { class: "exchange" }, shown.map(turn)));
}

const turn = ({ role, pieces }) => el("div", {}, el("dt", { text: role[0].toUpperCase() + role.slice(1) }), el("dd", {}, said(pieces)));

/** A text as it is; a long one shows its beginning until it is asked for. */
function said(pieces) {
  const length = pieces.reduce((sum, [, text]) => sum + text.length, 0);
  const node = el("div", { class: "said", dir: "auto" }, show(pieces));
  if (length <= LONG) return node;
  node.classList.add("folded");
  const button = el("button", { type: "button", text: `Show all ${count(length)} characters` });
  button.addEventListener("click", () => {
    node.classList.remove("folded");
    button.remove();
  });
  return [node, button];
}

function compared(sides) {
  const [a, b] = sides;
  const maps = sides.every(({ verifier }) => verifier?.heat) && alike(a.verifier.heat, b.verifier.heat);
  const apart = maps ? difference(sides) : null;
  return el("div", {}, el("div", { class: "sides" }, sides.map(reading)), apart);
}

function difference([a, b]) {
  const names = [a.name, b.name];
  const ticks = [-8, -4, 0, 4, 8].map((nats) => ({ strength: Math.abs(nats) / 8, kind: nats < 0 ? "less" : "", nats: nats > 0 ? `+${nats}` : String(nats).replace("-", "−") }));
  return el(
    "section",
    { class: "verifier", "aria-labelledby": "difference" },
    el("h2", { id: "difference", text: "Difference" }),
    el("p", { class: "hint", text: `Warm where ${a.name} is more surprised, blue where ${b.name} is.` }),
    differenceMap(a.verifier.heat, b.verifier.heat, names, `Difference between ${a.name} and ${b.name}`),
    legend("Difference, nats", ticks),
  );
}

function reading(side, i) {
  const id = `reading-${i}`;
  if (!side.row) return el("section", { class: "verifier" }, el("h2", { text: side.name }), el("p", { class: "hint", text: "This answer is not in that file." }));
  const { verifier, row } = side;
  return el("section", { class: "verifier", "aria-labelledby": id }, el("h2", { id }, side.name, finding(verifier)), contents(verifier, row, side.name));
}

function finding(verifier) {
  const words = verifier?.finding;
  return words ? el("span", { class: verifier.loud ? "finding loud" : "finding", text: words }) : null;
}

function contents(verifier, row, name) {
  const plain = row.answer ? said(row.answer_pieces) : el("p", { class: "hint", text: "The answer is empty." });
  if (row.problem && !verifier) return [el("p", { class: "silence", text: row.problem }), plain];
  if (!verifier) return [el("p", { class: "hint", text: "This verifier said nothing of this row." }), plain];
  if (verifier.unscored) return [el("p", { class: "silence" }, el("code", { text: verifier.unscored.reason }), ` ${verifier.unscored.detail ?? ""}`), plain];
  const why = verifier.sentence ? el("p", { class: "why", text: verifier.sentence }) : null;
  if (!verifier.heat) return [plain, why, el("p", { class: "hint", text: verifier.no_heat ?? "" })];
  return [heatMap(verifier.heat, `The answer as read by ${name}`), why];
}

function signals(sides) {
  const read = sides.filter(({ verifier }) => verifier?.signals?.length);
  if (!read.length) return null;
  const names = [...new Set(read.flatMap(({ verifier }) => verifier.signals.map(({ name }) => name)))];
  const heads = read.flatMap(({ name }) => [el("th", { scope: "col", class: "number", text: read.length > 1 ? name : "Value" }), el("th", { scope: "col", text: "Among all answers" })]);
  return el(
    "section",
    { "aria-labelledby": "signals" },
    el("h2", { id: "signals", text: "Signals" }),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "signals" },
      el("table", { class: "signals" }, el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "Signal" }), heads)), el("tbody", {}, names.map((name) => line(name, read)))),
    ),
  );
}

function line(name, read) {
  const own = read.map(({ verifier }) => verifier.signals.find((signal) => signal.name === name));
  const title = own.find(Boolean).title;
  return el("tr", {}, el("th", { scope: "row" }, el("code", { text: name }), " ", el("span", { class: "meaning", text: title })), own.flatMap(cells));
}

function cells(signal) {
  if (!signal) return [el("td", { class: "number", text: "–" }), el("td")];
  const { worse } = signal; // share of all rows that are not as bad
  const words = signal.name === "n_tokens" ? "longer" : "worse";
  const bar = worse === null ? null : [el("span", { class: "meter", "aria-hidden": "true", style: { "--p": worse } }), el("span", { text: `${words} than ${percent(worse)}` })];
  return [el("td", { class: "number", text: signal.shown }), el("td", { class: "among" }, bar)];
}

function fields(row) {
  const seen = [row.answer, ...row.prompt.map(({ text }) => text)];
  const others = Object.entries(row.fields).filter(([, value]) => !seen.includes(value));
  if (!others.length) return null;
  return el(
    "details",
    { class: "fields" },
    el("summary", { text: `${plural(others.length, "other field")} of the row` }),
    el("dl", { class: "exchange" }, others.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { class: "said", dir: "auto", text: value })))),
  );
}
