// Numbers and times as they are read.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SECONDS = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
export const NONE = "–";
const MINUS = "\u2212";

const signed = (text) => text.replace("-", MINUS);
const isNone = (value) => value === null || value === undefined || !Number.isFinite(value);

export const count = (value) => isNone(value) ? NONE : signed(WHOLE.format(value));

/** How many decimals an amount needs to be told apart from nothing. */
function decimals(value) {
  const size = Math.abs(value);
  if (size >= 1 || size === 0) return 2;
  return Math.min(7, 2 - Math.floor(Math.log10(size)));
}

/** How many decimals the ticks of an axis need, so that none of them is rounded. */
export function decimalsOf(ticks) {
  const isWhole = (digits) => ticks.every((one) => Math.abs(one - Number(one.toFixed(digits))) < 1e-10);
  let digits = 0;
  while (digits < 9 && !isWhole(digits)) digits += 1;
  return digits;
}

export function usd(value, digits = undefined) {
  if (isNone(value)) return NONE;
  const places = digits ?? decimals(value);
  const text = Math.abs(value).toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
  return `${value < 0 ? MINUS : ""}$${text}`;
}

/** Amounts of one column, with as many decimals each, so that they stand under each other. */
export const usdColumn = (value) => usd(value, isNone(value) || Math.abs(value) >= 100 ? 2 : 6);

export const percent = (share, digits = 0) =>
  isNone(share) ? NONE : `${signed((share * 100).toFixed(digits))}\u202f%`;

export const change = (share) =>
  isNone(share) ? NONE : `${share > 0 ? "+" : ""}${percent(share, Math.abs(share) < 0.1 ? 1 : 0)}`;

export const fixed = (value, digits = 2) => isNone(value) ? NONE : signed(value.toFixed(digits));

export function micros(value) {
  if (isNone(value)) return NONE;
  return value < 1000 ? `${Math.round(value)} µs` : `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} ms`;
}

export function seconds(value) {
  if (isNone(value)) return NONE;
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

export function age(given) {
  if (isNone(given)) return NONE;
  if (given < 90) return `${Math.round(given)} s`;
  if (given < 5400) return `${Math.round(given / 60)} min`;
  if (given < 172_800) return `${Math.round(given / 3600)} h`;
  return `${Math.round(given / 86_400)} days`;
}

export const since = (iso) => (Date.now() - Date.parse(iso)) / 1000;
export const clock = (at) => CLOCK.format(at);
export const day = (at) => DAY.format(at);
export const dayAndClock = (at) => `${DAY.format(at)} ${CLOCK.format(at)}`;
export const moment = (iso) => { const at = new Date(iso); return `${DAY.format(at)} ${SECONDS.format(at)}`; };
