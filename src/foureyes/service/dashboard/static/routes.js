// Routes: what became of requests, what that cost and saved, whether answers turned out right, and single answers, opened.

import { get } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { table } from "./figures.js";
import { fullTime, milliseconds, time } from "./format.js";
import { DASH, count, known, number, percent, plural } from "./numbers.js";
import { tokenMap } from "./tokenmap.js";

const SHOWN = 12;
/** What became of a request: words, sign, class; and the same of one writer's answer. */
const ACTIONS = {
  answer: ["returned", "✓", "passed"],
  annotated: ["returned, only watched", "✓", "passed"],
  strongest: ["returned, marked: not sure enough", "!", "undecided"],
  abstain: ["nothing returned", "✗", "held"],
  person: ["waits for a person", "?", "undecided"],
  failed: ["failed", "✗", "held"],
};
const STAGES = { answer: "kept", escalate: "escalated", abstain: "abstained" };

export async function showRoutes() {
  const { routes } = await get("v1/routes");
  byId("routes-section").hidden = routes.length === 0;
  if (!routes.length) return;
  const { answers } = await get(`v1/routes/answers?limit=${SHOWN}`);
  fill(byId("routes"), routes, () => routes.map(card));
  fill(byId("routed"), answers.map((one) => one.foureyes.request_id), () => latest(answers));
}

function card(route) {
  const asked = sum(route.by_action);
  return el(
    "article",
    { class: `route ${route.suspended ? "suspended" : ""}` },
    el("h3", {}, route.name, route.suspended ? el("b", { class: "bad", text: " promise suspended" }) : null),
    asked ? [flow(route, asked), money(route, asked), reality(route), writers(route)] : el("p", { class: "hint", text: "Nobody has asked it since the service started." }),
    route.hung_up ? el("p", { class: "about", text: `${plural(route.hung_up, "caller")} did not wait for an answer; the writers were stopped.` }) : null,
  );
}

const sum = (counts) => Object.values(counts).reduce((total, n) => total + n, 0);

function flow(route, asked) {
  const parts = Object.keys(ACTIONS).filter((action) => route.by_action[action]);
  const words = parts.map((action) => `${count(route.by_action[action])} ${ACTIONS[action][0]}`);
  return el(
    "div",
    { class: "flow" },
    el("div", { class: "flow-bar", role: "img", "aria-label": words.join(", ") }, parts.map((action) => el("span", { class: action, style: { "--p": route.by_action[action] / asked } }))),
    el("p", { class: "about", text: `${plural(asked, "request")}: ${words.join(" · ")}` }),
    sum(route.would) ? el("p", { class: "about", text: `It only watches. It would have: ${Object.entries(route.would).map(([action, n]) => `${count(n)} ${ACTIONS[action]?.[0] ?? "not decided yet"}`).join(" · ")}` }) : null,
  );
}

function money(route, asked) {
  const saved = known(route.strongest_cost) && route.strongest_cost > 0 ? 1 - route.cost / route.strongest_cost : null;
  const words = saved === null ? "What the strongest writer alone would have cost is not known: a price or a count of tokens is missing." : `The strongest writer alone would have cost ${cost(route.strongest_cost)}.`;
  const head = saved === null ? cost(route.cost) : `${percent(Math.abs(saved))} ${saved < 0 ? "dearer" : "saved"}`;
  return el("div", { class: "route-figure" }, el("b", { text: head }), el("p", { class: "about", text: `${cost(route.cost)} spent on ${plural(asked, "request")}, ${cost(route.reading_cost)} of it on reading. ${words}` }));
}

const cost = (value) => (known(value) ? value.toLocaleString("en-GB", { maximumSignificantDigits: 3 }).replaceAll(",", "\u202f") : DASH);

function reality(route) {
  const n = route.right + route.wrong;
  const found = n ? `${percent(route.right / n)} of ${plural(n, "reported outcome")} were right (${percent(route.right_low)} to ${percent(route.right_high)})` : "no outcome was reported yet";
  const foretold = known(route.expected_right) ? `P(correct) of what was returned: ${percent(route.expected_right)}` : "P(correct) of what was returned is not known";
  return el(
    "div",
    { class: "route-figure" },
    el("b", { text: n ? `${percent(route.right / n)} right` : DASH }),
    el("p", { class: "about", text: `${foretold}; ${found}.` }),
    route.promise ? el("p", { class: "about", text: `Promised: ${route.promise}${route.suspended ? " It is suspended." : ""}` }) : null,
  );
}

