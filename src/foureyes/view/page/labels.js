// What a person decides: sent at once; what could not be saved is shown, kept in the browser, and sent again.

import { byId, el } from "./dom.js";
import { plural } from "./numbers.js";
import { recall, remember } from "./remembered.js";
import { Failed } from "./source.js";

/** Decisions on their way, the last one of every row. */
export class Labels {
  /**
   * @param {import("./source.js").Source} source
   * @param {string} sidecar names the place where what is unsaved is kept
   * @param {(file: number, row: number, answer: any) => void} saved is told what the source answered
   */
  constructor(source, sidecar, saved) {
    this.source = source;
    this.saved = saved;
    this.place = `foureyes-unsaved ${sidecar}`;
    /** @type {Map<string, {file: number, row: number, label: string | null}>} */
    this.waiting = new Map(JSON.parse(recall(this.place) ?? "[]"));
    this.sending = false;
    this.problem = "";
    this.draw();
  }

  /** The label of a row that is not saved yet; undefined where there is none. */
  pending(file, row) {
    return this.waiting.get(`${file}:${row}`)?.label;
  }

  async decide(file, row, label) {
    this.waiting.set(`${file}:${row}`, { file, row, label });
    this.keep();
    await this.send();
  }

  /** Sends what waits, one after another, until one fails. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    this.problem = "";
    try {
      while (this.waiting.size) {
        const [key, decision] = this.waiting.entries().next().value;
        const answer = await this.source.label(decision);
        if (this.waiting.get(key) === decision) this.waiting.delete(key);
        this.keep();
        this.saved(decision.file, decision.row, answer);
      }
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.problem = error.message;
    } finally {
      this.sending = false;
      this.draw();
    }
  }

  keep() {
    remember(this.place, JSON.stringify([...this.waiting]));
  }

  draw() {
    const place = byId("unsaved");
    const n = this.waiting.size;
    place.hidden = n === 0 || this.sending;
    if (place.hidden) return;
    const why = this.problem ? `: ${this.problem}` : " since this page was open last";
    place.replaceChildren(
      el("p", {}, el("b", { text: `${plural(n, "label")} not saved` }), /[.?!]$/.test(why) ? why : `${why}.`),
      el("button", { type: "button", text: "Save again", onclick: () => this.send() }),
    );
  }
}
