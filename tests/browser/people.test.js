// Teaching voices, and the files of a result.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { openPage, openRecording, openSpeaker, startChromium } from "./browsers.js";
import { addRecording, api, conversation, root, startService, stateOf } from "./service.js";

let service, browser, first, second;
before(async () => {
  [service, browser] = await Promise.all([startService(), startChromium()]);
  first = await addRecording(service, "first.flac");
  second = await addRecording(service, "second.flac");
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

test("a voice that is taught has its name in the other recording, too", async () => {
  const { page, check } = await openRecording(browser, service, first.id);
  const { result } = await stateOf(service, first.id);
  const longest = [...result.speakers].sort((a, b) => b.speech_s - a.speech_s)[0].label;
  const dialog = await openSpeaker(page, longest);
  await dialog.getByRole("button", { name: "Remember this voice" }).click();
  assert.ok(await dialog.isVisible(), "a voice needs a name");
  await dialog.getByLabel("Name").fill("Ann Lee");
  await dialog.getByRole("button", { name: "Remember this voice" }).click();
  const known = page.getByText("The voice of Ann Lee is known now"),
    anyway = page.getByRole("button", { name: "Remember it anyway" });
  await known.or(anyway).first().waitFor();
  // The service gives its reasons if a voice is short.
  if (await anyway.isVisible()) await anyway.click();
  await known.waitFor();
  await page.locator(".names", { hasText: "Ann Lee" }).waitFor();
  const { people } = await api(service, "GET", "v1/people");
  assert.deepEqual(
    people.map((person) => person.name),
    ["Ann Lee"],
  );
  const other = await stateOf(service, second.id);
  assert.ok(other.result.speakers.some((speaker) => speaker.name === "Ann Lee"));
  await check();
});

test("the people of a short recording are found, by the keyboard", async () => {
  const { page, check } = await openPage(browser, `${service.url}#/people`);
  const form = page.getByRole("form", { name: "Find out who speaks" }),
    answer = page.getByRole("status").filter({ hasText: "Voices in conversation.flac" });
  await form.getByRole("button", { name: "Who is it?" }).click();
  await page.getByRole("alert").getByText("Choose a recording first.").waitFor();
  await form.getByLabel("Recording").setInputFiles(conversation);
  await form.getByLabel("Recording").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const voices = answer.getByRole("list", { name: "Voices in conversation.flac" }).getByRole("listitem");
  await voices.first().waitFor({ timeout: 180_000 });
  const texts = await voices.allTextContents();
  const [known, others] = [true, false].map((isKnown) => texts.filter((text) => text.startsWith("Ann Lee") === isKnown));
  assert.match(known.join("\n"), /^Ann Lee\d+ % likely, similarity 0\.\d\d[\d.]+ s of speech$/);
  assert.ok(others.length === 3 && others.every((text) => /^Nobody who is known.*voice/.test(text)), others.join("\n"));
  assert.deepEqual((await api(service, "GET", "v1/recordings")).recordings.length, 2, "nothing is kept");
  // A stranger alone, and a file without sound.
  await page.route("**/identify", (route) =>
    route.fulfill({
      json: {
        speakers: [
          {
            label: "SPEAKER_00",
            speech_s: 9,
            identification: { best: { name: "Ann Lee", probability: 0.125, cosine: 0.314 }, margin: null },
          },
        ],
        warnings: ["Short."],
      },
    }),
  );
  await page.keyboard.press("Enter");
  await voices.getByText("nearest is Ann Lee, but not near enough: 13 % likely, similarity 0.31").waitFor();
  await answer.getByText("Short.").waitFor();
  await page.unroute("**/identify");
  await form.getByLabel("Recording").setInputFiles(path.join(root, "fixtures/MANIFEST"));
  await form.getByRole("button", { name: "Who is it?" }).click();
  await page.getByRole("alert").getByText("is a text file").waitFor();
  assert.equal(await page.getByText("Voices in").count(), 0);
  await check();
});

test("people are renamed and forgotten", async () => {
  const { page, check } = await openPage(browser, `${service.url}#/people`);
  await page.getByRole("button", { name: "Rename Ann Lee" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Ann Li");
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await page.getByRole("button", { name: "Forget Ann Li" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
  await page.getByText("No voice is known yet.").waitFor();
  assert.deepEqual((await api(service, "GET", "v1/people")).people, []);
  await check();
});

test("an unknown person of two recordings is offered as the same", async () => {
  const { unknown } = await api(service, "GET", "v1/people");
  assert.ok(unknown.length > 0, "the same sound twice has the same people");
  const { page, check } = await openPage(browser, `${service.url}#/people`);
  await page.getByRole("heading", { name: "Unknown people who come again" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Name this person …" }).count(), unknown.length);
  assert.ok(await page.getByRole("link", { name: /second.flac/ }).count());
  await check();
});

test("every format can be saved", async () => {
  const { page, check } = await openRecording(browser, service, first.id);
  await page.getByText("Export", { exact: true }).click();
  const links = page.locator(".menu[open] a");
  assert.ok((await links.count()) >= 11);
  const answers = await links.evaluateAll((all) =>
    Promise.all(
      all.map(async (link) => {
        const answer = await fetch(link.href);
        return [
          link.textContent,
          answer.status,
          answer.headers.get("content-disposition"),
          (await answer.arrayBuffer()).byteLength,
        ];
      }),
    ),
  );
  for (const [name, status, disposition, size] of answers) {
    assert.ok(
      status === 200 && size > 20 && /attachment/.test(disposition),
      `${name}: ${status}, ${size} bytes, ${disposition}`,
    );
  }
  const [file] = await Promise.all([page.waitForEvent("download"), links.first().click()]);
  assert.match(file.suggestedFilename(), /\.rttm$/);
  await check();
});
