// What the page knows of the fleet: the last View, and the history that is collected from all of them.

const most = 720; // samples, as the server keeps

export class Store {
  view = null;
  history = [];
  #offset = 0; // ms: the server's time minus performance.now

  // take keeps a View. Its history is the whole one, or only the newest samples.
  take(view) {
    if (!view || typeof view !== "object") return;
    this.view = view;
    const at = Date.parse(view.time ?? "");
    if (view.connected && at > 0) this.#offset = at - performance.now();
    else if (this.#offset === 0) this.#offset = Date.now() - performance.now(); // the View is old: the clock here must do
    const samples = (view.history ?? []).filter((s) => Date.parse(s.time) > 0);
    if (samples.length > 1) this.history = samples.slice(-most);
    else if (samples.length === 1) this.#append(samples[0]);
  }

  #append(sample) {
    const last = this.history.at(-1);
    if (last && Date.parse(last.time) >= Date.parse(sample.time)) return;
    this.history = [...this.history, sample].slice(-most);
  }

  // now is the server's time in ms, so that ages are right on a machine whose clock is wrong.
  get now() {
    return this.view ? this.#offset + performance.now() : Date.now();
  }
}
