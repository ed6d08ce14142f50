// The cleaning desk: a list of suspect labels, one of them in full, and what a person says of it.

import { byId, el, fill, say } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { Labels } from "./labels.js";
import { count, percent, plural } from "./numbers.js";
import { Failed, answered, asking, posted } from "./source.js";

const PAGE = 50;
const LOOK_AGAIN_MS = 5000;
const MARKS = { keep: "✓", relabel: "↻", drop: "✗" };

/** What is shown; kept in the address, so that a page can be opened again where it was. */
const state = { order: "list", show: "all", offset: 0, row: null };
let about, list, open, votes, asked = 0, listings = 0, nSaved = 0;
let missed = false; // whether something that was asked for did not come, and may yet
let turning = false; // whether another page of the list is on its way: until its row is there, a key means no row

const ask = asking("clean");
const vote = (decision) => ask("api/vote", posted(decision));

/** What is said of a row: what waits to be saved, else what is. */
function mine(row) {
  const waiting = votes.pending(0, row.row);
  return waiting === undefined ? row.mine : waiting;
}

const picture = (row, props = {}) => el("img", { src: `picture?row=${row.row}`, alt: "", ...props });

function entry(row) {
  const said = mine(row);
  const mark = said?.decision ? el("span", { class: `mark ${said.decision}${votes.pending(0, row.row) === undefined ? "" : " waits"}`, text: MARKS[said.decision], title: said.decision }) : said ? el("span", { class: "mark note", text: "…", title: "noted" }) : null;
  return el("button", { type: "button", class: "entry", "aria-current": row.row === state.row ? "true" : null, dataset: { row: String(row.row) }, onclick: heard(() => go(row.row, true)) },
    row.picture ? picture(row, { loading: "lazy" }) : null,
    el("span", { class: "texts" },
      el("span", { class: "change" }, el("b", { text: row.given }), row.suggested === null ? null : ` → ${said?.label ?? row.suggested}`),
      el("span", { class: "about", text: [`row ${row.row}`, row.lead !== null && row.lead > 0 ? `lead ${percent(row.lead)}` : null, row.item && !row.picture ? row.item : null].filter(Boolean).join(" · ") })),
    mark);
}

function drawList() {
  fill(byId("rows"), [list.rows.map((row) => [row, mine(row)]), state.row, votes.waiting.size, state.order], () => {
    const nodes = [];
    for (const [i, row] of list.rows.entries()) {
      const before = list.rows[i - 1];
      if (state.order === "list" && !row.flagged && (before ? before.flagged : state.offset > 0 || about.n_flagged === 0)) nodes.push(el("li", { class: "cut", text: "The cut: what follows is contradicted less surely, and not flagged." }));
      nodes.push(el("li", {}, entry(row)));
    }
    return nodes.length ? nodes : [el("li", { class: "none", text: "No label fits." })];
  });
  const first = list.total ? state.offset + 1 : 0;
  byId("found").textContent = plural(list.total, "label");
  byId("page-at").textContent = `${count(first)}–${count(state.offset + list.rows.length)}`;
  byId("page-before").disabled = state.offset === 0;
  byId("page-after").disabled = state.offset + list.rows.length >= list.total;
  drawProgress(list);
}

function drawProgress(told) {
  document.body.dataset.unsaved = String(votes.waiting.size);
  const [done, all, what] = state.order === "sample" ? [told.sample_decided, about.n_sample, "in the random choice"] : [told.flagged_decided, about.n_flagged, "flagged"];
  byId("meter").style.setProperty("--p", all ? done / all : 0);
  byId("progress").textContent = `${count(done)} of ${count(all)} ${what} decided; ${count(told.wrong)} found wrong`;
  byId("estimate").textContent = told.estimate.likely === null && state.order === "list" ? "How many are wrong in all? Decide on a random choice to know." : `${told.estimate.sentence}.`;
  byId("notes").textContent = told.notes.join(". ");
}

function side(name, ...content) {
  return el("div", { class: "side" }, el("dt", { text: name }), content);
}

function share(p) {
  return [el("i", { class: "bar-of", style: { "--p": String(p) } }), percent(p)];
}

