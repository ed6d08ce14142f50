// Plots by uPlot. Colours come from the page's tokens and follow the theme; the numbers stand in text beside each plot.

import { byId, el, fill } from "./dom.js";
import { time } from "./format.js";
import { known, number, percent } from "./numbers.js";

const HEIGHT = 150;
const GAP = 6;
const probe = document.createElement("i");
probe.hidden = true;
document.documentElement.append(probe);

/** A colour token as the theme resolves it; canvas understands no CSS variables. */
function colour(name, alpha = 1) {
  probe.style.color = `color-mix(in oklab, var(--${name}) ${alpha * 100}%, transparent)`;
  return getComputedStyle(probe).color;
}

const font = () => `11px ${getComputedStyle(document.body).fontFamily}`;

function axes(values) {
  const common = {
    font: font(),
    stroke: () => colour("muted"),
    ticks: { show: false },
    grid: { stroke: () => colour("line"), width: 1 },
    gap: GAP,
  };
  return [
    { ...common, grid: { show: false }, size: 26, space: 70, values: (_, at) => at.map((t) => time(t).slice(0, 5)) },
    { ...common, size: 40, space: 34, values },
  ];
}

const line = (name, options = {}) => ({
  stroke: () => colour(name),
  width: 1.75,
  points: { show: (u, s) => lonely(u.data[s]), size: 4, fill: () => colour(name) },
  spanGaps: false,
  ...options,
});

/** Whether a column has values without a neighbour, which no line would show. */
function lonely(column) {
  return column.some((value, i) => known(value) && !known(column[i - 1]) && !known(column[i + 1]));
}

function bars(name, strength = 1) {
  const paths = uPlot.paths.bars({ size: [0.8, 18], align: 1 });
  const tone = () => colour(name, strength);
  return { stroke: tone, fill: tone, width: 0, paths, points: { show: false } };
}

