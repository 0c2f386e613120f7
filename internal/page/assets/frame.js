// What is around every view: the navigation, the state of the connection, the banner while it is broken, and the form for a
// token.

import { h, patch } from "./dom.js";
import { setToken, token } from "./api.js";
import { age as ageOf, clock, count, closed } from "./format.js";
import { openHelp } from "./keys.js";

const views = [["", "Overview"], ["jobs", "Jobs"], ["workers", "Workers"], ["dead", ["Dead", h("span", { class: "word" }, " letters")]]];
const $ = (id) => document.getElementById(id);

export function drawFrame(ctx, at) {
  patch($("nav"), h("ul", null, views.map(([path, title]) => h("li", { key: path },
    h("a", { href: `#/${path}`, "aria-current": (at ?? "") === path ? "page" : undefined }, title, badgeOf(ctx.store.view, path))))));
  patch($("status"), status(ctx));
  patch($("banner"), banner(ctx));
  patch($("foot"), [h("span", null, "Read-only."), h("a", { href: "#/connection" }, "About the connection"), h("button", { type: "button", class: "plain-button", onclick: openHelp }, "Keys ", h("kbd", null, "?"))]);
}

function badgeOf(view, path) {
  const n = path === "jobs" ? view?.jobs : path === "workers" ? view?.workers : path === "dead" ? view?.dead_letters : 0;
  return n ? h("span", { class: `counter ${path === "dead" ? "bad" : ""}` }, h("span", { class: "unseen" }, ": "), n > 9999 ? "9999+" : count(n)) : null;
}

const age = (ctx) => (ctx.store.view ? Math.max(0, (ctx.store.now - Date.parse(ctx.store.view.time)) / 1000) : NaN);

// broken says why the data are not live, "" if they are.
export function broken({ live, store }) {
  if (live.phase === "locked") return "token";
  if (live.failure?.status === 503 && !store.view) return ""; // the program has begun and knows nothing yet: the view says so
  if (live.phase !== "live") return live.attempts > 0 || live.phase === "waiting" ? "page" : "";
  return store.view && !store.view.connected ? "nats" : "";
}

function status(ctx) {
  const why = broken(ctx);
  const tone = why ? "bad" : ctx.live.phase === "live" ? "live" : "off";
  const text = why ? (Number.isNaN(age(ctx)) ? "no data" : `${ageOf(age(ctx))} old`) : ctx.live.phase === "live" ? "live" : "connecting";
  return h("a", { href: "#/connection", class: `badge ${tone}`, title: "About the connection" }, text);
}

function banner(ctx) {
  const { live, store } = ctx;
  const why = broken(ctx);
  if (why === "token") return tokenForm(ctx);
  if (!why) return null;
  const old = store.view ? ` What you see is of ${clock(Date.parse(store.view.time))}, ${ageOf(age(ctx))} ago.` : "";
  if (why === "nats") {
    return h("div", { class: "banner" }, h("p", null, h("strong", null, "The server of this page cannot reach NATS"), store.view.reason ? `: ${closed(store.view.reason)}` : ".", `${old} It tries again by itself.`));
  }
  const next = Math.max(0, Math.ceil((live.again - performance.now()) / 1000));
  return h("div", { class: "banner" },
    h("p", null, h("strong", null, "Not connected"), `: ${live.error || "the server does not answer"}.${old} `,
      live.phase === "waiting" && next > 0 ? `Next attempt in ${next}s.` : "Trying now…"),
    h("button", { type: "button", onclick: () => live.retry() }, "Try now"));
}

function tokenForm(ctx) {
  return h("form", { class: "banner token", onsubmit: (event) => {
    event.preventDefault();
    setToken(new FormData(event.target).get("token").trim());
    ctx.live.retry();
  } },
  h("label", { for: "token" }, h("strong", null, "This page needs a token."), token() && " The last one was refused."),
  h("span", { class: "token-line" }, h("input", { id: "token", name: "token", type: "password", required: true, autocomplete: "off", spellcheck: "false" }), h("button", { type: "submit" }, "Use it")),
  h("p", { class: "dim" }, "It is in the file that the program which serves the page was given with ", h("code", null, "--web-token-file"), "."));
}
