// The functions of the package, over workers that hold the module.

import { DiaristError, sharedMemory } from "./engine.js";

// Other programs of the machine need cores, too.
const MAX_DEFAULT_THREADS = 4;

/**
 * A worker: it takes messages, and can be ended in the middle of its work.
 * @typedef {{
 *   send: (message: object, transfer: any[]) => void,
 *   end: () => void,
 *   hold: (isBusy: boolean) => void,
 * }} Helper
 *
 * The differences between browsers and Node.
 * @typedef {{
 *   cores: number,
 *   canShare: boolean,
 *   compile: (hasThreads: boolean) => Promise<WebAssembly.Module>,
 *   start: (receive: (answer: any) => void, fail: (error: Error) => void) => Helper,
 * }} Platform
 *
 * @typedef {{ module: WebAssembly.Module, maxThreads: number }} Build
 *
 * @typedef {{ options?: { threads?: number }, call?: string, args?: any[] }} Request
 * @typedef {(processedS: number, totalS: number | null) => void} OnProgress
 */

/** @param {Platform} platform */
export function connect(platform) {
  /** @type {Promise<Build> | null} */
  let compiling = null;
  const compiled = () => {
    compiling ??= compile(platform).catch((error) => {
      compiling = null;
      throw error;
    });
    return compiling;
  };
  const shared = new Line(platform, compiled);

  return {
    /** @param {any} audio @param {any} [options] @param {OnProgress} [onProgress] */
    async diarize(audio, options = {}, onProgress) {
      const { signal, name, sampleRate, ...rest } = options;
      const input = await given(audio, name, sampleRate);
      const request = { options: inLibrary(rest), call: input.call, args: input.args };
      return shared.ask(request, input.transfer, signal, onProgress);
    },

    /** @param {object} result @param {string} format */
    convert(result, format) {
      return shared.ask({ call: "convert", args: [JSON.stringify(result), format] });
    },

    /** @param {any} options @param {(event: any) => void} onEvent */
    async live(options, onEvent) {
      const { signal, name = "audio", sampleRate = 16000, latency = 0, liveStep = 0, ...rest } = options;
      const line = new Line(platform, compiled);
      try {
        const args = [sampleRate, latency, liveStep];
        await line.ask({ options: inLibrary(rest), call: "liveStart", args }, [], signal);
      } catch (error) {
        line.close();
        throw error;
      }
      return new LiveSession(line, sampleRate, name, onEvent, signal);
    },

    /** Loads the module and the networks before they are needed. @param {any} [options] */
    async preload(options = {}) {
      await shared.ask({ options: inLibrary(options) });
      return { threads: shared.threads };
    },

    /** Ends the workers and frees their memory. The next call starts others. */
    close: () => shared.close(),
  };
}

/**
 * The module with threads where they can share memory, else the other one.
 * @param {Platform} platform
 * @returns {Promise<Build>}
 */
async function compile(platform) {
  if (platform.canShare && platform.cores > 1) {
    try {
      // Some devices refuse memory that may grow so much.
      sharedMemory();
      return { module: await platform.compile(true), maxThreads: platform.cores };
    } catch {
      // One thread can compute everywhere.
    }
  }
  return { module: await platform.compile(false), maxThreads: 1 };
}

/** A live diarization, with workers of its own. */
class LiveSession {
  #line;
  #rate;
  #name;
  #onEvent;
  #signal;
  #waiting = 0;

  /**
   * @param {Line} line @param {number} rate @param {string} name
   * @param {(event: any) => void} onEvent @param {AbortSignal} [signal]
   */
  constructor(line, rate, name, onEvent, signal) {
    this.#line = line;
    this.#rate = rate;
    this.#name = name;
    this.#onEvent = onEvent;
    this.#signal = signal;
    signal?.addEventListener("abort", () => line.close(), { once: true });
  }

  /** Seconds of audio that wait for the networks. */
  get behindS() {
    return this.#waiting / this.#rate;
  }

