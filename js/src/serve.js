// The work of a worker: calls of the engine, one after the other, as messages ask for them.

import { DiaristError, Engine } from "./engine.js";

/**
 * Answers messages: `{ module, memory, threads }` first, then `{ options, call, args }`. The answers
 * are `{ value }` or `{ error }`, and before them any number of `{ progress }`. Without `threads`,
 * the worker computes for another one with the same memory, and answers only with an error.
 * @param {(answer: object) => void} answer
 */
export function serve(answer) {
  /** @type {Engine} */
  let engine;
  return (/** @type {any} */ { module, memory, threads, options, call, args }) => {
    try {
      if (module) {
        engine = new Engine(module, memory);
        engine.onProgress = (processedS, totalS) => answer({ progress: { processedS, totalS: totalS || null } });
        if (!threads) engine.compute();
        else if (memory) engine.startThreads(threads);
        return;
      }
      if (options) engine.open(options);
      // @ts-expect-error: `call` is the name of a method.
      answer({ value: call ? engine[call](...args) : undefined });
    } catch (error) {
      const { kind, message } = error instanceof DiaristError ? error : { kind: "Internal", message: String(error) };
      answer({ error: { kind, message } });
    }
  };
}
