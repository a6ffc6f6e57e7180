// diarist in Node: worker threads, and a module from its file.

import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { connect } from "./client.js";

const client = connect({
  cores: availableParallelism(),
  canShare: true,
  compile: async (hasThreads) => {
    const name = hasThreads ? "./diarist-threads.wasm" : "./diarist.wasm";
    return WebAssembly.compile(await readFile(new URL(name, import.meta.url)));
  },
  start: (receive, fail) => {
    // Flags of the program, such as --eval, are not for the worker.
    const worker = new Worker(new URL("./node-worker.js", import.meta.url), { execArgv: [] });
    worker.on("message", receive);
    worker.on("error", fail);
    return {
      send: (message, transfer) => worker.postMessage(message, transfer),
      end: () => void worker.terminate(),
      // A worker without work does not keep the program alive.
      hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    };
  },
});

export const { diarize, convert, live, preload, close } = client;
export { DiaristError } from "./engine.js";

/** Browsers only. */
export async function listen() {
  throw new Error("a MediaStream exists only in browsers; give samples to live()");
}
