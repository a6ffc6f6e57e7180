// Asks the service whether it knows the voices of a recording. Nothing of the recording is kept.

import { call } from "./api.js";
import { field, soundInput } from "./dialog.js";
import { element, replace } from "./dom.js";
import { fail, guarded } from "./messages.js";
import { length, percent } from "./text.js";

/** The form for a recording, and the answer below it. */
export function identifyForm() {
  const file = soundInput();
  const answer = element("div", { role: "status" });
  let isBusy = false;
  const send = guarded(async () => {
    if (!file.files.length) return fail(new Error("Choose a recording first."));
    if (isBusy) return;
    isBusy = true;
    const [recording] = file.files,
      form = new FormData();
    form.append("file", recording);
    replace(answer, element("p.soft", null, `Listening to ${recording.name} …`));
    try {
      const { speakers, warnings } = await call("POST", "v1/people/identify", { body: form });
      replace(
        answer,
        element("h3", null, `Voices in ${recording.name}`),
        speakers.length
          ? element("ul.people", { "aria-label": `Voices in ${recording.name}` }, speakers.map(line))
          : element("p", null, "Nobody speaks in this recording."),
        warnings.map((/** @type {string} */ warning) => element("p.soft", null, warning)),
      );
    } catch (error) {
      replace(answer);
      throw error;
    } finally {
      isBusy = false;
    }
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    send();
  };
  return element(
    "div",
    null,
    element(
      "form.add",
      { onsubmit: submit, "aria-label": "Find out who speaks", novalidate: true },
      field("Recording", file),
      element("button.primary", { type: "submit" }, "Who is it?"),
    ),
    answer,
  );
}

/** @param {any} speaker */
function line(speaker) {
  return element(
    "li",
    null,
    speaker.name ? element("b", null, speaker.name) : "Nobody who is known",
    element("span.soft", null, reason(speaker)),
    element("span.soft", null, `${length(speaker.speech_s)} of speech`),
  );
}

/** Grounds for the name of a voice, or for none. @param {any} speaker */
export function reason({ name, identification }) {
  if (!identification) return "no voice is known, or there is too little speech to compare";
  const { best } = identification;
  if (!best) return "the people who are known are other voices of this recording";
  const likeness = `${percent(best.probability)} likely, similarity ${best.cosine.toFixed(2)}`;
  return name ? likeness : `nearest is ${best.name}, but not near enough: ${likeness}`;
}
