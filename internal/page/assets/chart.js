// Line charts over time, as SVG that is made of elements. A chart is an image with a summary for screen readers; the arrow
// keys and the pointer read single values, which the caption shows.

import { patch, h } from "./dom.js";
import { age, clock, count, short } from "./format.js";

const width = 600;
const height = 120;

// A Chart draws lines: [{name, value(sample), tone}], the first one filled. text writes a value; unit follows the title.
export class Chart {
  element = document.createElement("figure");
  #options;
  #samples = [];
  #reading = null; // index of the sample that is read, null = the newest

  constructor(options) {
    this.#options = { text: count, ...options };
    this.element.className = "chart";
    this.element.tabIndex = 0;
    this.element.addEventListener("pointermove", (event) => this.#point(event));
    this.element.addEventListener("pointerleave", () => this.#read(null));
    this.element.addEventListener("blur", () => this.#read(null));
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  // update draws samples, the oldest first; each has a time, of the API.
  update(samples) {
    this.#samples = samples.map((s) => ({ ...s, at: Date.parse(s.time) })).filter((s) => s.at > 0);
    const last = this.#samples.length - 1;
    if (this.#reading !== null) this.#reading = last < 0 ? null : Math.min(this.#reading, last);
    this.#draw();
  }

  #point(event) {
    const box = this.element.querySelector("svg")?.getBoundingClientRect();
    if (!box || this.#samples.length < 2) return;
    const [from, to] = this.#span();
    const at = from + ((event.clientX - box.left) / box.width) * (to - from);
    let best = 0;
    this.#samples.forEach((s, i) => Math.abs(s.at - at) < Math.abs(this.#samples[best].at - at) && (best = i));
    this.#read(best);
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const last = this.#samples.length - 1;
    if (last >= 0) this.#read(Math.min(Math.max((this.#reading ?? last) + step, 0), last));
  }

  #read(index) {
    if (index === this.#reading) return;
    this.#reading = index;
    this.#draw();
  }

  #span() {
    return [this.#samples[0].at, this.#samples.at(-1).at];
  }

  #draw() {
    const { title, lines, text } = this.#options;
    const samples = this.#samples;
    const s = samples[this.#reading ?? samples.length - 1];
    const values = lines.map((l) => `${l.name} ${s ? text(l.value(s)) : "–"}`);
    this.element.setAttribute("role", "img");
    this.element.setAttribute("aria-label", `${title}: ${samples.length ? this.#summary() : "no values yet"}`);
    patch(this.element, [
      h("figcaption", { "aria-hidden": "true" }, h("span", { class: "chart-title" }, title),
        h("span", { class: "chart-values num" }, lines.map((l, i) => h("span", { key: l.name, class: `legend ${l.tone}` }, values[i])))),
      samples.length < 2 ? h("div", { class: "plot plot-empty", key: "none", "aria-hidden": "true" }, "Collecting values…") : this.#plot(s),
    ]);
  }

  #summary() {
    const { lines, text } = this.#options;
    const [from, to] = this.#span();
    const each = lines.map((l) => {
      const all = this.#samples.map(l.value);
      return `${l.name} now ${text(all.at(-1))}, least ${text(Math.min(...all))}, most ${text(Math.max(...all))}`;
    });
    return `${each.join("; ")}; over ${rounded(to - from)}`;
  }

  #plot(read) {
    const { lines, fixed } = this.#options;
    const [from, to] = this.#span();
    const top = nice(Math.max(fixed?.(this.#samples) ?? 0, ...lines.flatMap((l) => this.#samples.map(l.value)).filter(Number.isFinite)));
    const x = (s) => ((s.at - from) / (to - from || 1)) * width;
    const y = (v) => height - 1 - (Math.min(v, top) / top) * (height - 6);
    const gap = 4 * median(this.#samples);
    const span = rounded(to - from);
    const marked = this.#reading !== null;
    return h("div", { class: "plot", key: "plot", "aria-hidden": "true" },
      h("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", focusable: "false" },
        [0.5, 1].map((part) => h("line", { key: part, class: "grid", x1: 0, x2: width, y1: y(top * part), y2: y(top * part) })),
        h("line", { class: "axis", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
        lines.map((l, i) => {
          const runs = split(this.#samples, gap).map((run) => run.map((s) => `${x(s).toFixed(1)},${y(l.value(s) || 0).toFixed(1)}`));
          return h("g", { key: l.name, class: l.tone },
            i === 0 && h("path", { class: "area", d: runs.map((r) => `M${r[0].split(",")[0]},${height}L${r.join("L")}L${r.at(-1).split(",")[0]},${height}Z`).join("") }),
            h("path", { class: "stroke", d: runs.map((r) => `M${r.join("L")}`).join("") }));
        }),
        marked && h("line", { class: "cursor", x1: x(read), x2: x(read), y1: 0, y2: height })),
      h("span", { class: "y-top num" }, short(top)), h("span", { class: "y-half num" }, short(top / 2)),
      h("div", { class: "x-axis num" }, h("span", null, `${span} ago`),
        marked && h("span", { class: "x-read" }, clock(read.at)), h("span", null, "now")));
  }
}

// nice returns a round figure that is at least v and at most 4/3 of it or so.
export function nice(v) {
  if (!(v > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((f) => f * power).find((n) => n >= v * 0.999) ?? v;
}

// rounded writes a span of ms in one unit.
const rounded = (ms) => age(ms / 1000 + (ms >= 120_000 ? 30 : 0));

function median(samples) {
  const gaps = samples.slice(1).map((s, i) => s.at - samples[i].at).sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)] || 1000;
}

// split cuts the samples where some are missing for longer than gap.
function split(samples, gap) {
  const runs = [[samples[0]]];
  for (let i = 1; i < samples.length; i++) {
    if (samples[i].at - samples[i - 1].at > gap) runs.push([]);
    runs.at(-1).push(samples[i]);
  }
  return runs;
}
