// The connection: before anything is known, when it breaks, with a token, and texts of hostile workers.

export const connection = [
  ["it waits until something is known, and then shows it", async (t) => {
    t.network = true;
    await t.control("scene", "loading");
    await t.go();
    await t.sees(".blank", "the streams have not been read yet");
    t.is(await t.page.locator(".banner").count(), 0, "banners");
    await t.control("scene", "few");
    await t.sees("main", "monday");
    await t.sees("#status", "live");
  }],
  ["a broken connection is shown with the age of the data, and comes back without a reload", async (t) => {
    t.network = true;
    await t.control("scene", "few");
    await t.go();
    await t.sees("#status", "live");
    await t.page.evaluate(() => { window.loaded = true; });
    await t.control("down", "true");
    await t.sees(".banner", "Not connected");
    await t.sees(".banner", /What you see is of \d\d:\d\d:\d\d, \d+s ago/);
    await t.sees("#status", "old");
    await t.sees("main", "monday");
    await t.sees("#said", "Not connected");
    await t.control("step");
    await t.control("down", "false");
    await t.sees("main", "844,223");
    await t.sees("#status", "live");
    t.is(await t.page.locator(".banner").count(), 0, "banners");
    t.is(await t.page.evaluate(() => window.loaded), true, "the same document");
    await t.sees("#said", "Connected");
  }],
  ["a page that nobody sees gives its connection up, and takes it again", async (t) => {
    await t.control("scene", "few");
    await t.page.clock.install();
    await t.go();
    await t.sees("#status", "live");
    const see = (hidden) => t.page.evaluate((value) => {
      for (const [name, v] of [["hidden", value], ["visibilityState", value ? "hidden" : "visible"]]) Object.defineProperty(document, name, { value: v, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await see(true);
    t.is(await t.control("streams"), "1", "streams at first");
    await t.page.clock.fastForward(21_000);
    for (let n = 0; n < 600 && (await t.control("streams")) !== "0"; n++) await new Promise((done) => setTimeout(done, 50));
    t.is(await t.control("streams"), "0", "streams while nobody sees the page");
    await t.control("step");
    await see(false);
    await t.sees("main", "844,223");
    await t.sees("#status", "live");
    t.is(await t.page.locator(".banner").count(), 0, "banners");
  }],
  ["a fleet that cannot be reached by its server is told apart", async (t) => {
    await t.control("scene", "offline");
    await t.go();
    await t.sees(".banner", "cannot reach NATS: nats: no servers available");
    await t.sees("main", "monday");
  }],
  ["a token is taken from the address, removed from it, and sent in a header", async (t) => {
    await t.control("scene", "few");
    await t.control("token", "s3cret/+=");
    await t.go(`?token=${encodeURIComponent("s3cret/+=")}#/jobs`);
    await t.sees("main", "monday");
    await t.sees("#status", "live");
    t.ok(!t.page.url().includes("token") && t.page.url().endsWith("#/jobs"), `the address is ${t.page.url()}`);
    t.is(await t.page.evaluate(() => [document.cookie, localStorage.length]), ["", 0], "what is kept");
    await t.page.reload();
    await t.sees("main", "monday");
  }],
  ["without a token the page asks for it", async (t) => {
    t.network = true;
    await t.control("scene", "few");
    await t.control("token", "right");
    await t.go();
    await t.sees("form label", "needs a token");
    await t.page.fill("#token", "wrong");
    await t.page.keyboard.press("Enter");
    await t.sees("form label", "was refused");
    await t.page.fill("#token", "right");
    await t.page.keyboard.press("Enter");
    await t.sees("main", "monday");
    t.is(await t.page.locator("form").count(), 0, "forms");
  }],
  ["texts of hostile workers stay texts", async (t) => {
    t.network = true; // some of the names are no paths
    await t.control("scene", "hostile");
    for (const hash of ["#/", "#/jobs", "#/workers", "#/dead"]) {
      await t.go(hash);
      await t.sees("main", "onerror=");
      await inert(t, hash);
      for (const link of (await t.page.locator("main a.row-link").evaluateAll((all) => all.map((a) => a.hash))).slice(0, 6)) {
        await t.go(link);
        await t.page.locator("main .section, main .blank").first().waitFor();
        await inert(t, link);
        const inner = await t.page.locator("main a[href*='/shared/']").first().getAttribute("href", { timeout: 1 }).catch(() => null);
        if (!inner) continue;
        await t.go(inner);
        await t.page.locator("main .section, main .blank").first().waitFor();
        await inert(t, inner);
      }
    }
  }],
];

// inert checks that no text has become an element, a handler, or a command to copy, and that the layout holds.
async function inert(t, where) {
  await t.page.evaluate(() => document.querySelectorAll("main details").forEach((d) => { d.open = true; }));
  const found = await t.page.evaluate(() => ({
    elements: [...document.querySelectorAll("main img, main script, main iframe, main [onerror], main [onload]")].map((e) => e.outerHTML),
    links: [...document.querySelectorAll("a")].map((a) => a.getAttribute("href")).filter((href) => !href.startsWith("#")),
    commands: [...document.querySelectorAll("[data-copy]")].map((b) => b.dataset.copy).filter((c) => /[;'"<>$`\n\u0000-\u001f\u202e]/.test(c)),
    title: document.title === "owned",
    wide: document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName}.${e.className}`).slice(0, 5),
  }));
  t.is(found, { elements: [], links: [], commands: [], title: false, wide: [] }, where);
}