function evidence() {
  return [
    open.item && !open.picture ? el("div", { class: "said", tabindex: "0", text: open.item }) : null,
    el("dl", { class: "sides" },
      side("given", el("dd", { class: "big", text: open.given })),
      open.suggested === null ? side("suggested", el("dd", { text: "nobody contradicts this label; it is in the random choice for the estimate" })) : side("suggested", el("dd", { class: "big", text: open.suggested })),
      open.votes.map((one) => side(one.expert, el("dd", {}, share(one.confidence), ` ${one.label}`, one.counts ? null : " (not counted)"))),
      open.judge ? side(`judge ${about.judge}`, el("dd", {}, share(open.judge.probability), ` ${open.judge.label}`)) : null,
      open.picture && open.item ? side("item", el("dd", { class: "hint", text: open.item })) : null),
  ];
}

function drawOne() {
  byId("bar").hidden = !open;
  document.body.classList.toggle("reading", Boolean(open));
  if (!open) return fill(byId("body"), "none", () => el("p", { class: "none", text: "No label is open." }));
  const said = mine(open) ?? {};
  fill(byId("body"), [open.row], () => [
    el("h1", { id: "title", tabindex: "-1", text: `Row ${open.row}: is it “${open.given}”?` }),
    el("div", { class: open.picture ? "case" : "case plain" },
      open.picture ? el("figure", {}, picture(open, { alt: `The picture of row ${open.row}`, onload: (event) => event.target.classList.toggle("small", event.target.naturalWidth < 100) })) : null,
      el("div", { class: "sides", id: "evidence" })),
    el("fieldset", { class: "kinds" }, el("legend", { text: "What kind of mistake (optional)" }),
      about.categories.map((kind, i) => el("button", { type: "button", "aria-pressed": "false", title: kind.meaning, dataset: { kind: kind.name }, onclick: () => change({ category: mine(open)?.category === kind.name ? null : kind.name }) }, `${kind.name} `, el("kbd", { "aria-hidden": "true", text: String(i + 1) })))),
    el("label", { class: "noted" }, "Note", el("textarea", { id: "note", maxlength: "1000", onchange: (event) => change({ note: event.target.value }) })),
  ]);
  fill(byId("evidence"), [open.row, open.item, open.votes, open.judge], evidence); // comes later; a note that is being written stays
  const note = byId("note");
  if (document.activeElement !== note) note.value = said.note ?? "";
  for (const button of document.querySelectorAll("[data-kind]")) button.setAttribute("aria-pressed", String(button.dataset.kind === said.category));
  for (const button of document.querySelectorAll("[data-decision]")) button.setAttribute("aria-pressed", String(button.dataset.decision === said.decision));
  byId("new-label").value = said.label ?? open.suggested ?? about.classes.find((name) => name !== open.given);
  byId("clear").disabled = !mine(open);
}

/** Says something more, or something else, of the open row. */
function change(part) {
  if (!open || turning) return;
  const said = { decision: null, label: null, category: null, note: byId("note")?.value ?? "", ...mine(open), ...part };
  if (said.decision !== "relabel") said.label = null;
  const empty = !said.decision && !said.category && !said.note;
  votes.decide(0, open.row, empty ? null : said);
  say(empty ? "cleared" : `${said.decision ?? "noted"} saved`);
  drawOne();
  drawList();
}

/** A second click on a button takes back what it said; a key says it again. */
function decide(decision, clicked = false) {
  if (!open || turning) return undefined;
  const pressed = clicked && mine(open)?.decision === decision;
  change(pressed ? { decision: null } : { decision, label: decision === "relabel" ? byId("new-label").value : null });
  return pressed ? undefined : step(1);
}

function clear() {
  if (!open || turning) return;
  byId("note").value = "";
  votes.decide(0, open.row, null);
  drawOne();
  drawList();
}

async function step(by) {
  if (turning) return;
  const rows = list.rows.map((row) => row.row);
  const at = rows.indexOf(state.row);
  const next = at + by;
  if (next >= 0 && next < rows.length) return go(rows[next]);
  if (by > 0 && state.offset + rows.length < list.total) return turn(PAGE, 0);
  if (by < 0 && state.offset > 0) return turn(-PAGE, -1);
}

