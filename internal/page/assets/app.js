// The page: it shows the view of the address, and draws it again when something has changed.

import { patch } from "./dom.js";
import { takeToken } from "./api.js";
import { Live } from "./live.js";
import { Store } from "./store.js";
import { Resource } from "./resource.js";
import { parse } from "./router.js";
import { broken, drawFrame } from "./frame.js";
import { listenKeys } from "./keys.js";
import { heading, blank } from "./parts.js";
import { overview } from "./overview.js";
import { jobs } from "./jobs.js";
import { job } from "./job.js";
import { campaign } from "./campaign.js";
import { workers } from "./workers.js";
import { worker } from "./worker.js";
import { dead } from "./dead.js";
import { about } from "./about.js";

takeToken();
const main = document.getElementById("main");
const store = new Store();
const live = new Live((view) => { store.take(view); redraw(); }, () => { connectionChanged(); redraw(); });
let shown = null; // {route, view, resources}
let pending = false;

// viewOf returns what makes the view of a route.
function viewOf({ parts: [first, second, third, fourth] }) {
  if (first === undefined) return overview;
  if (first === "jobs") return third === "shared" && fourth ? campaign : second ? job : jobs;
  if (first === "workers") return second ? worker : workers;
  return { dead, connection: about }[first] ?? unknown;
}

const unknown = () => ({ title: () => "Not found", render: () => [heading("Not found"), blank("There is no such view", "The address names nothing that this page can show.")] });

function open() {
  const route = parse(location.hash);
  if (shown && shown.route.path === route.path) {
    shown.route = route;
    shown.view.moved?.(route);
    return redraw();
  }
  close();
  const resources = [];
  const ctx = { store, live, resource: (path, every) => { const r = new Resource(path, redraw, every); resources.push(r); return r; } };
  const first = shown === null;
  shown = { route, resources, ctx };
  shown.view = viewOf(route)(ctx, route);
  patch(main, []);
  draw();
  window.scrollTo({ top: 0 });
  if (!first) document.getElementById("title")?.focus({ preventScroll: true });
}

function close() {
  for (const r of shown?.resources ?? []) r.stop();
  shown?.view.leave?.();
}

// redraw draws once before the next frame, however often it is called, and not while nobody sees the page.
function redraw() {
  if (pending || document.hidden) return;
  pending = true;
  requestAnimationFrame(draw);
}

function draw() {
  pending = false;
  if (!shown) return;
  patch(main, shown.view.render());
  drawFrame(shown.ctx, shown.route.parts[0]);
  document.title = `${shown.view.title()} · factorfleet`;
  document.body.classList.toggle("broken", broken(shown.ctx) !== "");
}

// connectionChanged says a lasting change of the connection to screen readers, once.
let said = "";
function connectionChanged() {
  const now = live.phase === "live" ? "Connected." : live.phase === "waiting" && live.attempts > 1 ? "Not connected. The page tries again by itself." : "";
  if (!now || now === said) return;
  if (said || now !== "Connected.") document.getElementById("said").textContent = now;
  said = now;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("copied");
    document.getElementById("said").textContent = "Copied.";
    setTimeout(() => button.classList.remove("copied"), 1500);
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling); // the user can copy it
  }
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the route
  main.focus();
});
document.addEventListener("visibilitychange", redraw);
window.addEventListener("hashchange", open);
listenKeys();
open();
live.retry();
setInterval(redraw, 1000); // ages
