// A page that diarizes in the browser: nothing leaves the machine of its reader.

import { diarize, listen, preload } from "./diarist/browser.js";
import { field, soundInput } from "./web/dialog.js";
import { button, element, replace } from "./web/dom.js";
import { filesMenu } from "./web/files.js";
import { lanes } from "./web/lanes.js";
import { addMessages, fail, guarded, say } from "./web/messages.js";
import { modelOf, speakerOf } from "./web/model.js";
import { askAboutSpeaker } from "./web/speaker.js";
import { percent } from "./web/text.js";
import { Viewer } from "./web/viewer.js";

const files = soundInput({ id: "file" });
const speakers = element("input", { type: "number", min: 1, max: 50, placeholder: "found", id: "num-speakers" });
const record = button("● Record", () => recordHere());
const add = element(
  "form.add",
  { onsubmit: (event) => event.preventDefault() },
  field("Recording", files),
  field("Speakers", speakers),
  record,
  element("p.soft", null, "Or drop a file here. It stays on this machine."),
);
const state = element("div", { role: "status" });
const result = element("div.live");
/** @type {Viewer | null} */
let viewer = null;

/**
 * Shows that work goes on, with a way to end it.
 * @param {string} text @param {() => void} [cancel]
 */
function working(text, cancel) {
  const bar = element("progress", { max: 1, "aria-label": "Progress" }),
    share = element("span");
  replace(
    state,
    element("p", null, `${text} `, bar, " ", share),
    cancel && button("Cancel", cancel),
  );
  files.disabled = record.disabled = true;
  return (doneS, totalS) => {
    if (!totalS) return;
    bar.value = doneS / totalS;
    share.textContent = percent(doneS / totalS);
  };
}

function idle() {
  replace(state);
  files.disabled = record.disabled = false;
  files.value = "";
}

/** Diarizes a file and shows the result. @param {File} file */
async function open(file) {
  const controller = new AbortController();
  const onProgress = working(file.name, () => controller.abort());
  try {
    const options = { signal: controller.signal, numSpeakers: Number(speakers.value) || undefined };
    show(await diarize(file, options, onProgress), file);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    say("Cancelled.");
  } finally {
    idle();
  }
}

/** Records, with lanes as they come, until the reader stops. */
const recordHere = guarded(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: true },
  });
  working("Loading the networks …");
  try {
    const board = lanes("recording", false);
    const started = performance.now();
    const session = await listen(stream, { name: "recording" }, (event) => {
      const heard_s = (performance.now() - started) / 1000 - session.behindS;
      board.apply({ ...event, heard_s });
      if (session.behindS > 2) board.apply({ event: "behind", seconds: session.behindS });
    });
    const kept = keep(stream);
    const stop = new Promise((resolve) => {
      replace(state, button("■ Stop", resolve, { class: "primary" }), element("p", null, "Recording …"));
    });
    viewer?.close();
    replace(result, board.element);
    await stop;
    const sound = await kept();
    for (const track of stream.getTracks()) track.stop();
    working("The result is being made …");
    const outcome = await session.finish();
    board.close();
    show(outcome, sound);
  } finally {
    for (const track of stream.getTracks()) track.stop();
    idle();
  }
});

/** Keeps the sound of a stream, to be played. @param {MediaStream} stream */
function keep(stream) {
  const recorder = new MediaRecorder(stream),
    parts = [];
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.start();
  return () =>
    new Promise((resolve) => {
      recorder.addEventListener("stop", () => resolve(new Blob(parts, { type: recorder.mimeType })), { once: true });
      recorder.stop();
    });
}

/** Shows a result, with its sound. @param {any} outcome @param {Blob} sound */
function show(outcome, sound) {
  viewer?.close();
  const audio = element("audio", { src: URL.createObjectURL(sound), preload: "metadata" });
  let model = modelOf(outcome);
  const shown = (viewer = new Viewer({
    audio,
    fault: "This browser cannot play the recording. Its turns are right nevertheless.",
    peaks: null,
    canEdit: false,
  }));
  shown.addEventListener("speaker", async (event) => {
    const speaker = speakerOf(model, event.detail);
    const wish = speaker && (await askAboutSpeaker(model, speaker, { canPlay: true, canTeach: false, people: [] }));
    if (wish?.kind === "play") shown.playSpeaker(event.detail);
    if (wish?.kind !== "rename") return;
    for (const one of [...outcome.speakers, ...outcome.turns])
      if ((one.label ?? one.speaker) === event.detail) one.name = wish.name;
    model = modelOf(outcome);
    shown.show(model);
  });
  replace(
    result,
    element(
      "div.heading",
      null,
      element("h1", null, outcome.file_id),
      element(
        "div.actions",
        null,
        filesMenu(() => model, outcome.diarist_version),
      ),
    ),
    outcome.warnings.length > 0 &&
      element(
        "ul.notes",
        { "aria-label": "Notes" },
        outcome.warnings.map((warning) => element("li", null, warning)),
      ),
    shown.element,
  );
  shown.show(model);
}

files.addEventListener(
  "change",
  guarded(() => files.files[0] && open(files.files[0])),
);
for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    add.classList.toggle("over", kind === "dragenter" || kind === "dragover");
  });
document.addEventListener(
  "drop",
  guarded((event) => {
    const [file] = event.dataTransfer.files;
    if (file && !files.disabled) return open(file);
  }),
);
document.body.append(
  element("header.top", null, element("b", null, "diarist"), element("span.soft", null, "who spoke when")),
  element("main", null, add, state, result),
);
addMessages();
// The networks are here before a file is, and the page works without a network from then on.
guarded(async () => {
  const { threads } = await preload();
  navigator.serviceWorker?.register(threads > 1 ? "offline.js?threads" : "offline.js").catch(() => {});
})();
