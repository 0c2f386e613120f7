// The view that says where the data come from, and how old they are.

import { h } from "./dom.js";
import { facts, heading, section } from "./parts.js";
import { token } from "./api.js";
import { clock, age, count, exact } from "./format.js";
import { shortcuts } from "./keys.js";

const words = { connecting: "connecting", live: "live", resting: "at rest while nobody sees the page", waiting: "not connected, tries again", locked: "a token is needed" };

export function about(ctx) {
  return {
    title: () => "Connection",
    render() {
      const { live, store } = ctx;
      const view = store.view;
      return [
        heading("Connection"),
        h("p", { class: "lead", key: "lead" }, "This page reads the state of the fleet from the program that serves it, about once a second while something changes. It changes nothing, and it keeps nothing but the token, if there is one, until this tab is closed."),
        section("State", {}, facts([
          ["Server of this page", location.host], ["Connection", words[live.phase]], ["Last error", live.error],
          ["NATS", view && (view.connected ? "connected" : `not connected: ${view.reason || "unknown"}`)],
          ["Time of the data", view && `${exact(Date.parse(view.time))}`],
          ["Received", live.heard && `${age((performance.now() - live.heard) / 1000)} ago, ${count(live.events)} times`],
          ["Clock of the server", view?.connected && clock(store.now)],
          ["Token", token() ? "sent in a header, kept in this tab" : "none"],
        ])),
        section("What the figures mean", {},
          h("ul", { class: "plain-list" },
            h("li", null, "Answers are counted, and verified by the process that collects a job."),
            h("li", null, "What a running number, a worker or an attempt says of itself is the claim of a worker."),
            h("li", null, "Positions count from 1, as in the messages of the programs."),
            h("li", null, "Progress is the share of the predicted work, so hard numbers weigh more than easy ones."))),
        section("Keys", {}, shortcuts()),
      ];
    },
  };
}
