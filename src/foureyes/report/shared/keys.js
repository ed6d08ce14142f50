// Keys that do something on a page, without getting in the way of who types or uses other keys.

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

/**
 * Calls what belongs to a key; nothing happens while somebody types, or where Ctrl, Alt or Meta is held.
 * @param {Record<string, (event: KeyboardEvent) => void>} actions by the key's name
 * @param {() => boolean} [on] whether keys count at present
 */
export function listenToKeys(actions, on = () => true) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const action = actions[event.key];
    if (!action || !on() || (event.target instanceof Element && event.target.closest(TYPING))) return;
    event.preventDefault();
    action(event);
  });
}
