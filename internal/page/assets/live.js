// The connection: the events of the API, read as a stream so that it can have the header of a token. It connects again by
// itself, with growing pauses. State says what the page shows of it.

import { get, request, APIError } from "./api.js";

const silence = 40_000; // ms without a byte after which a connection counts as broken; the server sends one in 15 s
const longest = 15_000; // ms between two attempts
const unseen = 20_000; // ms after which a page that nobody sees gives its connection up: a browser has six to a server

// The connection has a phase: "connecting", "live", "waiting" (for the next attempt), "resting" (nobody sees the
// page), or "locked" (a token is needed).
export class Live {
  phase = "connecting";
  error = ""; // of the last attempt, one line
  failure = null; // of the last attempt, an APIError; null = it succeeded
  again = 0; // time of the next attempt, of performance.now
  attempts = 0; // in succession without success
  events = 0; // received
  heard = 0; // time of the last View, of performance.now
  since = 0; // time of the last change between live and not live
  #abort = null;
  #timer = 0;
  #rest = 0;

  // onView gets each View; onChange is called when the phase changes.
  constructor(onView, onChange) {
    this.onView = onView;
    this.onChange = onChange;
    window.addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.#rest);
      if (document.hidden) this.#rest = setTimeout(() => this.#giveUp(), unseen);
      else if (this.phase === "waiting" || this.phase === "resting") this.retry();
    });
  }

  // retry connects now, unless there is a connection.
  retry() {
    if (this.phase === "live") return;
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#run();
  }

  #giveUp() {
    if (this.phase === "locked") return;
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
    this.#enter("resting");
  }

  async #run() {
    const abort = (this.#abort = new AbortController());
    if (this.phase !== "waiting") this.#enter("connecting");
    let watchdog = 0;
    try {
      this.#take(await get("view", abort.signal)); // with the whole history
      const answer = await request("events", { accept: "text/event-stream", signal: abort.signal });
      this.attempts = 0;
      this.error = "";
      this.failure = null;
      this.#enter("live");
      const alive = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => abort.abort(), silence);
      };
      alive();
      await readEvents(answer.body, alive, (name, data) => name === "view" && this.#take(JSON.parse(data)));
      throw new APIError(0, "the server closed the connection");
    } catch (error) {
      clearTimeout(watchdog);
      if (abort !== this.#abort) return; // retry has begun another one
      this.#failed(error);
    }
  }

  #take(view) {
    this.events++;
    this.heard = performance.now();
    this.onView(view);
  }

  #failed(error) {
    this.error = error instanceof APIError ? error.message : error.name === "AbortError" ? "the server is silent" : "the connection broke";
    this.failure = error instanceof APIError ? error : new APIError(0, this.error);
    if (error.status === 401) return this.#enter("locked");
    if (error.status === 503) this.attempts = 1; // it begins: it will know soon
    const pause = Math.min(longest, 500 * 2 ** this.attempts++) * (0.75 + Math.random() / 2);
    this.again = performance.now() + pause;
    this.#enter("waiting");
    this.#timer = setTimeout(() => this.#run(), pause);
  }

  #enter(phase) {
    if ((this.phase === "live") !== (phase === "live")) this.since = performance.now();
    this.phase = phase;
    this.onChange();
  }
}

// readEvents calls take for each event of a text/event-stream until it ends, and alive for each piece that arrives.
async function readEvents(body, alive, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let name = "";
  let data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length) take(name || "message", data.join("\n"));
        name = "";
        data = [];
      } else if (line.startsWith("event:")) name = line.slice(6).trim();
      else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    }
  }
}
