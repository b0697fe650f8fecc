// Past traffic at another α.

import { ask } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { Curve } from "./charts.js";
import { named } from "./overview.js";
import { change, count, fixed, percent, usd } from "./format.js";

const WHY = {
  "other-bundle": "decided with another bundle",
  "no-documents": "without the settings or catalog of their time",
  "nobody-left": "that nobody could serve",
};
const slider = byId("alpha");
let found = null;
let curve = null;
let asked = 0;

slider.addEventListener("input", draw);

function point() { return found.points[Number(slider.value)]; }

function draw() {
  if (!found?.points.length) return;
  const chosen = point(), { decided } = found;
  byId("alpha-value").textContent = fixed(chosen.alpha, 1);
  slider.setAttribute("aria-valuetext", `α ${fixed(chosen.alpha, 1)}: ${usd(chosen.cost_usd * 1000)} for 1,000 requests, quality ${fixed(chosen.quality, 3)}`);
  curve ??= new Curve(byId("preview-plot"));
  curve.show(found.points, decided, chosen);
  const shares = Object.entries(chosen.shares).sort((a, b) => b[1] - a[1]);
  fill(byId("preview-figures"),
    el("dl", { class: "figures" },
      figure("Cost of 1,000 requests", usd(chosen.cost_usd * 1000, 2), `${change(chosen.cost_usd / decided.cost_usd - 1)} against as decided`),
      figure("Quality", fixed(chosen.quality, 3), `${difference(chosen.quality - decided.quality)} against as decided`)),
    el("ul", { class: "bars" }, shares.map(([model, share]) => el("li", {}, named(model),
      el("span", { class: "track" }, el("span", { "width%": share * 100 })), el("span", { class: "num" }, percent(share))))));
}

const difference = (value) => `${value > 0.0005 ? "+" : ""}${fixed(Math.abs(value) < 0.0005 ? 0 : value, 3)}`;

function figure(title, value, note) {
  return el("div", {}, el("dt", {}, title), el("dd", {}, value, el("small", {}, note)));
}

/** The α that is set for what is shown; where several names have their own, that of most of the traffic. */
function usual(requested) {
  const set = requested ? [found.configured[requested]] : Object.values(found.configured);
  return set.length && set[0] !== undefined && set.every((one) => one === set[0]) ? set[0] : found.decided.alpha;
}

/** Load the preview of a period, and put the slider where α is; false where it isn't made yet. */
export async function load(query) {
  const mine = ++asked;
  let answer;
  try {
    answer = await ask("v1/preview", { query });
  } catch (error) {
    if (error.code === "heimdall_busy") return false;  // what was shown before stays
    throw error;
  }
  if (mine !== asked) return true;  // another period has been asked for meanwhile
  found = answer;
  const isEmpty = found.points.length === 0;
  byId("preview-body").hidden = isEmpty;
  byId("preview-empty").hidden = !isEmpty;
  const out = Object.entries(found.left_out).map(([why, number]) => `${count(number)} ${WHY[why] ?? why}`).join(", ");
  byId("preview-sample").textContent = isEmpty ? "" : `${count(found.replayed)} past decisions made again${out ? `; ${out}` : ""}`;
  if (isEmpty) {
    byId("preview-empty").textContent = found.sampled
      ? `None of ${count(found.sampled)} past decisions can be made again: ${out}. New traffic can, as it comes.`
      : "There are no decisions in this period to make again. Send requests to a virtual name, or choose a longer period.";
    return true;
  }
  if (!slider.dataset.isSet) {
    slider.value = Math.round(usual(query.requested) * 10);
    slider.dataset.isSet = "yes";
  }
  draw();
  return true;
}

export const redraw = draw;
