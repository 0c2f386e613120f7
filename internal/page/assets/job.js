// The view of one job.

import { h } from "./dom.js";
import { ago, badge, bar, commands, dim, facts, figures, heading, left, note, section, waiting } from "./parts.js";
import { count, duration, none, plural, rate, shell } from "./format.js";
import { letters } from "./letters.js";
import { sharedLink } from "./router.js";
import { place, runningTable, slowTable } from "./running.js";
import { phaseOf, shareOf } from "./phases.js";
import { table } from "./table.js";

const quick = 10e6; // ns of CPU time of an answer

export function job(ctx, route) {
  const id = route.parts[1];
  const resource = ctx.resource(`jobs/${encodeURIComponent(id)}`);
  return {
    title: () => id,
    render() {
      const j = resource.data;
      const crumbs = h("nav", { class: "crumbs", "aria-label": "Place", key: "crumbs" }, h("a", { href: "#/jobs" }, "Jobs"));
      if (!j || resource.error?.status === 404) return [crumbs, heading(id), waiting(resource, "the job")];
      const line = j.line ?? {};
      return [
        crumbs, heading(id, badge(line.state ?? j.state)),
        (line.waits ?? j.waits ?? []).map((w, i) => h("div", { key: `wait ${i}` }, note("warn", w))),
        (j.missing ?? []).map((m, i) => h("div", { key: `missing ${i}` }, note("warn", `Not shown: ${m}`))),
        j.note && h("div", { key: "note" }, note("", j.note)),
        !j.supervisors && line.active && h("div", { key: "unsupervised" }, note("bad", "No supervisor runs: tasks of this job that workers lose are not queued again. Start one: ", h("code", null, "producer serve"))),
        progress(ctx, j, line), shared(ctx, id, j.shared ?? []),
        j.running?.length > 0 && section("Numbers in progress", {}, runningTable(ctx, j.running, true)),
        j.letters?.length > 0 && section("Dead letters", { beside: j.dead_letters > j.letters.length && h("span", { class: "dim" }, `${j.letters.length} of ${count(j.dead_letters)}`) }, letters(ctx, j.letters, true)),
        slowest(j),
        rules(ctx, j), actions(j, line),
      ];
    },
  };
}

function progress(ctx, j, line) {
  const share = !line.active && j.state === "done" ? 1 : line.share;
  return h("div", { class: "progress-block", key: "progress" },
    bar(share, "Job done"),
    figures([
      ["Answered", `${line.at_most ? "≤ " : ""}${count(line.answered)}`, `of ${count(line.numbers)}${line.sealed ? "" : ", still reading"}`],
      line.active && ["Left", left(ctx, line.eta_ns ?? 0, line.eta_known), line.eta_known ? "predicted" : "not predictable yet"],
      line.active && ["Rate", rate(line.numbers_per_s), "last 10s"],
      line.active && ["Queued", count(j.queued), `in ${plural(j.chunks, "task")}`],
      ["Unfinished", dim(line.unfinished, "warn"), line.unfinished ? "a composite is left" : null],
      ["Dead", dim(line.dead, "bad"), line.dead ? "given up" : null],
      ["Invalid", dim(line.bad, "warn"), line.bad ? "not read" : null],
    ]));
}

function shared(ctx, id, list) {
  if (!list.length) return null;
  return section("Numbers that several workers share", {}, table([
    { id: "number", title: "Number", cell: (c) => [place(c.position), h("span", { class: "dim" }, ` ${c.digits} digits`)] },
    { id: "phase", title: "Phase", cell: (c) => phaseOf(c) },
    { id: "share", title: "Done", cell: (c) => bar(shareOf(c), `number ${c.position + 1} done`) },
    { id: "left", title: "Left", num: true, cell: (c) => left(ctx, c.left_ns) },
    { id: "rate", title: "Rate", num: true, cell: (c) => (c.rate > 0 ? rate(c.rate) : none) },
    { id: "workers", title: "Workers", num: true, cell: (c) => count(c.contributors?.length ?? c.workers ?? 0) },
  ], list, { label: "Numbers that several workers share", key: (c) => c.part, href: (c) => sharedLink(id, c.part) }));
}

// slowest lists the answers that took long; that all were quick is one line.
function slowest(j) {
  const list = j.slowest ?? [];
  const items = String(j.kind).startsWith("exec:"); // they have no digits
  if (!list.length) return null;
  const most = Math.max(...list.map((s) => s.cpu_ns));
  const beside = j.slowest_of > 0 && h("span", { class: "dim" }, `of ${plural(j.slowest_of, "answer")} that ${j.slowest_of === 1 ? "was" : "were"} read so far`);
  return section("Slowest answers", { beside }, most < quick ? h("p", { class: "dim" }, `None took more than ${duration(most)} of CPU time.`) : slowTable(list, items));
}

function rules(ctx, j) {
  const unlimited = "no limit";
  return section("Rules", {}, facts([
    ["Kind", j.kind], ["Priority", j.class], ["Route", j.route], ["Holder", j.holder || "none"],
    ["Chunk", j.chunk], ["Budget of a number", j.budget_ns ? `${duration(j.budget_ns)} CPU` : "the workers' default"],
    ["Primes", j.certify && "proved by certificates"], ["Several workers a number", j.campaign || "auto"],
    ["Effort before", j.work_digits && `curves to ${j.work_digits} digits`], ["Same answers wanted", j.replicas > 1 && plural(j.replicas, "worker")],
    ["Attempts", j.max_attempts], ["Pauses between attempts", j.backoff_ns?.map(duration).join(", ")],
    ["Tasks at once", j.throttled && (j.max_running ? count(j.max_running) : unlimited)], ["Numbers a second", j.throttled && (j.rate ? rate(j.rate) : unlimited)],
    ["Starts", j.after && ago(ctx, j.after)], ["Must begin", j.deadline && ago(ctx, j.deadline)],
    ["Predicted work", j.work_ns > 0 && `${duration(j.work_ns)} CPU`], ["Created", ago(ctx, j.created)], ["Ended", j.ended && ago(ctx, j.ended)],
    ["Ended early", j.finished_early && ago(ctx, j.finished_early)], ["Removed", j.expires && ago(ctx, j.expires)],
    ["Input", j.cut_off && "cut off: its submitter stopped before it had read all"],
    ["Invalid input", j.bad_count > 0 && plural(j.bad_count, "token")],
  ]));
}

function actions(j, line) {
  const id = shell(j.id);
  const run = (text, on = true) => (id && on ? `producer ${text} ${id}` : null);
  const paused = line.state === "paused";
  return commands("Commands",
    [run("results"), "Print the answers so far"], [run("wait"), "Wait, and print the answers"], [run("status"), "The same facts in the terminal"],
    [run("pause", line.active && !paused), "Queue no more tasks for now"], [run("resume", paused), "Continue"],
    [run("finish", line.active), "End it with what was found"], [run("cancel", line.active), "Stop it"],
    [run("dead retry", line.dead > 0), "Try the dead letters again"], [run("rm", !line.active), "Remove it with all that is stored"]);
}
