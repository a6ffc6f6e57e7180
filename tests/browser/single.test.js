// A result as one HTML file.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { openPage, startChromium } from "./browsers.js";
import { conversation, program, root } from "./service.js";

const rttm = path.join(root, "fixtures/audio/conversation.rttm");
const HOSTILE = "</script><img src=x onerror=alert(1)>";

let folder, browser, address, silent;
before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "diarist-single-"));
  const [page, plain] = ["page.html", "silent.html"].map((name) => path.join(folder, name));
  execFileSync(program(), ["convert", rttm, page, "--audio", conversation]);
  execFileSync(program(), ["convert", "--rename", `ada=${HOSTILE}`, rttm, plain]);
  [address, silent] = [page, plain].map((file) => pathToFileURL(file).href);
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await fs.rm(folder, { recursive: true, force: true });
});

test("the file plays without a network, from its turns and from a link", async () => {
  const { page, check } = await openPage(browser, `${address}#t=0:20.5`, { offline: true });
  await page.waitForFunction(() => Math.abs(document.querySelector("audio").currentTime - 20.5) < 0.1);
  await page.locator(".turns li button").nth(1).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.waitForFunction(
    () => document.querySelector("audio").currentTime > 4.7 && document.querySelector("audio").currentTime < 15,
  );
  await page.screenshot({ path: path.join(root, "tests/browser/screenshots/single.png"), fullPage: true });
  assert.equal(await page.getByText("Merge").count(), 0, "the file is not corrected");
  await check();
});

test("names change in the whole page, on paper too, and in saved files", async () => {
  const { page, check } = await openPage(browser, address);
  await page.locator('.names button[data-speaker="ada"]').click();
  await page.getByRole("dialog").getByLabel("Name").fill('Ann "A" Lee');
  await page.getByRole("button", { name: "Rename" }).click();
  await page.locator(".live .names", { hasText: 'Ann "A" Lee' }).waitFor();
  const saved = async (format) => {
    await page.getByText("Export", { exact: true }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.locator(".menu").getByRole("button", { name: format, exact: true }).click(),
    ]);
    const at = path.join(folder, file.suggestedFilename());
    await file.saveAs(at);
    return at;
  };
  for (const [format, extension] of [
    ["RTTM", "rttm"],
    ["JSON", "json"],
    ["CSV", "csv"],
    ["SRT", "srt"],
    ["WebVTT", "vtt"],
  ]) {
    const file = await saved(format),
      again = `${file}.json`;
    assert.equal(path.basename(file), `conversation.${extension}`);
    // The program reads the file, with the same turns as the page was made from.
    execFileSync(program(), ["convert", "--to", "json", file, again]);
    const turns = JSON.parse(await fs.readFile(again, "utf8")).turns.map((turn) => [
      turn.start_s,
      turn.end_s,
      turn.speaker.replaceAll("_", " "),
    ]);
    assert.equal(turns.length, await page.locator(".live .turns li").count(), format);
    assert.ok(
      turns.some(([, , speaker]) => speaker === 'Ann "A" Lee') && !turns.some(([, , speaker]) => speaker === "ada"),
      `${format}: ${JSON.stringify(turns)}`,
    );
  }
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.locator(".paper .turns").isVisible());
  assert.ok(!(await page.locator(".live").isVisible()));
  assert.match(await page.locator(".paper").textContent(), /Ann "A" Lee/);
  await check();
});

test("without JavaScript the turns can be read", async () => {
  const { page, check } = await openPage(browser, address, { javaScriptEnabled: false });
  assert.ok(await page.locator(".paper .turns li").first().isVisible());
  assert.equal(
    await page.locator(".paper .turn").count(),
    (await fs.readFile(rttm, "utf8")).match(/^SPEAKER/gm).length,
  );
  await check();
});

test("a page without sound shows hostile names and has nothing to play", async () => {
  const { page, check } = await openPage(browser, silent);
  await page.locator(".live .names", { hasText: "<img src=x" }).waitFor();
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.getByRole("button", { name: "Play" }).count(), 0);
  await page.keyboard.press("+");
  await page.locator(".live .turns li button").first().click();
  await check();
});

test("nothing in the file is out of reach", async () => {
  const { page, check } = await openPage(browser, address);
  await page.locator(".live .turns li").first().waitFor();
  await page.evaluate(await fs.readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(
    violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html).join("\n")}`),
    [],
  );
  await check();
});
