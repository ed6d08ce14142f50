// The head of the page and its tables: what the monitor says, in words and with intervals.

import { byId, el, fill } from "./dom.js";
import { dayTime, milliseconds } from "./format.js";
import { DASH, count, known, number, percent, plural } from "./numbers.js";

const SIGNALS = {
  confidence: "confidence",
  flags: "answers not found safe",
  fresh_shift: "shift against fresh answers",
  disagreement: "verifiers differ",
};

export const signalName = (signal) => SIGNALS[signal] ?? signal.replace(/^log_cmp:/, "surprise of ").replace(/^errors:/, "failures of ");

/** Whether nothing is held back: now, and of all the decisions the figures are of. */
export const observes = (mode, { figures }) => mode === "observe" && figures.observed_only === figures.decisions;

/** The state of things in one sentence. */
export function headline({ figures, alarms }, observing) {
  const held = figures.flag_rate;
  const trouble = alarms.length ? plural(alarms.length, "alarm stands.", "alarms stand.") : "Nothing drifts.";
  if (!held) return "Nothing was asked yet.";
  if (observing) {
    const would = held.k === 0 ? `All of the last ${plural(held.n, "answer")} would be let through.` : `${count(held.k)} of the last ${plural(held.n, "answer")} would be held back.`;
    return `Observed only: nothing is held back. ${would} ${trouble}`;
  }
  if (held.k === 0) return `All of the last ${plural(held.n, "answer")} were let through. ${trouble}`;
  const told = figures.observed_only ? `, ${count(figures.observed_only)} of all observed only` : "";
  const verdict = figures.observed_only ? "not found safe" : "held back";
  return `${count(held.k)} of the last ${plural(held.n, "answer")} ${held.k === 1 ? "was" : "were"} ${verdict}${told}. ${trouble}`;
}

export function span({ window, total }) {
  const hours = window.seconds / 3600;
  const long = hours === 1 ? "hour" : hours > 1 ? plural(+hours.toFixed(1), "hour") : plural(Math.round(window.seconds / 60), "minute");
  return `Figures are of the last ${long}, at most ${plural(window.size, "decision")}; ${plural(total, "decision")} in all. Intervals are ${Math.round(window.level * 100)} %.`;
}

function strip(share) {
  const style = { "--low": share.low, "--at": share.value, "--high": share.high };
  return el("span", { class: "strip", "aria-hidden": "true", style }, el("i"), el("b"));
}

function interval(share) {
  return share ? el("span", { class: "interval", text: `${percent(share.low)} to ${percent(share.high)}` }) : null;
}

function figure(name, share, about, empty) {
  return el(
    "div",
    { class: "figure" },
    el("dt", { text: name }),
    el(
      "dd",
      {},
      el("b", { text: share ? percent(share.value) : DASH }),
      share ? strip(share) : null,
      interval(share),
      el("span", { class: "about", text: share ? about(share) : empty }),
    ),
  );
}

function latency(spread) {
  const about = spread ? `95 % within ${milliseconds(spread.q95)}` : "no decision yet";
  return el(
    "div",
    { class: "figure" },
    el("dt", { text: "Time to decide" }),
    el("dd", {}, el("b", { text: spread ? milliseconds(spread.median) : DASH }), el("span", { class: "interval", text: spread ? "median" : "" }), el("span", { class: "about", text: about })),
  );
}

export function showFigures({ figures, outcomes }, observing) {
  const realised = outcomes ? `by ${plural(outcomes.n, "label")}: ${percent(outcomes.value)}` : "no labels to compare";
  const of = (what) => (share) => `${count(share.k)} of ${plural(share.n, what)}`;
  const held = observing ? "Would be held back" : figures.observed_only ? "Not found safe" : "Held back";
  const heldOf = (share) => (figures.observed_only ? `${of("answer")(share)}; ${observing ? "all" : count(figures.observed_only)} observed only` : of("answer")(share));
  fill(byId("figures"), [figures, realised, held], () => [
    figure(held, figures.flag_rate, heldOf, "no answer yet"),
    figure("Verifiers differ", figures.disagreement, of("decision"), "no two took a side"),
    figure("Votes failed", figures.verifier_errors, of("vote"), "no vote yet"),
    figure("Estimated right", figures.estimated_accuracy, () => `if calibration holds; ${realised}`, "no confidence stated"),
    latency(figures.latency_ms),
  ]);
}

