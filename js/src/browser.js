// diarist in a browser: workers of the page, and a module by HTTP.

import { connect } from "./client.js";
import { microphone } from "./stream.js";

const client = connect({
  cores: navigator.hardwareConcurrency,
  canShare: globalThis.crossOriginIsolated === true,
  compile: async (hasThreads) => {
    // Bundlers find addresses that are written like this.
    const address = hasThreads
      ? new URL("./diarist-threads.wasm", import.meta.url)
      : new URL("./diarist.wasm", import.meta.url);
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status} ${answer.statusText}`);
    const isWasm = answer.headers.get("content-type")?.startsWith("application/wasm");
    return isWasm ? WebAssembly.compileStreaming(answer) : WebAssembly.compile(await answer.arrayBuffer());
  },
  start: (receive, fail) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.onmessage = (event) => receive(event.data);
    worker.onerror = (event) => fail(new Error(event.message || "the worker cannot be started"));
    return {
      send: (message, transfer) => worker.postMessage(message, transfer),
      end: () => worker.terminate(),
      hold: () => {},
    };
  },
});

export const { diarize, convert, live, preload, close } = client;
export const listen = microphone(live);
export { DiaristError } from "./engine.js";
