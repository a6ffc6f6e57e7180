// Passes the samples of a stream on, in blocks.

const SAMPLES = 4096;

registerProcessor(
  "diarist",
  class extends AudioWorkletProcessor {
    #block = new Float32Array(SAMPLES);
    #filled = 0;

    constructor() {
      super();
      // A message asks for the rest, which may be empty; nothing comes after it.
      this.port.onmessage = () => {
        this.port.postMessage(this.#block.slice(0, this.#filled));
        this.port.postMessage(null);
        this.#filled = 0;
      };
    }

    process([[channel]]) {
      for (const sample of channel ?? []) {
        this.#block[this.#filled++] = sample;
        if (this.#filled < SAMPLES) continue;
        this.port.postMessage(this.#block);
        this.#filled = 0;
      }
      return true;
    }
  },
);
