// The service under test: the program that the variable DIARIST names, with a folder of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const conversation = path.join(root, "fixtures/audio/conversation.flac");

/** The program, or an error that says how to name it. */
export function program() {
  const named = process.env.DIARIST;
  if (!named) throw new Error("the variable DIARIST must name the program, such as target/release/diarist");
  return path.resolve(root, named);
}

/**
 * Starts the service on a free port.
 * @param {string[]} [more] arguments
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startService(more = []) {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "diarist-browser-"));
  const child = spawn(program(), ["serve", "--listen", "127.0.0.1:0", "--data", folder, ...more], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  const said = [];
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const found = /listening on (http:\/\/\S+)/.exec(line);
      if (found) resolve(`${found[1]}/`);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the service ended with ${code}:\n${said.join("\n")}`)));
  });
  return {
    url,
    stop: async () => {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
}

/** Calls the API and gives its JSON. */
export async function api(service, method, address, json) {
  const answer = await fetch(service.url + address, {
    method,
    body: json === undefined ? undefined : JSON.stringify(json),
    headers: json === undefined ? {} : { "content-type": "application/json" },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${address}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Adds a recording and waits for its result. */
export async function addRecording(service, name = "conversation.flac", file = conversation) {
  const form = new FormData();
  form.append("name", name);
  form.append("file", new Blob([await fs.readFile(file)]), "sound.flac");
  let recording = await (await fetch(`${service.url}v1/recordings`, { method: "POST", body: form })).json();
  while (["queued", "running"].includes(recording.state)) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    recording = await api(service, "GET", `v1/recordings/${recording.id}`);
  }
  if (recording.state !== "done")
    throw new Error(`${name} is ${recording.state}: ${JSON.stringify(recording.error)}`);
  return recording;
}

/** The current state of a recording. */
export const stateOf = (service, id) => api(service, "GET", `v1/recordings/${id}/result`);

/** Takes all corrections back. */
export async function undoAll(service, id) {
  let state = await stateOf(service, id);
  while (state.can_undo) state = await api(service, "POST", `v1/recordings/${id}/undo`, { revision: state.revision });
  return state;
}
