// The modules of the page without a browser: syntax, types, and those that only compute.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Board } from "../../crates/diarist-page/web/board.js";
import { covered, modelOf, wordsOfTurns } from "../../crates/diarist-page/web/model.js";
import { clock, parseMoment, printable, safeFileName, stamp } from "../../crates/diarist-page/web/text.js";

const folder = fileURLToPath(new URL("../../crates/diarist-page/web", import.meta.url));

test("every module can be read", () => {
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".js")))
    execFileSync(process.execPath, ["--check", path.join(folder, name)]);
});

test("types in comments agree with the code", () => {
  const compiler = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");
  execFileSync(process.execPath, [compiler, "-p", fileURLToPath(new URL(".", import.meta.url))], {
    stdio: ["ignore", "inherit", "inherit"],
  });
});

test("times are read as they are written", () => {
  assert.deepEqual([0, 59.96, 3600.5].map(stamp), ["0:00.0", "1:00.0", "1:00:00.5"]);
  assert.deepEqual([61.9, 3725].map(clock), ["1:01", "1:02:05"]);
  assert.deepEqual(["83.5", "1:23.5", "1:00:00", " 7 ", "", "x", "-1", "1:2:3:4"].map(parseMoment), [
    83.5,
    83.5,
    3600,
    7,
    null,
    null,
    null,
    null,
  ]);
});

test("names neither reorder text nor leave a folder", () => {
  assert.equal(printable("a\u202eb\u0000c\u001b[31m"), "a\ufffdb\ufffdc\ufffd[31m");
  assert.equal(printable("Zoë 太郎 🎙"), "Zoë 太郎 🎙");
  assert.deepEqual(["../../etc/passwd", "a:b?\n", "..", "", "x".repeat(500)].map(safeFileName), [
    "__.._etc_passwd",
    "a_b__",
    "_",
    "recording",
    "x".repeat(100),
  ]);
});

const doc = {
  file_id: "a",
  duration_s: 10,
  speakers: [{ label: "SPEAKER_02", name: "Ann" }],
  turns: [
    [0, 4, "SPEAKER_02"],
    [3, 5, "SPEAKER_00"],
    [6, 8, "SPEAKER_02"],
  ].map(([start_s, end_s, speaker]) => ({ start_s, end_s, speaker })),
};

test("a result has times of speech, overlap and shares", () => {
  const model = modelOf(doc);
  assert.deepEqual(
    model.speakers.map(({ name, place, speech, longest }) => [name, place, speech, longest]),
    [
      ["SPEAKER_00", 0, 2, 2],
      ["Ann", 2, 6, 4],
    ],
  );
  assert.deepEqual([model.speech, model.overlap, model.overlaps], [7, 1, [{ start: 3, end: 4 }]]);
  assert.deepEqual(
    model.turns.map((turn) => turn.isOverlapped),
    [true, true, false],
  );
  assert.deepEqual(covered([]), { once: [], twice: [] });
  assert.equal(modelOf({ file_id: "", duration_s: null, turns: [] }).duration, 0.001);
});

test("no word is lost", () => {
  const words = [
    [0.5, "SPEAKER_02"],
    [3.4, "SPEAKER_00"],
    [3.4, null],
    [5.4, null],
    [9.9, "SPEAKER_00"],
    [500, "gone"],
  ].map(([start_s, speaker], index) => ({ text: String(index), start_s, end_s: start_s + 0.2, speaker }));
  const found = wordsOfTurns(modelOf(doc, words));
  assert.deepEqual(
    [0, 1, 2].map((turn) => (found.get(turn) ?? []).map((word) => word.text).join("")),
    ["02", "13", "45"],
  );
});

test("events of a stream add up to turns", () => {
  const board = new Board();
  const events = [
    { heard_s: 1, event: "opened", turn: 0, speaker: 1, start_s: 1 },
    { event: "extended", turn: 0, end_s: 2 },
    { event: "opened", turn: 1, speaker: 2, start_s: 1.5 },
    { event: "closed", turn: 0, end_s: 2.25 },
    { event: "extended", turn: 1, end_s: 3 },
    { event: "relabelled", turn: 0, speaker: 3 },
    { event: "merged", speaker: 3, into: 2 },
    { event: "relabelled", turn: 9, speaker: 3 },
    { event: "moved", turn: 0, start_s: 1.25, end_s: 2 },
    { event: "moved", turn: 9, start_s: 1, end_s: 2 },
    { event: "opened", turn: 2, speaker: 2, start_s: 0.5 },
    { event: "removed", turn: 2 },
    { heard_s: 4, event: "named", speaker: 2, name: "Ann" },
  ];
  for (const event of events) board.apply(event);
  assert.deepEqual(
    board.model("x").turns.map(({ start, end, speaker }) => [start, end, speaker]),
    [
      [1.25, 2, "SPEAKER_01"],
      [1.5, 3, "SPEAKER_01"],
    ],
  );
  assert.deepEqual([board.speaking(), board.heard], [["Ann"], 4]);
  board.apply({ event: "named", speaker: 2, name: null });
  assert.deepEqual(board.speaking(), ["Speaker 2"]);
});

test("names that a reader gives to a stream reach its result", () => {
  const board = new Board();
  board.rename(1, "Ann");
  board.rename(2, "Ben");
  board.rename(3, "Cem");
  board.rename(3, "");
  for (const event of [
    { event: "opened", turn: 0, speaker: 1, start_s: 0 },
    { event: "extended", turn: 0, end_s: 2 },
    { event: "named", speaker: 1, name: "Somebody else" },
    { event: "merged", speaker: 2, into: 4 },
    { event: "labelled", speaker: 1, label: "SPEAKER_01" },
    { event: "labelled", speaker: 3, label: "SPEAKER_02" },
    { event: "labelled", speaker: 4, label: "SPEAKER_00" },
  ])
    board.apply(event);
  const [{ speaker }] = board.model("x").turns;
  assert.deepEqual([board.speakerOf(speaker), board.name(1), board.name(4)], [1, "Ann", "Ben"]);
  assert.deepEqual(board.givenByLabel(), [
    ["SPEAKER_01", "Ann"],
    ["SPEAKER_00", "Ben"],
  ]);
});
