// Drives the page in a real Chromium. PAGE_URL is the server of internal/page's test, CHROMIUM the browser, SHOTS a folder
// for screenshots ("" = none), CHECKS a regular expression of the names of checks; "" = all. Standard output has one JSON object a check: {"name", "error", "ms"}; error is "" if it passed.

import { chromium } from "playwright-core";
import { lists } from "./lists.mjs";
import { connection } from "./connection.mjs";
import { access } from "./access.mjs";
import { shots } from "./shots.mjs";

const base = process.env.PAGE_URL;
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

// A Check has a page of its own, and what went wrong on it.
class Check {
  wrong = [];
  network = false; // answers that are errors are part of the check

  async open(browser, options = {}) {
    this.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
    this.context.setDefaultTimeout(60_000);
    await this.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
    });
    this.page = await this.context.newPage();
    this.page.on("pageerror", (e) => this.wrong.push(`error in the page: ${e.stack}`));
    this.page.on("dialog", (d) => { this.wrong.push(`a dialog: ${d.message()}`); d.dismiss(); });
    this.page.on("request", (r) => { if (!r.url().startsWith(base)) this.wrong.push(`a request to ${r.url()}`); });
    this.page.on("console", (m) => {
      if (m.type() !== "error" && m.type() !== "warning") return;
      if (this.network && m.text().startsWith("Failed to load resource")) return;
      this.wrong.push(`console: ${m.text()}`);
    });
  }

  // control changes the fleet or the server: control("scene", "few").
  async control(what, value = "") {
    const answer = await fetch(`${base}/control/${what}?value=${encodeURIComponent(value)}`, { method: "POST" });
    if (!answer.ok) throw new Error(`control ${what}: ${answer.status}`);
    return answer.text();
  }

  go(hash = "#/") {
    return this.page.goto(`${base}/${hash}`);
  }

  // sees waits until an element has a text.
  sees(selector, text) {
    return this.page.locator(selector).filter({ hasText: text }).first().waitFor();
  }

  // until waits for a condition within the page.
  until(condition, argument) {
    return this.page.waitForFunction(condition, argument, { polling: 50 });
  }

  is(got, want, what) {
    if (JSON.stringify(got) !== JSON.stringify(want)) this.wrong.push(`${what.slice(0, 200)}: ${JSON.stringify(got).slice(0, 1000)}, want ${JSON.stringify(want)}`);
  }

  ok(condition, what) {
    if (!condition) this.wrong.push(what);
  }

  shot(name) {
    return this.page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
  }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: flags });
const chosen = new RegExp(process.env.CHECKS ?? "");
for (const [name, run, options] of [...lists, ...connection, ...access, ...(process.env.SHOTS ? shots : [])]) {
  if (!chosen.test(name)) continue;
  const check = new Check();
  const begun = Date.now();
  try {
    await check.open(browser, options);
    await check.control("down", "false");
    await check.control("token", "");
    await run(check);
  } catch (error) {
    check.wrong.push(String(error.stack ?? error));
  }
  await check.context?.close();
  console.log(JSON.stringify({ name, error: check.wrong.join("\n"), ms: Date.now() - begun }));
}
await browser.close();
