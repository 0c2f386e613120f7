// A Resource is one path of the API that is read again and again while a view shows it.

import { get } from "./api.js";

export class Resource {
  data = null; // of the last answer
  error = null; // of the last request, an APIError; null = it succeeded
  fresh = false; // data belongs to the present path
  #path;
  #abort = null;
  #timer = 0;
  #stopped = false;

  // changed is called after each answer; every is the pause between two requests in ms.
  constructor(path, changed, every = 2000) {
    this.#path = path;
    this.changed = changed;
    this.every = every;
    this.#read();
  }

  // go reads another path from now on. The old data stay until its answer is there.
  go(path) {
    if (path === this.#path) return;
    this.#path = path;
    this.fresh = false;
    this.now();
  }

  // now reads at once.
  now() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#read();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #read() {
    if (this.#stopped) return;
    if (document.hidden && this.fresh) return this.#later();
    const abort = (this.#abort = new AbortController());
    try {
      const data = await get(this.#path, abort.signal);
      if (abort !== this.#abort) return;
      this.data = data;
      this.fresh = true;
      this.error = null;
    } catch (error) {
      if (abort !== this.#abort || error.name === "AbortError") return;
      this.error = error;
    }
    this.changed();
    this.#later();
  }

  #later() {
    if (!this.#stopped) this.#timer = setTimeout(() => this.#read(), this.every);
  }
}
