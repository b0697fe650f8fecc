// The two plots: models over time as stacked bars, and quality by cost as a line of points.

import { clock, day, dayAndClock, count, decimalsOf, fixed, usd } from "./format.js";

const HOUR = 3600;
const STEPS = [60, 300, 600, 1800, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR, 7 * 24 * HOUR];

/** The colour that a CSS variable stands for, in the theme that is shown. */
function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function axis(more) {
  const grid = { stroke: colour("line"), width: 1 };
  return { stroke: colour("dim"), grid, ticks: { show: false }, font: "12px system-ui, sans-serif", gap: 8, ...more };
}

function ticks(splits, write) {
  const needed = decimalsOf(splits);
  const digits = needed === 1 ? 2 : needed;
  return splits.map((at) => write(at, digits));
}

function times(_, splits) {
  return splits.map((at) => {
    const moment = new Date(at * 1000);
    return moment.getHours() || moment.getMinutes() ? clock(moment) : day(moment);
  });
}

/** A plot that fits its host, and is drawn anew when the theme or the data change. */
class Plot {
  constructor(host) {
    this.host = host;
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(host);
  }

  size() { return { width: this.host.clientWidth, height: this.host.clientHeight }; }

  draw(options, data) {
    this.plot?.destroy();
    const { width, height } = this.size();
    this.plot = new uPlot({ width, height, legend: { show: false }, ...options }, data, this.host);
  }
}

/** Requests by model in equal parts of a period. */
export class Mix extends Plot {
  constructor(host, say) {
    super(host);
    this.say = say;
  }

  /** `slots` as the API has them; `models` are [name, index of its colour], the others are "other models". */
  show(slots, models, until) {
    const names = models.map(([name]) => name);
    const rows = slots.map((slot) => {
      const known = names.map((name) => slot.models[name] ?? 0);
      const rest = Object.values(slot.models).reduce((sum, one) => sum + one, 0) - known.reduce((a, b) => a + b, 0);
      return [...known, rest];
    });
    const palette = [...models.map(([, at]) => colour(`m${at}`)), colour("m7")];
    // Bars lie over each other: the sum of all first, then what is left without the topmost.
    const sums = palette.map((_, top) => rows.map((row) => row.slice(0, top + 1).reduce((a, b) => a + b, 0))).reverse();
    const starts = slots.map((slot) => Date.parse(slot.at) / 1000);
    const length = starts.length > 1 ? starts[1] - starts[0] : HOUR;
    const bars = uPlot.paths.bars({ size: [0.82, Infinity], align: 1 });
    const series = [...palette].reverse().map((fill) => ({ fill, stroke: fill, width: 0, paths: bars, points: { show: false } }));
    const end = Math.max(starts.at(-1) + length, Date.parse(until) / 1000);
    this.draw({
      padding: [8, 24, 0, 0],  // half of the last tick's words stands there
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: () => [starts[0], end] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.06)] } },
      axes: [axis({ incrs: STEPS, space: 64, size: 34, values: times, grid: { show: false } }),
        axis({ size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6], values: (_, at) => at.map(count) })],
      series: [{}, ...series],
      hooks: { setCursor: [(plot) => this.tell(plot, slots, length)] },
    }, [starts, ...sums]);
    const total = slots.reduce((sum, slot) => sum + slot.requests, 0);
    this.host.setAttribute("aria-label", `${count(total)} requests in ${slots.length} parts of the period; the table beside has them by model.`);
  }

  tell(plot, slots, length) {
    const left = plot.cursor.left;
    const at = left >= 0 ? plot.posToVal(left, "x") : NaN;
    const slot = slots.findLast((one) => Date.parse(one.at) / 1000 <= at);
    if (!slot) return this.say("");
    const begin = new Date(slot.at);
    const most = Object.entries(slot.models).sort((a, b) => b[1] - a[1]).slice(0, 3);
    const words = most.map(([name, number]) => `${name} ${count(number)}`).join(", ");
    this.say(`${dayAndClock(begin)}–${clock(new Date(begin.getTime() + length * 1000))}: ${count(slot.requests)} requests${words ? `: ${words}` : ""}`);
  }
}

/** Expected quality by expected cost, point by point; `chosen` is ringed, `decided` is how it was. */
export class Curve extends Plot {
  show(points, decided, chosen) {
    const shown = [...points].sort((a, b) => a.cost_usd - b.cost_usd || a.quality - b.quality);
    const every = decided ? [...shown, decided] : shown;
    const range = (values, least) => {
      const low = Math.min(...values), high = Math.max(...values);
      const room = Math.max((high - low) * 0.14, least);
      return [Math.max(0, low - room), high + room];
    };
    const xs = range(every.map((one) => one.cost_usd * 1000), 1e-4);
    const ys = range(every.map((one) => one.quality), 0.004);
    const line = colour("accent");
    this.draw({
      padding: [12, 32, 0, 0],
      cursor: { show: false },
      scales: { x: { time: false, range: () => xs }, y: { range: () => ys } },
      axes: [axis({ label: "Expected cost of 1,000 requests", size: 34, labelSize: 24, labelFont: "12px system-ui, sans-serif", values: (_, at) => ticks(at, usd) }),
        axis({ label: "Expected quality", labelSize: 24, labelFont: "12px system-ui, sans-serif", size: 48, values: (_, at) => ticks(at, fixed) })],
      series: [{}, { stroke: line, width: 2, points: { show: true, size: 7, fill: line, stroke: line } }],
      hooks: { draw: [(plot) => this.mark(plot, chosen, decided)] },
    }, [shown.map((one) => one.cost_usd * 1000), shown.map((one) => one.quality)]);
    this.host.setAttribute("aria-label", `Expected quality from ${fixed(shown[0]?.quality, 3)} to ${fixed(shown.at(-1)?.quality, 3)} at a cost from ${usd(shown[0]?.cost_usd * 1000)} to ${usd(shown.at(-1)?.cost_usd * 1000)} for 1,000 requests.`);
  }

  mark(plot, chosen, decided) {
    const pen = plot.ctx, ratio = devicePixelRatio;
    const place = (one) => [plot.valToPos(one.cost_usd * 1000, "x", true), plot.valToPos(one.quality, "y", true)];
    pen.save();
    pen.font = `${12 * ratio}px system-ui, sans-serif`;
    if (decided) {
      const [x, y] = place(decided), size = 6 * ratio;
      pen.fillStyle = colour("warn");
      pen.beginPath();
      pen.moveTo(x, y - size); pen.lineTo(x + size, y); pen.lineTo(x, y + size); pen.lineTo(x - size, y);
      pen.fill();
      pen.textAlign = x > plot.bbox.left + plot.bbox.width * 0.7 ? "right" : "left";
      pen.fillText("as decided", x + (pen.textAlign === "left" ? 11 : -11) * ratio, y + 18 * ratio);
    }
    if (chosen) {
      const [x, y] = place(chosen);
      pen.strokeStyle = colour("ink");
      pen.lineWidth = 2 * ratio;
      pen.beginPath();
      pen.arc(x, y, 8 * ratio, 0, 2 * Math.PI);
      pen.stroke();
      pen.fillStyle = colour("ink");
      pen.textAlign = "center";
      pen.fillText(`α ${fixed(chosen.alpha, 1)}`, x, y - 14 * ratio);
    }
    pen.restore();
  }
}
