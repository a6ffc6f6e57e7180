// The list of recordings, and the form that adds one.

import { addressOf, call, listen, upload } from "./api.js";
import { confirmed, field, soundInput, wordsInput } from "./dialog.js";
import { button, element, replace } from "./dom.js";
import { fail, guarded, say } from "./messages.js";
import { count, length, percent } from "./text.js";

const STATES = { queued: "waiting", running: "in work", done: "done", failed: "failed", cancelled: "cancelled" };

/** The address of a recording's view. @param {any} recording */
const viewOf = (recording) =>
  `#/${recording.state === "running" && recording.stage === "listening" ? "live" : "r"}/${encodeURIComponent(recording.id)}`;

/** The view of all recordings. */
export function recordingsView() {
  /** @type {Map<string, any>} */
  const known = new Map();
  const list = element("ul.recordings");
  const sending = element("div", { role: "status" });
  const view = element("main", null, element("h1", null, "Recordings"), addForm(sending), sending, list);

  function show() {
    const newest = [...known.values()].sort((a, b) => (a.created < b.created ? 1 : -1));
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = active?.closest("[data-id]")?.getAttribute("data-id");
    replace(list, newest.map(line));
    if (!newest.length) replace(list, element("li.none", null, "There is no recording yet."));
    if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"] ${active?.tagName}`)?.focus();
  }

  /** @param {any} recording */
  function line(recording) {
    const remove = guarded(async () => {
      if (!(await removed(recording))) return;
      known.delete(recording.id);
      show();
    });
    return element(
      "li",
      { "data-id": recording.id },
      element("a", { href: viewOf(recording) }, recording.name),
      stateOf(recording),
      element(
        "span.soft",
        null,
        [
          recording.duration_s !== null && length(recording.duration_s),
          recording.speakers && recording.speakers.join(", "),
          new Date(recording.created).toLocaleString(),
        ]
          .filter(Boolean)
          .join(" · "),
      ),
      cancelButton(recording) ?? button("Delete", remove, { "aria-label": `Delete ${recording.name}` }),
    );
  }

  const refresh = guarded(async () => {
    const { recordings } = await call("GET", "v1/recordings");
    known.clear();
    for (const recording of recordings) known.set(recording.id, recording);
    show();
  });
  refresh();
  const stop = listen(
    "v1/events",
    (recording) => {
      known.set(recording.id, recording);
      show();
    },
    refresh,
  );
  return { element: view, close: stop };
}

/** Deletes a recording if the reader is sure; whether it is gone. @param {any} recording */
export async function removed(recording) {
  const isSure = await confirmed(
    "Delete this recording?",
    `${recording.name}: its sound, its result and its corrections are removed.`,
    "Delete",
  );
  if (isSure) await call("DELETE", addressOf(recording.id));
  return isSure;
}

/** Ends the work on a recording; null if it is over. @param {any} recording */
export function cancelButton(recording) {
  if (!["queued", "running"].includes(recording.state)) return null;
  const cancel = guarded(() => call("POST", addressOf(recording.id, "cancel")));
  return button("Cancel", cancel, { "aria-label": `Cancel ${recording.name}` });
}

/** State of a recording, with its progress or its fault. @param {any} recording */
export function stateOf(recording) {
  const isRunning = recording.state === "running";
  return element(
    `span.state.${recording.state}`,
    null,
    STATES[/** @type {keyof typeof STATES} */ (recording.state)] ?? recording.state,
    isRunning && [
      recording.stage && `: ${recording.stage} `,
      " ",
      element("progress", { value: recording.progress, max: 1, "aria-label": "Progress" }),
      ` ${percent(recording.progress)}`,
    ],
    recording.error &&
      element(
        "span.reason",
        null,
        ` – ${recording.error.message}`,
        recording.error.hint && ` (${recording.error.hint})`,
      ),
  );
}

/** @param {HTMLElement} sending place for the progress of what is sent */
function addForm(sending) {
  const files = soundInput({ multiple: true, required: true, id: "files" });
  const speakers = element("input", { type: "number", min: 1, max: 50, placeholder: "found", id: "num-speakers" });
  const words = wordsInput({ id: "words" });
  const send = guarded(async (/** @type {Iterable<File>} */ chosen) => {
    const all = [...chosen];
    if (words.files.length && all.length !== 1)
      throw new Error("A transcript belongs to one recording: choose one recording with it.");
    for (const file of all) await sendFile(file, speakers.value, words.files[0], sending).catch(fail);
    made.reset();
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (files.files.length) send(files.files);
    else fail(new Error("Choose a file with sound first."));
  };
  const made = element(
    "form.add",
    { onsubmit: submit, "aria-label": "Add recordings", novalidate: true },
    field("Sound or video", files),
    field("Speakers", speakers),
    field("Transcript (optional)", words),
    element("button.primary", { type: "submit" }, "Upload"),
    element("p.soft", null, "Or drop files here. Leave the number of speakers empty if it is not known."),
  );
  made.addEventListener("dragover", (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    made.classList.add("over");
  });
  for (const end of ["dragleave", "drop"]) made.addEventListener(end, () => made.classList.remove("over"));
  made.addEventListener("drop", (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    if (event.dataTransfer?.files.length) send(event.dataTransfer.files);
  });
  return made;
}

/**
 * @param {File} file
 * @param {string} numSpeakers
 * @param {File | undefined} words
 * @param {HTMLElement} sending
 */
async function sendFile(file, numSpeakers, words, sending) {
  const form = new FormData();
  form.append("name", file.name);
  if (numSpeakers) form.append("num_speakers", numSpeakers);
  if (words) form.append("words", words);
  form.append("file", file);
  const bar = element("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  const line = element("p", null, `Sending ${file.name} `, bar);
  sending.append(line);
  try {
    await upload("v1/recordings", form, (share) => {
      bar.value = share;
    });
    say(`${file.name} was sent.`);
  } finally {
    line.remove();
  }
}

/** Number of recordings in words. @param {any[]} recordings */
export const numRecordings = (recordings) => count(recordings.length, "recording");
