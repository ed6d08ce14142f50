// Text cut into pieces by foureyes.report.cells, so that nothing in it can act unseen.

import { el } from "./dom.js";

const MARKS = { newline: "↵", tab: "⇥", space: "␣" };

/**
 * Text with stand-ins for what cannot be seen. A stand-in is not selectable, so that copied text is the text.
 * @param {[kind: string, text: string][]} pieces
 * @returns {(Node | string)[]}
 */
export function show(pieces) {
  return pieces.flatMap(([kind, text]) => {
    if (kind === "text") return text;
    if (kind === "name") return el("span", { class: "name", text });
    const mark = el("span", { class: "mark", "aria-hidden": "true", text: MARKS[kind] });
    return kind === "space" ? mark : [mark, text];
  });
}

