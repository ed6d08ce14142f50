// Moments, outcomes and hashes in words.

import { DASH, known } from "./numbers.js";

const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const clock = new Intl.DateTimeFormat("en-GB", parts);
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...parts, timeZoneName: "short" });
const full = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "short", day: "numeric", ...parts, timeZoneName: "short" });
const zoned = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });

/** Seconds since 1970, or a text in RFC 3339, as a Date. */
export const moment = (at) => new Date(typeof at === "number" ? at * 1000 : at);
export const time = (at) => clock.format(moment(at));
/** With seconds and zone. */
export const dayTime = (at) => day.format(moment(at));
/** With the year as well. */
export const fullTime = (at) => full.format(moment(at));

/** The zone that this browser shows times in, in words. */
export function zone() {
  const short = zoned.formatToParts(new Date()).find(({ type }) => type === "timeZoneName")?.value ?? "local time";
  const place = zoned.resolvedOptions().timeZone;
  return !place || place === short ? short : `${short} (${place})`;
}

export function milliseconds(ms) {
  if (!known(ms)) return DASH;
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export const short = (hash) => (hash.length > 20 ? `${hash.slice(0, 8)}…${hash.slice(-6)}` : hash);

/** What became of an answer: one word, one sign, one class. Where a verdict only informs, nothing was held back. */
export function outcome(verification) {
  if (verification.safe) return { word: "let through", sign: "✓", kind: "passed" };
  const decided = verification.consensus_reached;
  if (verification.enforced === false) {
    return { word: decided ? "observed only, would be held back" : "observed only, undecided", sign: decided ? "✗" : "?", kind: "observed" };
  }
  return decided ? { word: "held back", sign: "✗", kind: "held" } : { word: "undecided, held back", sign: "?", kind: "undecided" };
}
