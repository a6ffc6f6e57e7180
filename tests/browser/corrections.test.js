// Correcting a recording in the browser, and its result in the service.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { choose, give, line, openRecording, openSpeaker, settle, startChromium, turnsOf } from "./browsers.js";
import { addRecording, api, startService, stateOf, undoAll } from "./service.js";

let service, browser, id;
before(async () => {
  [service, browser] = await Promise.all([startService(), startChromium()]);
  ({ id } = await addRecording(service));
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** State before the test. */
let start;
beforeEach(async () => {
  start = await undoAll(service, id);
});
const read = () => stateOf(service, id);
const settled = (page, revision = start.revision) => settle(page, read, revision);

test("a speaker gets a name, and loses it by undo", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const label = start.result.speakers[0].label;
  const dialog = await openSpeaker(page, label);
  await dialog.getByLabel("Name").fill("Ann Lee");
  await dialog.getByRole("button", { name: "Rename" }).click();
  await page.locator(".names", { hasText: "Ann Lee" }).waitFor();
  const named = await settled(page);
  assert.equal(named.result.speakers.find((speaker) => speaker.label === label).name, "Ann Lee");
  assert.match(await page.locator("table").textContent(), /Ann Lee/);
  await page.keyboard.press("Control+z");
  await page.locator(".names", { hasText: label }).waitFor();
  await page.getByRole("button", { name: "Redo" }).click();
  await page.locator(".names", { hasText: "Ann Lee" }).waitFor();
  await check();
});

test("two speakers become one after the change was shown", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const [first, second] = start.result.speakers.map((speaker) => speaker.label);
  const dialog = await openSpeaker(page, second);
  await dialog.getByLabel("The same person as").selectOption(first);
  await dialog.getByRole("button", { name: "Merge" }).click();
  const after = await settled(page);
  assert.ok(!after.result.turns.some((turn) => turn.speaker === second));
  await page.waitForFunction(
    (count) => document.querySelectorAll(".names button").length === count,
    after.result.speakers.length,
  );
  await check();
});

test("a proposal can be heard and refused", async (t) => {
  const { page, check } = await openRecording(browser, service, id);
  // A stretch that changes elsewhere, whatever the service finds.
  const { result } = start,
    [first, second] = result.turns,
    to = result.speakers.find((speaker) => speaker.label !== first.speaker).label;
  await page.route("**/corrections", async (route) => {
    const answer = await (await route.fetch()).json();
    answer.changes = [{ start_s: second.start_s, end_s: second.end_s, from: [second.speaker], to: [to] }];
    await route.fulfill({ json: answer });
  });
  await choose(page, 0);
  await give(page, to);
  const proposal = page.getByRole("region", { name: "Proposed change" });
  await proposal.getByText("1 other stretch would change").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Accept");
  await proposal.locator(".changes button").click();
  // The sound stops at the end of the stretch.
  await page.waitForFunction(
    (end) => document.querySelector("audio").paused && document.querySelector("audio").currentTime >= end - 0.3,
    second.end_s,
  );
  assert.ok(await page.getByRole("button", { name: "Undo" }).isDisabled());
  await page.keyboard.press("Escape");
  await proposal.waitFor({ state: "hidden" });
  assert.deepEqual(turnsOf(await read()), turnsOf(start));
  await check();
});

test("a turn moves to another and to a new speaker", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const turn = start.result.turns[0],
    other = start.result.speakers.find((speaker) => speaker.label !== turn.speaker).label;
  await choose(page, 0);
  await give(page, other);
  const moved = await settled(page);
  const middle = (turn.start_s + turn.end_s) / 2,
    at = (state) =>
      state.result.turns.filter((one) => one.start_s <= middle && middle < one.end_s).map((one) => one.speaker);
  assert.deepEqual(at(moved), [other]);
  await page.getByRole("button", { name: "Undo" }).click();
  const undone = await settled(page, moved.revision);
  assert.deepEqual(turnsOf(undone), turnsOf(start));
  await choose(page, 0);
  await give(page, { label: "a new speaker" });
  const fresh = await settled(page, undone.revision);
  assert.equal(at(fresh).length, 1);
  assert.ok(!start.result.speakers.some((speaker) => speaker.label === at(fresh)[0]));
  await check();
});

