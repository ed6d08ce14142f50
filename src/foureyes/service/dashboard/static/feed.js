// The decisions as they come: one row each, opened by Enter or a click.

import { byId, el } from "./dom.js";
import { fullTime, milliseconds, outcome, time } from "./format.js";
import { openDecision } from "./decision.js";
import { percent, plural } from "./numbers.js";

const MOST = 60;
const SHOWS = {
  all: () => true,
  held: (item) => !item.verification.safe,
  passed: (item) => item.verification.safe,
};

export class Feed {
  constructor() {
    this.items = [];
    this.waiting = [];
    this.show = "all";
    this.paused = false;
    this.list = byId("decisions");
    this.found = null;
    byId("pause").addEventListener("click", () => this.pause(!this.paused));
    for (const radio of document.querySelectorAll("input[name=show]")) {
      radio.addEventListener("change", () => { this.show = radio.value; this.draw(); });
    }
  }

  /** Takes the latest decisions, newest first. */
  fill(items) {
    this.items = items.slice(0, MOST);
    this.draw();
  }

  /** Shows what a search found, in place of what comes; null goes back to that. */
  showFound(items) {
    this.found = items;
    this.draw();
  }

  /** Takes one more; while paused it waits. */
  add(item) {
    if (this.items.some(({ verification }) => verification.request_id === item.verification.request_id)) return;
    if (this.items.length && item.at < this.items[0].at) return; // a replay of what the list no longer shows
    if (this.paused) {
      this.waiting = [item, ...this.waiting].slice(0, MOST);
      this.label();
      return;
    }
    this.items = [item, ...this.items].slice(0, MOST);
    if (this.found !== null) return;
    if (SHOWS[this.show](item)) {
      this.list.prepend(row(item, true));
      while (this.list.children.length > MOST) this.list.lastElementChild.remove();
    }
    this.empty();
  }

  pause(paused) {
    this.paused = paused;
    byId("pause").setAttribute("aria-pressed", String(paused));
    if (!paused) {
      const came = this.waiting.reverse();
      this.waiting = [];
      for (const item of came) this.add(item);
    }
    this.label();
  }

  label() {
    const n = this.waiting.length;
    byId("pause").textContent = this.paused ? (n ? `Go on (${n} new)` : "Go on") : "Pause";
  }

  draw() {
    this.list.replaceChildren(...(this.found ?? this.items).filter(SHOWS[this.show]).map((item) => row(item, false)));
    this.empty();
  }

  empty() {
    const none = byId("no-decisions");
    none.hidden = this.list.children.length > 0;
    none.textContent = this.found !== null ? "Nothing found." : this.items.length ? "None of the latest." : "No decision yet. They appear here as they are made.";
  }
}

function row(item, fresh) {
  const { verification } = item;
  const { word, sign, kind } = outcome(verification);
  const votes = verification.votes.map((vote) => el("i", { class: `vote ${vote.verdict}` }));
  const said = verification.votes.map((vote) => vote.verdict).join(", ");
  return el(
    "li",
    { class: fresh ? "fresh" : null },
    el(
      "button",
      { type: "button", class: `row ${kind}`, onclick: () => openDecision(item) },
      el("time", { datetime: item.at, title: fullTime(item.at), text: time(item.at) }),
      el("span", { class: `mark ${kind}` }, el("span", { "aria-hidden": "true", text: sign }), el("span", { class: "unseen", text: word })),
      el("span", { class: "what" }, title(item), el("span", { class: "why", text: kind === "observed" ? `${word}: ${verification.reason}` : verification.reason })),
      el("span", { class: "votes" }, votes, el("span", { class: "unseen", text: `votes: ${said || "none"}` })),
      el("span", { class: "number share", text: percent(verification.agreement_ratio), title: "agreement" }),
      el("span", { class: "number ms", text: milliseconds(verification.latency_ms) }),
    ),
  );
}

/** Prompt and response, a line each; without texts, who answered and from what. */
function title(item) {
  const { agent_id: agent, session_id: session, verification } = item;
  const sources = item.sources?.length ? `${plural(item.sources.length, "memory", "memories")}: ${item.sources.join(", ")}` : null;
  const named = [agent && `agent ${agent}`, session && `session ${session}`, sources].filter(Boolean).join(" · ");
  const words = item.prompt ?? (named || verification.request_id);
  const below = item.prompt === null || item.prompt === undefined ? null : el("span", { class: "response", text: item.response ?? "" });
  return el("span", { class: "said" }, el("span", { class: "prompt", title: words, text: words }), below);
}
