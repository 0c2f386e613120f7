// The view of one worker: what it does, and what is held against it.

import { h } from "./dom.js";
import { query } from "./api.js";
import { ago, badge, bar, blank, commands, dim, facts, figures, heading, left, note, section, waiting } from "./parts.js";
import { count, duration, none, rate, sentence, shell } from "./format.js";
import { jobLink } from "./router.js";
import { activity, complaints, slots, stateOf, taskName } from "./workers.js";
import { keys } from "./running.js";
import { table } from "./table.js";

export function worker(ctx, route) {
  const name = route.parts[1];
  const resource = ctx.resource(query("workers", { search: name, sort: "name", limit: 500 }));
  return {
    title: () => name,
    render() {
      const crumbs = h("nav", { class: "crumbs", "aria-label": "Place", key: "crumbs" }, h("a", { href: "#/workers" }, "Workers"));
      if (!resource.data) return [crumbs, heading(name), waiting(resource, "the worker")];
      const w = (resource.data.workers ?? []).find((x) => x.name === name);
      if (!w) return [crumbs, heading(name), blank("No such worker", "It sends no heartbeats, and nothing is held against it.", h("a", { href: "#/workers" }, "All workers"))];
      return [
        crumbs, heading(name, badge(stateOf(w))),
        w.quarantined && h("div", { key: "quarantine" }, note("bad", "Quarantined ", ago(ctx, w.quarantined), w.quarantine_reason ? `: ${sentence(w.quarantine_reason)}` : ".", " Its results are refused.")),
        w.pause && h("div", { key: "pause" }, note("warn", w.pause)),
        w.lost > 0 && h("div", { key: "lost" }, note("warn", `${count(w.lost)} of its slots have a computation that hangs. Restart it.`)),
        figures([
          ["Slots busy", w.alive ? slots(w) : none], ["Rate", w.alive ? rate(w.numbers_per_s ?? 0) : none, "last 10s"], ["Numbers", count(w.numbers), "answered"],
          ["CPU", duration(w.cpu_ns ?? 0), "spent"], ["Failures", dim(w.failures, "warn")], ["Strikes", dim(w.strikes?.length ?? 0, "bad")], ["Complaints", dim(complaints(w), "warn")],
        ]),
        activities(ctx, w), holding(w), strikes(ctx, w), complained(w),
        section("Process", {}, facts([
          ["Machine", w.host], ["Process id", w.pid], ["Processes of this name", w.processes > 1 && count(w.processes)], ["Started", w.alive && ago(ctx, w.started)], ["Heartbeat", ago(ctx, w.seen)],
          ["Version", w.version], ["Kernels", w.kernels], ["Offers", w.offers?.join(", ")], ["Numbers up to", w.max_digits && `${w.max_digits} digits`],
        ])),
        actions(w, name),
      ];
    },
  };
}

function activities(ctx, w) {
  if (!w.activities?.length) return null;
  return section("Numbers in progress", {}, table([
    { id: "number", title: "Number", wide: true, cell: (a) => activity(a) },
    { id: "done", title: "Done", cell: (a) => a.total > 0 && bar(Math.min(a.done / a.total, 0.999), `${a.method} of number ${a.position + 1}`) },
    { id: "left", title: "Left", num: true, cell: (a) => left(ctx, a.left_ns) },
    { id: "cores", title: "Cores", num: true, cell: (a) => count(a.cores || 1) },
  ], w.activities, { label: "Numbers in progress", key: keys((a) => `${a.job} ${a.position}`), href: (a) => jobLink(a.job) }));
}

function holding(w) {
  if (!w.holding?.length) return null;
  return section("Tasks it holds", {}, h("ul", { class: "names" }, w.holding.map((t, i) => h("li", { key: `${i} ${t}` }, taskName(t)))));
}

function strikes(ctx, w) {
  if (!w.strikes?.length) return null;
  return section("Strikes", { beside: h("span", { class: "dim" }, "three quarantine a worker") }, table([
    { id: "reason", title: "Reason", wide: true, cell: (s) => s.reason },
    { id: "job", title: "Job", cell: (s) => h("a", { href: jobLink(s.job) }, s.job) },
    { id: "range", title: "Range", cell: (s) => s.range },
    { id: "time", title: "When", num: true, cell: (s) => ago(ctx, s.time) },
  ], w.strikes, { label: "Strikes", key: keys((s) => `${s.seq} ${s.claim}`) }));
}

function complained(w) {
  const list = Object.entries(w.complaints ?? {});
  if (!list.length) return null;
  return section("Complaints", { beside: h("span", { class: "dim" }, "no reason for a quarantine") }, facts(list.map(([what, n]) => [what, `${count(n)} ×`])));
}

function actions(w, name) {
  const known = shell(name);
  const run = (text, on) => (known && on ? `producer workers ${text} ${known}` : null);
  return commands("Commands", [run("quarantine", !w.quarantined), "Refuse all its results"], [run("release", w.quarantined || w.strikes?.length), "End the quarantine and clear the strikes"]);
}
