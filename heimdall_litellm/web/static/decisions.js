// The table of decisions, page by page, and each of them at length.

import { ask } from "./api.js";
import { byId, el, fill, table } from "./dom.js";
import { candidates, facts, words } from "./explained.js";
import { named } from "./overview.js";
import { NONE, clock, count, fixed, micros, moment, percent, seconds, usd, usdColumn } from "./format.js";

const PER_PAGE = 25;
const filters = byId("filters");
const dialog = byId("detail");
let earlier = [];  // the `before` of each page up to this one; the first has none
let following = null;
let shown = "";
let query = {};
let asked = 0;

export const isFirstPage = () => earlier.length === 0;

/** Show the page that is open, of the period and name in `scope`. */
export async function load(scope) {
  query = scope;
  const { model, bucket, cause } = Object.fromEntries(new FormData(filters));
  const mine = ++asked;
  const page = await ask("v1/decisions", { query: { ...scope, model, bucket, cause, limit: PER_PAGE, before: earlier.at(-1) } });
  if (mine !== asked) return;  // something else has been asked for meanwhile
  following = page.next_before;
  byId("newer").disabled = isFirstPage();
  byId("older").disabled = following === null;
  byId("page").textContent = `Page ${earlier.length + 1}`;
  const text = JSON.stringify(page.data);
  if (text === shown) return;  // so that nobody loses their place in it
  shown = text;
  draw(page.data);
}

export function restart() {
  earlier = [];
  shown = "";
}

function draw(rows) {
  const focused = document.activeElement?.dataset?.decision;
  fill(byId("decisions"), rows.length ? table(
    [["Time", ""], ["Asked for", "name wide"], ["Went to", "name"], ["Bucket", ""], ["α", "num wide"], ["Cost", "num"], ["Why", "why wide"]],
    rows.map(row), "Decisions, newest first") : empty());
  if (focused) byId("decisions").querySelector(`[data-decision="${CSS.escape(focused)}"]`)?.focus();
}

function empty() {
  const isFiltered = [...new FormData(filters)].some(([name, value]) => name !== "id" && value);
  return el("p", { class: "empty" }, isFiltered ? "No decision in this period fits the filters. Take one out, or choose a longer period."
    : "No request was routed in this period. A key that is no admin's shows its own requests alone.");
}

function row(one) {
  const open = () => show(one.id);
  const moved = one.answered !== null && one.model !== null && one.answered !== one.model;
  const isShadow = one.mode === "shadow";
  const special = { holdout: "holdout", continued: "continued", unrouted: "not routed", default: "not decided", refused: isShadow && one.model !== null ? "would be refused" : "refused", asked: "asked" }[one.cause];
  const elsewhere = isShadow && one.decided !== null && one.decided !== (one.answered ?? one.model);
  const status = { failed: "failed", left: "left", cached: "cached" }[one.status];
  return el("tr", { class: "opens", onclick: open },
    el("td", {}, el("button", { type: "button", class: "link", "data-decision": one.id, "aria-label": `Decision of ${moment(one.at)}`,
      onclick: (event) => { event.stopPropagation(); open(); } }, moment(one.at))),
    el("td", { class: "name wide", title: one.requested }, one.requested),
    el("td", { class: "name" }, named(one.answered ?? one.model ?? "nobody"),
      moved && el("span", { class: "chip bad", title: `${one.model} was asked first` }, `after ${one.model}`),
      special && el("span", { class: "chip" }, special), isShadow && el("span", { class: "chip" }, elsewhere ? `shadow: to ${one.decided}` : "shadow"),
      status && el("span", { class: `chip ${status === "failed" ? "bad" : ""}` }, status)),
    el("td", {}, one.bucket ?? NONE),
    el("td", { class: "num wide" }, one.alpha === null ? NONE : fixed(one.alpha, 2)),
    el("td", { class: "num" }, usdColumn(one.cost_usd)),
    el("td", { class: "why wide", title: one.reason }, one.reason));
}

/** Open one decision at length, by its own or its call's id. */
export async function show(id) {
  fill(byId("detail-body"), el("h2", { id: "detail-title" }, "Decision"), el("p", { class: "dim" }, "Loading …"));
  if (!dialog.open) dialog.showModal();
  try {
    const found = await ask(`v1/decisions/${encodeURIComponent(id)}`);
    history.replaceState(null, "", `#decision=${encodeURIComponent(found.record.id)}`);
    fill(byId("detail-body"), detail(found));
    byId("detail-body").querySelector("button").focus();
  } catch (error) {
    fill(byId("detail-body"), head("Decision"), el("p", { class: "wrong", role: "alert" }, error.message));
  }
}

dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

function head(title, note) {
  return el("div", { class: "top" }, el("div", {}, el("h2", { id: "detail-title" }, title), note && el("p", { class: "dim" }, note)),
    el("button", { type: "button", onclick: () => dialog.close() }, "Close"));
}

function section(title, ...content) {
  return el("section", {}, el("h3", {}, title), content);
}

function detail({ record, outcome, signals }) {
  const went = record.model ?? "refused";
  const moved = outcome?.status === "answered" && outcome.model !== record.model;
  return [
    head(`${record.requested} → ${went}${moved ? `, answered by ${outcome.model}` : ""}`, `${moment(record.at)}, ${record.call}`),
    section("Why", words(record.reason.split("; ")),
      record.mode === "shadow" && el("p", { class: "dim" }, `Shadow mode: ${record.decided === null ? "" : `it was decided for ${record.decided}, and `}left alone.`),
      record.arm === "holdout" && el("p", { class: "dim" }, `A draw sent it to the baseline; ${record.decided} was decided on.`)),
    section("The request", facts(about(record))),
    record.candidates.length ? section("Candidates", candidates(record.candidates, record.decided, record.alpha)) : null,
    section("What came of it", outcome ? became(record, outcome) : el("p", { class: "dim" }, "Nothing has been heard of it yet.")),
    record.prompt?.text ? section("Prompt", el("p", { class: "said" }, record.prompt.text)) : null,
    section("How good the answer was", heard(signals), rating(record, signals)),
  ];
}