function writers(route) {
  const heads = ["Writer", "Asked", "Kept", "Escalated", "Abstained", "Failed", "Cost"];
  const rows = route.writers.map((writer) => {
    const asked = sum(writer.by_action);
    const decided = Object.keys(STAGES).map((action) => writer.by_action[action] ?? 0);
    const failed = asked - decided.reduce((a, b) => a + b, 0);
    const spent = writer.unpriced === asked ? DASH : cost(writer.cost);
    return el(
      "tr",
      {},
      el("th", { scope: "row", class: "verifier-name" }, writer.name, " ", el("span", { class: "provider", text: writer.model })),
      [asked, ...decided, failed].map((n) => el("td", { class: "number", text: count(n) })),
      el("td", { class: "number", text: spent, title: writer.unpriced ? `${plural(writer.unpriced, "answer")} of unknown cost` : null }),
    );
  });
  return table(`Writers of ${route.name}`, heads, rows);
}

function latest(answers) {
  if (!answers.length) return null;
  return [
    el("h3", { text: "Latest answers" }),
    el("ol", { class: "routed" }, answers.map((one) => el("li", {}, row(one)))),
  ];
}

function row(one) {
  const told = one.foureyes;
  const [word, sign, kind] = ACTIONS[told.action];
  return el(
    "button",
    { type: "button", class: "routed-row", onclick: () => open(one) },
    el("span", { class: "number", text: time(one.at) }),
    el("span", { class: `mark ${kind}`, "aria-hidden": "true", text: sign }),
    el("span", { class: "what" }, el("b", { text: told.route }), ` ${path(told)}`, el("span", { class: "unseen", text: ` ${word}` })),
    el("span", { class: "number", text: known(told.confidence) ? `P ${percent(told.confidence)}` : DASH }),
    el("span", { class: "number", text: cost(told.cost) }),
  );
}

const path = (told) => told.stages.map((stage) => stage.writer).join(" → ");

function open(one) {
  const told = one.foureyes;
  const [word, sign, kind] = ACTIONS[told.action];
  const dialog = byId("decision");
  dialog.replaceChildren(
    el(
      "header",
      { class: "dialog-head" },
      el("span", { class: `mark ${kind}`, "aria-hidden": "true", text: sign }),
      el("div", {}, el("h2", { id: "decision-title", text: word[0].toUpperCase() + word.slice(1) }), el("p", { class: "about", text: told.reason ?? path(told) })),
      el("button", { type: "button", class: "close", "aria-label": "Close", text: "×", onclick: () => dialog.close() }),
    ),
    asked(one),
    el("ol", { class: "stages" }, told.stages.map((stage, i) => el("li", {}, stageOf(stage, i, one)))),
    facts(one),
  );
  dialog.showModal();
  dialog.scrollTop = 0;
}

function asked({ messages }) {
  if (messages === null) return el("p", { class: "hint", text: "The texts of this answer are not shown." });
  const words = (content) => (typeof content === "string" ? content : JSON.stringify(content));
  return el("dl", { class: "exchange" }, messages.map((turn) => el("div", {}, el("dt", { text: turn.role }), el("dd", { class: "said", text: words(turn.content ?? turn.tool_calls ?? "") }))));
}

function stageOf(stage, place, one) {
  const answers = one.answers?.[place];
  const unsure = { unread: "not read", uncalibrated: "read, without a calibrator" }[stage.failure];
  const became = stage.failure ? (unsure ?? `no answer: ${stage.failure}`) : (STAGES[stage.action] ?? stage.action);
  const facts = [
    ["P(correct)", known(stage.confidence) ? percent(stage.confidence) : (stage.confidence_missing ?? DASH)],
    ["Signal", known(stage.signal) ? number(stage.signal, 3) : DASH],
    ["Tokens", known(stage.prompt_tokens) ? `${count(stage.prompt_tokens)} read, ${count(stage.completion_tokens)} written` : DASH],
    ["Cost", `${cost(stage.cost)}, reading ${cost(stage.reading_cost)}`],
    ["Took", `${milliseconds(stage.write_ms)} to write, ${milliseconds(stage.read_ms)} to read`],
  ];
  return [
    el("p", {}, el("b", { text: stage.writer }), el("span", { class: "about", text: ` ${stage.model}` }), ` ${became}`),
    stage.detail ? el("p", { class: "about", text: stage.detail }) : null,
    answers?.length ? answerOf(stage, place, one.foureyes.request_id, answers) : null,
    el("dl", { class: "stage-facts" }, facts.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: value })))),
  ];
}

/** What was chosen can be opened to its tokens; of the rest there is the text. */
function answerOf(stage, place, requestId, answers) {
  const text = answers[stage.chosen ?? 0];
  return known(stage.chosen) && known(stage.signal) ? tokenMap(requestId, place, text) : el("p", { class: "said", text });
}

function facts({ at, foureyes: told }) {
  const rows = [
    ["Answered", fullTime(at)],
    ["Route", told.route],
    ["Cost", cost(told.cost)],
    ["Request", told.request_id],
    ...(told.enforced ? [] : [["Would have", ACTIONS[told.would]?.[0] ?? "not decided yet"]]),
    ...(told.receipt ? [["Ledger", `entry ${told.receipt.index ?? DASH}`]] : []),
  ];
  return el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: value }))));
}
