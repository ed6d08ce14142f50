// The ledger: its signed checkpoint, its latest entries, and proofs checked here rather than believed.

import { get, text } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { dayTime, fullTime, outcome, short } from "./format.js";
import { DASH, count, plural } from "./numbers.js";
import { Doctored, available, checkSignature, climb, extend, hex, leafHash, parseCheckpoint, parseKey } from "./proof.js";

const SHOWN = 12;
const place = (origin) => `foureyes-checkpoint:${origin}`;
let first = null; // root of the checkpoint that this browser saw first, if it was in this page: read again it still is the first

/** Reads the checkpoint and the latest entries; hides the section where no ledger is kept. */
export async function showLedger() {
  let latest;
  try {
    latest = await get(`v1/ledger/entries?limit=${SHOWN}`);
  } catch (error) {
    if (error.status !== 501) throw error;
    byId("ledger").hidden = true;
    return;
  }
  byId("ledger").hidden = false;
  const seen = await trusted();
  fill(byId("checkpoint"), seen, () => headOf(seen));
  const entries = latest.entries.toReversed();
  fill(byId("entries"), entries.map((entry) => entry.entry_hash), () => entries.map(row));
}

/** What this browser makes of the newest checkpoint: {origin, size, root, key, signature, history} or {trouble}. */
async function trusted() {
  if (!available()) return { trouble: "Proofs need a secure page: open this one by https, or on localhost" };
  const [note, about] = await Promise.all([text("v1/ledger/checkpoint"), get("v1/ledger")]);
  try {
    const checkpoint = parseCheckpoint(note);
    const { key, signature } = await signed(checkpoint, about.keys);
    const { origin, size, root } = checkpoint;
    return { origin, size, root, key: key.id, signature, history: await history(checkpoint, key) };
  } catch (error) {
    if (error instanceof Doctored) return { trouble: error.message };
    throw error;
  }
}

/** The key among those of the log that signed, and whether this browser could check it. */
async function signed(checkpoint, keys) {
  for (const line of keys) {
    const key = await parseKey(line);
    const signature = await checkSignature(checkpoint, key);
    if (signature !== "unsigned") return { key, signature };
  }
  throw new Doctored("the checkpoint is not signed by a key of the log");
}

/** Compares with the last checkpoint this browser saw of the log, and remembers this one if it extends it. */
async function history(checkpoint, key) {
  const kept = JSON.parse(localStorage.getItem(place(checkpoint.origin)) ?? "null");
  if (kept && kept.key !== key.id) return { words: "the log’s key is not the one this browser saw before", good: false };
  if (kept && kept.size > checkpoint.size) {
    return { words: `this browser saw ${plural(kept.size, "entry", "entries")} before, and now there are fewer`, good: false };
  }
  const needed = kept && kept.size > 0 && kept.size < checkpoint.size;
  const { hashes } = needed ? await get(`v1/ledger/proof/consistency?old=${kept.size}&new=${checkpoint.size}`) : { hashes: [] };
  if (kept && !(await extend(kept.size, kept.root, checkpoint.size, checkpoint.root, hashes))) {
    return { words: `it does not extend the log of ${plural(kept.size, "entry", "entries")} that this browser saw before`, good: false };
  }
  localStorage.setItem(place(checkpoint.origin), JSON.stringify({ size: checkpoint.size, root: checkpoint.root, key: key.id }));
  if (!kept) first = checkpoint.root;
  return { words: checkpoint.root === first ? "first seen by this browser" : "extends what this browser saw before", good: true };
}

function headOf(seen) {
  if (seen.trouble) return el("p", { class: "verdict-line bad" }, el("b", { text: `Refused: ${seen.trouble}.` }));
  const signature = { signed: "signature checked", unknown: "signature not checked: this browser knows no Ed25519" }[seen.signature];
  return [
    el("p", {}, el("b", { text: plural(seen.size, "entry", "entries") }), ` in ${seen.origin}`),
    el("p", {}, "root ", el("code", { title: seen.root, text: short(seen.root) })),
    el("p", { class: seen.signature === "signed" ? "good" : null, text: `${signature}, key ${seen.key}` }),
    el("p", { class: seen.history.good ? "good" : "bad", text: seen.history.words }),
  ];
}

function row(entry) {
  return el(
    "tr",
    {},
    el("td", { class: "number", text: String(entry.index) }),
    el("td", { class: "when" }, el("time", { datetime: entry.timestamp, title: fullTime(entry.timestamp), text: dayTime(entry.timestamp) })),
    verdictCell(entry),
    el("td", { class: "agent", text: entry.payload.agent ?? DASH }),
    el("td", {}, el("code", { title: entry.entry_hash, text: short(entry.entry_hash) })),
    el("td", {}, el("button", { type: "button", text: "Check", "aria-label": `Check the proof of entry ${entry.index}`, onclick: () => proofOf(entry.index, entry.entry_hash, byId("proof")) })),
  );
}

