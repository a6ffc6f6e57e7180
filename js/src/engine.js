// The WebAssembly module: its memory, its calls, its errors.

/** An error of the library: its kind, and a message with a hint for the next step. */
export class DiaristError extends Error {
  /** @param {string} kind @param {string} message */
  constructor(kind, message) {
    super(message);
    this.name = "DiaristError";
    this.kind = kind;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PAGE_BYTES = 65_536;
// Decoders need more than the usual stack of 1 MiB.
const STACK_PAGES = 64;
// Workers count time from their own start; a clock that threads share does not.
const clockStart = Date.now() - performance.now();

/** Memory for instances of the module with threads; js/build.sh sets the same bounds. */
export const sharedMemory = () => new WebAssembly.Memory({ initial: 512, maximum: 65_536, shared: true });

/**
 * One instance of the module. After a fault inside it, every call fails. Instances with the same
 * memory are threads of one program, and each has a worker of its own.
 */
export class Engine {
  #exports;
  /** @type {WebAssembly.Memory} */
  #memory;
  #options = "";
  #panic = "";
  /** @type {DiaristError | null} */
  #fault = null;
  /** @type {(processedS: number, totalS: number) => void} */
  onProgress = () => {};

  /** @param {WebAssembly.Module} module @param {WebAssembly.Memory} [memory] shared */
  constructor(module, memory) {
    const host = {
      now: () => clockStart + performance.now(),
      progress: (/** @type {number} */ processedS, /** @type {number} */ totalS) =>
        this.onProgress(processedS, totalS),
      panicked: (/** @type {number} */ start, /** @type {number} */ length) => {
        this.#panic = this.#text(start, length);
      },
    };
    const imports = /** @type {WebAssembly.Imports} */ ({ host, env: { memory } });
    this.#exports = /** @type {Record<string, any>} */ (new WebAssembly.Instance(module, imports).exports);
    this.#memory = memory ?? this.#exports.memory;
    if (memory) this.#separate(memory);
  }

  /**
   * Gives this instance pages for its stack, and above it for its thread-local variables.
   * @param {WebAssembly.Memory} memory
   */
  #separate(memory) {
    const { __stack_pointer, __tls_size, __wasm_init_tls } = this.#exports;
    const first = memory.grow(STACK_PAGES + Math.ceil(__tls_size.value / PAGE_BYTES));
    const top = (first + STACK_PAGES) * PAGE_BYTES;
    __stack_pointer.value = top | 0;
    __wasm_init_tls(top);
  }

  /**
   * Waits until so many instances compute together: this one, and others that call `compute`.
   * @param {number} threads
   */
  startThreads(threads) {
    this.#call("diarist_threads", threads);
  }

  /** Computes for another instance. Does not return. */
  compute() {
    this.#enter("diarist_thread", []);
  }

  /** Loads the networks, and sets the options for the following calls. @param {object} options */
  open(options) {
    const json = JSON.stringify(options);
    if (json === this.#options) return;
    this.#call("diarist_open", json);
    this.#options = json;
  }

  /** @param {ArrayBuffer} file @param {string} name */
  diarizeFile(file, name) {
    return diarization(this.#call("diarist_diarize_file", new Uint8Array(file), name));
  }

  /**
   * @param {Float32Array} samples interleaved @param {number} channels @param {number} rate
   * @param {string} name
   */
  diarizeSamples(samples, channels, rate, name) {
    return diarization(this.#call("diarist_diarize_samples", bytesOf(samples), channels, rate, name));
  }

  /** @param {string} result JSON @param {string} format the extension of a file */
  convert(result, format) {
    return this.#call("diarist_convert", result, format);
  }

  /** @param {number} rate @param {number} latencyS @param {number} stepS */
  liveStart(rate, latencyS, stepS) {
    this.#call("diarist_live_start", rate, latencyS, stepS);
  }

  /** @param {Float32Array} samples mono */
  livePush(samples) {
    return JSON.parse(this.#call("diarist_live_push", bytesOf(samples)));
  }

  /** @param {string} name */
  liveFinish(name) {
    const { events, outcome } = JSON.parse(this.#call("diarist_live_finish", name));
    return { events, result: withWarnings(outcome) };
  }

  /**
   * Calls a function of the module; a text or bytes become a place and a length.
   * @param {string} name @param {(string | Uint8Array | number)[]} values
   * @returns {string} the text of its outcome
   */
  #call(name, ...values) {
    if (this.#fault) throw this.#fault;
    const status = this.#enter(name, values);
    const text = this.#text(this.#exports.diarist_output(), this.#exports.diarist_output_len());
    if (status === 0) return text;
    const { kind, message } = JSON.parse(text);
    throw new DiaristError(kind, message);
  }

  /** @param {string} name @param {(string | Uint8Array | number)[]} values */
  #enter(name, values) {
    try {
      const numbers = values.flatMap((value) => (typeof value === "number" ? value : this.#give(value)));
      return this.#exports[name](...numbers);
    } catch (error) {
      if (error instanceof DiaristError) throw error;
      const reason = this.#panic || String(error);
      this.#fault = new DiaristError("Internal", `a fault inside diarist (${reason}); please report it`);
      throw this.#fault;
    }
  }

  /** Copies a value into memory of the module. @param {string | Uint8Array} value */
  #give(value) {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    // Places of the module beyond 2 GiB are negative numbers.
    const start = this.#exports.diarist_allocate(bytes.length) >>> 0;
    if (start === 0) throw new DiaristError("Input", "the recording is larger than the memory of the module");
    new Uint8Array(this.#memory.buffer, start, bytes.length).set(bytes);
    return [start, bytes.length];
  }

  /** @param {number} start @param {number} length */
  #text(start, length) {
    // The decoder refuses shared memory, so it reads a copy.
    return decoder.decode(new Uint8Array(this.#memory.buffer, start >>> 0, length >>> 0).slice());
  }
}

/** @param {Float32Array} samples */
const bytesOf = (samples) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);

/** @param {string} json */
const diarization = (json) => withWarnings(JSON.parse(json));

/** @param {{ result: object, warnings: string[] }} outcome */
const withWarnings = ({ result, warnings }) => ({ ...result, warnings });
