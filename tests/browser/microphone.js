// A file that Chromium takes for the microphone: the sample recording as WAV.

import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { startChromium } from "./browsers.js";
import { conversation } from "./service.js";

const RATE = 48_000;

/** Makes the file, decoded by the browser; `remove` takes it away. */
export async function microphone() {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "diarist-microphone-")),
    file = path.join(folder, "microphone.wav");
  const browser = await startChromium();
  const page = await browser.newPage();
  const samples = Buffer.from(
    await page.evaluate(
      async ([base64, rate]) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const sound = (await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes.buffer)).getChannelData(0);
        const whole = Int16Array.from(sound, (sample) => Math.max(-1, Math.min(1, sample)) * 32767),
          parts = [];
        for (let i = 0; i < whole.length; i += 8192)
          parts.push(
            String.fromCharCode(...new Uint8Array(whole.buffer, 2 * i, 2 * Math.min(8192, whole.length - i))),
          );
        return btoa(parts.join(""));
      },
      [(await fs.readFile(conversation)).toString("base64"), RATE],
    ),
    "base64",
  );
  await browser.close();
  const head = Buffer.from("RIFF----WAVEfmt ----------------____data----", "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.writeUInt32LE(16, 16);
  // PCM, one channel, bytes per second and per frame, bits.
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(2 * RATE, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.writeUInt32LE(samples.length, 40);
  await fs.writeFile(file, Buffer.concat([head, samples]));
  return { file, remove: () => fs.rm(folder, { recursive: true, force: true }) };
}
