// The page's life: who is there, what keys and buttons do.

import { byId } from "./dom.js";
import { drawNothing } from "./detail.js";
import { cardOpen, closeCard, followCard } from "./heatmap.js";
import { openHelp } from "./help.js";
import { listenToKeys } from "./keys.js";
import { preparePickers } from "./pickers.js";
import { recall, remember } from "./remembered.js";
import { Failed, answered, source } from "./source.js";
import { stateOfAddress } from "./state.js";
import { View } from "./viewer.js";

const ANEW = { offset: "0", row: "" };
const NO_RANGE = { signal_min: "", signal_max: "" };
const NO_FILTER = { ...NO_RANGE, label: "", text: "", min_tokens: "", max_tokens: "" };
/** What no longer holds once something else is chosen. */
const GOES_WITH = { file: { ...ANEW, ...NO_FILTER, verifier: "0", with: "", sort: "" }, sort: { ...ANEW, ...NO_RANGE }, with: {} };

function prepare(view) {
  preparePickers((part) => view.then(() => view.change({ ...(GOES_WITH[Object.keys(part)[0]] ?? ANEW), ...part })));
  for (const button of document.querySelectorAll("[data-label]")) button.addEventListener("click", () => view.then(() => view.decide(button.getAttribute("aria-pressed") === "true" ? null : button.dataset.label || null)));
  const on = (id, work) => byId(id).addEventListener("click", () => view.then(work));
  on("before", () => view.go(-1));
  on("after", () => view.go(1));
  on("page-before", () => view.page(-1));
  on("page-after", () => view.page(1));
  on("new", () => view.showAnew());
  on("back", () => view.change({ row: "" }, { step: true }));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("answer").focus();
  });
  byId("go-on").checked = recall("foureyes-go-on") === "yes";
  byId("go-on").addEventListener("change", (event) => remember("foureyes-go-on", event.target.checked ? "yes" : "no"));
  byId("answer").addEventListener("scroll", followCard, { passive: true });
  addEventListener("popstate", () => {
    const state = stateOfAddress();
    view.then(() => view.showAll(state));
  });
  prepareKeys(view);
}

function prepareKeys(view) {
  const help = () => openHelp(view.from.saves ? `Labels are saved at once in ${view.about.sidecar}.` : "This page is a copy: labels given here are not saved.", {
    on: view.keysOn,
    set: (on) => { view.keysOn = on; remember("foureyes-keys", on ? "on" : "off"); },
  });
  byId("help").addEventListener("click", help);
  const next = () => view.then(() => view.go(1));
  const before = () => view.then(() => view.go(-1));
  const decide = (label) => () => view.then(() => view.decide(label));
  const single = {
    j: next,
    k: before,
    ArrowRight: next,
    ArrowLeft: before,
    r: decide("right"),
    w: decide("wrong"),
    u: decide("unsure"),
    x: decide(null),
    "/": () => byId("text").focus(),
    f: () => { if (byId("ranges").hidden) byId("more").click(); byId("label").focus(); },
    t: () => document.querySelector(".map .t")?.focus(),
    "?": help,
  };
  listenToKeys(single, () => view.keysOn && !byId("keys").open);
  byId("rows").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    view.then(() => view.go(step));
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (cardOpen()) closeCard();
    else if (document.activeElement?.closest(".map, .filters")) byId("answer").focus();
  });
}

async function open() {
  const from = source();
  let about;
  try {
    about = await answered(() => from.file(), ({ message }) => drawNothing(message));
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return; // refused, as it says
  }
  const view = new View(from, about);
  prepare(view);
  await view.then(() => view.showAll(stateOfAddress()));
  view.follow();
  if (view.labels.waiting.size) await view.labels.send();
}

open();
