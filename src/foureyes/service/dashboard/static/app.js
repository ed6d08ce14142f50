// The page's life: a key is entered, the board is filled, events keep it fresh, and a lost line is found again.

import { Lost, Refused, events, get, key, post } from "./api.js";
import { byId, say } from "./dom.js";
import { ReliabilityPlot, timePlots } from "./charts.js";
import { prepareDialog } from "./decision.js";
import { Feed } from "./feed.js";
import { headline, observes, showAlarms, showDrift, showFigures, showLabels, showPromises, showVerifiers, span } from "./figures.js";
import { zone } from "./format.js";
import { showLedger } from "./ledger.js";
import { plural } from "./numbers.js";
import { showOrigins } from "./origins.js";
import { showRoutes } from "./routes.js";
import { prepareSearch } from "./search.js";

const REFRESH_MS = 10000;
const SOON_MS = 2000; // after something happened; a snapshot costs the server some milliseconds
const SILENT_MS = 45000;
const SAID = "foureyes-said";
const RETRY_MS = [1000, 2000, 5000, 10000];

let board = null;

class Board {
  constructor(answer) {
    this.feed = new Feed();
    this.plots = timePlots();
    this.reliability = new ReliabilityPlot();
    this.stop = new AbortController();
    this.last = 0;
    this.dirty = false;
    this.caughtUp = false;
    prepareSearch((items) => this.feed.showFound(items), (work) => this.attempt(work));
    this.draw(answer);
  }

  draw({ tenant, mode, monitor }) {
    const observing = observes(mode, monitor);
    byId("tenant").textContent = tenant;
    byId("mode").hidden = !observing;
    byId("held-word").textContent = observing ? "Would be held back" : "Held back";
    byId("zone").textContent = `Times are in ${zone()}.`;
    document.title = `${monitor.alarms.length ? "! " : ""}foureyes · ${tenant}`;
    const words = headline(monitor, observing);
    if (byId("headline").textContent !== words) byId("headline").textContent = words;
    byId("span").textContent = span(monitor);
    byId("per").textContent = monitor.timeline.bucket_s === 60 ? "a minute" : `in ${plural(monitor.timeline.bucket_s, "second")}`;
    byId("over").textContent = `over ${plural((monitor.timeline.bucket_s * monitor.timeline.smoothed) / 60, "minute")}`;
    showAlarms(monitor.alarms, (alarm) => this.acknowledge(alarm));
    showFigures(monitor, observing);
    for (const plot of this.plots) plot.draw(monitor.timeline, monitor.alarms, observing);
    showVerifiers(monitor);
    showPromises(monitor.promises ?? []);
    showLabels(monitor.outcomes);
    this.reliability.draw(monitor.outcomes?.reliability ?? []);
    showOrigins(monitor.origins, monitor.fresh);
    showDrift(monitor.detectors, monitor.rolling_means);
  }

  async start() {
    await this.attempt(async () => this.feed.fill((await get("v1/decisions?limit=60")).decisions));
    this.follow();
    this.keepFresh();
    await this.attempt(showLedger);
    await this.attempt(showRoutes);
    byId("board").setAttribute("aria-busy", "false");
  }

  /** Fetches the figures again soon after something happened, and now and then anyway. */
  async keepFresh() {
    for (let waited = 0; !this.stop.signal.aborted; waited += SOON_MS) {
      await pause(SOON_MS);
      if (document.hidden || !(this.dirty || waited >= REFRESH_MS)) continue;
      [waited, this.dirty] = [0, false];
      await this.attempt(async () => {
        this.draw(await get("v1/monitoring"));
        await showLedger();
        await showRoutes();
      });
    }
  }

  async follow() {
    for (let tries = 0; !this.stop.signal.aborted; tries += 1) {
      await this.attempt(async () => {
        await this.listen(() => { tries = 0; });
      });
      if (this.stop.signal.aborted) return;
      line("reconnecting", "lost");
      await pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
    }
  }

  async listen(alive) {
    const quiet = new AbortController();
    const signal = AbortSignal.any([this.stop.signal, quiet.signal]);
    let timer = setTimeout(() => quiet.abort(), SILENT_MS);
    try {
      for await (const event of events(this.last, signal)) {
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), SILENT_MS);
        alive();
        line("live", "live");
        this.take(event);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  take({ kind, id, value }) {
    if (id) this.last = id;
    if (kind === "decision") this.feed.add(value);
    if (kind === "alarm" && this.caughtUp) say(`Alarm: ${value.statement}`);
    if (kind === "alive") this.caughtUp = true;
    else this.dirty = true;
  }

  async acknowledge(alarm) {
    try {
      await post("v1/monitoring/acknowledge", { key: alarm.key });
      say("Acknowledged.");
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Lost)) throw error;
      if (error.status === 401) leave(wrong(error));
      else say(`Not acknowledged: ${error.message}`);
    }
    this.dirty = true;
  }

  /** Lets a lost line pass, since it is tried again; a key that is refused leads back to signing in. */
  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) leave(wrong(error));
      else if (!(error instanceof Refused || error instanceof Lost)) throw error;
      else if (!this.stop.signal.aborted) line("reconnecting", "lost");
    }
  }
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function line(words, kind) {
  const place = byId("line");
  if (place.textContent !== words) place.textContent = words;
  place.className = `line ${kind}`;
}

function wrong(error) {
  if (error.status === 401) return "This key is not known here.";
  if (error.status === 403) return "This key lacks the scope “audit”.";
  return `The server did not answer as it should: ${error.message}.`;
}

function show(open) {
  byId("sign-in").hidden = open;
  byId("board").hidden = !open;
  byId("leave").hidden = !open;
  byId("line").hidden = !open;
}

/** Forgets the key; what was shown goes with the page. */
function leave(words = "") {
  key.forget();
  if (board === null) {
    knock(words);
    return;
  }
  board.stop.abort();
  if (words) sessionStorage.setItem(SAID, words);
  location.reload();
}

/** Asks for a key, and says why. */
function knock(words) {
  show(false);
  byId("key-wrong").textContent = words;
  byId("key").value = "";
  byId("key").focus();
}

async function enter() {
  let answer;
  try {
    answer = await get("v1/monitoring");
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Lost)) throw error;
    leave(wrong(error));
    return;
  }
  byId("key").value = "";
  byId("key-wrong").textContent = "";
  byId("board").setAttribute("aria-busy", "true");
  show(true);
  line("connecting", "");
  board = new Board(answer);
  await board.start();
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key.set(byId("key").value.trim());
  enter();
});
byId("leave").addEventListener("click", () => leave());
prepareDialog();
const said = sessionStorage.getItem(SAID) ?? "";
sessionStorage.removeItem(SAID);
if (key.get()) enter();
else knock(said);
