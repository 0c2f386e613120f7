// The view of all workers, a row each.

import { h } from "./dom.js";
import { List } from "./list.js";
import { ago, badge, blank, dim, heading, waiting } from "./parts.js";
import { count, rate } from "./format.js";
import { workerLink } from "./router.js";
import { table } from "./table.js";

function columns(ctx) {
  return [
    { id: "name", title: "Worker", sort: true, cell: (w) => w.name },
    { id: "state", title: "State", sort: true, cell: (w) => badge(stateOf(w)) },
    { id: "busy", title: "Slots", num: true, sort: true, cell: (w) => (w.alive ? slots(w) : null) },
    { id: "doing", title: "Doing", wide: true, cell: (w) => doing(w) },
    { id: "numbers_per_s", title: "Rate", num: true, sort: true, cell: (w) => (w.numbers_per_s > 0 ? rate(w.numbers_per_s) : null) },
    { id: "numbers", title: "Numbers", num: true, sort: true, cell: (w) => count(w.numbers) },
    { id: "version", title: "Version", sort: true, cell: (w) => [w.version, w.kernels && h("span", { class: "dim" }, ` ${w.kernels}`)] },
    { id: "strikes", title: "Strikes", num: true, sort: true, cell: (w) => dim(w.strikes?.length ?? 0, "bad") },
    { id: "complaints", title: "Complaints", num: true, cell: (w) => dim(complaints(w), "warn") },
    { id: "host", title: "Machine", extra: true, cell: (w) => w.host && h("span", { class: "dim" }, w.host) },
    { id: "seen", title: "Heartbeat", num: true, cell: (w) => ago(ctx, w.seen) },
  ];
}

export const stateOf = (w) => (w.quarantined ? "quarantined" : w.state || (w.alive ? "running" : "gone"));
export const complaints = (w) => Object.values(w.complaints ?? {}).reduce((a, b) => a + b, 0);

// slots shows how many are busy: a figure, and a mark for those that hang.
export function slots(w) {
  return [`${count(w.busy)} `, h("span", { class: "dim" }, `/ ${count(w.slots)}`), w.lost > 0 && h("span", { class: "bad" }, ` ${count(w.lost)} hang`)];
}

// doing says in a few words what a worker is at work on.
export function doing(w) {
  if (w.pause) return h("span", { class: "warn" }, w.pause);
  const a = w.activities?.[0];
  if (a) {
    const more = w.activities.length - 1;
    return [activity(a), more > 0 && h("span", { class: "dim" }, ` and ${more} more`)];
  }
  const held = w.holding?.[0];
  if (!held) return w.alive ? h("span", { class: "dim" }, w.busy ? "short numbers" : "waits for tasks") : null;
  const more = w.holding.length - 1;
  return [taskName(held), more > 0 && h("span", { class: "dim" }, ` and ${more} more`)];
}

// activity writes the progress with one number.
export function activity(a) {
  const share = a.total > 0 ? ` ${Math.min(99, Math.floor((a.done / a.total) * 100))}%` : "";
  const b1 = a.b1 ? ` B1=${count(a.b1)}` : "";
  return [`${a.job} #${count(a.position + 1)} `, h("span", { class: "dim" }, `${a.digits > 0 ? `${a.digits} digits, ` : ""}${a.method}${b1}${share}`)];
}

// taskName writes "<job>.<range>.<round>" with positions that count from 1.
export function taskName(name) {
  const [, job, first, n] = /^(.*)\.(\d+)-(\d+)\.[^.]*$/.exec(name) ?? [];
  if (!job) return name;
  const from = Number(first) + 1;
  return [`${job} `, h("span", { class: "dim" }, n === "1" ? `#${count(from)}` : `#${count(from)}–${count(from + Number(n) - 1)}`)];
}

export function workers(ctx, route) {
  const list = new List(ctx, "workers", { sort: "name" }, route);
  return {
    title: () => "Workers",
    moved: (r) => list.moved(r),
    leave: () => list.leave(),
    render() {
      const data = list.resource.data;
      const view = ctx.store.view;
      return [
        heading("Workers", data && h("span", { class: "dim num", key: "total" }, list.narrowed ? `${count(data.total)} match` : count(data.total))),
        h("div", { class: "tools", key: "tools" }, list.searchBox("Search workers"),
          view && h("span", { class: "dim num", key: "slots" }, `${count(view.busy)} of ${count(view.slots)} slots busy`)),
        h("div", { key: "list", class: list.resource.fresh ? "" : "stale" }, rowsOf(ctx, list, data)),
      ];
    },
  };
}

function rowsOf(ctx, list, data) {
  if (!data) return waiting(list.resource, "workers");
  if (data.workers?.length) {
    return [
      table(columns(ctx), data.workers, { label: "Workers", total: data.total, key: (w) => w.name, href: (w) => workerLink(w.name), sort: list.sort,
        onSort: (sort) => list.set({ sort }), tone: (w) => (w.quarantined ? "bad-row" : w.alive ? "" : "gone-row") }),
      list.pages(data.total),
    ];
  }
  if (data.total > 0) return [blank("This page is past the end of the list"), list.pages(data.total)];
  if (list.narrowed) return blank("No worker matches");
  return blank("No worker runs", "Start one on this machine, or on any other that reaches the server:", "consumer run", "consumer run -s nats://SERVER:4222");
}
