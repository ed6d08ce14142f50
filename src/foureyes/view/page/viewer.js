// What is shown: the address says it, what a person does changes the address, labels are sent at once.

import { drawDetail, drawNothing, drawPlace } from "./detail.js";
import { byId, say } from "./dom.js";
import { closeCard } from "./heatmap.js";
import { Labels } from "./labels.js";
import { PAGE, drawFound, drawList, markCurrent, relabel } from "./list.js";
import { percent, plural } from "./numbers.js";
import { drawPickers, signalOf } from "./pickers.js";
import { recall } from "./remembered.js";
import { Failed } from "./source.js";
import { beside, rememberState, rowsQuery, stateOfAddress } from "./state.js";
import { drawTally } from "./tally.js";
import { orders } from "./words.js";

const POLL_MS = 1000;
const SLOW_MS = 5000;
const PHONE = matchMedia("(max-width: 859px)");

export class View {
  constructor(from, about) {
    this.from = from;
    this.about = about;
    this.wanted = stateOfAddress();
    this.found = { total: 0, rows: [], search: null, order: "file", indexed: 0, asked: this.state };
    this.listed = false;
    this.silent = false; // whether nobody answered when the files were looked at last
    this.row = null;
    this.drawn = "";
    this.turn = 0;
    this.steps = Promise.resolve();
    this.keysOn = recall("foureyes-keys") !== "off";
    this.labels = new Labels(from, about.sidecar, (file, row, answer) => this.saved(file, row, answer));
  }

  /** What is wanted, as far as the files have it by now. */
  get state() {
    return tidied(this.wanted, this.about);
  }

  get file() {
    return this.about.files[this.state.file];
  }

  /** What is to stand beside the list: a row as some verifiers saw it, or words where none is open. */
  get opened() {
    const { file, row, verifier, with: other } = this.state;
    if (row !== "") return JSON.stringify([file, row, verifier, other]);
    if (this.found.total) return "Choose an answer.";
    return this.listed ? "No answer fits." : "The list has not come yet.";
  }

  /** Keeps a state and writes it into the address; what is not in the files is dropped once all of them are indexed. */
  want(state, step = false) {
    this.wanted = this.about.files.every(ended) ? tidied(state, this.about) : state;
    rememberState(this.wanted, step);
  }

  /** Does one thing after another, however fast keys come: a label is for the row that was gone to before it. */
  then(work) {
    this.steps = this.steps.then(work).catch(reportError);
    return this.steps;
  }

  /** Takes part of a state, writes it into the address, and shows what differs. */
  async change(part, { step = false } = {}) {
    const before = this.state;
    this.want({ ...this.wanted, ...part }, step);
    if (listsApart(before, this.state)) await this.showList();
    await this.showOther();
  }

  async showAll(state) {
    this.want(state);
    await this.showList();
    await this.showRow();
  }

  /** Shows the list again, and what is open now where that is another. */
  async showAnew() {
    await this.showList();
    await this.showOther();
  }

  async showOther() {
    if (this.opened !== this.drawn) await this.showRow();
  }

  async showList() {
    drawPickers(this.about, this.state);
    this.drawTally();
    const turn = (this.turn += 1);
    byId("rows").setAttribute("aria-busy", "true");
    const asked = this.state;
    const found = await this.attempt(() => this.from.rows(rowsQuery(asked, PAGE)), drawFailure);
    if (turn !== this.turn) return; // something else was asked for meanwhile
    byId("rows").removeAttribute("aria-busy");
    this.listed = found !== null;
    if (!found) return;
    this.found = { ...found, asked };
    this.drawNews(0);
    drawList(found, signalOf(this.about, this.state), {
      offset: Number(this.state.offset),
      pending: (row) => this.labels.pending(Number(this.state.file), row),
      choose: (row) => this.then(() => this.change({ row: String(row) }, { step: PHONE.matches })),
    });
    const ordered = found.order === this.state.order; // while a file is indexed, its first row is not the worst
    if (this.state.row === "" && ordered && found.rows.length && !PHONE.matches) this.want({ ...this.wanted, row: String(found.rows[0].row) });
    markCurrent(this.state.row);
    if (this.row) drawPlace(this.row, this.where());
    if (found.search && !found.search.complete) this.later(() => this.then(() => turn === this.turn && this.showAnew()));
  }