export function showAlarms(alarms, acknowledge) {
  const place = byId("alarms");
  place.hidden = alarms.length === 0;
  fill(place, alarms, () =>
    alarms.map((alarm) =>
      el(
        "article",
        { class: "alarm" },
        el("p", { class: "what" }, el("span", { class: "bell", "aria-hidden": "true", text: "!" }), el("b", { text: alarm.statement }), el("time", { text: dayTime(alarm.at) })),
        el("p", { class: "about", text: `${raisedAt(alarm)}False alarm: ${alarm.false_alarms}. ${alarm.resume}` }),
        el("button", { type: "button", text: "Acknowledge", "aria-label": `Acknowledge: ${alarm.statement}`, onclick: () => acknowledge(alarm) }),
      ),
    ),
  );
}

/** Whose decision it was that an alarm was raised at. */
function raisedAt({ agent, session }) {
  const named = [agent && `agent ${agent}`, session && `session ${session}`].filter(Boolean).join(", ");
  return named ? `Raised at a decision of ${named}. ` : "";
}

/** A verifier's name that breaks after its provider. */
function verifierName(name) {
  const cut = name.indexOf("/") + 1;
  return [cut ? el("span", { class: "provider", text: name.slice(0, cut) }) : null, el("wbr"), el("span", { class: "model", text: name.slice(cut) })];
}

export function shareCell(share) {
  const title = share ? `${count(share.k)} of ${count(share.n)}; ${percent(share.low)} to ${percent(share.high)}` : "nothing to count";
  return el("td", { class: "number", title, text: share ? percent(share.value) : DASH });
}

const EXPLAINED = "Alone: took a side that no other verifier shared.";
const EXPLAINED_BY_LABELS =
  " Caught: wrong answers called unsafe. False blocks: right answers called unsafe. ρ: how far the misses of a pair correlate; at ρ / max = 1 the second pair of eyes sees nothing new.";

export function showVerifiers({ verifiers, pairs, outcomes }) {
  fill(byId("verifiers"), [verifiers, pairs, Boolean(outcomes)], () => [
    verifiers.length ? verifierTable(verifiers, outcomes) : el("p", { class: "hint", text: "No verifier has voted yet." }),
    ...(pairs.length ? [pairTable(pairs)] : []),
    verifiers.length ? el("p", { class: "about", text: EXPLAINED + (outcomes ? EXPLAINED_BY_LABELS : "") }) : null,
  ]);
}

export function table(caption, heads, rows) {
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      { class: "numbers" },
      el("caption", { class: "unseen", text: caption }),
      el("thead", {}, el("tr", {}, heads.map((head, i) => el("th", { scope: "col", class: i ? "number" : null, text: head })))),
      el("tbody", {}, rows),
    ),
  );
}

function verifierTable(verifiers, outcomes) {
  const reads = verifiers.some((v) => v.log_cmp);
  const heads = ["Verifier", "Votes", "Failed", "Unsafe", "Alone", ...(outcomes ? ["Caught", "False blocks"] : []), ...(reads ? ["Surprise"] : []), "Median"];
  return table(
    "How each verifier votes",
    heads,
    verifiers.map((v) =>
      el(
        "tr",
        {},
        el("th", { scope: "row", class: "verifier-name" }, verifierName(v.verifier)),
        el("td", { class: "number", text: count(v.votes) }),
        shareCell(v.errors),
        shareCell(v.unsafe),
        shareCell(v.alone),
        ...(outcomes ? [shareCell(v.caught), shareCell(v.false_blocks)] : []),
        ...(reads ? [el("td", { class: "number", text: v.log_cmp ? number(v.log_cmp.mean) : DASH, title: "mean log_cmp, nats a token" })] : []),
        el("td", { class: "number", text: v.latency_ms ? milliseconds(v.latency_ms.median) : DASH }),
      ),
    ),
  );
}

