// The list of recordings, and hearing one.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import { after, before, test } from "node:test";
import { openPage, openRecording, startChromium } from "./browsers.js";
import { addRecording, conversation, startService, stateOf } from "./service.js";

let service, browser;
before(async () => {
  [service, browser] = await Promise.all([startService(), startChromium()]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

test("a file is sent by the button, and its result opens", async () => {
  const { page, check } = await openPage(browser, service.url);
  await page.getByText("There is no recording yet.").waitFor();
  await page.getByLabel("Sound or video").setInputFiles(conversation);
  await page.getByLabel("Speakers").fill("4");
  await page.getByRole("button", { name: "Upload" }).click();
  await page.locator(".recordings .state.done").waitFor({ timeout: 180_000 });
  await page.getByRole("link", { name: "conversation.flac" }).click();
  await page.locator(".turns li button").first().waitFor();
  assert.equal(await page.locator(".names button").count(), 4);
  assert.match(await page.locator(".facts").textContent(), /4 speakers.*of overlap/);
  await check();
});

test("files are sent by dropping, and one without sound fails with its reason", async () => {
  const { page, check } = await openPage(browser, service.url);
  await page.locator(".recordings li").first().waitFor();
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["this is no sound"], "<b>notes</b>.mp3"));
    return transfer;
  });
  await page.dispatchEvent("form.add", "drop", { dataTransfer: data });
  const fault = page.locator(".recordings .failed, .message.failed").first();
  await fault.waitFor();
  assert.ok((await fault.textContent()).length > 20);
  await check();
});

test("a recording plays, from turns, from the waveform and from a link to a moment", async () => {
  const recording = await addRecording(service);
  const { page, check } = await openRecording(browser, service, `${recording.id}&t=0:20.5`);
  await page.waitForFunction(() => Math.abs(document.querySelector("audio").currentTime - 20.5) < 0.1);
  const { result } = await stateOf(service, recording.id);
  await page.locator(".turns li button").nth(1).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.waitForFunction(
    (start) => {
      const { currentTime } = document.querySelector("audio");
      return currentTime > start + 0.3 && currentTime < start + 15;
    },
    result.turns[1].start_s,
  );
  await page.keyboard.press(" ");
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  await page.waitForURL(/&t=\d/);
  const box = await page.locator(".canvas canvas").boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + 30);
  await page.waitForFunction(
    (middle) => {
      // It plays from there.
      const { currentTime } = document.querySelector("audio");
      return currentTime > middle - 1 && currentTime < middle + 10;
    },
    result.duration_s / 2,
  );
  await check();
});

test("a recording that the browser cannot play is decoded by the service", async () => {
  const recording = await addRecording(service);
  const context = await browser.newContext();
  await context.route("**/audio", (route) =>
    route.fulfill({ status: 200, contentType: "audio/x-unknown", body: "no sound at all" }),
  );
  const page = await context.newPage();
  await page.goto(`${service.url}#/r/${recording.id}`);
  await page.waitForFunction(
    () =>
      document.querySelector("audio")?.src.endsWith("/audio.wav") && document.querySelector("audio").readyState > 0,
  );
  assert.ok(
    Math.abs((await page.evaluate(() => document.querySelector("audio").duration)) - recording.duration_s) < 0.1,
  );
  await context.close();
});

test("zoom follows the playback, and the list has a filter", async () => {
  const recording = await addRecording(service);
  const { page, check } = await openRecording(browser, service, recording.id);
  for (let i = 0; i < 4; i++) await page.keyboard.press("+");
  await page.locator(".turns li button").last().click();
  await page.waitForFunction(() => document.querySelector(".scroll").scrollLeft > 500);
  await page.keyboard.press(" ");
  await page.getByLabel("Show").selectOption({ index: 1 });
  const { result } = await stateOf(service, recording.id);
  const own = result.turns.filter((turn) => turn.speaker === result.speakers[0].label);
  assert.equal(await page.locator(".turns li").count(), own.length);
  await check();
});

test("a transcript gives the turns their words", async () => {
  const recording = await addRecording(service);
  const { result } = await stateOf(service, recording.id);
  const words = result.turns
    .slice(0, 3)
    .map((turn, index) => ({ word: `<i>word${index}</i>`, start: turn.start_s, end: turn.end_s }));
  const { page, check } = await openRecording(browser, service, recording.id);
  await page.getByText("More", { exact: true }).click();
  await page
    .getByLabel("Transcript")
    .setInputFiles({
      name: "words.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify({ segments: [{ start: 0, end: 60, text: "", words }] })),
    });
  await page.locator(".words").first().waitFor();
  assert.match(await page.locator(".turns").textContent(), /<i>word0<\/i>/);
  assert.equal(await page.locator(".words i").count(), 0);
  await check();
});

test("a recording is deleted after a question", async () => {
  const recording = await addRecording(service, "to delete");
  const { page, check } = await openPage(browser, service.url);
  await page.getByRole("button", { name: "Delete to delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForFunction(() => !document.querySelector(".recordings").textContent.includes("to delete"));
  assert.equal((await fetch(`${service.url}v1/recordings/${recording.id}`)).status, 404);
  await check();
});

test("a service with a token asks for it once", async (t) => {
  const file = `${process.env.TMPDIR ?? "/tmp"}/diarist-token-${process.pid}`;
  await fs.writeFile(file, "correct-horse-battery-staple\n", { mode: 0o600 });
  const guarded = await startService(["--token-file", file]);
  t.after(() => Promise.all([guarded.stop(), fs.rm(file)]));
  const { page, check } = await openPage(browser, guarded.url);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Token").fill("wrong");
  await dialog.getByRole("button", { name: "Continue" }).click();
  await page.waitForFunction(() => document.querySelector("dialog input")?.value === "");
  await dialog.getByLabel("Token").fill("correct-horse-battery-staple");
  await dialog.getByRole("button", { name: "Continue" }).click();
  await page.getByText("There is no recording yet.").waitFor();
  await page.reload();
  await page.getByText("There is no recording yet.").waitFor();
  assert.equal(await dialog.count(), 0);
  await check();
});