  async showRow() {
    closeCard();
    const { state, opened } = this;
    this.drawn = opened;
    document.body.classList.toggle("reading", state.row !== "");
    byId("bar").hidden = state.row === "";
    markCurrent(state.row);
    if (state.row === "") {
      this.row = null;
      drawNothing(opened);
      return;
    }
    const other = beside(state);
    const query = new URLSearchParams({ file: state.file, row: state.row, ...(other && other[0] !== Number(state.file) ? { with_file: other[0] } : {}) });
    const file = Number(state.file);
    const again = this.row?.file === file && String(this.row.row) === state.row;
    this.row = null;
    const row = await this.attempt(() => this.from.row(query), (error) => drawNothing(`Row ${Number(state.row) + 1} cannot be shown: ${error.message}`));
    if (!row) return;
    this.row = { ...row, file };
    drawDetail(row, this.sides(row, other), this.where(), this.about.scale);
    if (!again) byId("answer").scrollTop = 0;
    this.drawLabel();
    document.title = `Row ${row.row + 1} · ${this.file.name} · foureyes view`;
  }

  /** The verifier that is looked at, and the one beside it. */
  sides(row, other) {
    const own = this.file.verifiers[this.state.verifier];
    const named = (name) => (result) => result.name === name;
    const first = { row, verifier: row.verifiers.find(named(own?.name)), name: own?.name ?? this.file.name };
    if (!other) return [first];
    const file = this.about.files[other[0]];
    const there = other[0] === Number(this.state.file) ? row : (row.others?.[0] ?? null);
    const name = file.verifiers[other[1]].name;
    const second = { row: there, verifier: there?.verifiers.find(named(name)), name };
    if (other[0] === Number(this.state.file)) return [first, second];
    return [{ ...first, name: `${first.name} in ${this.file.name}` }, { ...second, name: `${name} in ${file.name}` }];
  }

  /** Where the row that is drawn stands in the list that is drawn. */
  where() {
    const { asked, order, rows, total } = this.found;
    const signal = signalOf(this.about, asked);
    const inFile = order === "file" || !signal.name;
    const words = Object.fromEntries(orders(signal, true))[inFile ? "value file" : `${asked.by} ${order}`];
    const entry = Number(asked.file) === this.row.file && rows.find(({ row }) => row === this.row.row);
    return { place: entry?.place ?? null, total, order: inFile ? words : `${words} by ${signal.name}` };
  }

  /** Goes on by one answer, onto another page of the list where this one ends. */
  async go(step) {
    const at = this.found.rows.findIndex(({ row }) => String(row) === this.state.row);
    const next = this.found.rows[at + step];
    if (next) return this.change({ row: String(next.row) });
    const offset = Number(this.state.offset) + step * PAGE;
    if (offset < 0 || offset >= this.found.total) return say(step > 0 ? "This is the last answer." : "This is the first answer.");
    await this.change({ offset: String(offset) });
    const reached = this.found.rows[step > 0 ? 0 : this.found.rows.length - 1];
    return reached && this.change({ row: String(reached.row) });
  }

  async page(step) {
    await this.change({ offset: String(Math.max(0, Number(this.state.offset) + step * PAGE)), ...(PHONE.matches ? {} : { row: "" }) });
  }

  /** Labels the row that is drawn, whatever was asked for since. */
  async decide(label) {
    if (this.row === null) return;
    const { file, row } = this.row;
    const saving = this.labels.decide(file, row, label);
    if (file === Number(this.found.asked.file)) relabel(row, label ?? this.row.label, true);
    this.drawLabel();
    say(label ? `Row ${row + 1}: ${label}` : `Row ${row + 1}: label cleared`);
    if (label && byId("go-on").checked) await this.go(1);
    return { saving };
  }

