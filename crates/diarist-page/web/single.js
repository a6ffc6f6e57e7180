// A result as one file: shows it, renames speakers, and saves it in other formats.

import { bytesOf, element } from "./dom.js";
import { filesMenu } from "./files.js";
import { addMessages } from "./messages.js";
import { modelOf, speakerOf } from "./model.js";
import { askAboutSpeaker } from "./speaker.js";
import { Viewer } from "./viewer.js";

/** The text of an element that holds data, which then leaves the page. @param {string} id */
function dataOf(id) {
  const holder = document.getElementById(id),
    text = holder?.textContent ?? null;
  holder?.remove();
  return text;
}

/** Shows the result in this page. */
function showSingle() {
  const data = JSON.parse(dataOf("result") ?? "null");
  const audio = /** @type {HTMLAudioElement | null} */ (document.getElementById("audio"));
  const peaks = dataOf("peaks"),
    holder = document.getElementById("sound"),
    type = holder?.dataset.type,
    sound = dataOf("sound");
  if (audio && sound) audio.src = URL.createObjectURL(new Blob([bytesOf(sound)], { type }));
  let model = modelOf(data.result);
  const viewer = new Viewer({
    audio,
    fault: data.fault,
    peaks: peaks === null ? null : { bytes: bytesOf(peaks), duration: data.sound_s },
    canEdit: false,
  });
  const place = element(
    "main.live",
    null,
    element(
      "div.heading",
      null,
      element("h1", null, data.result.file_id),
      element(
        "div.actions",
        null,
        filesMenu(() => model, data.version),
      ),
    ),
    viewer.element,
  );
  viewer.addEventListener("speaker", async (event) => {
    const label = /** @type {CustomEvent} */ (event).detail,
      speaker = speakerOf(model, label);
    const wish =
      speaker && (await askAboutSpeaker(model, speaker, { canPlay: audio !== null, canTeach: false, people: [] }));
    if (wish?.kind === "play") viewer.playSpeaker(label);
    if (wish?.kind !== "rename") return;
    for (const one of [...data.result.speakers, ...data.result.turns])
      if ((one.label ?? one.speaker) === label) one.name = wish.name;
    model = modelOf(data.result);
    viewer.show(model);
    // The part of the page that is printed has the name as well.
    for (const shown of document.querySelectorAll(`.paper [data-speaker="${CSS.escape(label)}"]`))
      shown.textContent = wish.name ?? label;
  });
  document.body.classList.add("scripted");
  document.body.prepend(place);
  addMessages();
  viewer.show(model);
  const follow = () => viewer.go(location.hash.replace(/^#t=/, ""));
  window.addEventListener("hashchange", follow);
  viewer.addEventListener("moved", () => {
    // Some viewers of files have no address.
    try {
      history.replaceState(null, "", `#t=${Math.round(viewer.player.time * 10) / 10}`);
    } catch {
      return;
    }
  });
  follow();
}

showSingle();
