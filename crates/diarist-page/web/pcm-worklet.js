// Passes the samples of a microphone on, as 16-bit integers, for browsers that cannot record WebM.

const SAMPLES = 2048;

registerProcessor(
  "pcm",
  class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.block = new Int16Array(SAMPLES);
      this.filled = 0;
    }

    process([[channel]]) {
      for (const sample of channel ?? []) {
        this.block[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
        if (this.filled < SAMPLES) continue;
        this.port.postMessage(this.block.slice().buffer);
        this.filled = 0;
      }
      return true;
    }
  },
);
