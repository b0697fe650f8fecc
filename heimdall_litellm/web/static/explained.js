// A decision at length, whether it was made or is only explained.

import { el, table } from "./dom.js";
import { named } from "./overview.js";
import { NONE, fixed, usd, count } from "./format.js";

const BASIS = {
  user: "stated in the configuration", outcomes: "measured in training", published: "published figures",
  family: "an older version of its family", "price-class": "models of its price", unknown: "a guess: nobody knows it",
};

/** All candidates, best first, those ruled out last, with the parts of their scores. */
export function candidates(rows, chosen, alpha) {
  const ordered = [...rows].sort((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity));
  const first = ordered.find((one) => one.model === chosen && one.score !== null);
  return el("div", {},
    el("div", { class: "scroll" }, table(
      [["Candidate", "name"], ["Bucket", ""], ["Effort", "narrow-off"], ["Quality", "num"], ["Cost", "num"], ["Output", "num narrow-off"], ["Penalties", "num narrow-off"], ["Score", "num"]],
      ordered.map((one) => el("tr", { class: one === first ? "chosen" : one.score === null ? "out" : "" },
        el("td", { class: "name" }, named(one.model), one.why_not && el("div", { class: "dim" }, one.why_not)),
        el("td", {}, one.bucket), el("td", { class: "narrow-off" }, one.effort ?? NONE),
        el("td", { class: "num", title: `Known from: ${BASIS[one.basis] ?? one.basis}` }, fixed(one.quality, 3)),
        el("td", { class: "num" }, usd(one.is_priced === false ? null : one.cost_usd)),
        el("td", { class: "num narrow-off" }, count(one.output_tokens)),
        el("td", { class: "num narrow-off" }, fixed(one.penalties, 3)),
        el("td", { class: "num" }, one.score === null ? "out" : fixed(one.score, 3)))), "Candidates")),
    el("p", { class: "readout" }, `Score = α · quality − (1 − α) · relative cost − penalties, with α = ${fixed(alpha, 2)}. Output is in expected tokens, cost is of this request; where it isn't known (–), it counts as the dearest that is.`));
}

export function words(lines) {
  return el("ul", { class: "words" }, lines.map((line) => el("li", {}, line)));
}

export function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
