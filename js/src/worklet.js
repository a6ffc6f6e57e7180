// Passes the samples of a stream on, in blocks.

const SAMPLES = 4096;

registerProcessor(
  "diarist",
  class extends AudioWorkletProcessor {
    #block = new Float32Array(SAMPLES);
    #filled = 0;

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
