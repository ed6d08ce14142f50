// Where rows come from: the server, or the data that an exported page carries. Both answer alike.

import { embedded } from "./embedded.js";
import { byId } from "./dom.js";

/** No answer came, or one that says why not. */
export class Failed extends Error {}

/**
 * @typedef {object} Signal
 * @property {string} name
 * @property {string} title
 * @property {string} [unit]
 * @property {"high" | "low"} worst which end is worth a look
 * @property {number | null} low seen in the file
 * @property {number | null} high
 *
 * @typedef {object} Verifier
 * @property {string} name
 * @property {Signal[]} signals
 * @property {boolean} tokens
 *
 * @typedef {object} ScoredFile
 * @property {string} name
 * @property {number | null} rows
 * @property {number} indexed
 * @property {number} progress
 * @property {boolean} caught_up
 * @property {{cause: string, rows: number, example: string}[]} problems
 * @property {Verifier[]} verifiers
 * @property {Record<"right" | "wrong" | "unsure" | "none", number>} labels
 *
 * @typedef {object} Source
 * @property {boolean} saves whether labels reach a file
 * @property {() => Promise<{files: ScoredFile[], default_sort: string, sidecar: string}>} file
 * @property {(query: URLSearchParams) => Promise<any>} rows
 * @property {(query: URLSearchParams) => Promise<any>} row
 * @property {(decision: {file: number, row: number, label: string | null}) => Promise<any>} label
 */

/** @returns {Source} */
export function source() {
  const data = byId("data");
  return data ? embedded(JSON.parse(data.textContent)) : server;
}

/** @type {Source} */
const server = {
  saves: true,
  file: () => ask("api/file"),
  rows: (query) => ask(`api/rows?${query}`),
  row: (query) => ask(`api/row?${query}`),
  label: (decision) =>
    ask("api/label", { method: "POST", body: JSON.stringify(decision), headers: { "Content-Type": "application/json" } }),
};

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", redirect: "error", ...options });
  } catch (error) {
    throw new Failed("foureyes view does not answer; is it still running?", { cause: error });
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null) throw new Failed(answer?.error ?? `the server answered ${response.status}`);
  return answer;
}
