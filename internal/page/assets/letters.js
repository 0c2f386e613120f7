// Dead letters: the numbers that were given up, each with what is known of its attempts.

import { h } from "./dom.js";
import { ago, command } from "./parts.js";
import { count, duration, exact, moment, plural, shell, value } from "./format.js";
import { jobLink, workerLink } from "./router.js";
import { place } from "./running.js";

const ends = ["its heartbeats named it when it was given up", "no heartbeat followed: killed, suspended or cut off", "the worker ended in order", "handed it back"];

// letters shows a list. The attempts of each unfold.
export function letters(ctx, list, inJob) {
  return h("ul", { class: "letters" }, list.map((l) => letter(ctx, l, inJob)));
}

function letter(ctx, l, inJob) {
  const range = l.Range ?? { First: 0, Count: 1 };
  const numbers = l.Numbers ?? [];
  const where = range.Count === 1 ? place(range.First) : `${place(range.First)}–${count(range.First + range.Count)}`;
  return h("li", { key: `${l.Job} ${range.First}-${range.Count} ${l.Writer} ${l.Seq}`, class: "letter" },
    h("div", { class: "letter-head" },
      !inJob && h("a", { href: jobLink(l.Job), class: "row-link" }, l.Job), h("span", { class: "num" }, where),
      h("span", { class: "mono value", title: numbers.length ? value(l.Kind, numbers[0], 1000) : undefined }, numbers.length ? value(l.Kind, numbers[0], 60) : "unreadable task"),
      numbers.length > 1 && h("span", { class: "dim" }, `and ${count(numbers.length - 1)} more`),
      h("span", { class: "when dim" }, ago(ctx, l.Time))),
    h("p", { class: "error" }, l.Err),
    h("details", null,
      h("summary", null, attemptsOf(l)),
      h("ol", { class: "attempts" }, history(l).map((a) => attempt(ctx, a))),
      reproduce(l) && h("p", null, h("span", { class: "dim" }, "Repeat it here: "), command(reproduce(l))),
      shell(l.Job) && h("p", null, h("span", { class: "dim" }, "Queue it again: "), command(`producer dead retry ${l.Job}`))));
}

function attemptsOf(l) {
  const n = history(l).length;
  return n ? `${plural(l.Attempt || n, "attempt")}, ${plural(n, "record")}` : `${plural(l.Attempt || 1, "attempt")}, given up by ${l.Writer}`;
}

// history returns the records of workers and what supervisors have seen, the oldest first.
function history(l) {
  const records = (l.Attempts ?? l.attempts ?? []).map((a) => ({ at: a.Time, worker: a.Writer, attempt: a.Attempt, version: a.Version, elapsed: a.Elapsed, begun: a.Begun, text: a.Begun ? "began its last attempt and recorded no end" : a.Err, source: "says" }));
  const seen = (l.Seen ?? []).map((s) => ({ at: known(s.From) ?? s.Until, until: s.Until, worker: s.Worker, text: ends[s.End] ?? "unknown end", source: "seen" }));
  return [...records, ...seen].sort((a, b) => (moment(a.at) || 0) - (moment(b.at) || 0));
}

const known = (time) => (Number.isNaN(moment(time)) ? undefined : time);

function attempt(ctx, a, key) {
  const notes = [a.attempt > 0 && `attempt ${a.attempt}`, a.elapsed > 0 && duration(a.elapsed), a.version, a.source === "seen" && "seen by a supervisor"].filter(Boolean);
  return h("li", { key },
    h("span", { class: "attempt-head" }, h("a", { href: workerLink(a.worker) }, a.worker), h("span", { class: "dim" }, notes.join(" · ")),
      h("span", { class: "when dim" }, known(a.at) && h("span", { title: exact(moment(a.at)) }, ago(ctx, a.at)))),
    h("span", { class: "error" }, a.text));
}

// reproduce returns the command that repeats the computation of a letter's number, or null.
function reproduce(l) {
  const numbers = l.Numbers ?? [];
  if (numbers.length !== 1 || !/^\d{1,2000}$/.test(numbers[0]) || !["factor", "square"].includes(l.Kind)) return null;
  const options = [l.Kind !== "factor" && `--kind ${l.Kind}`, l.Budget > 0 && `--budget ${Math.max(1, Math.round(l.Budget / 1e6))}ms`, l.Certify && "--certify"].filter(Boolean);
  return ["embedded submit -n 1", ...options, numbers[0]].join(" ");
}
