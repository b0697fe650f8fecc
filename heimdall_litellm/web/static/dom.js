// Making elements. Whatever is shown goes in as text: nothing here reads HTML.

export const byId = (id) => document.getElementById(id);

/** Make an element: `class`, `on…` handlers and attributes; children are elements, texts, or nothing. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "width%") made.style.width = `${value}%`;
    else if (name === "colour") made.style.setProperty("--colour", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function fill(host, ...children) {
  host.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** A table: `columns` are [title, class], rows are lists of cells or whole <tr>s. */
export function table(columns, rows, caption) {
  return el("table", {},
    caption && el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, columns.map(([title, kind]) => el("th", { scope: "col", class: kind }, title)))),
    el("tbody", {}, rows.map((row) => row instanceof Element ? row
      : el("tr", {}, row.map((cell, at) => el("td", { class: columns[at][1] }, cell))))));
}

/** Put the options of a <select> after its first one, and keep what is chosen. */
export function options(select, names, first = select.options[0]) {
  const chosen = select.value;
  const known = [...select.options].filter((one) => one !== first).map((one) => one.value);
  if (known.join("\n") === names.join("\n")) return;
  fill(select, first ?? [], names.map((name) => el("option", { value: name }, name)));
  if ([...select.options].some((one) => one.value === chosen)) select.value = chosen;
}
