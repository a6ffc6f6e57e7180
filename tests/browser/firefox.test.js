// The page in Firefox, over WebDriver BiDi.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { addRecording, startService, stateOf } from "./service.js";

let service, browser, recording;
before(async () => {
  service = await startService();
  recording = await addRecording(service);
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: { "media.autoplay.default": 0 },
  });
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/**
 * Waits until `holds` is true in the page. Unlike `waitForFunction`, it needs no `eval`, which the
 * page forbids.
 */
async function until(page, holds, ...values) {
  const deadline = Date.now() + 20_000;
  while (!(await page.evaluate(holds, ...values))) {
    assert.ok(Date.now() < deadline, `in vain: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("a recording is opened, chosen from, corrected and undone", async () => {
  const page = await browser.newPage(),
    faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.goto(service.url);
  // The list is made again when its events begin, so a link that was found may be gone.
  await until(page, () => {
    const link = document.querySelector(".recordings a");
    link?.click();
    return link !== null;
  });
  await (await page.waitForSelector(".turns li:nth-child(2) button")).click();
  const { result, revision } = await stateOf(service, recording.id);
  // A machine without sound plays nothing, but it goes to the turn.
  await until(page, (start) => document.querySelector("audio").currentTime >= start - 0.05, result.turns[1].start_s);
  await page.click(".names button");
  await page.waitForSelector("dialog input");
  await page.type("dialog input", "Ann Lee");
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelector(".names").textContent.includes("Ann Lee"));
  assert.equal((await stateOf(service, recording.id)).revision, revision + 1);
  await page.keyboard.down("Control");
  await page.keyboard.press("z");
  await page.keyboard.up("Control");
  await until(page, () => !document.querySelector(".names").textContent.includes("Ann Lee"));
  assert.deepEqual(faults, []);
});
