// The keys, and what the page does with what is decided.

import { byId, el } from "./dom.js";

const KEYS = [
  ["j  →", "next answer"],
  ["k  ←", "answer before"],
  ["r", "right"],
  ["w", "wrong"],
  ["u", "unsure"],
  ["x", "clear the label"],
  ["/", "search"],
  ["f", "filter"],
  ["t", "to the tokens; arrow keys walk, Esc leaves"],
  ["?", "this help"],
];

/**
 * @param {string} saved where labels go, in a sentence
 * @param {{on: boolean, set: (on: boolean) => void}} keys whether single keys count
 */
export function openHelp(saved, keys) {
  const dialog = byId("keys");
  const box = el("input", { type: "checkbox", id: "keys-on" });
  box.checked = keys.on;
  box.addEventListener("change", () => keys.set(box.checked));
  dialog.replaceChildren(
    el("h2", { id: "keys-title", text: "Keys" }),
    el("dl", { class: "key-list" }, KEYS.map(([key, what]) => el("div", {}, el("dt", {}, key.split("  ").map((one) => el("kbd", { text: one }))), el("dd", { text: what })))),
    el("label", { class: "keys-on" }, box, " Single keys do this"),
    el("p", { class: "hint", text: saved }),
    el("p", { class: "hint", text: "Surprise is not a verdict: an answer that surprises can be right, and one that does not can be wrong." }),
    el("button", { type: "button", class: "primary", text: "Close", onclick: () => dialog.close() }),
  );
  dialog.showModal();
}
