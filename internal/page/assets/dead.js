// The view of the dead letters of all jobs.

import { h } from "./dom.js";
import { List } from "./list.js";
import { letters } from "./letters.js";
import { blank, heading, waiting } from "./parts.js";
import { count } from "./format.js";

export function dead(ctx, route) {
  const list = new List(ctx, "dead", { job: "" }, route);
  return {
    title: () => "Dead letters",
    moved: (r) => list.moved(r),
    leave: () => list.leave(),
    render() {
      const data = list.resource.data;
      return [
        heading("Dead letters", data && h("span", { class: "dim num", key: "total" }, count(data.total))),
        h("p", { class: "dim lead", key: "lead" }, "Numbers that were given up after their last attempt, and what is known of each attempt. What workers say is their claim."),
        h("div", { class: "tools", key: "tools" }, list.searchBox("Search dead letters"),
          list.values.job && h("button", { type: "button", onclick: () => list.set({ job: "" }) }, `Only job ${list.values.job} ×`)),
        h("div", { key: "list", class: list.resource.fresh ? "" : "stale" }, content(ctx, list, data)),
      ];
    },
  };
}

function content(ctx, list, data) {
  if (!data) return waiting(list.resource, "dead letters");
  if (data.letters?.length) return [letters(ctx, data.letters, false), list.pages(data.total)];
  if (data.total > 0) return [blank("This page is past the end of the list"), list.pages(data.total)];
  if (list.narrowed) return blank("No dead letter matches");
  return blank("No dead letters", "Every number so far has an answer, or is still being worked on.");
}
