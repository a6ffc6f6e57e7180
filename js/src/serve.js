// The work of a worker: calls of the engine, one after the other, as messages ask for them.

import { DiaristError, Engine, sharedMemory } from "./engine.js";

/**
 * Answers messages: `{ module }` first, then `{ options, call, args }`. The answers are `{ value }`
 * or `{ error }`, and before them any number of `{ progress }`.
 *
 * For threads, the first message also has `ports` to other workers. Each of those has the other end
 * as its `port`, computes with the same memory, and answers only with an error. The page never has
 * the memory, so that it is freed with the workers.
 * @param {(answer: object) => void} answer
 */
export function serve(answer) {
  /** @type {Promise<Engine>} */
  let started;
  return async (/** @type {any} */ { module, ports, port, options, call, args }) => {
    try {
      if (module) {
        if (port) return await compute(module, port);
        started = start(module, ports);
      }
      const engine = await started;
      if (module) return;
      engine.onProgress = (processedS, totalS) => answer({ progress: { processedS, totalS: totalS || null } });
      if (options) engine.open(options);
      // @ts-expect-error: `call` is the name of a method.
      answer({ value: call ? engine[call](...args) : undefined });
    } catch (error) {
      const { kind, message } = error instanceof DiaristError ? error : { kind: "Internal", message: String(error) };
      answer({ error: { kind, message } });
    }
  };
}

/**
 * The engine that takes calls. Its threads have begun.
 * @param {WebAssembly.Module} module @param {MessagePort[]} [ports]
 */
async function start(module, ports) {
  if (!ports) return new Engine(module);
  const memory = sharedMemory(),
    engine = new Engine(module, memory);
  // A worker that waits inside the module may not send what it has posted, so the others answer.
  const given = ports.map(
    (port) =>
      new Promise((resolve) => {
        port.onmessage = resolve;
        port.postMessage(memory);
      }),
  );
  await Promise.all(given);
  engine.startThreads(ports.length + 1);
  return engine;
}

/**
 * Computes for the engine at the other end of `port`.
 * @param {WebAssembly.Module} module @param {MessagePort} port
 */
async function compute(module, port) {
  const memory = await new Promise((resolve) => {
    port.onmessage = ({ data }) => {
      port.postMessage(null);
      resolve(data);
    };
  });
  new Engine(module, memory).compute();
}