function pairTable(pairs) {
  const measured = pairs.some((pair) => pair.misses);
  return table(
    "How pairs of verifiers agree",
    ["Pair", "Differ", ...(measured ? ["Both missed", "ρ", "ρ / max"] : [])],
    pairs.map(({ verifiers: [a, b], disagreement, misses }) =>
      el(
        "tr",
        {},
        el("th", { scope: "row", class: "verifier-name" }, verifierName(a), el("br"), verifierName(b)),
        shareCell(disagreement),
        ...(measured
          ? [
              el("td", { class: "number", text: misses ? `${misses.n_both} of ${misses.n}` : DASH, title: "wrong answers that both let through" }),
              el("td", { class: "number", text: misses ? number(misses.rho) : DASH, title: misses ? `${number(misses.rho_low)} to ${number(misses.rho_high)}` : null }),
              el("td", { class: "number", text: misses ? number(misses.rho_share) : DASH }),
            ]
          : []),
      ),
    ),
  );
}

export function showPromises(promises) {
  byId("promises-section").hidden = promises.length === 0;
  fill(byId("promises"), promises, () =>
    promises.map((promise) =>
      el(
        "div",
        { class: `promise ${promise.holds ? "holds" : "suspended"}` },
        el("p", { class: "state" }, el("b", { text: promise.holds ? "Holds" : "Suspended" }), el("span", { text: ` ${promise.name}` })),
        el("p", { text: promise.statement }),
        promise.holds ? null : el("p", { class: "about", text: `Since ${dayTime(promise.since)}. ${promise.reason} ${promise.resume}` }),
      ),
    ),
  );
}

export function showLabels(outcomes) {
  byId("labels-section").hidden = !outcomes;
  if (!outcomes) return;
  fill(byId("labels"), { ...outcomes, reliability: null }, () => {
    const gap = known(outcomes.gap) ? ` Confidences foretold ${percent(outcomes.expected)}, a gap of ${number(100 * outcomes.gap, 1)} points${chance(outcomes.p_value)}.` : "";
    return el("p", { class: "about", text: `${percent(outcomes.value)} of ${plural(outcomes.n, "labelled answer")} were right (${percent(outcomes.low)} to ${percent(outcomes.high)}).${gap}` });
  });
}

const chance = (p) => (p < 0.01 ? ", more than chance gives (p < 0.01)" : `, which chance may give (p = ${number(p)})`);

export function showDrift(detectors, means) {
  fill(byId("drift"), [detectors.map((d) => [d.signal, progress(d).toFixed(3), d.alarmed]), means], () => [
    ...means.map(rollingMean),
    detectors.length ? null : el("p", { class: "hint", text: "Nothing to test yet." }),
    el(
      "ul",
      { class: "tests" },
      detectors.map((d) =>
        el(
          "li",
          { class: d.alarmed ? "alarmed" : null },
          el("span", { class: "verifier-name", text: signalName(d.signal) }),
          el("span", { class: "meter", role: "img", "aria-label": d.alarmed ? "alarm" : `${Math.round(100 * progress(d))} % of the way to an alarm`, style: { "--p": progress(d) } }),
          el("span", { class: "number", text: d.alarmed ? "alarm" : `${Math.round(100 * progress(d))} %` }),
        ),
      ),
    ),
    detectors.length ? el("p", { class: "about", text: "How far the evidence is on its way to an alarm, on a logarithmic scale. Falsely, any of them ever gets there with a chance of at most " + percent(total(detectors)) + "." }) : null,
  ]);
}

/** The rolling mean of a reader's surprise beside the limit that was set. */
function rollingMean({ signal, mean, limit, window }) {
  const words = known(mean) ? `${number(mean)} of ${number(limit)} nats` : `fewer than ${plural(window, "reading")}`;
  return el("p", { class: `rolling ${known(mean) && mean > limit ? "bad" : ""}` }, `Mean of the last ${window}, ${signalName(signal)}: `, el("b", { text: words }));
}

const progress = ({ capital, limit }) => Math.min(1, Math.max(0, Math.log(capital) / Math.log(limit)));
const total = (detectors) => detectors.reduce((sum, { alpha }) => sum + alpha, 0);

