// What the period comes to: tiles, models over time, the time we add, failovers.

import { byId, el, fill, table } from "./dom.js";
import { Mix } from "./charts.js";
import { NONE, age, count, fixed, micros, percent, seconds, since, usd } from "./format.js";

const COLOURS = 7;
const FLOWS = 12;
const taken = new Map();
let mix = null;

/** The index of a model's colour, the same for as long as the page is open; the last is for all that come late. */
export function colourOf(model) {
  if (!taken.has(model)) taken.set(model, Math.min(taken.size, COLOURS));
  return taken.get(model);
}

export const named = (model) =>
  el("span", { class: "named" }, el("i", { class: "dot", colour: `var(--m${colourOf(model)})` }), el("span", {}, model));

function tile(title, figure, lines, { kind = "", mood = "" } = {}) {
  return el("div", { class: `tile ${kind}` }, el("h2", {}, title),
    el("div", { class: `figure ${mood}` }, figure), lines.filter(Boolean).map((line) => el("p", {}, line)));
}

const between = ({ low, high }, shown) => `between ${shown(low)} and ${shown(high)}`;

/** What following shadow mode's decisions would have saved. */
function foregone({ shadow }) {
  if (!shadow?.compared) return null;
  const { value, interval } = shadow.saved_usd;
  const share = shadow.saved_share ? ` (${percent(Math.abs(shadow.saved_share.value))})` : "";
  const word = value < 0 ? "Would have cost more" : "Would have saved";
  return {
    word, value,
    line: `${word.toLowerCase()}: ${usd(Math.abs(value))}${share} in shadow mode`,
    lines: [
      `${usd(shadow.would_usd)} instead of ${usd(shadow.paid_usd)}${share}, had shadow mode's decisions been followed`,
      interval && `saved ${between(interval, usd)} (95\u202f%)`,
    ],
  };
}

function saved(summary) {
  const { saving, measured } = summary, wouldBe = foregone(summary);
  if (!saving && wouldBe) {
    return tile(wouldBe.word, usd(Math.abs(wouldBe.value)), wouldBe.lines, { kind: "saved", mood: wouldBe.value < 0 ? "warn" : wouldBe.value > 0 ? "good" : "" });
  }
  if (!saving) {
    return tile("Saved", NONE, ["There is nothing to compare yet: no answered request has a cost and a baseline."], { kind: "saved" });
  }
  const { value, interval } = saving.saved_usd;
  const share = saving.saved_share ? `${percent(saving.saved_share.value)} of what ` : "against ";
  const baseline = saving.baselines.length ? saving.baselines.join(", ") : "the baseline";
  const drawn = measured?.saved_usd;
  return tile("Saved, as reckoned", usd(value), [
    `${share}${baseline}${saving.saved_share ? " alone would cost" : ""}`,
    interval && `${between(interval, usd)} (95\u202f%)`,
    wouldBe?.line,
    drawn && `measured by the holdout: ${usd(drawn.value)}${drawn.interval ? `, ${between(drawn.interval, usd)}` : ""}`,
  ], { kind: "saved", mood: value < 0 ? "warn" : value > 0 ? "good" : "" });
}

function buckets(summary) {
  const shares = summary.buckets.filter((one) => one.requests);
  const parts = shares.map((one) => el("span", { colour: `var(--${one.name})`, "width%": one.share * 100 }));
  return el("div", { class: "tile broad" }, el("h2", {}, "Buckets"),
    shares.length ? el("div", { class: "parts", role: "img", "aria-label": shares.map((one) => `${one.name} ${percent(one.share)}`).join(", ") }, parts) : el("div", { class: "figure" }, NONE),
    el("ul", { class: "keyed" }, shares.map((one) => el("li", {},
      el("i", { class: "dot", colour: `var(--${one.name})` }), el("span", {}, one.name), el("span", { class: "num" }, percent(one.share))))));
}

function failOpen(summary, health) {
  const inside = health.failures.reduce((sum, one) => sum + one.count, 0);
  const causes = health.failures.map((one) => `${one.stage}: ${one.cause}`).slice(0, 2).join("; ");
  const isBad = summary.failed_open > 0;
  return tile("Fail-open", count(summary.failed_open), [
    isBad ? "requests went to the default model, for nothing was decided" : summary.requests.total ? "every request was decided on" : "there were no requests",
    inside > 0 && `${count(inside)} internal failures since this worker's start (${causes})`,
  ], { kind: isBad ? "alarm" : "" });
}

function freshness(health) {
  const bundle = health.bundle?.created_at ? age(since(health.bundle.created_at)) : NONE;
  const active = health.sources.filter((one) => one.is_active);
  const read = active.map((one) => one.age_seconds).filter((one) => one !== null);
  const stale = active.find((one) => one.error);
  return tile("Bundle's age", bundle, [
    health.bundle?.id ?? "none is loaded yet",
    read.length ? `prices read ${age(Math.min(...read))} ago` : "prices: LiteLLM's own list",
    stale && `${stale.name}: ${stale.error}`,
  ]);
}

