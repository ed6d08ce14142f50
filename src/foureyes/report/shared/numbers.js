// Numbers in words, the same on every page. What is unknown is a dash.

export const DASH = "–";

export const known = (value) => typeof value === "number" && Number.isFinite(value);

/** A share as a percentage: one digit after the point below 10 %, where it matters. */
export function percent(share) {
  if (!known(share)) return DASH;
  const value = share * 100;
  return `${value.toFixed(value > 0 && value < 9.95 ? 1 : 0)} %`;
}

export const number = (value, digits = 2) => (known(value) ? value.toFixed(digits).replace("-", "−") : DASH);
export const count = (value) => (known(value) ? value.toLocaleString("en-GB").replaceAll(",", "\u202f") : DASH);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
