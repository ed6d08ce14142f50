// Where rows come from: the server, or the data that an exported page carries. Both answer alike.

import { embedded } from "./embedded.js";
import { byId } from "./dom.js";

const AGAIN_MS = 5000;

/** No answer came, or one that says why not; one that refused what was asked for (a status 4xx) will not be another. */
export class Failed extends Error {
  constructor(message, { refused = false, ...options } = {}) {
    super(message, options);
    this.refused = refused;
  }
}

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
 * @property {string} error what ended the reading of the file, empty where nothing did
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

const ask = asking("view");

/** @type {Source} */
const server = {
  saves: true,
  file: () => ask("api/file"),
  rows: (query) => ask(`api/rows?${query}`),
  row: (query) => ask(`api/row?${query}`),
  label: (decision) => ask("api/label", posted(decision)),
};

/** The options of a request that tells a decision. */
export function posted(decision) {
  return { method: "POST", body: JSON.stringify(decision), headers: { "Content-Type": "application/json" } };
}

/** What asks the server that a command of foureyes started. */
export function asking(command) {
  return async (path, options = {}) => {
    let response;
    try {
      response = await fetch(path, { cache: "no-store", redirect: "error", ...options });
    } catch (error) {
      throw new Failed(`foureyes ${command} does not answer; is it still running?`, { cause: error });
    }
    const answer = await response.json().catch(() => null);
    const refused = response.status >= 400 && response.status < 500;
    if (!response.ok || answer === null) throw new Failed(answer?.error ?? `the server answered ${response.status}`, { refused });
    return answer;
  };
}

/**
 * Asks again and again until an answer comes, or a refusal.
 * @param {() => Promise<any>} work that asks
 * @param {(error: Failed) => void} failed is told of every failure
 */
export async function answered(work, failed) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      failed(error);
      if (error.refused) throw error;
      await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }
}
