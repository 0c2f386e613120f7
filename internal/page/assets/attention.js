// What is wrong with the fleet, the worst first, each with the command or the view that helps.

import { h } from "./dom.js";
import { command } from "./parts.js";
import { plural } from "./format.js";
import { jobLink, workerLink } from "./router.js";

const most = 6; // lines; the rest is counted

// attention returns the list, or one quiet line if there is nothing.
export function attention(ctx, view) {
  const list = problems(view);
  if (!list.length) return view.workers ? h("p", { class: "all-well", key: "attention" }, "Nothing needs attention.") : null;
  const shown = list.slice(0, most);
  return h("section", { class: "attention", key: "attention", "aria-labelledby": "attention-title" },
    h("h2", { id: "attention-title" }, "Needs attention"),
    h("ul", null, shown.map((p) => h("li", { key: p.key, class: p.tone },
      h("span", { class: "what" }, h("span", { class: "unseen" }, p.tone === "bad" ? "Serious: " : "Note: "), p.link ? h("a", { href: p.link }, p.what) : p.what, p.more && h("span", { class: "dim" }, ` ${p.more}`)),
      p.command && command(p.command)))),
    list.length > most && h("p", { class: "dim" }, `and ${list.length - most} more: `, h("code", null, "producer status")));
}

// problems returns {key, tone, what, more, link, command}, the serious ones first.
export function problems(view) {
  const list = [];
  const add = (tone, key, what, extra = {}) => list.push({ tone, key, what, ...extra });
  const queued = (view.queue ?? []).reduce((n, c) => n + c.queued, 0);
  for (const [i, f] of (view.findings ?? []).entries()) {
    const serious = f.kind === "unfit" || f.kind === "foreign" || f.kind === "missing";
    const remedy = f.remedy ?? "";
    const typed = /^(producer|consumer|embedded|nats) /.test(remedy) ? remedy : undefined;
    add(serious ? "bad" : "warn", `finding ${i}`, f.what, { more: [f.want && `Needed: ${f.want}.`, !typed && remedy].filter(Boolean).join(" "), command: typed });
  }
  if (!view.supervisors) add("bad", "supervisor", "No supervisor runs: tasks that workers lose are not queued again.", { command: "producer serve" });
  if (!view.workers && (queued || view.jobs)) add("bad", "workers", `No worker runs${queued ? `: ${plural(queued, "task")} ${queued === 1 ? "waits" : "wait"}` : ""}.`, { command: "consumer run" });
  for (const w of view.worker_list ?? []) {
    if (w.quarantined) add("bad", `quarantine ${w.name}`, `Worker ${w.name} is quarantined.`, { more: w.quarantine_reason, link: workerLink(w.name) });
    else if (w.lost) add("warn", `lost ${w.name}`, `Worker ${w.name}: ${plural(w.lost, "slot")} with a computation that hangs.`, { link: workerLink(w.name) });
  }
  if (view.dead_letters) add("warn", "dead", `${plural(view.dead_letters, "dead letter")}: numbers that were given up.`, { link: "#/dead" });
  for (const j of view.job_list ?? []) {
    if (j.active && j.waits?.length) add("warn", `waits ${j.id}`, `Job ${j.id} waits.`, { more: j.waits[0], link: jobLink(j.id) });
  }
  for (const [i, m] of (view.missing ?? []).entries()) add("warn", `missing ${i}`, `Not shown: ${m}`);
  if (view.outdated) add("warn", "outdated", "Some of these figures could not be read again and are older than the rest.");
  return [...list.filter((p) => p.tone === "bad"), ...list.filter((p) => p.tone !== "bad")];
}
