// The browsers under test, as the system has them.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];
const MAX_WAIT_MS = 20_000;

/** @param {string[]} [more] flags */
export function startChromium(more = []) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...FLAGS, ...more] });
}

/**
 * A page that fails the test if its script fails, or if its content security policy forbids
 *   something.
 * Call `check` at the end.
 */
export async function openPage(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(MAX_WAIT_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    // A refused request is part of some tests; the page shows it to its reader.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      faults.push(message.text());
  });
  page.on("dialog", (dialog) => {
    faults.push(`a dialog of the browser: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(address);
  return {
    page,
    check: async () => {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

/** Opens a recording and waits for its turns. */
export async function openRecording(browser, service, id, options) {
  const opened = await openPage(browser, `${service.url}#/r/${id}`, options);
  await opened.page.locator(".turns li button").first().waitFor();
  return opened;
}

/** The line of a turn in the list. */
export const line = (page, index) => page.locator(`.turns li[data-turn="${index}"]`);

/** Chooses a turn, which plays from there, and stops its sound. */
export async function choose(page, index) {
  await line(page, index).locator("button").click();
  await page.locator(`.turns li[data-turn="${index}"].selected`).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
}

/** Gives the selection to a speaker. */
export async function give(page, speaker) {
  await page.getByLabel("Another speaker").selectOption(speaker);
  await page.getByRole("button", { name: "Give to" }).click();
}

/** Accepts a proposal if there is one, and waits until the page has another revision. */
export async function settle(page, read, revision) {
  const accept = page.getByRole("button", { name: "Accept" }),
    next = page.locator(`.viewer:not([data-revision="${revision}"])`);
  await accept.or(next).first().waitFor();
  if (await accept.isVisible()) await accept.click();
  await next.waitFor();
  return read();
}

/** Opens the dialog of a speaker. */
export async function openSpeaker(page, label) {
  await page.locator(`.names button[data-speaker="${label}"]`).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  return dialog;
}

/** Turns of a state without confidences: start, end, speaker. */
export const turnsOf = (state) => state.result.turns.map((turn) => [turn.start_s, turn.end_s, turn.speaker]);
