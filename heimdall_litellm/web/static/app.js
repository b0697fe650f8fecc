// The page as a whole: who is signed in, which period is shown, and when to ask again.

import { Refused, ask, enter, forget, hasEntered, hasKey } from "./api.js";
import { byId, el, fill, options } from "./dom.js";
import * as decisions from "./decisions.js";
import * as overview from "./overview.js";
import * as preview from "./preview.js";
import "./tryit.js";
import { clock, count } from "./format.js";

const POLL_S = 5;
const LONGEST_S = 60;
const THEMES = ["auto", "light", "dark"];
const root = document.documentElement;
let timer = 0;
let failures = 0;
let round = 0;
let latest = null;
let previewed = "";
let known = { until: 0, names: [] };

const period = () => document.querySelector("input[name=period]:checked").value;
const scope = () => ({ since: period(), requested: byId("requested").value });

// Signing in and out

function showEntry(why = "") {
  clearTimeout(timer);
  round += 1;
  byId("enter").hidden = false;
  byId("board").hidden = byId("controls").hidden = byId("leave").hidden = byId("notice").hidden = true;
  byId("enter-wrong").textContent = why;
  live("");
  byId("key").focus();
}

byId("enter-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  if (!/^[\x21-\x7e]+$/.test(key)) return showEntry("A key has no spaces and no letters beyond ASCII. Copy it once more.");
  enter(key);
  byId("key").value = "";
  void start();
});

byId("leave").addEventListener("click", () => { forget(); location.reload(); });

async function start() {
  if (!hasKey()) return showEntry();
  byId("enter").hidden = true;
  failures = 0;
  previewed = "";
  known.until = 0;
  decisions.restart();
  await refresh();
  const open = new URLSearchParams(location.hash.slice(1)).get("decision");
  if (open && !byId("board").hidden) void decisions.show(open);
}

// Asking, and asking again

async function refresh() {
  clearTimeout(timer);
  const mine = ++round;
  const begun = performance.now();
  try {
    const asked = scope();
    const virtual = await names();  // first, and alone: a key that isn't known is refused once
    const [summary, health] = await Promise.all([ask("v1/summary", { query: asked }), ask("health")]);
    if (mine !== round) return;
    failures = 0;
    latest = [summary, health];
    show(summary, health, virtual);
    if (decisions.isFirstPage()) await decisions.load(asked);
    // Made anew when what is shown changes, and once a minute: it doesn't change faster.
    const wanted = JSON.stringify([asked, Math.floor(Date.now() / 60_000), summary.requests.total > 0]);
    if (previewed !== wanted) {
      previewed = await preview.load(asked) ? wanted : "";
    }
    live(`Live, ${clock(new Date())}`, "on");
  } catch (error) {
    if (mine !== round) return;
    refused(error);
    if (!byId("enter").hidden) return;
    failures += 1;
    previewed = "";
  }
  // A slow journal is asked less often, and one that fails ever less.
  const took = (performance.now() - begun) / 1000;
  const pause = Math.min(LONGEST_S, Math.max(POLL_S, took * 5) * 2 ** Math.min(failures, 5));
  if (!document.hidden) timer = setTimeout(refresh, pause * 1000);
}

/** The virtual names that the key may use, asked for once a minute. */
async function names() {
  if (known.until < Date.now()) {
    const page = await ask("v1/models", { query: { limit: 500 } });
    known = { until: Date.now() + 60_000, names: page.data.filter((one) => one.kind === "virtual").map((one) => one.id) };
  }
  return known.names;
}

function refused(error) {
  if (!(error instanceof Refused)) {
    console.error(error);
    return notice("This page failed at what the proxy answered. Load it again; if that doesn't help, please report it.");
  }
  if (error.status === 401 || error.status === 403) {
    const had = hasEntered();
    forget();
    return showEntry(error.status === 401
      ? had ? "The proxy doesn't know this key. Check it, or ask an admin for another." : "LiteLLM's login is over, or the proxy doesn't take it. Enter a key."
      : error.message);
  }
  if (error.code === "heimdall_no_journal") byId("board").hidden = true;
  notice(error.message);
  live("Not current", "off");
}

function notice(text) {
  byId("notice").hidden = !text;
  byId("notice").textContent = text;
}

function live(text, kind = "") {
  byId("live").className = `live ${kind}`;
  byId("live").textContent = text;
  byId("live").hidden = !text;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (byId("enter").hidden) void refresh();
});

// Showing

function show(summary, health, virtual) {
  byId("board").hidden = byId("controls").hidden = byId("leave").hidden = false;
  notice("");
  options(byId("requested"), virtual);
  options(byId("try").elements.model, virtual, null);
  options(byId("filters").elements.model, summary.models.map((one) => one.model).filter((one) => one !== "nobody").sort());
  overview.show(summary, health);
  if (!summary.requests.total) notEmptyYet(virtual[0] ?? "heimdall");
  fill(byId("foot"), `Heimdall ${health.version}. Times are your own; costs are USD by LiteLLM's reckoning. `,
    health.is_simulating ? "Providers are simulated: nothing is really spent. " : "",
    `Up for ${count(health.uptime_seconds / 60)} min.`);
}

function notEmptyYet(name) {
  const url = new URL("../v1/chat/completions", document.baseURI);
  fill(byId("mix-table"), el("p", { class: "empty" }, "Nothing was routed in this period. Choose a longer one, or send a request:",
    el("pre", {}, `curl ${url} \\\n  -H "Authorization: Bearer $KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '{"model": "${name}",\n       "messages": [{"role": "user", "content": "Hi!"}]}'`)));
}

for (const id of ["period", "requested"]) {
  byId(id).addEventListener("change", () => { decisions.restart(); void refresh(); });
}

// Light and dark

function theme() { return root.dataset.theme ?? "auto"; }

function setTheme(wanted) {
  if (wanted === "auto") delete root.dataset.theme;
  else root.dataset.theme = wanted;
  redraw();
  byId("theme").textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[wanted];
  byId("theme").setAttribute("aria-label", `Theme: ${wanted}`);
}

function redraw() {
  if (latest === null || byId("board").hidden) return;
  overview.show(...latest);
  if (!latest[0].requests.total) notEmptyYet(byId("try").elements.model.value);
  preview.redraw();
}

byId("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  localStorage.setItem("heimdall-theme", next);
  setTheme(next);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

// Paper is white: plots are drawn for it, and back again.
let beforePrint = "auto";
addEventListener("beforeprint", () => { beforePrint = theme(); setTheme("light"); });
addEventListener("afterprint", () => setTheme(beforePrint));

setTheme(theme());
void start();