  /** @param {Float32Array} samples */
  async push(samples) {
    const copy = samples.slice(),
      { length } = copy;
    this.#waiting += length;
    try {
      const events = await this.#line.ask({ call: "livePush", args: [copy] }, [copy.buffer], this.#signal);
      events.forEach(this.#onEvent);
    } finally {
      this.#waiting -= length;
    }
  }

  async finish() {
    try {
      const { events, result } = await this.#line.ask({ call: "liveFinish", args: [this.#name] }, [], this.#signal);
      events.forEach(this.#onEvent);
      return result;
    } finally {
      this.#line.close();
    }
  }
}

/**
 * Requests in a line before one worker, and others that compute for it. A request that its signal
 * ends also ends the workers.
 */
class Line {
  #platform;
  #compiled;
  /** @type {Helper[]} */
  #helpers = [];
  /**
   * @type {{ resolve: (value: any) => void, reject: (error: any) => void, onProgress?: OnProgress }
   *   | null}
   */
  #current = null;
  /** @type {Promise<any>} */
  #last = Promise.resolve();

  /** @param {Platform} platform @param {() => Promise<Build>} compiled */
  constructor(platform, compiled) {
    this.#platform = platform;
    this.#compiled = compiled;
  }

  /**
   * @param {Request} request @param {any[]} [transfer] @param {AbortSignal} [signal]
   * @param {OnProgress} [onProgress]
   * @returns {Promise<any>}
   */
  ask(request, transfer = [], signal, onProgress) {
    const turn = this.#last.then(() => this.#run(request, transfer, signal, onProgress));
    this.#last = turn.catch(() => {});
    if (!signal) return turn;
    // A request that still waits ends at once; its turn comes and ends later.
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      turn.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  /** Number of workers. */
  get threads() {
    return this.#helpers.length;
  }

  close() {
    this.#end(new DOMException("the worker was closed", "AbortError"));
  }

  /**
   * @param {Request} request @param {any[]} transfer @param {AbortSignal} [signal]
   * @param {OnProgress} [onProgress]
   */
  async #run(request, transfer, signal, onProgress) {
    signal?.throwIfAborted();
    const [helper] = await this.#prepare(request.options);
    signal?.throwIfAborted();
    helper.hold(true);
    const abort = () => this.#end(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#current = { resolve, reject, onProgress };
        helper.send(request, transfer);
      });
    } finally {
      this.#current = null;
      helper.hold(false);
      signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Workers for a request. Those that run stay, unless the request asks for another number.
   * @param {{ threads?: number }} [options]
   */
  async #prepare(options) {
    if (!options && this.threads > 0) return this.#helpers;
    const { module, maxThreads } = await this.#compiled();
    // The library tells why a number is wrong.
    const asked = Math.max(1, Math.trunc(options?.threads ?? MAX_DEFAULT_THREADS) || 1);
    const threads = Math.min(asked, maxThreads);
    if (threads !== this.threads) {
      this.#end(null);
      const channels = Array.from({ length: threads - 1 }, () => new MessageChannel());
      this.#helpers = this.#start(module, maxThreads > 1 ? channels : null);
    }
    return this.#helpers;
  }

  /**
   * @param {WebAssembly.Module} module
   * @param {MessageChannel[] | null} channels from the first worker to each of the others
   */
  #start(module, channels) {
    /** @type {Helper[]} */
    const helpers = [];
    const isCurrent = () => this.#helpers === helpers;
    const receive = (/** @type {any} */ { value, error, progress }) => {
      if (!isCurrent()) return;
      if (progress) this.#current?.onProgress?.(progress.processedS, progress.totalS);
      else if (!error) this.#current?.resolve(value);
      // After a fault inside it, a module cannot be used any more.
      else if (error.kind === "Internal") this.#end(new DiaristError(error.kind, error.message));
      else this.#current?.reject(new DiaristError(error.kind, error.message));
    };
    const fail = (/** @type {Error} */ error) => isCurrent() && this.#end(error);
    const start = (/** @type {object} */ message, /** @type {any[]} */ transfer) => {
      const helper = this.#platform.start(receive, fail);
      helper.hold(false);
      helper.send({ module, ...message }, transfer);
      helpers.push(helper);
    };
    const ports = channels?.map(({ port1 }) => port1);
    start({ ports }, ports ?? []);
    for (const { port2: port } of channels ?? []) start({ port }, [port]);
    return helpers;
  }

  /** @param {any} reason */
  #end(reason) {
    for (const helper of this.#helpers) helper.end();
    this.#helpers = [];
    this.#current?.reject(reason);
  }
}

/**
 * A recording as a call of the engine.
 * @param {any} audio @param {string} [name] @param {number} [sampleRate]
 */
async function given(audio, name, sampleRate = 16000) {
  if (typeof Blob !== "undefined" && audio instanceof Blob) {
    const bytes = await audio.arrayBuffer();
    return file(bytes, name ?? /** @type {{ name?: string }} */ (audio).name);
  }
  if (audio instanceof ArrayBuffer) return file(audio.slice(0), name);
  if (audio instanceof Float32Array) return samples(audio.slice(), 1, sampleRate, name);
  // Bytes of any kind; Node's Buffer is a part of a larger buffer.
  if (audio instanceof Uint8Array) return file(new Uint8Array(audio).buffer, name);
  if (typeof audio?.getChannelData === "function")
    return samples(interleaved(audio), audio.numberOfChannels, audio.sampleRate, name);
  throw new TypeError("the audio must be a Blob, an ArrayBuffer, a Uint8Array, an AudioBuffer or a Float32Array");
}

/** @param {ArrayBuffer} bytes @param {string} [name] */
const file = (bytes, name = "audio") => ({ call: "diarizeFile", args: [bytes, name], transfer: [bytes] });

/**
 * @param {Float32Array} values @param {number} channels @param {number} rate
 * @param {string} [name]
 */
const samples = (values, channels, rate, name = "audio") => ({
  call: "diarizeSamples",
  args: [values, channels, rate, name],
  transfer: [values.buffer],
});

/** @param {AudioBuffer} audio */
function interleaved(audio) {
  const channels = audio.numberOfChannels,
    values = new Float32Array(audio.length * channels);
  for (let channel = 0; channel < channels; channel++) {
    const data = audio.getChannelData(channel);
    for (let i = 0; i < data.length; i++) values[i * channels + channel] = data[i];
  }
  return values;
}

/**
 * Options with the names of the library: `numSpeakers` is `num-speakers` there.
 * @param {object} options
 */
const inLibrary = (options) =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), value]),
  );
