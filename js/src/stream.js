// Live diarization of a MediaStream: its samples reach the networks by an AudioWorklet.

/**
 * @param {(options: any, onEvent: (event: any) => void) => Promise<any>} live
 */
export function microphone(live) {
  /** @param {MediaStream} stream @param {any} options @param {(event: any) => void} onEvent */
  return async (stream, options, onEvent) => {
    const context = new AudioContext();
    try {
      await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
      const session = await live({ ...options, sampleRate: context.sampleRate }, onEvent);
      const source = context.createMediaStreamSource(stream);
      const node = new AudioWorkletNode(context, "diarist", { channelCount: 1, channelCountMode: "explicit" });
      /** @type {any} */
      let fault = null;
      // Called when the last samples are there, or when there will be none.
      let ended = () => {};
      node.port.onmessage = ({ data }) => {
        if (data === null) return ended();
        session.push(data).catch((/** @type {any} */ error) => (fault ??= error));
      };
      // A node without a way to the output may be left out by the browser; its output is silent.
      source.connect(node).connect(context.destination);
      const stop = async () => {
        ended();
        node.disconnect();
        source.disconnect();
        await context.close();
      };
      options?.signal?.addEventListener("abort", () => void stop(), { once: true });
      return {
        get behindS() {
          return session.behindS;
        },
        finish: async () => {
          // A context that does not run has no samples, and may never answer.
          if (context.state === "running")
            await new Promise((resolve) => {
              ended = () => resolve(undefined);
              node.port.postMessage("rest");
            });
          await stop();
          node.port.onmessage = null;
          if (fault) throw fault;
          return session.finish();
        },
      };
    } catch (error) {
      await context.close();
      throw error;
    }
  };
}