  saved(file, row, answer) {
    this.about.files[file].labels = answer.labels;
    if (this.row?.file === file && this.row.row === row) this.row.mine = answer.mine;
    this.drawLabel();
    this.drawTally();
    const entry = file === Number(this.found.asked.file) && this.found.rows.find((one) => one.row === row);
    if (!entry) return;
    entry.mine = answer.mine;
    const pending = this.labels.pending(file, row);
    relabel(row, pending ?? answer.mine ?? entry.label, pending !== undefined);
  }

  drawLabel() {
    if (this.row === null) return;
    const pending = this.labels.pending(this.row.file, this.row.row);
    const mine = pending === undefined ? this.row.mine : pending;
    for (const button of document.querySelectorAll("[data-label]")) button.setAttribute("aria-pressed", String(button.dataset.label === mine));
    byId("clear").removeAttribute("aria-pressed");
    byId("clear").disabled = !mine;
  }

  drawTally() {
    drawTally(this.about, this.file, this.from.saves);
  }

  /** Follows the files: how far they are read, and then whether rows come. */
  follow() {
    if (!this.from.saves) return;
    const growing = this.about.files.find((file) => !ended(file));
    const indexed = byId("indexed");
    indexed.hidden = !growing;
    if (growing) indexed.textContent = `indexed ${percent(growing.progress)}`;
    this.later(() => this.then(() => this.refresh()).then(() => this.follow()), growing ? POLL_MS : SLOW_MS);
  }

  async refresh() {
    if (document.hidden) return;
    const about = await this.attempt(() => this.from.file(), drawFailure);
    if (about && this.silent && this.listed) drawFound(this.found);
    this.silent = !about;
    if (!about) return;
    const [was, { files }, before] = [this.file, this.about, this.state];
    this.about = about;
    this.want(this.wanted);
    drawPickers(about, this.state);
    this.drawTally();
    const { indexed } = this.file;
    const other = listsApart(before, this.state) || about.files.some((file, i) => ended(file) !== ended(files[i]));
    const missed = this.row === null && this.state.row !== "" && Number(this.state.row) < indexed;
    if (other || !this.listed || (!was.indexed && indexed)) await this.showList();
    if (other || missed || this.opened !== this.drawn) await this.showRow();
    this.drawNews(ended(this.file) ? indexed - this.found.indexed : 0);
  }

  /** Rows that came since the list was made do not disturb who reads it. */
  drawNews(n) {
    byId("new").hidden = n <= 0;
    byId("new").textContent = `Show ${plural(n, "new row")}`;
  }

  later(work, ms = POLL_MS) {
    setTimeout(work, ms);
  }

  /** What fails is said, and tried again when the files are looked at next. */
  async attempt(work, failed) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      failed(error);
      return null;
    }
  }
}

/** Says what failed where the list is counted. */
function drawFailure({ message }) {
  byId("found").textContent = message;
}

/** Whether all that can be read of a file is indexed. */
function ended({ caught_up: done, error }) {
  return done || Boolean(error);
}

/** Whether two states list other rows, or the same in another order. */
function listsApart({ row: _, ...one }, { row: __, ...other }) {
  return JSON.stringify(one) !== JSON.stringify(other);
}

/** A state that fits the files: what is named exists. */
function tidied(state, { files, default_sort: sort }) {
  const file = files[state.file] ? state.file : "0";
  const verifier = files[file].verifiers[state.verifier] ? state.verifier : "0";
  const [f, v] = state.with.split(":");
  const kept = state.with !== `${file}:${verifier}` && files[f]?.verifiers[v] ? state.with : "";
  const sorted = signalOf({ files }, { file, verifier, sort: state.sort || sort }).name;
  return { ...state, file, verifier, with: kept, sort: sorted, by: kept && state.order !== "file" ? state.by : "value" };
}