test("a stretch that is drawn over a lane moves", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const turn = start.result.turns.find((turn) => turn.end_s - turn.start_s > 2.5),
    lane = start.result.speakers.findIndex((speaker) => speaker.label === turn.speaker);
  const box = await page.locator(".canvas canvas").boundingBox(),
    x = (time) => box.x + (time / start.result.duration_s) * box.width,
    y = box.y + 72 + 28 * lane + 14;
  await page.mouse.move(x(turn.start_s + 0.5), y);
  await page.mouse.down();
  await page.mouse.move(x(turn.start_s + 1), y, { steps: 3 });
  await page.mouse.move(x(turn.start_s + 1.5), y, { steps: 3 });
  await page.mouse.up();
  await page.getByText("part of the lane").waitFor();
  const to = start.result.speakers.find((speaker) => speaker.label !== turn.speaker).label;
  await give(page, to);
  const after = await settled(page);
  assert.ok(
    after.result.turns.some(
      (one) => one.speaker === to && one.start_s <= turn.start_s + 0.9 && one.end_s >= turn.start_s + 1.1,
    ),
  );
  assert.ok(
    after.result.turns.some(
      (one) =>
        one.speaker === turn.speaker && Math.abs(one.start_s - turn.start_s) < 0.05 && one.end_s < turn.start_s + 0.9,
    ),
  );
  await check();
});

test("two turns are by different people", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const label = start.result.speakers
    .map((speaker) => speaker.label)
    .find((label) => start.result.turns.filter((turn) => turn.speaker === label).length > 1);
  const own = start.result.turns.map((turn, index) => ({ ...turn, index })).filter((turn) => turn.speaker === label);
  await choose(page, own[0].index);
  await page.getByRole("button", { name: "Different people …" }).click();
  await page.getByText("Now choose a turn of the other person").waitFor();
  await line(page, own[1].index).locator("button").click();
  const after = await settled(page);
  const speakerAt = (turn) =>
    after.result.turns.find(
      (one) => one.start_s <= (turn.start_s + turn.end_s) / 2 && (turn.start_s + turn.end_s) / 2 < one.end_s,
    ).speaker;
  assert.notEqual(speakerAt(own[0]), speakerAt(own[1]));
  await check();
});

test("a turn is split, joined, moved at its boundary, and deleted", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const index = start.result.turns.findIndex((turn) => turn.end_s - turn.start_s > 2.5),
    turn = start.result.turns[index];
  await choose(page, index);
  await page.evaluate((time) => {
    document.querySelector("audio").currentTime = time;
  }, turn.start_s + 1);
  await page.waitForFunction(
    (time) => Math.abs(document.querySelector("audio").currentTime - time) < 0.01,
    turn.start_s + 1,
  );
  await page.getByRole("button", { name: "Split here" }).click();
  const split = await settled(page);
  assert.equal(split.result.turns.length, start.result.turns.length + 1);
  assert.ok(
    split.result.turns.some((one) => one.speaker === turn.speaker && Math.abs(one.end_s - turn.start_s - 1) < 0.03),
  );
  await choose(page, index);
  await page.getByRole("button", { name: "Join with next" }).click();
  const joined = await settled(page, split.revision);
  assert.equal(joined.result.turns.length, start.result.turns.length);
  await choose(page, index);
  const lane = start.result.speakers.findIndex((speaker) => speaker.label === turn.speaker);
  const box = await page.locator(".canvas canvas").boundingBox(),
    x = (time) => box.x + (time / start.result.duration_s) * box.width,
    y = box.y + 72 + 28 * lane + 14;
  await page.mouse.move(x(turn.end_s), y);
  await page.mouse.down();
  await page.mouse.move(x(turn.end_s - 0.5), y, { steps: 4 });
  await page.mouse.up();
  const retimed = await settled(page, joined.revision);
  assert.ok(
    retimed.result.turns.some(
      (one) =>
        one.speaker === turn.speaker &&
        Math.abs(one.start_s - turn.start_s) < 0.03 &&
        Math.abs(one.end_s - turn.end_s + 0.5) < 0.1,
    ),
  );
  await page.locator(".turns li.selected").waitFor();
  await page.keyboard.press("Delete");
  const deleted = await settled(page, retimed.revision);
  assert.equal(deleted.result.turns.length, retimed.result.turns.length - 1);
  await check();
});

