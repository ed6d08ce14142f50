// Cards stand beside their token, one at a time. Without this script every token is a Tab stop and cards open at the
// foot of the window.

import { place, walk } from "./heat.js";

let open = null;

function show(token) {
  open?.classList.remove("open");
  open = token;
  if (!token) return;
  token.classList.add("open");
  place(token, token.querySelector(".card"));
}

for (const map of document.querySelectorAll(".map")) walk(map, show);
addEventListener("keydown", (event) => { if (event.key === "Escape") show(null); });
