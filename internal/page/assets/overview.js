// The view of the whole fleet: what is wrong first, then the figures, and what runs.

import { h, foreign } from "./dom.js";
import { Chart } from "./chart.js";
import { attention } from "./attention.js";
import { jobColumns } from "./jobs.js";
import { runningTable } from "./running.js";
import { bar, blank, command, dim, figures, heading, section, waiting } from "./parts.js";
import { bytes, count, duration, plural, rate } from "./format.js";
import { jobLink } from "./router.js";
import { table } from "./table.js";

const rows = 10; // of jobs and of running numbers

export function overview(ctx) {
  const charts = {
    rate: new Chart({ title: "Throughput", text: rate, lines: [{ name: "numbers", value: (s) => s.numbers_per_s, tone: "main" }] }),
    queue: new Chart({ title: "Queue", lines: [
      { name: "queued", value: (s) => s.queued, tone: "main" }, { name: "running", value: (s) => s.running, tone: "second" }] }),
    slots: new Chart({ title: "Slots", fixed: (all) => all.at(-1).slots, lines: [
      { name: "busy", value: (s) => s.busy, tone: "main" }, { name: "of", value: (s) => s.slots, tone: "second" }] }),
  };
  let drawn = null;
  return {
    title: () => "Overview",
    render() {
      const view = ctx.store.view;
      if (!view) return [heading("Overview"), waiting({ error: ctx.live.failure }, "the fleet")];
      if (drawn !== ctx.store.history) {
        drawn = ctx.store.history;
        for (const chart of Object.values(charts)) chart.update(drawn);
      }
      if (!view.jobs_total && !view.workers) return [heading("Overview"), attention(ctx, view), welcome(view)];
      return [
        heading("Overview"), attention(ctx, view), summary(view),
        h("div", { class: "charts", key: "charts" }, Object.entries(charts).map(([name, chart]) => foreign(name, chart.element))),
        h("div", { class: "columns", key: "columns" },
          h("div", { class: "main-column" }, activeJobs(ctx, view), running(ctx, view)),
          h("div", { class: "side-column" }, sizes(view), queue(view), server(view))),
      ];
    },
  };
}

function welcome(view) {
  return h("div", { key: "welcome" }, blank("The fleet is ready, and empty", "Start a worker on this machine or on any other, then submit numbers. They appear here at once.",
    h("ol", { class: "step-list" }, [["A worker", "consumer run"], ["A job", "producer submit --range 1000000000001:1000000001001:2"],
      ["A harder number", "producer submit 340282366920938463463374607431768211457"]].map(([what, text]) => h("li", { key: what }, h("span", null, what), command(text))))), server(view));
}

function summary(view) {
  const tasks = (view.queue ?? []).reduce((sum, c) => ({ queued: sum.queued + c.queued, running: sum.running + c.in_work }), { queued: 0, running: 0 });
  return figures([
    ["Answered", rate(view.numbers_per_s), "last 10s"],
    ["Tasks queued", count(tasks.queued), `${count(tasks.running)} running`],
    ["Slots busy", count(view.busy), `of ${count(view.slots)}`],
    ["Workers", count(view.workers), view.supervisors ? plural(view.supervisors, "supervisor") : "no supervisor"],
    ["Active jobs", count(view.jobs), `of ${count(view.jobs_total)}`],
    ["Dead letters", h("a", { href: "#/dead", class: view.dead_letters ? "bad" : "plain" }, count(view.dead_letters)), view.dead_letters ? "given up" : "none"],
  ], "large");
}

function activeJobs(ctx, view) {
  const active = (view.job_list ?? []).filter((j) => j.active);
  const all = h("a", { href: "#/jobs", class: "more" }, view.jobs > rows ? `All ${count(view.jobs)}` : "All jobs");
  if (!active.length) {
    return section("Active jobs", { beside: all }, blank("No job is active", view.jobs_total ? `${plural(view.jobs_total, "job")} ended.` : "Submit one:", "producer submit -f numbers.txt"));
  }
  const wanted = ["id", "state", "share", "numbers", "numbers_per_s", "eta", "trouble"];
  return section("Active jobs", { beside: all },
    table(jobColumns(ctx).filter((c) => wanted.includes(c.id)), active.slice(0, rows), { label: "Active jobs", key: (j) => j.id, href: (j) => jobLink(j.id) }));
}

function running(ctx, view) {
  const list = view.running ?? [];
  if (!list.length) return section("Hard numbers in progress", {}, h("p", { class: "dim" }, "None: every number that runs takes a moment only."));
  return section("Hard numbers in progress", { beside: list.length > rows && h("span", { class: "dim" }, `${rows} of ${count(list.length)}${list.length >= 200 ? " or more" : ""}, the longest left first`) },
    runningTable(ctx, list.slice(0, rows)));
}

function sizes(view) {
  const list = (view.size_classes ?? []).filter((c) => c.count > 0);
  if (!list.length) return null;
  return section("By size", {}, table([
    { id: "class", title: "Size", cell: (c) => c.class },
    { id: "share", title: "Answered", cell: (c) => [h("span", { class: "stacked num" }, count(c.answered), h("span", { class: "dim", title: c.estimated ? "an estimate" : undefined }, ` / ${c.estimated ? "about " : ""}${count(c.count)}`)), bar(c.answered / c.count, `${c.class} answered`, true)] },
    { id: "mean", title: "Mean CPU", num: true, cell: (c) => (c.mean_cpu_ns ? duration(c.mean_cpu_ns) : null) },
  ], list, { label: "Numbers of active jobs by size class", key: (c) => c.class }));
}

function queue(view) {
  const list = view.queue ?? [];
  if (!list.length) return null;
  const asking = list.reduce((n, c) => n + c.asking, 0);
  return section("Queue", { beside: asking > 0 && h("span", { class: "dim" }, `${plural(asking, "request")} of free workers ${asking === 1 ? "waits" : "wait"}`) }, table([
    { id: "class", title: "Priority", cell: (c) => String(c.priority).split(/(?<=\+)/).map((part, i) => [i > 0 && h("wbr"), part]) },
    { id: "queued", title: "Queued", num: true, cell: (c) => dim(c.queued) },
    { id: "running", title: "Running", num: true, cell: (c) => dim(c.in_work) },
    { id: "again", title: "Redelivered", num: true, cell: (c) => dim(c.delivered_again, "warn") },
  ], list, { label: "Tasks by priority and route", key: (c) => c.priority }));
}

function server(view) {
  const s = view.server;
  if (!s) return null;
  const stored = s.store_limit > 0 ? `${bytes(s.stored)} of ${bytes(s.store_limit)}` : bytes(s.stored);
  const text = [`nats-server ${s.version || "unknown"}`, s.cluster ? `cluster ${s.cluster}` : "no cluster", `${plural(s.replicas, "replica")}`, `${stored} stored`];
  return h("p", { class: "dim server", key: "server" }, text.join(" · "));
}
