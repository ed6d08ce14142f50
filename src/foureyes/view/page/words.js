// What the page says of rows and signals.

import { count, known, number } from "./numbers.js";

const LENGTH = "n_tokens";
/** Where no number was taken of any row. */
export const NO_SIGNAL = { name: "", title: "", unit: "", worst: "high", low: null, high: null };

export const LABELS = {
  right: { word: "right", sign: "✓" },
  wrong: { word: "wrong", sign: "✗" },
  unsure: { word: "unsure", sign: "?" },
};

/** A signal's value, with as many digits as help to tell two apart. */
export function valueOf(value, signal) {
  if (!known(value)) return "–";
  if (signal.name === LENGTH || Number.isInteger(value)) return count(value);
  if (signal.unit === "probability") return number(value, 3);
  const size = Math.abs(value);
  return size >= 1000 ? count(Math.round(value)) : number(value, size >= 100 ? 1 : 2);
}

/** Where a value stands between the least and the greatest seen, 0 to 1 with 1 the worst. */
export function shareOf(value, signal) {
  if (!known(value) || !known(signal.low) || !known(signal.high) || signal.high <= signal.low) return 0;
  const share = (value - signal.low) / (signal.high - signal.low);
  return Math.min(Math.max(signal.worst === "low" ? 1 - share : share, 0), 1);
}

/**
 * The orders that a list can be in, with what is said of each; `by` and direction together.
 * @param {import("./source.js").Signal} signal
 * @param {boolean} compares whether there is another value a row
 */
export function orders(signal, compares) {
  const [worst, best] = signal.name === LENGTH ? ["longest first", "shortest first"] : ["worst first", "best first"];
  const apart = [["difference worst", "worse than beside first"], ["difference best", "better than beside first"]];
  return [["value worst", worst], ["value best", best], ...(compares ? apart : []), ["value file", "as in the file"]];
}

/** 1st, 2nd, 3rd, 4th. */
export function ordinal(n) {
  const ten = n % 100;
  const ending = ten > 10 && ten < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${count(n)}${ending}`;
}
