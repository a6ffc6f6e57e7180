// The built package in Node. PACKAGE names its folder, DIARIST the native program, WEIGHTS the
// folder of the networks in the module.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = path.resolve(root, process.env.PACKAGE ?? "target/npm/diarist");
const weights = path.resolve(root, process.env.WEIGHTS ?? "target/networks");
const program = path.resolve(root, process.env.DIARIST ?? "target/release/diarist");
const { DiaristError, close, convert, diarize, live, preload } = await import(
  pathToFileURL(path.join(folder, "node.js")).href
);

const fixture = (name) => path.join(root, "fixtures/audio", name);
const conversation = await fs.readFile(fixture("conversation.flac"));
const turnsOf = (result) => result.turns.map((turn) => [turn.start_s, turn.end_s, turn.speaker]);

/** The result of the native program on the portable kernels, with the networks of the module. */
function native(file, ...options) {
  const [segmentation, embedding] = ["segmentation-3.0", "wespeaker-resnet34-lm"].map((name) =>
    path.join(weights, `${name}.safetensors`),
  );
  const chosen = ["--segmentation", segmentation, "--embedding", embedding, "--precision", "int8", ...options];
  const output = execFileSync(program, ["diarize", "--format", "json", "--device", "cpu", ...chosen, file], {
    env: { ...process.env, DIARIST_ISA: "portable" },
    maxBuffer: 1 << 26,
  });
  return JSON.parse(output.toString());
}

/** A recording of `seconds` at `rate`: the samples of a WAV file with 16 bits. */
function wav(samples, rate) {
  const bytes = Buffer.alloc(44 + 2 * samples.length);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + 2 * samples.length, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(2 * rate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, index) => bytes.writeInt16LE(Math.round(sample * 32768), 44 + 2 * index));
  return bytes;
}

/** Sound with the changes of voices: harmonics of a pitch, in syllables. */
function voices(seconds, rate) {
  return Float32Array.from({ length: seconds * rate }, (_, index) => {
    const t = index / rate,
      pitch = Math.floor(t / 4) % 2 ? 210 : 110,
      loudness = Math.max(0, Math.sin(2 * Math.PI * 3 * t));
    let sum = 0;
    for (let harmonic = 1; harmonic < 20; harmonic++) sum += Math.sin(2 * Math.PI * pitch * harmonic * t) / harmonic;
    return Math.round(0.1 * loudness * sum * 32768) / 32768;
  });
}

after(() => close());

test("the sample has the turns of the native program", async () => {
  const progress = [];
  const result = await diarize(conversation, { name: "conversation.flac" }, (processedS, totalS) =>
    progress.push([processedS, totalS]),
  );
  const expected = native(fixture("conversation.flac"));
  assert.deepEqual(turnsOf(result), turnsOf(expected));
  assert.ok(result.turns.length > 10 && result.speakers.length === 4);
  assert.equal(result.file_id, "conversation");
  assert.deepEqual(result.warnings, []);
  // Only the transcendental functions of the two standard libraries differ.
  for (const [index, speaker] of result.speakers.entries()) {
    const other = expected.speakers[index];
    assert.equal(speaker.label, other.label);
    speaker.embedding.forEach((value, i) => assert.ok(Math.abs(value - other.embedding[i]) < 0.02, speaker.label));
  }
  assert.ok(progress.length > 1 && progress.every(([processedS, totalS]) => processedS <= totalS), String(progress));
  assert.equal(progress.at(-1)[0], result.duration_s);
  assert.ok(result.timings.total_s > 0.1, "time passes");
});

