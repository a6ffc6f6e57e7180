// The sound of the microphone, encoded for the service.

const WEBM = "audio/webm;codecs=opus";
// Milliseconds of sound in a message.
const SLICE_MS = 250;

/** Whether the browser lets this page record, and why not. @returns {string | null} */
export function whyNoMicrophone() {
  if (/** @type {MediaDevices | undefined} */ (navigator.mediaDevices)) return null;
  return window.isSecureContext
    ? "This browser has no access to microphones."
    : "A browser records only on pages of this machine (http://localhost) or with https.";
}

/**
 * Opens the microphone. `query` says how its sound is encoded; `start` passes it on; `stop` ends
 * after the last of it; `level` is the loudness now, 0 to 1.
 */
export async function openMicrophone() {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: true },
  });
  const context = new AudioContext(),
    source = context.createMediaStreamSource(stream),
    analyser = context.createAnalyser();
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const isWebm = typeof MediaRecorder !== "undefined" && MediaRecorder.isTypeSupported(WEBM);
  const sender = isWebm ? recorder(stream) : await worklet(context, source);
  return {
    query: isWebm ? "encoding=webm" : `encoding=s16le&rate=${context.sampleRate}&channels=1`,
    start: sender.start,
    level: () => {
      analyser.getFloatTimeDomainData(samples);
      return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    },
    stop: async () => {
      await sender.stop();
      for (const track of stream.getTracks()) track.stop();
      await context.close();
    },
  };
}

/** @param {MediaStream} stream */
function recorder(stream) {
  const made = new MediaRecorder(stream, { mimeType: WEBM, audioBitsPerSecond: 64_000 });
  // Pieces are passed on in their order, although each is read with a delay.
  let sent = Promise.resolve();
  return {
    start: (/** @type {(bytes: ArrayBuffer) => void} */ send) => {
      made.addEventListener("dataavailable", (event) => {
        sent = sent.then(async () => send(await event.data.arrayBuffer()));
      });
      made.start(SLICE_MS);
    },
    stop: async () => {
      if (made.state !== "inactive") {
        const ended = new Promise((resolve) => made.addEventListener("stop", resolve, { once: true }));
        made.stop();
        await ended;
      }
      await sent;
    },
  };
}

/** @param {AudioContext} context @param {AudioNode} source */
async function worklet(context, source) {
  await context.audioWorklet.addModule("assets/pcm-worklet.js");
  const node = new AudioWorkletNode(context, "pcm", {
    numberOfOutputs: 1,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  return {
    start: (/** @type {(bytes: ArrayBuffer) => void} */ send) => {
      node.port.onmessage = (event) => send(event.data);
      // A node without a way to the output may be left out by the browser; its output is silent.
      source.connect(node).connect(context.destination);
    },
    stop: async () => {
      node.disconnect();
      node.port.onmessage = null;
    },
  };
}
