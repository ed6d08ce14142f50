// An answer in the colours of surprise, drawn from numbers; one card for all tokens.

import { byId, el } from "./dom.js";
import { place, walk } from "./heat.js";
import { count, number } from "./numbers.js";
import { show } from "./pieces.js";

const CLIP = 8;
/** Cells drawn at first: browsers lay out tens of thousands in one paragraph slowly. */
const MOST = 4000;

/**
 * @typedef {object} Spot one cell of foureyes.report.heat
 * @property {string} lead
 * @property {[kind: string, text: string][]} pieces
 * @property {number} n
 * @property {number} [nats] and with it strength, likelihood, surprise, rank, entropy, shared_by
 */

/** @type {Element | null} */
let shown = null;

/**
 * @param {Spot[]} spots
 * @param {string} label for a screen reader
 */
export function heatMap(spots, label) {
  return drawn(spots.map((spot) => [spot, spot.strength, "", () => facts(spot)]), label);
}

/** Where one verifier was more surprised than the other, by stretches that both cut alike. */
export function differenceMap(spots, others, names, label) {
  const cells = stretches(spots, others).map(([own, a, b]) => {
    const spot = { lead: own[0].lead, pieces: own.flatMap((one, i) => (i ? [["text", one.lead], ...one.pieces] : one.pieces)), nats: a };
    const strength = Math.min(Math.abs(a - b) / CLIP, 1);
    return [spot, strength, a < b ? "less" : "", () => differenceFacts(spot, names, a, b)];
  });
  return drawn(cells, label);
}

/** Whether two maps are of the same text. */
export function alike(spots, others) {
  const text = (all) => all.map(({ lead, pieces }) => lead + pieces.map((piece) => piece[1]).join("")).join("");
  return text(spots) === text(others);
}

/** The shortest stretches that are whole cells of both: [spots of the first, nats of the first, nats of the second]. */
export function stretches(spots, others) {
  const found = [];
  let [own, a, b, ahead, j] = [[], 0, 0, 0, 0];
  for (const spot of spots) {
    own.push(spot);
    a += spot.nats ?? 0;
    ahead += spot.n;
    while (j < others.length && ahead > 0) {
      b += others[j].nats ?? 0;
      ahead -= others[j].n;
      j += 1;
    }
    if (ahead !== 0) continue;
    found.push([own, a, b]);
    [own, a, b] = [[], 0, 0];
  }
  if (own.length) found.push([own, a, b]);
  return found;
}

/** The scale below a map. */
export function legend(title, ticks) {
  return el(
    "div",
    { class: "legend", role: "img", "aria-label": `Colour scale: ${title}` },
    el("span", { class: "title" }, title.split(" · ").flatMap((line) => [el("span", { text: line }), " "])),
    ticks.map(({ strength, kind, nats, likelihood }) =>
      el("span", { class: `tick t ${kind ?? ""}`, style: { "--s": strength } }, el("b", { text: nats }), likelihood ? [el("br"), likelihood] : null),
    ),
  );
}

/** Closes the card, as Escape and a new row do. */
export function closeCard() {
  open(null);
}

/** Keeps the card at its token while the answer scrolls. */
export function followCard() {
  if (shown) place(shown, byId("card"));
}

/** Whether a card is open. */
export const cardOpen = () => shown !== null;

/** A map, and where it is long, its beginning and a button that shows the rest. */
function drawn(cells, label) {
  if (cells.length <= MOST) return [map(cells, label)];
  const beginning = map(cells.slice(0, MOST), label);
  const button = el("button", { type: "button", text: `Show all ${count(cells.length)} tokens` });
  button.addEventListener("click", () => {
    const whole = map(cells, label);
    beginning.replaceWith(whole);
    button.remove();
    whole.querySelectorAll(".t")[MOST]?.focus();
  });
  return [beginning, button];
}

function map(cells, label) {
  const node = el("div", { class: "map", role: "group", "aria-label": label, dir: "auto" });
  const cards = new Map();
  const parts = cells.flatMap(([spot, strength, kind, card]) => {
    if (spot.nats === undefined) return [spot.lead, ...show(spot.pieces)];
    const token = el("span", { class: kind ? `t ${kind}` : "t", style: { "--s": strength } }, show(spot.pieces));
    cards.set(token, () => card());
    return [spot.lead, token];
  });
  node.append(...parts.filter((part) => part !== ""));
  if (cards.size) walk(node, (token) => open(token, cards.get(token)));
  return node;
}

function open(token, contents) {
  const card = byId("card");
  shown?.classList.remove("open");
  shown?.removeAttribute("aria-describedby");
  card.classList.toggle("shown", token !== null);
  shown = token;
  if (!token) return;
  token.classList.add("open");
  token.setAttribute("aria-describedby", "card");
  card.replaceChildren(...contents());
  place(token, card);
}

function facts(spot) {
  const shared = spot.shared_by > 1 ? el("span", { class: "shared", text: `${spot.shared_by} tokens share this text` }) : null;
  return [
    title(spot),
    shared,
    fact("Probability", spot.likelihood),
    fact("Surprise", spot.surprise),
    fact("Rank", spot.rank),
    fact("Entropy", spot.entropy),
  ].filter((line) => line !== null);
}

function differenceFacts(spot, [first, second], a, b) {
  return [title(spot), fact(first, `${number(a)} nats`), fact(second, `${number(b)} nats`), fact("Difference", `${number(a - b)} nats`)];
}

const title = ({ lead, pieces }) => el("span", { class: "said" }, show([...(lead ? [["space", " "]] : []), ...pieces]));
const fact = (name, value) => el("span", { class: "fact" }, el("span", { text: `${name} ` }), el("b", { text: value }));
