// Numbers and moments in words, the same everywhere. What is unknown is a dash.

export const DASH = "–";

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** Seconds since 1970, or a text in RFC 3339, as a Date. */
export const moment = (at) => new Date(typeof at === "number" ? at * 1000 : at);
export const time = (at) => clock.format(moment(at));
export const dayTime = (at) => day.format(moment(at));

export const known = (value) => typeof value === "number" && Number.isFinite(value);

/** A share as a percentage: one digit after the point below 10 %, where it matters. */
export function percent(share) {
  if (!known(share)) return DASH;
  const value = share * 100;
  return `${value.toFixed(value > 0 && value < 9.95 ? 1 : 0)} %`;
}

export function milliseconds(ms) {
  if (!known(ms)) return DASH;
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export const number = (value, digits = 2) => (known(value) ? value.toFixed(digits).replace("-", "−") : DASH);
export const count = (value) => (known(value) ? value.toLocaleString("en-GB").replaceAll(",", "\u202f") : DASH);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
export const short = (hash) => (hash.length > 20 ? `${hash.slice(0, 8)}…${hash.slice(-6)}` : hash);

/** What became of an answer: one word, one sign, one class. */
export function outcome(verification) {
  if (verification.safe) return { word: "let through", sign: "✓", kind: "passed" };
  if (verification.consensus_reached) return { word: "held back", sign: "✗", kind: "held" };
  return { word: "undecided, held back", sign: "?", kind: "undecided" };
}
