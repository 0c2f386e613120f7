// A List is a long list that the server filters, sorts and cuts into pages. What it shows is in the address, so that Back
// and a bookmark work; only one page of rows is ever in the document.

import { h } from "./dom.js";
import { query } from "./api.js";
import { setParams } from "./router.js";
import { pager } from "./table.js";

export class List {
  limit = 50;
  #delay = 0;

  // path is below /api/v1/; defaults has the parameters besides offset and limit.
  constructor(ctx, path, defaults, route) {
    this.path = path;
    this.defaults = { search: "", ...defaults };
    this.values = this.#from(route);
    this.resource = ctx.resource(this.#url());
  }

  // moved takes a changed address.
  moved(route) {
    this.values = this.#from(route);
    this.resource.go(this.#url());
    const box = document.getElementById("search");
    if (box && box !== document.activeElement) box.value = this.values.search;
  }

  #from({ params }) {
    const values = { offset: Math.max(0, Math.trunc(Number(params.get("offset"))) || 0) };
    for (const [name, value] of Object.entries(this.defaults)) values[name] = params.get(name) ?? value;
    return values;
  }

  #url() {
    return query(this.path, { ...this.values, limit: this.limit });
  }

  // set changes parameters; the list begins again at its first page.
  set(changes, push = true) {
    const all = { offset: 0, ...changes };
    for (const name of Object.keys(all)) if (all[name] === (this.defaults[name] ?? 0)) all[name] = "";
    setParams(all, push);
  }

  get sort() {
    return this.values.sort;
  }

  get narrowed() {
    return Object.entries(this.defaults).some(([name, value]) => name !== "sort" && this.values[name] !== value);
  }

  searchBox(label) {
    return h("label", { class: "search", key: "search" },
      h("span", { class: "unseen" }, label),
      h("input", { type: "search", id: "search", placeholder: label, value: this.values.search, autocomplete: "off", spellcheck: "false",
        oninput: (event) => {
          clearTimeout(this.#delay);
          const text = event.target.value.trim();
          this.#delay = setTimeout(() => this.set({ search: text }, false), 200);
        } }),
      h("kbd", { "aria-hidden": "true" }, "/"));
  }

  // choices shows the values of a parameter as buttons, of which one is pressed.
  choices(name, label, ...options) {
    return h("div", { class: "choices", role: "group", "aria-label": label, key: name },
      options.map(([value, text]) => h("button", { type: "button", key: value, "aria-pressed": String(this.values[name] === value), onclick: () => this.set({ [name]: value }) }, text)));
  }

  // pages shows the place in the list below it, and announces nothing: the focus stays on its button.
  pages(total) {
    return pager(this.values.offset, this.limit, total, (offset) => {
      setParams({ offset: offset || "" }, true);
      window.scrollTo({ top: 0 });
    });
  }

  leave() {
    clearTimeout(this.#delay);
  }
}