async function turn(by, at) {
  if (turning) return;
  turning = at !== undefined;
  try {
    await load(Math.max(0, state.offset + by));
  } finally {
    turning = false;
  }
  if (at !== undefined && list.rows.length) await go(list.rows.at(at).row);
  byId("rows").scrollTop = 0;
}

async function go(row, push = false) {
  state.row = row;
  address(push);
  const listed = list.rows.find((one) => one.row === row);
  open = listed ? { ...listed, votes: [], judge: null } : null; // at once, so that a quick key means the row that is shown
  drawOne();
  drawList();
  if (!(await readRow())) return;
  byId("body").scrollTop = 0;
  document.querySelector(".entry[aria-current]")?.scrollIntoView({ block: "nearest" });
}

/** Draws all that is known of the row that is gone to; false where another was gone to meanwhile. */
async function readRow() {
  const [turn, { row }, before] = [++asked, state, open?.mine];
  const told = row === null ? null : await ask(`api/row?row=${row}`);
  if (turn !== asked) return false;
  if (told && open && open.mine !== before) told.mine = open.mine; // said and saved since this was asked
  open = told;
  drawOne();
  drawList();
  return true;
}

const rowsQuery = (offset) => `api/rows?${new URLSearchParams({ order: state.order, show: state.show, offset, limit: PAGE })}`;

/** Lists the rows from a place on; what does not come leaves the list where it was. */
async function load(offset = state.offset) {
  const nth = ++listings;
  const told = await ask(rowsQuery(offset));
  if (nth !== listings) return; // another list was asked for meanwhile
  list = told;
  state.offset = offset;
  drawList();
}

/** What other pages saved meanwhile, and what did not come when it was asked for. */
async function lookAgain() {
  if (document.hidden || votes.sending || votes.waiting.size) return;
  const [query, before] = [rowsQuery(state.offset), nSaved];
  const told = await ask(query);
  const late = query !== rowsQuery(state.offset) || before !== nSaved || votes.sending || votes.waiting.size; // it does not know what was done meanwhile
  if (late || (told.version === list.version && !missed)) return;
  list = told;
  const again = list.rows.find((row) => row.row === open?.row);
  if (again && JSON.stringify(again.mine) !== JSON.stringify(open.mine)) open.mine = again.mine;
  drawOne();
  drawList();
  if (!missed) return;
  missed = false;
  await readRow();
}

function address(push) {
  const wanted = `#${new URLSearchParams(Object.entries(state).filter(([, value]) => value !== null && value !== 0))}`;
  if (location.hash === wanted) return;
  history[push ? "pushState" : "replaceState"](null, "", wanted);
}

function readAddress(hash = location.hash) {
  const told = new URLSearchParams(hash.slice(1));
  state.order = told.get("order") === "sample" ? "sample" : "list";
  state.show = ["open", "decided"].includes(told.get("show")) ? told.get("show") : "all";
  state.offset = Math.max(0, Number.parseInt(told.get("offset"), 10) || 0);
  state.row = told.has("row") ? Number.parseInt(told.get("row"), 10) : null;
  byId("order").value = state.order;
  byId("show").value = state.show;
}

function saved(file, row, answer) {
  nSaved += 1;
  for (const shown of [open, ...list.rows]) if (shown?.row === row) shown.mine = answer.mine;
  Object.assign(list, { ...answer, version: list.version }); // others may have voted meanwhile: the next look says
  drawOne();
  drawList();
}

const KEYS = [["k", "keep the label"], ["r", "relabel, as the list beside it says"], ["d", "drop the row"], ["x", "clear"], ["1 – 6", "kind of mistake"], ["n", "write a note"], ["j  →", "next"], ["p  ←", "row before"], ["?", "this help"]];