test("times can be typed", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const turn = start.result.turns[0];
  await choose(page, 0);
  await page.getByRole("button", { name: "Times …" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("To").fill("0:00.0");
  await dialog.getByRole("button", { name: "Apply" }).click();
  await dialog.getByText("The end must be after the beginning").waitFor();
  await dialog.getByLabel("To").fill(String(turn.start_s + 1.25));
  await dialog.getByRole("button", { name: "Apply" }).click();
  const after = await settled(page);
  assert.ok(
    after.result.turns.some((one) => one.speaker === turn.speaker && Math.abs(one.end_s - turn.start_s - 1.25) < 0.1),
  );
  await check();
});

test("a page that is behind takes the newest state and says so", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const [first, second] = start.result.speakers.map((speaker) => speaker.label);
  await api(service, "POST", `v1/recordings/${id}/corrections`, {
    revision: start.revision,
    correction: { kind: "rename", speaker: first, name: "From elsewhere" },
  });
  const dialog = await openSpeaker(page, second);
  await dialog.getByLabel("Name").fill("Too late");
  await dialog.getByRole("button", { name: "Rename" }).click();
  await page.getByText("was corrected elsewhere").waitFor();
  await page.locator(".names", { hasText: "From elsewhere" }).waitFor();
  assert.ok(!JSON.stringify((await read()).result.speakers.map((speaker) => speaker.name)).includes("Too late"));
  await check();
});

test("names may hold markup and marks that reorder text", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const name = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202egnp.exe";
  const dialog = await openSpeaker(page, start.result.speakers[0].label);
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Rename" }).click();
  await page.locator(".names", { hasText: "<img src=x onerror=alert(1)>" }).waitFor();
  assert.equal(await page.locator(".content img, .content script, dialog img").count(), 0);
  assert.ok(!(await page.locator("body").textContent()).includes("\u202e"));
  await openSpeaker(page, start.result.speakers[0].label);
  assert.equal(await page.locator("img").count(), 0);
  await check();
});

test("the keyboard alone is enough", async () => {
  const { page, check } = await openRecording(browser, service, id);
  const index = start.result.turns.findIndex((turn) => turn.end_s - turn.start_s > 2.5);
  const focused = (selector) => page.evaluate((selector) => document.activeElement.matches(selector), selector);
  for (let i = 0; i < 80 && !(await focused(".turns li button")); i++) await page.keyboard.press("Tab");
  assert.ok(await focused(".turns li button"), "the list is reached by the tabulator");
  for (let i = 0; i < index; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator(`.turns li[data-turn="${index}"].selected`).waitFor();
  await page.keyboard.press(" ");
  await page.keyboard.press("s");
  const split = await settled(page);
  assert.equal(split.result.turns.length, start.result.turns.length + 1);
  const before = await page.evaluate(() => document.querySelector("audio").currentTime);
  await page.keyboard.press("ArrowRight");
  assert.ok(Math.abs((await page.evaluate(() => document.querySelector("audio").currentTime)) - before - 5) < 0.5);
  await page.keyboard.press("Control+z");
  assert.equal((await settled(page, split.revision)).result.turns.length, start.result.turns.length);
  for (let i = 0; i < 80 && !(await focused(".names button")); i++) await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("Key Name");
  await page.keyboard.press("Enter");
  await page.locator(".names", { hasText: "Key Name" }).waitFor();
  assert.ok(await focused(".names button"), "the focus comes back");
  await check();
});
