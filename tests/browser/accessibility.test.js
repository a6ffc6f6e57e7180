// Every view, wide and narrow, light and dark, for people who see little or nothing.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { choose, give, openPage, openSpeaker, startChromium } from "./browsers.js";
import { addRecording, api, conversation, root, startService, stateOf } from "./service.js";

const rules = await fs.readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = path.join(root, "tests/browser/screenshots");
const PATIENCE = { timeout: 180_000 };

let service, browser, recording;
before(async () => {
  [service, browser] = await Promise.all([startService(), startChromium()]);
  recording = await addRecording(service);
  const { result } = await stateOf(service, recording.id),
    { label } = result.speakers[0];
  await api(service, "POST", `v1/recordings/${recording.id}/teach`, { speaker: label, name: "Ann Lee", force: true });
  await fs.mkdir(folder, { recursive: true });
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** Rules that the page breaks, with the elements. */
async function broken(page) {
  await page.evaluate(rules);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((rule) => `${rule.id} (${rule.impact}): ${rule.nodes.map((node) => node.html).join("\n")}`);
}

const looks = [
  ["wide", "light", 1280],
  ["wide", "dark", 1280],
  ["narrow", "light", 390],
  ["narrow", "dark", 390],
];
for (const [name, colorScheme, width] of looks) {
  test(`nothing is out of reach: ${name}, ${colorScheme}`, async () => {
    const { page, check } = await openPage(browser, service.url, { viewport: { width, height: 900 }, colorScheme });
    const shown = async (view) => {
      await page.screenshot({ path: path.join(folder, `${view}-${name}-${colorScheme}.png`), fullPage: true });
      assert.deepEqual(await broken(page), [], view);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(overflow <= 0, `${view} is ${overflow} px too wide`);
    };
    await page.locator(".recordings a").first().waitFor();
    await shown("recordings");
    await page.getByRole("navigation").getByRole("link", { name: "People" }).click();
    await page.locator(".people li").first().waitFor();
    await shown("people");
    const form = page.getByRole("form", { name: "Find out who speaks" });
    await form.getByLabel("Recording").setInputFiles(conversation);
    await form.getByRole("button", { name: "Who is it?" }).click();
    await page.getByRole("heading", { name: "Voices in conversation.flac" }).waitFor(PATIENCE);
    await shown("identified");
    await page.getByRole("navigation").getByRole("link", { name: "Live" }).click();
    await page.getByRole("heading", { name: "Live" }).waitFor();
    await shown("live");
    await page.goto(`${service.url}#/r/${recording.id}`);
    await page.locator(".turns li button").first().waitFor();
    await shown("recording");
    await choose(page, 2);
    await shown("selected");
    const { result } = await stateOf(service, recording.id),
      turn = result.turns[2];
    await page.route("**/corrections", async (route) => {
      const answer = await (await route.fetch()).json();
      answer.changes = result.turns
        .slice(0, 2)
        .map((one) => ({ start_s: one.start_s, end_s: one.end_s, from: [one.speaker], to: [turn.speaker] }));
      await route.fulfill({ json: answer });
    });
    await give(page, { label: "a new speaker" });
    await page.getByRole("button", { name: "Accept" }).waitFor();
    await shown("proposal");
    await page.getByRole("region", { name: "Proposed change" }).getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Export", { exact: true }).click();
    await shown("export");
    await page.keyboard.press("Escape");
    await openSpeaker(page, result.speakers[0].label);
    await shown("speaker");
    await check();
  });
}
