// The page that diarizes, in Chromium. PAGE names its folder.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPage, startChromium } from "../../tests/browser/browsers.js";
import { microphone } from "../../tests/browser/microphone.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = path.resolve(root, process.env.PAGE ?? "target/npm/demo");
const sample = path.join(root, "fixtures/audio/conversation.flac");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
const MAX_WAIT_MS = 120_000;

let browser, heard;
const servers = [];
/** Serves the page. Gives its address, and the paths that were asked for. */
async function serve(headers) {
  const asked = [];
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    asked.push(pathname);
    const file = path.join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    try {
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "text/plain", ...headers });
      response.end(await fs.readFile(file));
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { address: `http://127.0.0.1:${server.address().port}/`, asked };
}

const plain = await serve({});
const isolated = await serve({
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
});
before(async () => {
  heard = await microphone();
  browser = await startChromium([
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${heard.file}`,
  ]);
});
after(async () => {
  await browser?.close();
  await heard?.remove();
  for (const server of servers) server.close();
});

/** Drops the sample on the page. */
async function drop(page) {
  const content = (await fs.readFile(sample)).toString("base64");
  const transfer = await page.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "conversation.flac"));
    return transfer;
  }, content);
  await page.dispatchEvent("form.add", "drop", { dataTransfer: transfer });
}

test("a dropped file has turns, which can be heard and saved, and the page stays alive", async () => {
  const { address, asked } = isolated;
  const { page, check } = await openPage(browser, address);
  // Frames are drawn while the networks run.
  await page.evaluate(() => {
    window.longestMs = 0;
    let last = performance.now();
    const frame = (now) => {
      window.longestMs = Math.max(window.longestMs, now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await drop(page);
  await page.getByRole("progressbar").waitFor();
  await page.locator(".turns li button").first().waitFor({ timeout: MAX_WAIT_MS });
  assert.ok((await page.evaluate(() => window.longestMs)) < 1000);
  assert.equal(await page.locator("h1").textContent(), "conversation");
  assert.equal(await page.locator(".names button").count(), 4);
  await page.waitForFunction(() => document.querySelector("audio").readyState > 0);
  await page.getByText("Export", { exact: true }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(".menu").getByRole("button", { name: "RTTM", exact: true }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "conversation.rttm");
  const rttm = await fs.readFile(await file.path(), "utf8");
  assert.equal(rttm.trim().split("\n").length, await page.locator(".turns li").count());
  await page.locator('.names button[data-speaker="SPEAKER_00"]').click();
  await page.getByRole("dialog").getByLabel("Name").fill("Ada");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.locator(".names", { hasText: "Ada" }).waitFor();
  await check();
  assert.ok(asked.every((name) => !name.includes("..")) && !asked.includes("/favicon.ico"), asked.join(" "));
});

for (const [kind, { address, asked }, module] of [
  ["one thread", plain, "/diarist/diarist.wasm"],
  ["threads", isolated, "/diarist/diarist-threads.wasm"],
])
  test(`after it was loaded once, the page works without a network, with ${kind}`, async () => {
    asked.length = 0;
    const { page, check } = await openPage(browser, address);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.waitForFunction(async () => (await caches.keys()).length === 1);
    await page.context().setOffline(true);
    await page.reload();
    assert.equal(await page.evaluate(() => crossOriginIsolated), kind === "threads");
    await drop(page);
    await page.locator(".turns li button").first().waitFor({ timeout: MAX_WAIT_MS });
    await check();
    const modules = new Set(asked.filter((name) => name.endsWith(".wasm")));
    assert.deepEqual([...modules], [module], "only one module is fetched");
  });

test("a call is cancelled, and a file that is no recording has a message", async () => {
  const { page, check } = await openPage(browser, isolated.address);
  await drop(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Cancelled.").waitFor();
  await page.getByLabel("Recording", { exact: true }).setInputFiles(path.join(folder, "index.html"));
  await page.getByRole("alert").getByText(/index\.html/).waitFor();
  await check();
});

test("a microphone has lanes while it runs, and then a result", async () => {
  const { page, check } = await openPage(browser, isolated.address);
  await page.getByRole("button", { name: "● Record" }).click();
  await page.locator(".newest li").first().waitFor({ timeout: MAX_WAIT_MS });
  await page.getByRole("button", { name: "Stop" }).click();
  await page.locator(".live .turns li button").first().waitFor({ timeout: MAX_WAIT_MS });
  await page.waitForFunction(() => document.querySelector("audio").readyState > 0);
  await check();
});
