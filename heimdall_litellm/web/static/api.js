// Asking the HTTP API, with a key: LiteLLM's own login if there is one, else what was entered in this tab.

const KEPT = "heimdall-key";

/** Says why an answer isn't one: `code` is the problem's word, `status` 0 where nobody answered. */
export class Refused extends Error {
  constructor(status, code, detail, problem = {}) {
    super(detail);
    Object.assign(this, { status, code, problem });
  }
}

/** LiteLLM's pages keep their login as a JWT, in a cookie or in this tab; its payload holds the key. */
function login() {
  const cookie = document.cookie.split("; ").find((one) => one.startsWith("token="));
  try {
    const given = cookie ? decodeURIComponent(cookie.slice("token=".length)) : sessionStorage.getItem("token");
    const payload = given.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const told = JSON.parse(atob(payload));
    const isOver = typeof told.exp === "number" && told.exp * 1000 < Date.now();
    return typeof told.key === "string" && told.key && !isOver ? { key: told.key, header: told.auth_header_name } : null;
  } catch {
    return null;
  }
}

let isLoginRefused = false;

export const enter = (key) => sessionStorage.setItem(KEPT, key);
export const hasKey = () => sessionStorage.getItem(KEPT) !== null || (!isLoginRefused && login() !== null);
export const hasEntered = () => sessionStorage.getItem(KEPT) !== null;

/** Forget the key that was used; a login of LiteLLM's isn't ours to end. */
export function forget() {
  if (hasEntered()) sessionStorage.removeItem(KEPT);
  else isLoginRefused = true;
}

function authorization() {
  const entered = sessionStorage.getItem(KEPT);
  if (entered !== null) return { Authorization: `Bearer ${entered}` };
  const found = login();
  return found === null ? {} : { [found.header || "Authorization"]: `Bearer ${found.key}` };
}

/** Ask a route under /heimdall/; parameters that are empty are left out. Throws Refused. */
export async function ask(path, { query = {}, body = undefined, headers = {}, signal = undefined } = {}) {
  const url = new URL(path, document.baseURI);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  const content = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const sent = { ...authorization(), ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  let answer;
  try {
    answer = await fetch(url, { ...content, headers: sent, credentials: "omit", signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "offline", error instanceof TypeError ? "The proxy doesn't answer." : String(error.message));
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Refused(answer.status, said.code ?? "", said.detail ?? `The proxy answered with ${answer.status}.`, said);
  }
  return said;
}
