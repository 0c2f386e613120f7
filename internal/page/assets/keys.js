// The keyboard. Keys do nothing while a field or a chart has the focus, or with Ctrl, Alt or Meta.

import { h, patch } from "./dom.js";

const list = [
  ["j, k", "next, previous row; in the rows also ↓, ↑"], ["Enter", "open the row"], ["/", "search"], ["Esc", "leave the search; back to the list"],
  ["n, p", "next, previous page"], ["g o", "overview"], ["g j", "jobs"], ["g w", "workers"], ["g d", "dead letters"], ["g c", "connection"], ["?", "this list"],
];
const places = { o: "#/", j: "#/jobs", w: "#/workers", d: "#/dead", c: "#/connection" };

export function shortcuts() {
  return h("dl", { class: "keys" }, list.map(([keys, what]) => h("div", { key: keys }, h("dt", null, keys.split(/( or |, | )/).map((k) => (/^( or |, | )$/.test(k) ? k : h("kbd", null, k)))), h("dd", null, what))));
}

export function listenKeys() {
  let went = -Infinity; // time of a "g"
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    if (target.matches("input, textarea, select")) {
      if (key === "Escape") target.blur();
      return;
    }
    if (document.getElementById("help").open) return; // the dialog has keys of its own
    const second = performance.now() - went < 1500;
    went = -Infinity;
    if (second && places[key]) location.hash = places[key];
    else if (key === "g") went = performance.now();
    else if (key === "/") focus("search");
    else if (key === "?") openHelp();
    else if (key === "j" || (key === "ArrowDown" && inRow(target))) step(1);
    else if (key === "k" || (key === "ArrowUp" && inRow(target))) step(-1);
    else if (key === "n" || key === "p") document.querySelector(`[data-page="${key === "n" ? "next" : "previous"}"]:not(:disabled)`)?.click();
    else if (key === "Escape") document.querySelector(".crumbs a:last-child")?.click();
    else return;
    event.preventDefault();
  });
}

const inRow = (target) => target.matches(".row-link");

function focus(id) {
  const el = document.getElementById(id);
  el?.focus();
  el?.select?.();
}

// step moves the focus to the link of the next row, or the first one.
function step(by) {
  const links = [...document.querySelectorAll("main .row-link, main .letter summary")];
  if (!links.length) return;
  const row = document.activeElement?.closest("tr, .letter");
  const at = links.findIndex((l) => l === document.activeElement || (row && l.closest("tr, .letter") === row));
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

export function openHelp() {
  const dialog = document.getElementById("help");
  if (!dialog.open) {
    patch(dialog, [
      h("div", { class: "section-head" }, h("h2", { id: "help-title" }, "Keys"), h("button", { type: "button", onclick: () => dialog.close() }, "Close")),
      shortcuts(),
    ]);
    dialog.onclick = (event) => event.target === dialog && dialog.close();
    dialog.showModal();
  }
}