test("neither the number of threads nor the module changes a result", async (t) => {
  // Without its module for threads, the package computes with the other one.
  const copy = await fs.mkdtemp(path.join(os.tmpdir(), "diarist-"));
  t.after(() => fs.rm(copy, { recursive: true }));
  for (const name of await fs.readdir(folder))
    if (name !== "diarist-threads.wasm") await fs.copyFile(path.join(folder, name), path.join(copy, name));
  const single = await import(pathToFileURL(path.join(copy, "node.js")).href);
  t.after(() => single.close());
  const samples = voices(13, 16_000);
  /** Both results without the times that they took, and the events of the second. */
  const outcomes = async ({ diarize, live }, options) => {
    const events = [];
    const session = await live(options, (event) => events.push(event));
    session.push(samples);
    const results = [await diarize(conversation, options), await session.finish()];
    return [events, ...results.map(({ timings, ...rest }) => rest)];
  };
  assert.deepEqual(await single.preload({ threads: 2 }), { threads: 1 });
  const expected = await outcomes(single, {});
  for (const threads of [1, 2]) {
    assert.deepEqual(await preload({ threads }), { threads });
    assert.deepEqual(await outcomes({ diarize, live }, { threads }), expected);
  }
  assert.deepEqual(await preload(), { threads: Math.min(os.availableParallelism(), 4) });
});

test("bytes of every kind are the same recording", async () => {
  const bytes = await fs.readFile(fixture("short.flac"));
  const expected = turnsOf(await diarize(bytes));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  for (const audio of [buffer, new Blob([bytes]), new Uint8Array(buffer)])
    assert.deepEqual(turnsOf(await diarize(audio)), expected);
  assert.equal(buffer.byteLength, bytes.length, "the caller keeps its bytes");
  const named = await diarize(new File([bytes], "my talk.flac"));
  assert.equal(named.file_id, "my_talk");
});

test("samples are resampled, and the channels of an AudioBuffer mixed", async () => {
  const rate = 44_100,
    samples = voices(12, rate);
  const expected = turnsOf(await diarize(wav(samples, rate)));
  assert.deepEqual(turnsOf(await diarize(samples, { sampleRate: rate })), expected);
  // The shape of a browser's AudioBuffer.
  const audio = { numberOfChannels: 2, sampleRate: rate, length: samples.length, getChannelData: () => samples };
  assert.deepEqual(turnsOf(await diarize(audio)), expected);
});

test("options have their names in camel case", async () => {
  const two = await diarize(conversation, { numSpeakers: 2, profile: "fast", minDurationOff: 0.3, signal: undefined });
  assert.equal(two.speakers.length, 2);
  assert.equal(two.options.min_duration_off_s, 0.3);
  assert.equal(two.options.step_s, 2);
});

test("faults are exceptions with the messages of the library", async () => {
  const fault = (call) => call().then(() => assert.fail("no error"), (error) => error);
  const document = { file_id: "a", turns: [] };
  const cases = [
    [() => diarize(new Uint8Array([1, 2, 3])), "Input", /audio/],
    [() => diarize(new ArrayBuffer(0), { name: "nothing.wav" }), "Input", /^nothing\.wav: .*empty/],
    [() => diarize(conversation, { numSpeakers: 0 }), "InvalidOption", /speakers/],
    [() => diarize(conversation, { threads: 0 }), "InvalidOption", /threads/],
    [() => diarize(conversation, { colour: "red" }), "InvalidOption", /colour/],
    [() => diarize(new Float32Array([NaN])), "Input", /finite/],
    [() => diarize(new Float32Array(16_000), { sampleRate: 1 }), "Input", /sample rate of 1 Hz/],
    [() => convert(document, "docx"), "InvalidOption", /"docx" is no format .*rttm/],
    [() => convert({}, "rttm"), "Input", /file_id/],
    [() => live({ latency: 99 }, () => {}), "InvalidOption", /latency of 99 s/],
  ];
  for (const [call, kind, message] of cases) {
    const error = await fault(call);
    assert.ok(error instanceof DiaristError, String(error));
    assert.deepEqual([error.kind, message.test(error.message)], [kind, true], error.message);
  }
  assert.ok((await fault(() => diarize("talk.wav"))) instanceof TypeError);
  // The worker goes on after a fault.
  assert.deepEqual((await diarize(new Float32Array(16_000))).turns, []);
});