function about(record) {
  const facts = record.facts ?? {};
  const flags = Object.entries(facts).filter(([name, value]) => /^(has|is)_/.test(name) && value).map(([name]) => name.replace(/^(has|is)_/, "").replaceAll("_", " "));
  const { seen } = record;
  return [
    ["Settled by", record.cause], ["Policy", record.policy], ["α", record.alpha === null ? null : fixed(record.alpha, 2)],
    ["Bucket", record.bucket],
    ["Cheap, mid, hard", seen && [seen.p_cheap, seen.p_mid, seen.p_hard].map((one) => percent(one)).join(", ")],
    ["Difficulty", seen && fixed(seen.difficulty)], ["Effort", record.effort],
    ["Input", facts.input_tokens !== undefined ? `about ${count(facts.input_tokens)} tokens` : null],
    ["Messages", facts.messages !== undefined ? count(facts.messages) : null], ["Tools", facts.tools ? count(facts.tools) : null],
    ["With", flags.join(", ")], ["Time we added", micros(record.duration_us)], ["Remembered", record.is_remembered ? "yes" : null],
    ["Chosen with a chance of", record.propensity < 1 ? percent(record.propensity, 1) : null],
    ["Key", record.caller.alias ?? record.caller.key?.slice(0, 12)], ["Team", record.caller.team_alias ?? record.caller.team],
    ["Decision", el("code", {}, record.id)], ["Call", record.call_id && el("code", {}, record.call_id)],
  ];
}

function became(record, outcome) {
  const tokens = outcome.input_tokens === null ? null
    : `${count(outcome.input_tokens)} in${outcome.cached_tokens ? ` (${count(outcome.cached_tokens)} cached)` : ""}, ${count(outcome.output_tokens)} out`;
  const isShadow = record.mode === "shadow";
  const saved = isShadow || outcome.baseline_usd === null || outcome.cost_usd === null ? null : outcome.baseline_usd - outcome.cost_usd;
  return el("div", { class: "stack" },
    facts([
      ["Outcome", outcome.status], ["Answered by", outcome.model], ["Provider", outcome.provider],
      ["Cost", usd(outcome.cost_usd)], ["Expected", outcome.model === record.decided ? usd(record.cost_usd) : null],
      ["Would have cost", isShadow && outcome.would_usd !== null ? `${usd(outcome.would_usd)} with ${record.decided}` : null],
      ["Baseline", !isShadow && record.baseline && outcome.baseline_usd !== null ? `${usd(outcome.baseline_usd)} with ${record.baseline.model}` : null],
      ["Saved, as reckoned", saved === null ? null : usd(saved)], ["Tokens", tokens],
      ["Until the end", outcome.latency_s === null ? null : seconds(outcome.latency_s)],
      ["Until its first token", outcome.first_token_s === null ? null : seconds(outcome.first_token_s)], ["Ended with", outcome.finish],
    ]),
    outcome.tries.length > 1 || outcome.tries.some((one) => one.outcome !== "ok") ? el("div", { class: "scroll" }, table(
      [["Attempt", ""], ["Model", "name"], ["Provider", "narrow-off"], ["Came to", ""], ["Status", "num"]],
      outcome.tries.map((one, at) => [count(at + 1), named(one.model), one.provider, one.outcome, one.status === null || one.outcome === "ok" ? NONE : String(one.status)]), "Attempts")) : null);
}

function heard(signals) {
  return signals.length ? el("div", { class: "scroll" }, table(
    [["Signal", "name"], ["Score, 0 to 1", "num"], ["Weight", "num"], ["Said", "name"]],
    signals.map((one) => [one.source, fixed(one.score), fixed(one.weight, 1), [one.label, one.comment].filter(Boolean).join(": ") || NONE]), "Signals")) : null;
}

function rating(record, signals) {
  const said = el("p", { class: "dim", role: "status" });
  const comment = el("input", { "aria-label": "Comment", placeholder: "A comment, if you like", maxlength: 2000, autocomplete: "off" });
  const before = signals.find((one) => one.source === "feedback");
  const buttons = [["up", "Good answer"], ["down", "Bad answer"]].map(([score, label]) =>
    el("button", { type: "button", "data-score": score, "aria-pressed": String(before !== undefined && before.score === (score === "up" ? 1 : 0)), onclick: () => send(score) }, label));
  async function send(score) {
    try {
      await ask("v1/feedback", { body: { decision_id: record.id, score, ...(comment.value ? { comment: comment.value } : {}) } });
      buttons.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.score === score)));
      said.textContent = "Thank you: it is noted, and shows within a few seconds.";
    } catch (error) {
      said.textContent = error.message;
    }
  }
  return el("div", { class: "stack" }, el("div", { class: "rate" }, buttons, comment), said);
}

filters.addEventListener("change", () => { restart(); void refresh(); });
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  const id = filters.elements.id.value.trim();
  if (id) void show(id);
});
byId("older").addEventListener("click", () => { earlier.push(following); void refresh(); });
byId("newer").addEventListener("click", () => { earlier.pop(); void refresh(); });

async function refresh() {
  try {
    await load(query);
  } catch (error) {
    shown = "";
    fill(byId("decisions"), el("p", { class: "wrong", role: "alert" }, error.message));
  }
}
