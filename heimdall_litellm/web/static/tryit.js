// A prompt explained without being sent to any model.

import { ask } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { candidates, facts, words } from "./explained.js";
import { fixed, percent } from "./format.js";

const form = byId("try");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { prompt, model, alpha, bucket } = Object.fromEntries(new FormData(form));
  const headers = { ...(alpha && { "heimdall-alpha": alpha }), ...(bucket && { "heimdall-bucket": bucket }) };
  const body = { ...(model && { model }), messages: [{ role: "user", content: prompt }] };
  try {
    fill(byId("tried"), explained(await ask("v1/explain", { body, headers })));
  } catch (error) {
    const why = Object.entries(error.problem?.why_not ?? {}).map(([name, said]) => `${name}: ${said}`);
    fill(byId("tried"), el("p", { class: "wrong", role: "alert" }, error.message), why.length ? words(why) : null);
  }
});

function explained(said) {
  const { decision } = said;
  return el("div", { class: "stack" },
    el("h3", {}, `${said.requested} → ${said.model}`),
    words(said.words),
    decision && facts([["Bucket", decision.bucket], ["Cheap, mid, hard", [decision.p_cheap, decision.p_mid, decision.p_hard].map((one) => percent(one)).join(", ")],
      ["Difficulty", fixed(decision.difficulty)], ["Effort", decision.effort], ["Then", said.fallbacks.join(", ")]]),
    decision && candidates(decision.candidates, decision.model, decision.alpha));
}