function help() {
  const dialog = byId("keys");
  dialog.replaceChildren(
    el("h2", { id: "keys-title", text: "Keys" }),
    el("dl", { class: "key-list" }, KEYS.map(([key, what]) => el("div", {}, el("dt", {}, key.split("  ").map((one) => el("kbd", { text: one }))), el("dd", { text: what })))),
    el("p", { class: "hint", text: `Votes are saved at once in ${about.sidecar}; several pages may be open.` }),
    ...about.findings.map((sentence) => el("p", { class: "hint", text: `${sentence}.` })),
    el("button", { type: "button", class: "primary", text: "Close", onclick: () => dialog.close() }),
  );
  dialog.showModal();
}

function take() {
  const dialog = byId("export");
  dialog.replaceChildren(
    el("h2", { id: "export-title", text: "Take home" }),
    el("p", {}, el("a", { href: "export/labels.csv", download: "labels.csv", text: "labels.csv" }), ": the labels of all rows that are kept, corrected"),
    el("p", {}, el("a", { href: "export/decisions.csv", download: "decisions.csv", text: "decisions.csv" }), ": every decision with its kind and note"),
    el("p", { class: "hint" }, "A corrected copy of the data: ", el("code", { text: `foureyes clean … -o OUT --decisions ${about.sidecar}` })),
    el("button", { type: "button", class: "primary", text: "Close", onclick: () => dialog.close() }),
  );
  dialog.showModal();
}

function prepare() {
  const on = (id, work, what = "click") => byId(id).addEventListener(what, heard(work));
  for (const button of document.querySelectorAll("[data-decision]")) button.addEventListener("click", heard(() => decide(button.dataset.decision, true)));
  on("new-label", () => change({ decision: "relabel", label: byId("new-label").value }), "change");
  on("clear", clear);
  on("back", () => go(null, true));
  on("before", () => step(-1));
  on("after", () => step(1));
  on("page-before", () => turn(-PAGE));
  on("page-after", () => turn(PAGE));
  on("help", help);
  on("take", take);
  for (const id of ["order", "show"]) on(id, async () => { state[id] = byId(id).value; state.offset = 0; address(false); await load(); }, "change");
  on("skip", (event) => { event.preventDefault(); byId("one").focus(); });
  on("bar", (event) => event.preventDefault(), "submit");
  on("filters", (event) => event.preventDefault(), "submit");
  const kinds = Object.fromEntries(about.categories.map((kind, i) => [String(i + 1), () => open && change({ category: mine(open)?.category === kind.name ? null : kind.name })]));
  const keys = { k: () => decide("keep"), r: () => decide("relabel"), d: () => decide("drop"), x: clear, n: () => byId("note")?.focus(), j: () => step(1), p: () => step(-1), ArrowRight: () => step(1), ArrowLeft: () => step(-1), "?": help, ...kinds };
  listenToKeys(Object.fromEntries(Object.entries(keys).map(([key, work]) => [key, heard(work)])), () => !document.querySelector("dialog[open]"));
  setInterval(heard(lookAgain), LOOK_AGAIN_MS);
}

/** Work whose failure to reach the server is told on the page. */
function heard(work) {
  return (event) => Promise.resolve(work(event)).catch(unreachable);
}

function unreachable(error) {
  if (!(error instanceof Failed)) throw error;
  missed ||= !error.refused;
  byId("notes").textContent = error.message;
}

async function start() {
  const uncounted = ({ message }) => { byId("found").textContent = message; };
  about = await answered(() => ask("api/desk"), uncounted);
  byId("name").textContent = about.name;
  document.title = `${about.name} · foureyes clean`;
  byId("new-label").replaceChildren(...about.classes.map((name) => el("option", { value: name, text: name })));
  readAddress();
  const wide = matchMedia("(min-width: 860px)").matches;
  votes = new Labels({ label: vote }, about.sidecar, saved);
  await answered(load, uncounted);
  prepare();
  await heard(go)(state.row ?? (wide && list.rows.length ? list.rows[0].row : null));
  if (votes.waiting.size) await votes.send();
}

const started = start().catch(unreachable);
addEventListener("popstate", () => {
  const { hash } = location;
  started.then(heard(async () => { readAddress(hash); await load(); await go(state.row); }));
});
