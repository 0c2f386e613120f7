// The view of a campaign: one number of a job on which several workers are at work.

import { h, foreign } from "./dom.js";
import { Chart } from "./chart.js";
import { badge, bar, blank, command, facts, figures, heading, left, note, section, waiting } from "./parts.js";
import { count, none, percent, plural, rate, shell } from "./format.js";
import { jobLink, workerLink } from "./router.js";
import { phaseOf, phases, shareOf, steps } from "./phases.js";
import { place } from "./running.js";

export function campaign(ctx, route) {
  const [, id, , part] = route.parts;
  const resource = ctx.resource(`jobs/${encodeURIComponent(id)}`);
  const charts = {
    relations: new Chart({ title: "Relations", lines: [{ name: "verified", value: (m) => m.relations ?? 0, tone: "main" }] }),
    curves: new Chart({ title: "Curves", lines: [{ name: "counted", value: (m) => m.curves ?? 0, tone: "main" }] }),
    reached: new Chart({ title: "Digits reached", text: (n) => (n || 0).toFixed(1), lines: [{ name: "reached", value: (m) => m.reached ?? 0, tone: "main" }] }),
    solved: new Chart({ title: "Matrix", text: percent, lines: [{ name: "solved", value: (m) => m.solved ?? 0, tone: "main" }] }),
  };
  return {
    title: () => `Shared number of ${id}`,
    render() {
      const crumbs = h("nav", { class: "crumbs", "aria-label": "Place", key: "crumbs" }, h("a", { href: "#/jobs" }, "Jobs"), " / ", h("a", { href: jobLink(id) }, id));
      const j = resource.data;
      if (!j || resource.error?.status === 404) return [crumbs, heading("Shared number"), waiting(resource, "the number")];
      const c = (j.shared ?? []).find((x) => x.part === part);
      if (!c) {
        return [crumbs, heading("Shared number"), blank("No campaign works on this number any more", "It has ended, or its job was removed.", h("a", { href: jobLink(id) }, `Job ${id}`))];
      }
      for (const [name, chart] of Object.entries(charts)) chart.update((c.history ?? []).filter((m) => m[name] !== undefined));
      return [
        crumbs, heading(`Number ${place(c.position)}, ${count(c.digits)} digits`, !phases.some((p) => p.id === phaseOf(c)) && badge(phaseOf(c))),
        c.note && h("div", { key: "note" }, note("", c.note)),
        !c.holder && !c.advances && c.state !== "done" && h("div", { key: "holder" }, note("bad", "No supervisor conducts it: start one with ", h("code", null, "producer serve"), ".")),
        steps(c),
        h("div", { class: "progress-block", key: "progress" }, bar(shareOf(c), "Present phase done"), state(ctx, c)),
        h("div", { class: "charts", key: "charts" }, Object.entries(charts).filter(([name]) => (c.history ?? []).some((m) => m[name])).map(([name, chart]) => foreign(name, chart.element))),
        contributors(c), identity(c, id),
      ];
    },
  };
}

function state(ctx, c) {
  const curves = c.curves && typeof c.curves === "object" ? c.curves : null;
  const phase = phaseOf(c);
  return figures([
    curves && ["Curves", count(curves.done), `of ${count(curves.planned)} at B1=${count(curves.b1)}`],
    curves && ["Digits reached", (curves.digits || 0).toFixed(1), `level ${curves.level} digits`],
    curves && ["Curves in all", count(curves.curves), "of all levels"],
    !curves && ["Relations", count(c.relations), c.expected ? `of about ${count(c.expected)}` : null],
    !curves && ["Cycles", count(c.cycles), c.need ? `of ${count(c.need)} for the matrix` : null],
    phase === "linear algebra" && ["Matrix", percent(c.solved ?? 0), "solved"],
    ["Rate", c.rate > 0 ? rate(c.rate) : none, curves ? "curves" : "relations"],
    ["Left", left(ctx, c.left_ns), "of this phase"],
    ["Tasks", count(c.tasks ?? 0), "running"],
    c.advances === false && ["Progress", h("span", { class: "warn" }, "stalled"), "nothing verified lately"],
  ]);
}

function contributors(c) {
  const names = c.contributors ?? [];
  const of = c.facts && `${plural(c.facts.workers, "worker")} on ${plural(c.facts.hosts, "machine")}, ${plural(c.facts.cores, "core")}`;
  return section("Contributors", { beside: of && h("span", { class: "dim" }, of) },
    names.length ? h("ul", { class: "names" }, names.map((n) => h("li", { key: n }, h("a", { href: workerLink(n) }, n))))
      : h("p", { class: "dim" }, "No worker has a task of it at the moment."));
}

function identity(c, id) {
  const name = shell(id);
  return section("The number", {},
    h("p", { class: "mono digits" }, String(c.composite ?? "").match(/.{1,300}/gs) ?? ""),
    facts([["Position in the input", place(c.position)], ["Conducted by", c.holder], ["Part", c.part]]),
    name && h("p", null, h("span", { class: "dim" }, "End the work with what was found: "), command(`producer finish ${name}`)));
}
