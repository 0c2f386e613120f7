// The phases of the work on a number that takes long, and how far each is.

import { h } from "./dom.js";

export const phases = [
  { id: "curves", title: "Curves", text: "find a small factor" },
  { id: "sieve", title: "Sieve", text: "collect relations" },
  { id: "linear algebra", title: "Matrix", text: "find dependencies" },
  { id: "split", title: "Split", text: "divide the number" },
];

// phaseOf returns the id of the present phase of a campaign, or what the API says instead.
export function phaseOf(c) {
  if (c.state === "done") return "done";
  const phase = c.facts?.phase || c.phase || "";
  const known = { sieving: "sieve", solving: "linear algebra", "": "waiting" };
  return known[phase] ?? phase;
}

// shareOf returns how far the present phase is, 0 to 1.
export function shareOf(c) {
  const part = (done, all) => (all > 0 ? Math.min(done / all, 1) : 0);
  switch (phaseOf(c)) {
    case "curves":
      return part(c.curves?.done ?? c.facts?.curves, c.curves?.planned ?? c.facts?.planned);
    case "sieve":
      return Math.max(c.need > 0 ? part(c.cycles, c.need) : 0, part(c.relations ?? c.facts?.relations, c.expected ?? c.facts?.expected));
    case "linear algebra":
      return c.solved ?? c.facts?.solved ?? 0;
    case "split":
    case "done":
      return 1;
  }
  return 0;
}

// steps shows the phases in their order, with the present one marked.
export function steps(c) {
  const now = phases.findIndex((p) => p.id === phaseOf(c));
  const done = phaseOf(c) === "done";
  return h("ol", { class: "steps", key: "steps", "aria-label": "Phases" }, phases.map((p, i) => {
    const state = done || (now >= 0 && i < now) ? "past" : i === now ? "now" : "ahead";
    return h("li", { key: p.id, class: state, "aria-current": state === "now" ? "step" : undefined }, h("strong", null, p.title), h("small", null, p.text));
  }));
}
