// What everybody can use: contrast in both schemes, names and headings, a narrow screen, reduced motion.

const hashes = ["#/", "#/jobs", "#/jobs/monday", "#/jobs/rsa-100/shared/part-a", "#/workers", "#/workers/mallory", "#/dead", "#/connection"];

async function each(t, scene, look) {
  t.network = scene === "full"; // it has other jobs
  await t.control("scene", scene);
  for (const hash of hashes) {
    await t.go(hash);
    await t.page.locator("main .section, main .table, main .letters, main .blank").first().waitFor();
    await t.sees("#status", /live|old/);
    await look(hash);
  }
}

export const access = [
  ...["light", "dark"].map((colorScheme) => [`contrast of text, ${colorScheme}`, async (t) => {
    await each(t, "few", async (hash) => t.is(await t.page.evaluate(poor), [], hash));
    await t.control("scene", "offline");
    await t.go();
    await t.sees(".banner", "NATS");
    t.is(await t.page.evaluate(poor), [], "the banner");
  }, { colorScheme }]),
  ["names, labels and headings", (t) => each(t, "few", async (hash) => t.is(await t.page.evaluate(unnamed), [], hash))],
  ...[1280, 1000].map((width) => [`nothing is cut off at ${width} px`, (t) => each(t, "few", async (hash) => t.is(await t.page.evaluate(wide), [], hash)), { viewport: { width, height: 700 } }]),
  ["no horizontal scrolling at 360 px", async (t) => {
    await each(t, "few", async (hash) => t.is(await t.page.evaluate(wide), [], hash));
    await each(t, "full", async (hash) => t.is(await t.page.evaluate(wide), [], `full ${hash}`));
  }, { viewport: { width: 360, height: 740 }, hasTouch: true }],
  ["reduced motion", async (t) => {
    await each(t, "few", async (hash) => t.is(await t.page.evaluate(() => document.getAnimations().length), 0, hash));
  }],
];

// wide returns the elements that reach beyond the window, and the tables that are cut off.
function wide() {
  const cut = [...document.querySelectorAll(".table")].filter((e) => e.scrollWidth > e.clientWidth).map((e) => `cut off: ${e.firstChild.getAttribute("aria-label")}`);
  if (cut.length) return cut;
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName}.${e.className}`).slice(0, 5);
}

// poor returns the texts whose contrast is below that of WCAG AA.
function poor() {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
  const light = (rgb) => rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)).reduce((s, c, i) => s + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (el) => {
    const layers = [];
    for (let e = el; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || el.closest(".unseen, .skip, noscript, :disabled, dialog:not([open])") || !el.checkVisibility()) continue;
    const style = getComputedStyle(el);
    const back = behind(el);
    const [a, b] = [light(over(parse(style.color), back)), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) found.add(`${el.tagName}.${el.className} "${walker.currentNode.data.slice(0, 20)}" ${ratio.toFixed(2)}`);
  }
  return [...found];
}

// unnamed returns what an assistive program could not make sense of.
function unnamed() {
  const found = [];
  const all = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());
  const given = (e) => e.getAttribute("aria-label") || document.getElementById(e.getAttribute("aria-labelledby"))?.textContent;
  const name = (e) => given(e) || (e.matches("table, nav, progress, [role]:not(th)") ? "" : e.labels?.[0]?.textContent || e.textContent.trim());
  for (const e of all("a, button, input, summary, progress, table, nav, [role=img], [role=group], th")) if (!name(e)) found.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  const levels = all("h1, h2, h3, h4").map((e) => Number(e.tagName[1]));
  if (levels.filter((l) => l === 1).length !== 1) found.push(`h1: ${levels}`);
  levels.forEach((l, i) => { if (i > 0 && l > levels[i - 1] + 1) found.push(`headings: ${levels}`); });
  const ids = all("[id]").map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id twice: ${id}`);
  for (const row of all("tr")) if (row.getAttribute("role") !== "row") found.push("a row without a role");
  for (const e of all("main a, main button, main summary")) {
    const box = e.getBoundingClientRect();
    if (box.height < 15) found.push(`too low to hit: ${e.outerHTML.slice(0, 60)}`);
  }
  if (document.documentElement.lang !== "en" || !document.title) found.push("no language or title");
  if (all("nav [aria-current=page]").length > 1) found.push("two present views");
  return found;
}