test("recordings of every container and codec are decoded", async () => {
  const isRefused = { "ac3_48k_stereo.mkv": /Dolby Digital/, "video_only.mp4": /audio/ };
  const names = (await fs.readdir(fixture("formats"))).filter((name) => !(name in isRefused));
  assert.ok(names.length > 30);
  for (const name of names) {
    const bytes = await fs.readFile(fixture(`formats/${name}`));
    const result = await diarize(bytes, { name, profile: "fast", embeddingMode: "skip" });
    assert.ok(result.duration_s > 0.1 && result.warnings.length === 0, `${name}: ${result.warnings}`);
  }
  for (const [name, message] of Object.entries(isRefused))
    await assert.rejects(diarize(await fs.readFile(fixture(`formats/${name}`)), { name }), { kind: "Input", message });
});

test("a damaged file gives a result or an error", async () => {
  for (const length of [100, 10_000, 400_000]) {
    const damaged = Buffer.from(conversation.subarray(0, length));
    for (let i = 200; i < length; i += 97) damaged[i] ^= 0xff;
    const result = await diarize(damaged).catch((error) => error);
    if (result instanceof Error) assert.ok(result instanceof DiaristError && result.kind === "Input", String(result));
    else assert.ok(result.warnings.length > 0);
  }
});

test("a signal ends a call that runs, one that waits, and one that comes too late", async () => {
  const controller = new AbortController();
  const aborted = { name: "AbortError" };
  const running = diarize(conversation, { signal: controller.signal }, () => controller.abort());
  const waiting = diarize(conversation, { signal: controller.signal });
  const other = diarize(await fs.readFile(fixture("short.flac")));
  await assert.rejects(running, aborted);
  await assert.rejects(waiting, aborted);
  await assert.rejects(diarize(conversation, { signal: controller.signal }), aborted);
  assert.ok((await other).turns.length > 0, "another call is not concerned");
});

test("a live diarization tells turns, and ends with the result for the whole recording", async () => {
  const rate = 24_000,
    samples = voices(13, rate),
    events = [];
  const session = await live({ sampleRate: rate, name: "talk" }, (event) => events.push(event));
  let numPushed = 0;
  for (let start = 0; start < samples.length; start += 9_999) {
    session.push(samples.subarray(start, start + 9_999));
    numPushed += 1;
  }
  assert.ok(numPushed > 10 && session.behindS > 12);
  const result = await session.finish();
  assert.equal(session.behindS, 0);
  assert.deepEqual(turnsOf(result), turnsOf(await diarize(samples, { sampleRate: rate })));
  assert.equal(result.file_id, "talk");
  assert.ok(events.some((event) => event.event === "opened"), JSON.stringify(events));
  const opened = events.filter((event) => event.event === "opened").map((event) => event.turn);
  const ended = events.filter((event) => ["closed", "removed"].includes(event.event)).map((event) => event.turn);
  assert.ok(opened.every((turn) => ended.includes(turn)), "every turn ends");
});

test("a result is written in every format", async () => {
  const result = await diarize(await fs.readFile(fixture("short.flac")), { name: "short" });
  for (const format of ["rttm", "json", "srt", "vtt", "txt", "TextGrid"])
    assert.ok((await convert(result, format)).length > 10, format);
  const { start_s, end_s, speaker } = result.turns[0];
  assert.ok((await convert(result, "rttm")).startsWith(`SPEAKER short 1 ${start_s.toFixed(3)} ${(end_s - start_s).toFixed(3)} <NA> <NA> ${speaker} `));
});

test("a program ends although the worker stays", () => {
  const script = `import { diarize } from ${JSON.stringify(pathToFileURL(path.join(folder, "node.js")).href)};
    console.log((await diarize(new Float32Array(16000))).duration_s);`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { timeout: 60_000 });
  assert.equal(output.toString(), "1\n");
});

test("networks can be loaded before they are needed", async () => {
  close();
  await preload();
  const start = performance.now();
  await diarize(new Float32Array(160));
  assert.ok(performance.now() - start < 2000);
});