/** Dashed lines at the moments of alarms. */
function alarmMarks(marks) {
  return (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = colour("accent");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const at of marks()) {
      const x = u.valToPos(at, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
}

/** From when to when: what was seen, but no less than the last quarter of the timeline. */
function shown({ start, decisions, bucket_s: width }) {
  const end = start.at(-1) + width;
  const first = start[decisions.findIndex((n) => n > 0)] ?? end;
  return [Math.max(start[0], Math.min(first - width, end - (start.length / 4) * width)), end];
}

/** One plot over time: its columns, its key with the values under the pointer (or the latest), its words for a reader. */
class Plot {
  constructor(name, { columns, series, yValues, range, say, optional = false }) {
    this.place = byId(`plot-${name}`);
    this.key = byId(`key-${name}`);
    Object.assign(this, { columns, series, yValues, range, say, optional });
    this.marks = [];
  }

  /** A plot of what nobody measures is left out. */
  draw(timeline, alarms, observing) {
    this.place.parentElement.hidden = this.optional && !this.columns(timeline).some((column) => column.some(known));
    if (this.place.parentElement.hidden) return;
    this.timeline = timeline;
    this.observing = observing;
    this.marks = alarms.map((alarm) => alarm.at);
    const data = [timeline.start, ...this.columns(timeline)];
    if (this.plot) this.plot.setData(data);
    else this.open(data);
    this.showKey(null);
    this.place.setAttribute("aria-label", this.say(timeline, observing));
  }

  open(data) {
    this.plot = new uPlot(
      {
        width: this.place.clientWidth,
        height: HEIGHT,
        padding: [8, 18, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: "time" } },
        scales: { x: { time: true, range: () => shown(this.timeline) }, y: { range: this.range } },
        axes: axes(this.yValues),
        series: [{}, ...this.series.map(({ draw }) => draw)],
        hooks: { draw: [alarmMarks(() => this.marks)], setCursor: [(u) => this.showKey(u.cursor.idx)] },
      },
      data,
      this.place,
    );
    new ResizeObserver(() => this.plot.setSize({ width: this.place.clientWidth, height: HEIGHT })).observe(this.place);
    addEventListener("themechange", () => this.plot.redraw(false, true));
  }

  showKey(i) {
    const entries = this.series.map(({ name, observed, token, value, dashed }) => ({ name: this.observing && observed ? observed : name, token, dashed, value: value(this.timeline, i) }));
    const at = known(i) && this.timeline.start[i] !== undefined ? time(this.timeline.start[i]).slice(0, 5) : "";
    fill(this.key, [entries, at], () => [
      ...entries.map(({ name, token, value, dashed }) =>
        el("span", { class: `swatch ${token}${dashed ? " dashed" : ""}` }, `${name} `, el("b", { text: value })),
      ),
      el("span", { class: "at", text: at }),
    ]);
  }
}

const latest = (column, i) => (known(i) ? column[i] : column.findLast(known));
const sum = (column) => column.reduce((total, value) => total + value, 0);
const stacked = (t) => [t.decisions, t.held.map((n, i) => n + t.undecided[i]), t.undecided];
const counted = (column) => (t, i) => String(known(i) ? t[column][i] : sum(t[column]));
const shared = (column) => (t, i) => percent(latest(t[column], i));
const upTo = (least) => (u, low, high) => [0, Math.max(least, (high ?? 0) * 1.08)];

export function timePlots() {
  return [
    new Plot("activity", {
      columns: stacked,
      yValues: (_, at) => at.map((n) => (Number.isInteger(n) ? String(n) : "")),
      range: upTo(4),
      series: [
        { name: "let through", observed: "found safe", token: "pale", draw: bars("right", 0.55), value: counted("passed") },
        { name: "held back", observed: "would be held back", token: "accent", draw: bars("accent"), value: counted("held") },
        { name: "undecided", token: "faint", draw: bars("faint"), value: counted("undecided") },
      ],
      say: (t, observing) => `Decisions over time: ${sum(t.passed)} let through, ${sum(t.held)} ${observing ? "would be" : ""} held back, ${sum(t.undecided)} undecided.`.replace("  ", " "),
    }),
    new Plot("shares", {
      columns: (t) => [t.confidence, t.disagreement, t.verifier_errors],
      yValues: (_, at) => at.map((share) => `${Math.round(share * 100)} %`),
      range: () => [0, 1.02],
      series: [
        { name: "estimated right", token: "right", draw: line("right"), value: shared("confidence") },
        { name: "differ", token: "accent", draw: line("accent"), value: shared("disagreement") },
        { name: "failed", token: "ink", dashed: true, draw: line("ink", { dash: [4, 3], width: 1.25 }), value: shared("verifier_errors") },
      ],
      say: (t) =>
        `Latest shares: ${percent(latest(t.confidence))} estimated right, verifiers differ on ${percent(latest(t.disagreement))}, ${percent(latest(t.verifier_errors))} of votes failed.`,
    }),
    new Plot("surprise", {
      optional: true,
      columns: (t) => [t.log_cmp],
      yValues: (_, at) => at.map((nats) => number(nats, 1)),
      range: upTo(1),
      series: [{ name: "mean log_cmp", token: "ink", draw: line("ink"), value: (t, i) => number(latest(t.log_cmp, i)) }],
      say: (t) => `Mean surprise of the readers, latest: ${number(latest(t.log_cmp))} nats a token.`,
    }),
  ];
}

/** Stated confidence against the share right, one point a bin with its interval; on the diagonal, both agree. */
export class ReliabilityPlot {
  constructor() {
    this.place = byId("plot-labels");
  }

  draw(bins) {
    this.bins = bins;
    this.place.hidden = bins.length === 0;
    if (!bins.length) return;
    const data = [bins.map((bin) => bin.confidence), bins.map((bin) => bin.right)];
    if (this.plot) this.plot.setData(data);
    else this.open(data);
    const words = bins.map((bin) => `stated ${percent(bin.confidence)}, right ${percent(bin.right)} of ${bin.n}`);
    this.place.setAttribute("aria-label", `Reliability: ${words.join("; ")}.`);
  }

  open(data) {
    const shares = (_, at) => at.map((share) => `${Math.round(share * 100)} %`);
    const scale = { time: false, range: () => [0, 1] };
    const [x, y] = axes(shares);
    const size = () => ({ width: this.place.clientWidth, height: Math.min(260, this.place.clientWidth) });
    this.plot = new uPlot(
      {
        ...size(),
        padding: [8, 20, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: scale, y: { range: () => [0, 1] } },
        axes: [{ ...x, values: shares, grid: y.grid }, y],
        series: [{}, { stroke: () => colour("right"), paths: () => null, points: { show: true, size: 7, fill: () => colour("right"), width: 0 } }],
        hooks: { drawAxes: [(u) => this.diagonal(u)], draw: [(u) => this.intervals(u)] },
      },
      data,
      this.place,
    );
    new ResizeObserver(() => this.plot.setSize(size())).observe(this.place);
    addEventListener("themechange", () => this.plot.redraw(false, true));
  }

  diagonal(u) {
    this.stroke(u, "muted", [[0, 0, 1, 1]], [4, 4]);
  }

  intervals(u) {
    this.stroke(u, "right", this.bins.map((bin) => [bin.confidence, bin.low, bin.confidence, bin.high]), []);
  }

  stroke(u, token, lines, dash) {
    const { ctx } = u;
    ctx.save();
    ctx.strokeStyle = colour(token);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dash.map((n) => n * devicePixelRatio));
    ctx.beginPath();
    for (const [x0, y0, x1, y1] of lines) {
      ctx.moveTo(u.valToPos(x0, "x", true), u.valToPos(y0, "y", true));
      ctx.lineTo(u.valToPos(x1, "x", true), u.valToPos(y1, "y", true));
    }
    ctx.stroke();
    ctx.restore();
  }
}

