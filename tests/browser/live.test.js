// Recording in the browser, from a microphone that plays a file.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startChromium } from "./browsers.js";
import { microphone } from "./microphone.js";
import { api, startService } from "./service.js";

// Seconds that the page says it has heard before a test ends the recording.
const MIN_HEARD_S = 4;
// A machine that is busy with other work hears slowly, and the result comes after all of the sound.
const PATIENCE = { timeout: 180_000 };

let service, browser, heard;
before(async () => {
  [service, heard] = await Promise.all([startService(), microphone()]);
  browser = await startChromium([
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${heard.file}`,
  ]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  await heard?.remove();
});

/** Records for a while; the lanes come while it runs, and one of them gets a name. */
async function record(page, name, watch) {
  await page.getByLabel("Name of the recording").fill(name);
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForFunction(() => document.querySelector("meter").value > 0.02);
  await page.locator(".newest li").first().waitFor(PATIENCE);
  await page.locator(".names button").first().click();
  await page.getByRole("dialog").getByLabel("Name").fill("Ann <b>Lee</b>");
  await page.keyboard.press("Enter");
  await page.locator(".names", { hasText: "Ann <b>Lee</b>" }).waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.matches(".names button")), "the focus comes back");
  await watch?.();
  const heard = await page.waitForFunction(
    (least) => {
      const [minutes, seconds] = document.querySelector(".now b").textContent.split(":").map(Number),
        heard = 60 * minutes + seconds;
      return heard >= least && heard;
    },
    MIN_HEARD_S,
    PATIENCE,
  );
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("link", { name: "Hear and correct the result" }).click(PATIENCE);
  await page.locator(".turns li button").first().waitFor();
  await page.waitForFunction(() => document.querySelector("audio")?.readyState > 0);
  assert.equal(await page.locator("h1").textContent(), name);
  await page.locator(".names", { hasText: "Ann <b>Lee</b>" }).waitFor();
  const { recordings } = await api(service, "GET", "v1/recordings");
  const recording = recordings.find((one) => one.name === name);
  assert.equal(recording.state, "done");
  assert.ok(recording.duration_s >= (await heard.jsonValue()), JSON.stringify(recording));
}

test("a recording in WebM has lanes while it runs, also for others, and then a result", async () => {
  const { page, check } = await openPage(browser, `${service.url}#/live`);
  await record(page, "live <i>one</i>", async () => {
    const viewer = await openPage(browser, service.url);
    await viewer.page.getByRole("link", { name: "live <i>one</i>" }).click();
    await viewer.page.locator(".newest li").first().waitFor();
    assert.equal(await viewer.page.locator(".names button").count(), 0, "a viewer names nobody");
    await viewer.check();
  });
  await check();
});

test("a browser without WebM sends samples", async () => {
  const { page, check } = await openPage(browser, service.url);
  await page.evaluate(() => {
    MediaRecorder.isTypeSupported = () => false;
  });
  await page.getByRole("navigation").getByRole("link", { name: "Live" }).click();
  const [socket] = await Promise.all([page.waitForEvent("websocket"), record(page, "live two")]);
  assert.match(socket.url(), /encoding=s16le/);
  await check();
});
