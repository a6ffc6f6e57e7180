// The view of one recording of the service.

import { addressOf, call, listen } from "./api.js";
import { Corrections } from "./corrections.js";
import { wordsInput } from "./dialog.js";
import { button, bytesOf, element, replace } from "./dom.js";
import { Editor } from "./editor.js";
import { exportMenu } from "./export.js";
import { fail, guarded, say } from "./messages.js";
import { menu } from "./menu.js";
import { speakerOf } from "./model.js";
import { cancelButton, removed, stateOf } from "./recordings.js";
import { askAboutSpeaker } from "./speaker.js";
import { teach } from "./teach.js";
import { count } from "./text.js";
import { Viewer } from "./viewer.js";

/**
 * @param {string} id @param {string | null} moment as in the address
 * @param {(time: number) => void} link puts the moment into the address
 */
export function recordingView(id, moment, link) {
  const place = element("main", null, element("p.soft", { role: "status" }, "One moment …"));
  let close = () => {},
    isOpen = true,
    go = (/** @type {string} */ _moment) => {};
  const ended = ["done", "failed", "cancelled"];

  const wait = (/** @type {any} */ recording) => {
    const show = (/** @type {any} */ now) =>
      replace(
        place,
        element("h1", null, now.name),
        element("p", { role: "status" }, stateOf(now)),
        cancelButton(now),
      );
    show(recording);
    if (ended.includes(recording.state)) return;
    const stop = listen(
      addressOf(id, "events"),
      (now) => {
        if (now.state === "done") {
          stop();
          start();
        } else {
          show(now);
          if (ended.includes(now.state)) stop();
        }
      },
      () => {},
    );
    close = stop;
  };

  const start = async () => {
    try {
      const recording = await call("GET", addressOf(id));
      if (!isOpen) return;
      if (recording.state !== "done") return wait(recording);
      const opened = await open(recording, place, link);
      if (!isOpen) return opened.viewer.close();
      close = () => opened.viewer.close();
      go = (to) => opened.viewer.go(to);
      if (moment) go(moment);
    } catch (error) {
      replace(
        place,
        element("p.fault", null, "The recording cannot be shown."),
        element("p", null, element("a", { href: "#/" }, "All recordings")),
      );
      fail(error);
    }
  };
  start();
  return {
    element: place,
    close: () => {
      isOpen = false;
      close();
    },
    go: (/** @type {string} */ to) => go(to),
  };
}

/** @param {any} recording @param {HTMLElement} place @param {(time: number) => void} link */
async function open(recording, place, link) {
  const { id } = recording,
    corrections = new Corrections(id);
  const [peaks] = await Promise.all([
    recording.has_audio ? call("GET", addressOf(id, "peaks")) : null,
    corrections.load(),
  ]);
  const audio = recording.has_audio ? element("audio", { src: addressOf(id, "audio"), preload: "metadata" }) : null;
  const viewer = new Viewer({
    audio,
    fallback: recording.has_audio ? addressOf(id, "audio.wav") : null,
    fault: "The recording cannot be played: the service does not send its sound.",
    peaks: peaks && { bytes: bytesOf(peaks.peaks), duration: peaks.duration_s },
    canEdit: true,
    help: Editor.help,
  });
  const editor = new Editor(viewer, corrections);
  viewer.addKeys(editor.keys());
  viewer.addEventListener("moved", () => link(viewer.player.time));
  viewer.addEventListener("speaker", (event) =>
    speakerWish(viewer, corrections, id, /** @type {CustomEvent} */ (event).detail),
  );

  const undo = button("↶ Undo", () => corrections.step("undo")),
    redo = button("↷ Redo", () => corrections.step("redo"));
  const notes = element("div"),
    more = moreMenu(recording, corrections),
    files = exportMenu(id);
  const showState = () => {
    const { can_undo, can_redo } = corrections.state,
      isAsking = corrections.proposal !== null;
    viewer.element.dataset.revision = corrections.state.revision;
    undo.disabled = !can_undo || isAsking;
    redo.disabled = !can_redo || isAsking;
    const all = [...(recording.warnings ?? []), ...(corrections.state.notes ?? [])];
    replace(
      notes,
      all.length > 0 &&
        element(
          "ul.notes",
          { "aria-label": "Notes" },
          all.map((note) => element("li", null, note)),
        ),
    );
    more.show();
    files.show(corrections.state.words !== null);
  };
  corrections.addEventListener("state", showState);
  corrections.addEventListener("proposal", showState);
  replace(
    place,
    element(
      "div.heading",
      null,
      element("h1", null, recording.name),
      element("div.actions", null, undo, redo, files.element, more.element),
    ),
    notes,
    viewer.element,
  );
  editor.showProposal();
  showState();
  return { viewer };
}

/**
 * Does what the reader wishes for a speaker.
 * @param {Viewer} viewer
 * @param {Corrections} corrections
 * @param {string} id
 * @param {string} label
 */
async function speakerWish(viewer, corrections, id, label) {
  if (corrections.proposal) return say("Accept or cancel the proposed change first.");
  const model = corrections.model,
    speaker = model && speakerOf(model, label);
  if (!model || !speaker) return;
  const people = await call("GET", "v1/people").catch(() => ({ people: [] }));
  const wish = await askAboutSpeaker(model, speaker, {
    canPlay: viewer.player.audio !== null,
    canTeach: true,
    people: people.people.map((/** @type {any} */ person) => person.name),
  });
  if (!wish) return;
  if (wish.kind === "play") viewer.playSpeaker(label);
  if (wish.kind === "rename") await corrections.correct({ kind: "rename", speaker: label, name: wish.name });
  if (wish.kind === "merge") await corrections.correct({ kind: "merge", speaker: label, into: wish.into });
  if (wish.kind === "teach")
    await guarded(async () => {
      if (await teach(id, label, wish.name)) await corrections.load();
    })();
}

/** Transcript and deletion. @param {any} recording @param {Corrections} corrections */
function moreMenu(recording, corrections) {
  const { id } = recording;
  const words = wordsInput({ hidden: true, "aria-label": "Transcript" });
  words.addEventListener(
    "change",
    guarded(async () => {
      const file = words.files[0];
      words.value = "";
      if (!file) return;
      await call("PUT", `${addressOf(id, "words")}?name=${encodeURIComponent(file.name)}`, { body: file });
      await corrections.load();
      say(`The transcript has ${count(corrections.state.words?.length ?? 0, "word")}.`);
    }),
  );
  const withoutWords = guarded(async () => {
    await call("DELETE", addressOf(id, "words"));
    await corrections.load();
  });
  const remove = guarded(async () => {
    if (await removed(recording)) location.hash = "#/";
  });
  const list = element("ul");
  const show = () =>
    replace(
      list,
      element(
        "li",
        null,
        button(corrections.state.words ? "Replace the transcript …" : "Add a transcript …", () => words.click()),
      ),
      corrections.state.words && element("li", null, button("Remove the transcript", withoutWords)),
      element("li", null, button("Delete the recording …", remove)),
    );
  return { element: menu("More", element("div", null, list, words)), show };
}