/** What an entry says was decided, and every vote; of other events, their name. */
function verdictCell({ event, payload }) {
  if (!Array.isArray(payload.votes)) return el("td", {}, event.split("_").flatMap((word, i) => (i ? ["_", el("wbr"), word] : [word])));
  const { failed_stage: stage, mode } = payload;
  const { word, sign, kind } = outcome({ ...payload, safe: payload.safe && !stage, enforced: mode !== "observe" });
  const said = payload.votes.map((vote) => `${vote.model} ${vote.verdict}`).join(", ") || "no votes";
  return el(
    "td",
    { class: "verdicts", title: said },
    el("span", { class: `mark ${kind}`, "aria-hidden": "true", text: sign }),
    el("span", { text: stage ? `${word} (${stage})` : word }),
    el("span", { class: "votes" }, payload.votes.map((vote) => el("i", { class: `vote ${vote.verdict}` })), el("span", { class: "unseen", text: said })),
  );
}

/** Fetches a proof, checks it here, and shows every step. */
export async function proofOf(index, claimed, target) {
  delete target.dataset.shown;
  target.replaceChildren(el("p", { class: "hint", text: "Checking…" }));
  try {
    target.replaceChildren(...(await checked(index, claimed)));
  } catch (error) {
    const words = error instanceof Doctored ? `Refused: ${error.message}.` : `Could not be checked: ${error.message}.`;
    target.replaceChildren(el("p", { class: "verdict-line bad" }, el("span", { class: "sign", "aria-hidden": "true", text: "✗" }), el("b", { text: words })), ...(error.steps ?? []));
  }
}

async function checked(index, claimed) {
  const seen = await trusted();
  if (seen.trouble) throw new Doctored(seen.trouble);
  if (!seen.history.good) throw new Doctored(seen.history.words);
  const [{ raw }, proof] = await Promise.all([
    get(`v1/ledger/entries/${index}`),
    get(`v1/ledger/proof/inclusion?index=${index}&size=${seen.size}`),
  ]);
  const bytes = new TextEncoder().encode(raw);
  const leaf = await leafHash(bytes);
  const entry = entryOf(raw, index);
  const steps = await climb(leaf, index, seen.size, proof.path);
  const root = steps.at(-1)?.hash ?? hex(leaf);
  const shown = stepList(index, hex(leaf), bytes.length, steps, seen);
  if (hex(leaf) !== claimed) throw refusal(`entry ${index} hashes to ${short(hex(leaf))}, not to the ${short(claimed)} it was said to have`, shown);
  if (root !== seen.root) throw refusal(`the root computed, ${short(root)}, is not the one signed, ${short(seen.root)}`, shown);
  return [
    el("p", { class: "verdict-line good" }, el("span", { class: "sign", "aria-hidden": "true", text: "✓" }), el("b", { text: `Entry ${index} is in the log: the root computed here is the one signed.` })),
    shown,
    el("details", {}, el("summary", { text: "What the entry says" }), el("pre", { text: JSON.stringify(entry, null, 2) })),
  ];
}

function refusal(words, ...steps) {
  return Object.assign(new Doctored(words), { steps });
}

function entryOf(raw, index) {
  let entry;
  try {
    entry = JSON.parse(raw);
  } catch {
    throw new Doctored("the entry is not JSON");
  }
  if (entry?.index !== index) throw new Doctored(`the entry says it is number ${entry?.index}, not ${index}`);
  return entry;
}

function stepList(index, leaf, length, steps, seen) {
  const hash = (text, own) => el("code", { class: own ? "own" : null, title: text, text: short(text) });
  return el(
    "ol",
    { class: "steps" },
    el("li", {}, el("span", { class: "how", text: `entry ${index}, ${plural(length, "byte")}` }), hash(leaf, true)),
    steps.map(({ side, sibling, hash: result }, i) => {
      const own = hash(i ? steps[i - 1].hash : leaf, true);
      const pair = side === "left" ? [hash(sibling), " + ", own] : [own, " + ", hash(sibling)];
      return el("li", {}, el("span", { class: "how" }, pair), hash(result, true));
    }),
    el("li", { class: "root" }, el("span", { class: "how", text: `signed root of ${plural(seen.size, "entry", "entries")}` }), hash(seen.root)),
  );
}
