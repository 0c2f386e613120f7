// Tables whose rows stay in place while their values change. On a narrow screen each row becomes a block, with the title of
// the column before each value. The roles are explicit, because browsers drop them from tables that are laid out so.

import { h } from "./dom.js";

// table returns a table. columns are {id, title, cell(row), num, wide, sort}; the first one is the header of its row.
// options: label, key(row), href(row), sort (the present one, "-id" = descending), onSort(next), tone(row).
export function table(columns, rows, options) {
  return h("div", { class: "table" },
    h("table", { role: "table", "aria-label": options.label, "aria-rowcount": options.total },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((c) => title(c, options)))),
      h("tbody", { role: "rowgroup" }, rows.map((row) => line(columns, row, options)))));
}

function title(c, { sort = "", onSort }) {
  const props = { role: "columnheader", scope: "col", key: c.id, class: [c.num && "num", c.extra && "extra"].filter(Boolean).join(" ") };
  if (!c.sort || !onSort) return h("th", props, c.title);
  const down = sort === `-${c.id}`;
  const active = down || sort === c.id;
  const first = c.num || c.newest ? `-${c.id}` : c.id; // what is of interest is at the top
  const other = first === c.id ? `-${c.id}` : c.id;
  props["aria-sort"] = active ? (down ? "descending" : "ascending") : undefined;
  return h("th", props,
    h("button", { type: "button", class: active ? "sort active" : "sort", onclick: () => onSort(sort === first ? other : first) },
      c.title, active && h("span", { class: "arrow", "aria-hidden": "true" }, down ? "↓" : "↑")));
}

function line(columns, row, { key, href, tone }) {
  const to = href?.(row);
  return h("tr", { role: "row", key: key(row), class: `${tone?.(row) ?? ""}${to ? " linked" : ""}`, onclick: to ? (event) => follow(event, to) : undefined },
    columns.map((c, i) => {
      const content = c.cell(row);
      const empty = content === null || content === undefined || content === "" || content === false;
      const props = { key: c.id, "data-label": c.title, class: [c.num && "num", c.wide && "wide", c.extra && "extra", empty && "empty", i === 0 && "first"].filter(Boolean).join(" ") };
      if (i > 0) return h("td", { ...props, role: "cell" }, content);
      return h("th", { ...props, role: "rowheader", scope: "row" }, to ? h("a", { href: to, class: "row-link" }, content) : content);
    }));
}

// follow opens the view of a row that is clicked, unless the click was on a control or ended a selection of text.
function follow(event, to) {
  if (event.target.closest("a, button, input, summary") || event.button !== 0 || event.metaKey || event.ctrlKey) return;
  if (getSelection()?.toString()) return;
  location.hash = to;
}

// pager shows where in a list the page is, and leads on. go gets the next offset.
export function pager(offset, limit, total, go) {
  if (!total) return null;
  const first = Math.min(offset, Math.max(0, total - 1)) + 1;
  const last = Math.min(offset + limit, total);
  const step = (label, to, on, rel) => h("button", { type: "button", key: label, disabled: !on, "data-page": rel, onclick: () => go(Math.max(0, to)) }, label);
  const end = Math.floor((total - 1) / limit) * limit;
  const figure = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  return h("nav", { class: "pager", "aria-label": "Pages" },
    h("span", { class: "num", id: "pager-place" }, `${figure(first)}–${figure(last)} of ${figure(total)}`),
    total > limit && [
      step("First", 0, offset > 0, "first"), step("Previous", offset - limit, offset > 0, "previous"),
      step("Next", offset + limit, last < total, "next"), step("Last", end, last < total, "last"),
    ]);
}
