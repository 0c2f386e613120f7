// Tables of numbers: those on which workers are at work, and those that took long.

import { h } from "./dom.js";
import { bar, left } from "./parts.js";
import { count, duration, middle } from "./format.js";
import { jobLink, workerLink } from "./router.js";
import { table } from "./table.js";

// place names a number by its job and position, which people count from 1.
export const place = (position) => `#${count(position + 1)}`;

export function runningTable(ctx, list, inJob) {
  return table([
    { id: "number", title: "Number", cell: (r) => [!inJob && `${r.job} `, h("span", { class: inJob ? "" : "dim" }, place(r.position))] },
    { id: "digits", title: "Digits", num: true, cell: (r) => r.digits > 0 && count(r.digits) },
    { id: "method", title: "Method", cell: (r) => h("span", { title: r.text }, r.method) },
    { id: "share", title: "Done", cell: (r) => (r.share > 0 ? bar(r.share, `${r.method} of number ${r.position + 1}`) : null) },
    { id: "left", title: "Left", num: true, cell: (r) => r.left_ns > 0 && left(ctx, r.left_ns) },
    { id: "worker", title: "Worker", cell: (r) => [h("a", { href: workerLink(r.worker) }, r.worker), r.host && r.host !== r.worker && h("span", { class: "dim" }, ` ${r.host}`)] },
    { id: "cores", title: "Cores", num: true, cell: (r) => count(r.cores || 1) },
  ], list, { label: "Numbers in progress", key: keys((r) => `${r.job} ${r.position} ${r.worker}`), href: inJob ? undefined : (r) => jobLink(r.job) });
}

// keys returns a key function that tells equal rows apart.
export function keys(of) {
  const seen = new Map();
  return (row) => {
    const key = of(row);
    const n = seen.get(key) ?? 0;
    seen.set(key, n + 1);
    return n ? `${key} ${n}` : key;
  };
}

export function slowTable(list, items) {
  return table([
    { id: "position", title: "Number", cell: (s) => place(s.position) },
    !items && { id: "n", title: "Value", wide: true, cell: (s) => h("span", { class: "mono", title: s.n }, middle(s.n, 40)) },
    !items && { id: "digits", title: "Digits", num: true, cell: (s) => count(s.digits) },
    !items && { id: "method", title: "Method", cell: (s) => s.method },
    { id: "cpu", title: "CPU", num: true, cell: (s) => duration(s.cpu_ns) },
    { id: "wall", title: "Wall", num: true, cell: (s) => s.wall_ns > 0 && duration(s.wall_ns) },
    { id: "worker", title: "Worker", cell: (s) => s.worker && h("a", { href: workerLink(s.worker) }, s.worker) },
  ].filter(Boolean), list, { label: "Slowest answers", key: keys((s) => s.position) });
}
