// The tokens of a heat map by pointer and keyboard. One Tab stop a map is enough: arrow keys walk on.

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/**
 * Puts a card beside its token where there is room, and at the foot of a narrow window.
 * @param {Element} token
 * @param {HTMLElement} card
 */
export function place(token, card) {
  card.removeAttribute("style");
  if (innerWidth < 640) return;
  card.style.position = "absolute";
  card.style.inset = "0 auto auto 0";
  const box = token.getClientRects()[0];
  const left = Math.min(box.left, document.documentElement.clientWidth - card.offsetWidth - 8);
  const below = box.bottom + card.offsetHeight < innerHeight || box.top < card.offsetHeight;
  card.style.left = `${Math.max(8, left) + scrollX}px`;
  card.style.top = `${(below ? box.bottom : box.top - card.offsetHeight) + scrollY}px`;
}

/**
 * Makes the `.t` of a map answer to pointer, focus and arrow keys.
 * @param {HTMLElement} map
 * @param {(token: Element | null) => void} show is told the token whose card is wanted
 */
export function walk(map, show) {
  const tokens = [...map.querySelectorAll(".t")];
  const focused = () => map.querySelector(".t:focus");
  map.classList.add("led");
  tokens.forEach((token, i) => { token.tabIndex = i ? -1 : 0; });
  map.addEventListener("pointerover", (event) => show(event.target.closest(".t") ?? focused()));
  map.addEventListener("pointerleave", () => show(focused()));
  map.addEventListener("focusin", (event) => {
    map.querySelector("[tabindex='0']").tabIndex = -1;
    event.target.tabIndex = 0;
    show(event.target);
  });
  map.addEventListener("focusout", () => show(null));
  map.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = tokens.indexOf(event.target) + step;
    tokens[Math.min(Math.max(next, 0), tokens.length - 1)].focus();
    event.preventDefault();
  });
}
