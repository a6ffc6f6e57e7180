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

/** One instance of the module. After a fault inside it, every call fails. */
export class Engine {
  #exports;
  #options = "";
  #panic = "";
  /** @type {DiaristError | null} */
  #fault = null;
  /** @type {(processedS: number, totalS: number) => void} */
  onProgress = () => {};

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    const host = {
      now: () => performance.now(),
      progress: (/** @type {number} */ processedS, /** @type {number} */ totalS) =>
        this.onProgress(processedS, totalS),
      panicked: (/** @type {number} */ start, /** @type {number} */ length) => {
        this.#panic = this.#text(start, length);
      },
    };
    this.#exports = /** @type {Record<string, any>} */ (new WebAssembly.Instance(module, { host }).exports);
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
    let status;
    try {
      const numbers = values.flatMap((value) => (typeof value === "number" ? value : this.#give(value)));
      status = this.#exports[name](...numbers);
    } catch (error) {
      if (error instanceof DiaristError) throw error;
      const reason = this.#panic || String(error);
      this.#fault = new DiaristError("Internal", `a fault inside diarist (${reason}); please report it`);
      throw this.#fault;
    }
    const text = this.#text(this.#exports.diarist_output(), this.#exports.diarist_output_len());
    if (status === 0) return text;
    const { kind, message } = JSON.parse(text);
    throw new DiaristError(kind, message);
  }

  /** Copies a value into memory of the module. @param {string | Uint8Array} value */
  #give(value) {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    // Places of the module beyond 2 GiB are negative numbers.
    const start = this.#exports.diarist_allocate(bytes.length) >>> 0;
    if (start === 0) throw new DiaristError("Input", "the recording is larger than the memory of the module");
    new Uint8Array(this.#exports.memory.buffer, start, bytes.length).set(bytes);
    return [start, bytes.length];
  }

  /** @param {number} start @param {number} length */
  #text(start, length) {
    return decoder.decode(new Uint8Array(this.#exports.memory.buffer, start >>> 0, length >>> 0));
  }
}

/** @param {Float32Array} samples */
const bytesOf = (samples) => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);

/** @param {string} json */
const diarization = (json) => withWarnings(JSON.parse(json));

/** @param {{ result: object, warnings: string[] }} outcome */
const withWarnings = ({ result, warnings }) => ({ ...result, warnings });
