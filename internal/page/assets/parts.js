// Small parts that all views are made of.

import { h } from "./dom.js";
import { count, duration, exact, moment, age, none, percent, sentence } from "./format.js";

const tones = {
  running: "on", sealed: "on", open: "on", live: "on", done: "off", cancelled: "off", gone: "off", paused: "warn", scheduled: "warn",
  sleeping: "off", draining: "warn", quarantined: "bad", unfit: "bad", foreign: "bad", "given up": "bad",
};
const words = { sealed: "running", open: "reading input", gone: "no heartbeat" };

// badge shows a state: a dot whose shape and tone say how it is, and the word.
export function badge(state) {
  const text = String(state ?? "unknown");
  return h("span", { class: `badge ${tones[text] ?? "off"}${text.length < 16 ? " known" : ""}` }, words[text] ?? text);
}

// bar shows a share of 0 to 1, with its percentage beside it unless quiet.
export function bar(share, label, quiet) {
  const value = Math.min(Math.max(Number(share) || 0, 0), 1);
  return h("span", { class: "bar" },
    h("progress", { max: 1, value, "aria-label": label, "aria-valuetext": percent(value) }),
    !quiet && h("span", { class: "num", "aria-hidden": "true" }, percent(value)));
}

// ago shows how long ago a time is; the exact time is in the title.
export function ago(ctx, text) {
  const ms = moment(text);
  if (Number.isNaN(ms)) return h("span", { class: "dim" }, none);
  const s = (ctx.store.now - ms) / 1000;
  const words = s > -1 ? `${age(s)} ago` : `in ${age(-s)}`;
  return h("time", { datetime: new Date(ms).toISOString(), title: exact(ms) }, words);
}

// left shows a predicted time until the end.
export function left(ctx, ns, known = ns > 0) {
  if (!known) return h("span", { class: "dim", title: "not predictable yet" }, none);
  const end = ctx.store.now + ns / 1e6;
  return h("time", { datetime: `PT${Math.round(ns / 1e9)}S`, title: `about ${exact(end)}` }, duration(ns));
}

// dim shows a figure that says nothing if it is 0.
export function dim(n, tone = "") {
  return h("span", { class: n ? tone : "dim zero" }, count(n ?? 0));
}

// command shows what to type in a terminal, with a button that copies it.
export function command(text) {
  return h("span", { class: "command" },
    h("code", null, text),
    navigator.clipboard && h("button", { type: "button", class: "copy", "data-copy": text, "aria-label": `Copy: ${text}` }, "Copy"));
}

// commands lists commands with what each does. A pair whose command is null is left out.
export function commands(title, ...pairs) {
  const known = pairs.filter(([text]) => text);
  if (!known.length) return null;
  return section(title, { class: "commands" }, h("p", { class: "dim" }, "This page only reads. To act, type in a terminal:"),
    h("dl", null, known.map(([text, what]) => h("div", { key: text }, h("dt", null, what), h("dd", null, command(text))))));
}

// section is a part of a view with a heading, and what stands beside the heading.
export function section(title, props, ...children) {
  return h("section", { key: title, ...props, class: `section ${props?.class ?? ""}`, beside: undefined },
    h("div", { class: "section-head" }, h("h2", null, title), props?.beside), children);
}

// figures shows values with what they are: [label, value, note].
export function figures(list, kind = "") {
  return h("dl", { class: `figures ${kind}` },
    list.filter(Boolean).map(([label, value, note]) => h("div", { key: label }, h("dt", null, label), h("dd", null, value, note && h("small", null, note)))));
}

// facts is a list of pairs; those without a value are left out.
export function facts(list) {
  const known = list.filter((x) => x && x[1] !== undefined && x[1] !== null && x[1] !== "" && x[1] !== false);
  return h("dl", { class: "facts" }, known.map(([label, value]) => h("div", { key: label }, h("dt", null, label), h("dd", null, value))));
}

export const note = (tone, ...children) => h("p", { class: `note ${tone}` }, children);

// blank is shown instead of a list that is empty: what is missing, and what to type next.
export function blank(title, text, ...next) {
  return h("div", { class: "blank" }, h("p", { class: "blank-title" }, title), text && h("p", null, text),
    next.length > 0 && h("div", { class: "blank-next" }, next.map((c) => (typeof c === "string" ? command(c) : c))));
}

// waiting is shown until the first answer, or says why there is none.
export function waiting(resource, what) {
  const error = resource?.error;
  if (!error) return h("div", { class: "loading", "aria-busy": "true" }, h("p", null, `Loading ${what}…`), [1, 2, 3].map((k) => h("div", { key: k, class: "line" })));
  if (error.status === 401) return h("p", { class: "dim" }, "Nothing is shown without the token.");
  if (error.status === 404) return blank("Not found", sentence(error.message), h("a", { href: "#/jobs" }, "All jobs"));
  return blank(error.status === 503 ? "Nothing is known yet" : `Could not load ${what}`, `${sentence(error.message)} The page tries again by itself.`);
}

// heading is the title of a view; the focus goes to it when the view opens.
export function heading(title, ...beside) {
  return h("div", { class: "view-head" }, h("h1", { tabindex: -1, id: "title" }, title), beside);
}
