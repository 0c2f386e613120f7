// The view of all jobs.

import { h } from "./dom.js";
import { List } from "./list.js";
import { ago, badge, bar, blank, dim, heading, left, waiting } from "./parts.js";
import { count, rate } from "./format.js";
import { jobLink } from "./router.js";
import { table } from "./table.js";

// jobColumns returns the columns of a table of jobs. Their ids are the fields by which the server sorts.
export function jobColumns(ctx) {
  return [
    { id: "id", title: "Job", sort: true, cell: (j) => j.id },
    { id: "state", title: "State", sort: true, cell: (j) => badge(j.state) },
    { id: "share", title: "Progress", sort: true, newest: true, cell: (j) => progressOf(j) },
    { id: "numbers", title: "Numbers", num: true, sort: true, cell: (j) => numbersOf(j) },
    { id: "numbers_per_s", title: "Rate", num: true, sort: true, cell: (j) => (j.active && j.numbers_per_s > 0 ? rate(j.numbers_per_s) : null) },
    { id: "eta", title: "Left", num: true, sort: true, cell: (j) => (j.active && j.eta_known ? left(ctx, j.eta_ns ?? 0, true) : null) },
    { id: "unfinished", title: "Unfinished", num: true, cell: (j) => dim(j.unfinished, "warn") },
    { id: "dead", title: "Dead", num: true, sort: true, cell: (j) => dim(j.dead, "bad") },
    { id: "kind", title: "Kind", extra: true, cell: (j) => [j.kind, h("span", { class: "dim" }, ` ${j.priority}${j.route ? ` ${j.route}` : ""}`)] },
    { id: "trouble", title: "Trouble", cell: (j) => troubleOf(j) },
    { id: "created", title: "Created", num: true, sort: true, cell: (j) => ago(ctx, j.created) },
  ];
}

function progressOf(j) {
  const share = !j.active && j.state === "done" ? 1 : j.share;
  return bar(share, `${j.id} done`);
}

function numbersOf(j) {
  const answered = `${j.at_most ? "≤ " : ""}${count(j.answered)}`;
  return [answered, h("span", { class: "dim", title: j.sealed ? undefined : "the input is still being read" }, ` / ${count(j.numbers)}${j.sealed ? "" : "+"}`)];
}

function troubleOf(j) {
  const list = [j.dead && `${count(j.dead)} dead`, j.bad && `${count(j.bad)} invalid`, j.unfinished && `${count(j.unfinished)} unfinished`, j.waits?.length && "waits"].filter(Boolean);
  return list.length ? h("span", { class: j.dead ? "bad" : "warn", title: j.waits?.join("\n") }, list.map((text, i) => [i > 0 && ", ", h("span", { key: text, class: "whole" }, text)])) : null;
}

export function jobs(ctx, route) {
  const list = new List(ctx, "jobs", { state: "all", sort: "-created" }, route);
  return {
    title: () => "Jobs",
    moved: (r) => list.moved(r),
    leave: () => list.leave(),
    render() {
      const data = list.resource.data;
      return [
        heading("Jobs", data && h("span", { class: "dim num", key: "total" }, list.narrowed ? `${count(data.total)} match` : count(data.total))),
        h("div", { class: "tools", key: "tools" }, list.searchBox("Search jobs"),
          list.choices("state", "Which jobs", ["all", "All"], ["active", "Active"], ["ended", "Ended"])),
        h("div", { key: "list", class: list.resource.fresh ? "" : "stale" }, rowsOf(ctx, list, data)),
      ];
    },
  };
}

function rowsOf(ctx, list, data) {
  if (!data) return waiting(list.resource, "jobs");
  if (!data.jobs?.length) {
    if (data.total > 0) return [blank("This page is past the end of the list"), list.pages(data.total)];
    if (list.narrowed) {
      return blank("No job matches", null, h("button", { type: "button", onclick: () => clear(list) }, "Show all jobs"));
    }
    return blank("No jobs yet", "Submit numbers, as arguments, as a range, or from a file:", "producer submit 10403 18446744073709551557", "producer submit -f numbers.txt --detach");
  }
  const columns = jobColumns(ctx).filter((c) => c.id !== "trouble");
  return [
    table(columns, data.jobs, { label: "Jobs", total: data.total, key: (j) => j.id, href: (j) => jobLink(j.id), sort: list.sort, onSort: (sort) => list.set({ sort }) }),
    list.pages(data.total),
  ];
}

function clear(list) {
  const box = document.getElementById("search");
  if (box) box.value = "";
  list.set({ search: "", state: "all" });
}
