// Agents, sessions and memories: whose answers verifiers dispute more often than the others.

import { byId, el, fill } from "./dom.js";
import { shareCell, table } from "./figures.js";
import { DASH, count, known, number, percent, plural } from "./numbers.js";

const SHOWN = 5;
const KINDS = { source: ["Memory", "memory", "memories"], agent: ["Agent", "agent", "agents"], session: ["Session", "session", "sessions"] };

export function showOrigins(origins, fresh) {
  const kinds = Object.keys(KINDS).filter((kind) => origins[kind].shown.length);
  byId("origins-section").hidden = kinds.length === 0;
  fill(byId("origins"), [origins, fresh], () => [
    ...kinds.flatMap((kind) => [kindTable(kind, origins[kind], Boolean(fresh)), more(kind, origins[kind])]),
    fresh ? el("p", { class: "about", text: freshWords(fresh) }) : null,
    el("p", { class: "about", text: "Disputed: a verifier called the answer unsafe. Others: the same of decisions without that name, one for one. An alarm says that the difference is not chance; it cannot tell a poisoned memory from harder questions." }),
  ]);
}

function kindTable(kind, { shown }, fresh) {
  const [head, , many] = KINDS[kind];
  const reads = shown.some((row) => known(row.log_cmp));
  const heads = [head, "Answers", "Disputed", "Others", "Differ", ...(reads ? ["Surprise"] : []), ...(fresh ? ["Shift", "Afresh"] : [])];
  return table(`The ${many} with the most evidence against them`, heads, shown.slice(0, SHOWN).map((row) => line(row, reads, fresh)));
}

function line(row, reads, fresh) {
  return el(
    "tr",
    { class: row.alarmed ? "alarmed" : null },
    el("th", { scope: "row", class: "verifier-name" }, row.name, row.alarmed ? el("b", { class: "bad", text: " stands out" }) : null),
    el("td", { class: "number", text: count(row.decisions) }),
    shareCell(row.disputed),
    shareCell(row.others_disputed),
    shareCell(row.disagreement),
    ...(reads ? [el("td", { class: "number", text: number(row.log_cmp), title: "mean log_cmp, nats a token" })] : []),
    ...(fresh ? [el("td", { class: "number", text: number(row.fresh_shift), title: "mean shift of log_cmp against the clean model’s own answer" }), shareCell(row.fresh_differs)] : []),
  );
}

function more(kind, { known: all, forgotten, shown }) {
  const [, one, many] = KINDS[kind];
  const rest = all - Math.min(SHOWN, shown.length);
  if (!rest && !forgotten) return null;
  const lost = forgotten ? `; ${count(forgotten)} not seen for long are forgotten` : "";
  return el("p", { class: "about", text: `${rest ? `${plural(rest, `other ${one}`, `other ${many}`)}` : "No others"}${lost}.` });
}

function freshWords({ n, shift, differs }) {
  const moved = shift ? ` Given answers surprise it by ${number(shift.mean)} nats a token more than its own.` : "";
  return `${plural(n, "question")} put to a clean model afresh: it answers something else in ${differs ? percent(differs.value) : DASH}.${moved}`;
}
