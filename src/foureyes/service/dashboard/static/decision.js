// One decision, opened: its texts where they are kept, its segments, its votes, and its place in the ledger.

import { byId, el } from "./dom.js";
import { fullTime, milliseconds, outcome } from "./format.js";
import { proofOf } from "./ledger.js";
import { DASH, percent } from "./numbers.js";

const WORDS = { safe: "safe", unsafe: "unsafe", abstain: "abstained", error: "failed" };

export function openDecision(item) {
  const dialog = byId("decision");
  const { word, sign, kind } = outcome(item.verification);
  dialog.replaceChildren(
    el(
      "header",
      { class: "dialog-head" },
      el("span", { class: `mark ${kind}`, "aria-hidden": "true", text: sign }),
      el("div", {}, el("h2", { id: "decision-title", text: word[0].toUpperCase() + word.slice(1) }), el("p", { class: "about", text: item.verification.reason })),
      el("button", { type: "button", class: "close", "aria-label": "Close", text: "×", onclick: () => dialog.close() }),
    ),
    texts(item),
    votes(item.verification.votes),
    facts(item),
    record(item.verification.ledger_entry),
  );
  dialog.showModal();
  dialog.scrollTop = 0;
}

export function prepareDialog() {
  const dialog = byId("decision");
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

function texts(item) {
  if (item.prompt === null && item.response === null) {
    return el("p", { class: "hint", text: "The texts of this decision are not kept; the ledger holds their hashes." });
  }
  return el(
    "dl",
    { class: "exchange" },
    el("div", {}, el("dt", { text: "Prompt" }), el("dd", { class: "said", text: item.prompt ?? "" })),
    el("div", {}, el("dt", { text: "Response" }), el("dd", { class: "said" }, item.segments?.length ? segments(item.response ?? "", item.segments) : (item.response ?? ""))),
  );
}

/** The response with its segments marked; what stands between them stays as it is. */
function segments(response, list) {
  const parts = [];
  let at = 0;
  for (const segment of list) {
    const found = Math.max(at, response.indexOf(segment.text, at));
    parts.push(response.slice(at, found), marked(segment));
    at = found + segment.text.length;
  }
  const labels = [...new Set(list.map(labelOf))];
  return [
    el("p", { class: "segments" }, parts, response.slice(at)),
    el("p", { class: "legend" }, labels.map((label) => el("mark", { class: label, text: label }))),
    evidence(list.filter((segment) => segment.label !== "accurate" && segment.evidence?.length)),
  ];
}

const labelOf = (segment) => (segment.checked === false ? "unchecked" : segment.label);
const marked = (segment) => el("mark", { class: labelOf(segment), text: segment.text }, el("span", { class: "unseen", text: ` (${labelOf(segment)})` }));

function evidence(list) {
  if (!list.length) return null;
  return el(
    "ul",
    { class: "evidence" },
    list.map((segment) => el("li", {}, el("q", { text: segment.text.trim() }), el("span", { text: ` ${segment.label}: ` }), segment.evidence.join(" · "))),
  );
}

function votes(list) {
  if (!list.length) return el("p", { class: "hint", text: "No verifier was asked." });
  return el("ul", { class: "ballots", "aria-label": "Votes" }, list.map(ballot));
}

function ballot(vote) {
  const confidence = vote.confidence === null ? null : el("span", { class: "meter", "aria-hidden": "true", style: { "--p": vote.confidence } });
  return el(
    "li",
    {},
    el("p", { class: "who" }, el("i", { class: `vote ${vote.verdict}`, "aria-hidden": "true" }), el("b", { text: vote.model }), el("span", { class: "about", text: vote.provider })),
    el("p", { class: `verdict ${vote.verdict}`, text: WORDS[vote.verdict] ?? vote.verdict }),
    el("p", { class: "sure" }, confidence, el("span", { text: vote.confidence === null ? "no confidence stated" : `P(right) ${percent(vote.confidence)}` })),
    el("p", { class: "ms number", text: milliseconds(vote.latency_ms) }),
    vote.reason ? el("p", { class: "reason", text: vote.reason }) : null,
  );
}

function facts(item) {
  const { verification } = item;
  const rows = [
    ["Decided", fullTime(item.at)],
    ["Took", milliseconds(verification.latency_ms)],
    ["Agreement", percent(verification.agreement_ratio)],
    ["Agent", item.agent_id ?? DASH],
    ["Session", item.session_id ?? DASH],
    ...(item.sources?.length ? [["Memories", item.sources.join(", ")]] : []),
    ["Request", verification.request_id],
    ...(verification.enforced === false ? [["Enforced", "no, observed only: nothing was held back"]] : []),
    ...(verification.stage ? [["Stopped at", verification.stage]] : []),
  ];
  return el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: value }))));
}

function record(entry) {
  if (!entry) return el("p", { class: "hint", text: "This decision is not in a ledger." });
  const place = el("div", { class: "proof", "aria-live": "polite" });
  return el(
    "section",
    { class: "record" },
    el("p", {}, `Ledger entry ${entry.index} `, el("code", { text: entry.entry_hash })),
    el("button", { type: "button", text: "Check its proof", onclick: () => proofOf(entry.index, entry.entry_hash, place) }),
    place,
  );
}
