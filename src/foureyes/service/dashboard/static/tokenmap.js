// One answer of a route in the colours of surprise, read again when somebody opens it; what a token says stands below.

import { get } from "./api.js";
import { el } from "./dom.js";
import { walk } from "./heat.js";
import { plural } from "./numbers.js";
import { show } from "./pieces.js";

/** The answer as text with a button that colours it. */
export function tokenMap(requestId, stage, text) {
  const words = el("p", { class: "said", text });
  const box = el("div", { class: "tokens" }, words);
  const button = el("button", { type: "button", text: "Show its tokens" });
  button.addEventListener("click", () => ask(box, words, button, requestId, stage));
  box.append(button);
  return box;
}

async function ask(box, words, button, requestId, stage) {
  button.disabled = true;
  try {
    const told = await get(`v1/routes/answers/${encodeURIComponent(requestId)}/tokens?stage=${stage}`);
    button.remove();
    if (told.missing !== null) box.append(el("p", { class: "hint", text: `No tokens: ${told.missing}.` }));
    else words.replaceWith(...map(told));
  } catch (error) {
    button.disabled = false;
    button.textContent = `Show its tokens (not told: ${error.message})`;
  }
}

function map(told) {
  const says = el("p", { class: "about", "aria-live": "polite", text: `Read by ${told.model}: the darker, the more surprising.` });
  const spots = new Map();
  const parts = told.tokens.flatMap((spot) => {
    if (spot.nats === undefined) return [spot.lead, ...show(spot.pieces)];
    const token = el("span", { class: "t", style: { "--s": spot.strength } }, show(spot.pieces));
    spots.set(token, spot);
    return [spot.lead, token];
  });
  const node = el("div", { class: "map said", role: "group", "aria-label": "The answer, token by token", dir: "auto" });
  node.append(...parts.filter((part) => part !== ""));
  if (spots.size) walk(node, (token) => { if (spots.has(token)) says.textContent = facts(spots.get(token)); });
  const notes = [
    told.more ? `${plural(told.more, "token")} more are not shown.` : null,
    told.concealed ? "Personal data was concealed before it was read for this page." : null,
  ];
  return [node, says, ...notes.filter(Boolean).map((text) => el("p", { class: "hint", text }))];
}

const facts = (spot) => `Probability ${spot.likelihood}, surprise ${spot.surprise}, rank ${spot.rank}`;
