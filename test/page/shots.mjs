// Screenshots for people to look at.

const desktop = { viewport: { width: 1280, height: 800 } };
const dark = { ...desktop, colorScheme: "dark" };
const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 };

const shot = (name, scene, hash, options, before) => [`screenshot ${name}`, async (t) => {
  t.network = true;
  await t.control("scene", scene);
  await t.go(hash);
  await t.page.locator("main .section, main .table, main .letters, main .blank").first().waitFor();
  await before?.(t);
  await t.shot(name);
}, options];

export const shots = [
  shot("overview-light", "few", "#/", desktop), shot("overview-dark", "few", "#/", dark), shot("overview-phone", "few", "#/", phone),
  shot("overview-full", "full", "#/", desktop), shot("empty", "empty", "#/", desktop),
  shot("jobs", "few", "#/jobs", desktop), shot("jobs-full-dark", "full", "#/jobs", dark), shot("jobs-phone", "few", "#/jobs", phone),
  shot("job", "few", "#/jobs/monday", desktop, async (t) => t.page.click(".letter summary")), shot("job-dark", "few", "#/jobs/rsa-100", dark), shot("job-phone", "few", "#/jobs/monday", phone),
  shot("campaign", "few", "#/jobs/rsa-100/shared/part-a", desktop), shot("campaign-curves-dark", "few", "#/jobs/rsa-100/shared/part-b", dark),
  shot("workers", "few", "#/workers", desktop), shot("workers-full", "full", "#/workers", desktop), shot("worker", "few", "#/workers/mallory", desktop), shot("workers-phone", "few", "#/workers", phone),
  shot("dead", "few", "#/dead", desktop), shot("connection", "few", "#/connection", desktop),
  shot("help", "few", "#/jobs", desktop, async (t) => { await t.page.keyboard.press("?"); }),
  shot("hostile", "hostile", "#/workers", desktop), shot("loading", "loading", "#/", desktop),
  shot("disconnected", "few", "#/", desktop, async (t) => {
    await t.control("down", "true");
    await t.sees(".banner", "Not connected");
  }),
  shot("token-phone", "few", "#/", phone, async (t) => {
    await t.control("token", "x");
    await t.page.reload();
    await t.sees("form", "needs a token");
  }),
  shot("offline-phone", "offline", "#/", phone),
];
