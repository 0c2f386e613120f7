// The views and what one does in them: rows, live values, search, sorting, pages, the keyboard.

const rows = "main tbody tr";

export const lists = [
  ["overview: rows, figures and what is wrong", async (t) => {
    await t.control("scene", "few");
    await t.go();
    await t.sees(".figures", "1,240/s");
    await t.sees(rows, "monday");
    await t.sees(rows, "100-109 digits");
    await t.sees(".attention li:first-child", "mallory");
    await t.sees(".attention .command", "producer init");
    t.is(await t.page.locator(".chart svg").count(), 3, "charts");
    t.is(await t.page.title(), "Overview · factorfleet", "title");
  }],
  ["a live value changes in place, without losing focus, selection or scroll", async (t) => {
    await t.control("scene", "few");
    await t.page.setViewportSize({ width: 1000, height: 400 });
    await t.go();
    await t.sees(rows, "843,112");
    await t.page.evaluate(() => {
      const row = document.querySelector("main tbody tr");
      row.marked = true;
      row.querySelector("a").focus();
      window.scrollTo(0, 150);
      getSelection().selectAllChildren(row.querySelector("a"));
    });
    const scroll = await t.page.evaluate(() => scrollY);
    const before = await t.page.locator(".chart").first().getAttribute("aria-label");
    await t.control("step");
    await t.sees(rows, "844,223");
    await t.until((label) => document.querySelector(".chart").getAttribute("aria-label") !== label, before);
    const after = await t.page.evaluate(() => ({ same: document.querySelector("main tbody tr").marked, focus: document.activeElement.textContent, selected: getSelection().toString(), scroll: scrollY }));
    t.is(after, { same: true, focus: "monday", selected: "monday", scroll }, "after an event");
  }],
  ["10,000 jobs: pages, search, filter, sorting, Back", async (t) => {
    await t.control("scene", "full");
    await t.go("#/jobs");
    await t.sees("#pager-place", "1–50 of 10,000");
    t.is(await t.page.locator(rows).count(), 50, "rows");
    t.ok((await t.page.evaluate(() => document.querySelectorAll("*").length)) < 3000, "more than 3,000 elements");
    await t.page.click("[data-page=next]");
    await t.sees("#pager-place", "51–100 of 10,000");
    await t.page.click("[data-page=last]");
    await t.sees("#pager-place", "9,951–10,000 of 10,000");
    await t.page.keyboard.press("/");
    await t.page.keyboard.type("batch-0012");
    await t.sees("#pager-place", "1–10 of 10");
    t.is(await t.page.evaluate(() => [document.activeElement.id, document.activeElement.value]), ["search", "batch-0012"], "the search box");
    await t.page.fill("#search", "no such job");
    await t.sees(".blank", "No job matches");
    await t.page.click(".blank button");
    await t.sees("#pager-place", "of 10,000");
    await t.page.click("text=Ended");
    await t.sees("#pager-place", "of 9,700");
    await t.page.click("th button:has-text('Job')");
    await t.sees(`${rows}:first-child`, "batch-00300");
    await t.sees("th[aria-sort]", "Job↑");
    await t.page.click("th button:has-text('Job')");
    await t.sees(`${rows}:first-child`, "batch-09999");
    await t.page.goBack();
    await t.sees(`${rows}:first-child`, "batch-00300");
  }],
  ["1,000 workers, and one of them", async (t) => {
    await t.control("scene", "full");
    await t.go("#/workers");
    await t.sees("#pager-place", "1–50 of 1,000");
    await t.page.fill("#search", "node-0777");
    await t.sees("#pager-place", "1–1 of 1");
    await t.page.click(`${rows} a`);
    await t.sees("h1", "node-0777");
    await t.control("scene", "few");
    await t.go("#/workers/mallory");
    await t.sees("h1", "mallory");
    await t.sees(".note", "three wrong answers");
    await t.sees(rows, "the product of the factors");
    await t.sees(".command", "producer workers release mallory");
  }],
  ["a job, its dead letters and its campaigns", async (t) => {
    await t.control("scene", "few");
    await t.go("#/jobs/monday");
    await t.sees("h1", "monday");
    await t.sees(".letter", "index out of range");
    t.is(await t.page.locator(".attempts li:visible").count(), 0, "attempts before they are unfolded");
    await t.page.click(".letter:first-child summary");
    await t.sees(".attempts li", "no heartbeat followed");
    await t.control("step");
    await t.page.waitForResponse((r) => r.url().endsWith("/jobs/monday"));
    t.is(await t.page.locator(".letter:first-child details[open]").count(), 1, "unfolded after an update");
    await t.go("#/jobs/rsa-100");
    await t.page.click("text=100 digits");
    await t.sees(".figures", "140,113");
    await t.sees(".names", "basalt");
    await t.sees("[aria-current=step]", "Sieve");
    t.is(await t.page.locator(".chart").count(), 1, "charts of a sieve");
    await t.go("#/jobs/rsa-100/shared/part-b");
    await t.sees(".figures", "27.3");
    t.is(await t.page.locator(".chart").count(), 2, "charts of curves");
    await t.go("#/jobs/rsa-100/shared/nothing");
    await t.sees(".blank", "No campaign works on this number");
  }],
  ["dead letters of all jobs: numbers and items, search", async (t) => {
    await t.control("scene", "few");
    await t.go("#/dead");
    await t.sees(".letter .value", "1000000016000000063");
    await t.sees(".letter .value", '"naïve <b>.png"');
    await t.page.fill("#search", "out of memory");
    await t.sees("#pager-place", "1–1 of 1");
    await t.sees(".letter .error", "killed: out of memory");
  }],
  ["the keyboard is enough", async (t) => {
    await t.control("scene", "few");
    await t.go();
    await t.sees(rows, "monday");
    const focused = () => t.page.evaluate(() => document.activeElement.textContent);
    await t.page.keyboard.press("Tab");
    t.is(await focused(), "Skip to content", "the first stop");
    await t.page.keyboard.press("Enter");
    t.is(await t.page.evaluate(() => document.activeElement.id), "main", "after the skip link");
    await t.page.keyboard.press("g");
    await t.page.keyboard.press("j");
    await t.sees("h1", "Jobs");
    await t.sees(rows, "monday");
    for (const key of ["j", "j", "ArrowDown", "k"]) await t.page.keyboard.press(key);
    const job = await focused();
    t.is(job, await t.page.locator(`${rows} a`).nth(1).textContent(), "the second row");
    await t.page.keyboard.press("Enter");
    await t.sees("h1", job);
    await t.until(() => document.activeElement.id === "title");
    await t.page.keyboard.press("Escape");
    await t.sees("h1", "Jobs");
    await t.page.keyboard.press("?");
    await t.sees("dialog[open]", "next, previous row");
    await t.page.keyboard.press("Escape");
    t.is(await t.page.locator("dialog[open]").count(), 0, "dialogs after Escape");
    await t.page.keyboard.press("g");
    await t.page.keyboard.press("o");
    await t.page.focus(".chart");
    await t.page.keyboard.press("Home");
    t.is(await t.page.locator(".x-read").count(), 1, "a value that is read by a key");
  }],
  ["keys do no harm to a chart without values", async (t) => {
    await t.control("scene", "few");
    await t.go();
    const drawn = await t.page.evaluate(async () => {
      const { Chart } = await import("/assets/chart.js");
      const chart = new Chart({ title: "Test", lines: [{ name: "x", value: (s) => s.x, tone: "main" }] });
      const press = (key) => chart.element.dispatchEvent(new KeyboardEvent("keydown", { key }));
      const samples = [1, 2, 3].map((x) => ({ x, time: new Date(1e12 + 1000 * x).toISOString() }));
      chart.update([]);
      press("ArrowLeft");
      chart.update(samples);
      press("Home");
      chart.update([]);
      chart.update(samples);
      return chart.element.querySelectorAll("svg").length;
    });
    t.is(drawn, 1, "drawn");
  }],
  ["an empty fleet says what to type", async (t) => {
    await t.control("scene", "empty");
    await t.go();
    await t.sees(".blank", "producer submit");
    await t.sees(".blank", "consumer run");
    for (const [hash, says] of [["#/jobs", "producer submit"], ["#/workers", "consumer run"], ["#/dead", "No dead letters"], ["#/nothing", "There is no such view"]]) {
      await t.go(hash);
      await t.sees(".blank", says);
    }
    t.network = true;
    await t.go("#/jobs/nothing");
    await t.sees(".blank", "Not found");
  }],
];