function tiles(summary, health) {
  const { requests } = summary;
  const unwell = [[requests.failed, "failed"], [requests.refused, "refused"], [requests.left, "left"], [requests.unknown, "unknown"]]
    .filter(([number]) => number).map(([number, word]) => `${count(number)} ${word}`).join(", ");
  const answered = requests.answered + requests.cached;
  fill(byId("tiles"),
    tile("Requests", count(requests.total), [`${count(answered)} answered`, unwell || null]),
    tile("Spend", usd(summary.spend_usd, summary.spend_usd >= 1 ? 2 : undefined), [
      answered ? `${usd(summary.spend_usd / answered * 1000)} for 1,000 answers` : null,
      summary.unpriced ? `${count(summary.unpriced)} without a known price` : null]),
    saved(summary), buckets(summary), failOpen(summary, health), freshness(health));
}

function models(summary) {
  const served = summary.models.filter((one) => one.requests);
  served.forEach((one) => colourOf(one.model));
  byId("mix-plot").parentElement.hidden = !summary.requests.total;
  mix ??= new Mix(byId("mix-plot"), (words) => { byId("mix-readout").textContent = words; });
  const shown = served.filter((one) => colourOf(one.model) < COLOURS).map((one) => [one.model, colourOf(one.model)]);
  mix.show(summary.timeline, shown, summary.until);
  fill(byId("mix-table"), table(
    [["Model", "name"], ["Requests", "num"], ["Share", "num"], ["Spend", "num"], ["Median time", "num narrow-off"], ["Signals", "num narrow-off"]],
    served.map((one) => [named(one.model), count(one.requests), percent(one.share, 1), usd(one.spend_usd, one.spend_usd < 1 ? 4 : 2),
      seconds(one.latency_s?.p50), one.score === null ? NONE : fixed(one.score)]), "Requests by model"));
}

function shadow(summary) {
  const found = summary.shadow;
  byId("shadow").hidden = !found;
  if (!found) return;
  const known = (flow, value) => flow.compared ? usd(value, value < 1 && value > -1 ? 4 : 2) : NONE;
  const rest = found.flows.slice(FLOWS), others = found.requests - found.decided - found.refused;
  fill(byId("shadow-note"), `${count(found.decided)} of ${count(found.requests)} requests were decided on and left alone`
    + (found.refused ? `; ${count(found.refused)} would have been refused` : "")
    + (others ? `; ${count(others)} weren't to be decided on` : "")
    + (found.compared < found.decided ? `. Costs are of the ${count(found.compared)} for which both are known` : "")
    + (rest.length ? `. ${count(rest.length)} rarer ways, of ${count(rest.reduce((sum, flow) => sum + flow.requests, 0))} requests, aren't shown.` : "."));
  fill(byId("shadow-table"), found.flows.length ? table(
    [["Answered by", "name"], ["Would have gone to", "name"], ["Requests", "num"], ["Paid", "num narrow-off"], ["Would have cost", "num narrow-off"], ["Saved", "num"]],
    found.flows.slice(0, FLOWS).map((flow) => [named(flow.answered), named(flow.decided), count(flow.requests),
      known(flow, flow.paid_usd), known(flow, flow.would_usd), known(flow, flow.paid_usd - flow.would_usd)]), "Requests in shadow mode")
    : el("p", { class: "empty" }, "None of them could be decided on."));
}

function latency(summary) {
  const found = summary.decision_us;
  const entries = found ? [["Median", found.p50], ["95th percentile", found.p95], ["99th percentile", found.p99]] : [];
  fill(byId("latency"), found ? el("div", {},
    el("dl", { class: "figures three" }, entries.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, micros(value))))),
    el("p", { class: "dim" }, `From a request's arrival to its decision, over ${count(found.sampled)} requests; ${percent(summary.remembered / summary.requests.total)} were remembered.`))
    : el("p", { class: "empty" }, "Nothing was measured in this period."));
}

function failovers(summary) {
  const most = Math.max(1, ...summary.failovers.map((one) => one.requests));
  fill(byId("failovers"), summary.failovers.length ? el("ul", { class: "bars" }, summary.failovers.map((one) => el("li", {},
    el("span", {}, one.cause),
    el("span", { class: "track" }, el("span", { "width%": one.requests / most * 100, colour: "var(--warn)" })),
    el("span", { class: "num" }, `${count(one.requests)}, ${count(one.answered)} answered after all`))))
    : el("p", { class: "empty" }, "No model failed a request in this period."));
}

export function show(summary, health) {
  tiles(summary, health);
  models(summary);
  shadow(summary);
  latency(summary);
  failovers(summary);
}
