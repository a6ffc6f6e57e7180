// The people whose voices the service knows, and unknown people who come again.

import { call } from "./api.js";
import { askText, confirmed, field, soundInput } from "./dialog.js";
import { button, element, replace } from "./dom.js";
import { identifyForm } from "./identify.js";
import { fail, guarded, say } from "./messages.js";
import { numRecordings } from "./recordings.js";
import { teach } from "./teach.js";
import { count, length, percent } from "./text.js";

/** The view of all people. */
export function peopleView() {
  const known = element("ul.people"),
    unknown = element("section");
  const view = element(
    "main",
    null,
    element("h1", null, "People"),
    known,
    unknown,
    element("h2", null, "Add a person"),
    enrolForm(() => refresh()),
    element("h2", null, "Who is it?"),
    identifyForm(),
  );
  /** @type {Map<string, string>} */
  let names = new Map();

  const refresh = guarded(async () => {
    const [{ people, unknown: strangers }, { recordings }] = await Promise.all([
      call("GET", "v1/people"),
      call("GET", "v1/recordings"),
    ]);
    names = new Map(recordings.map((/** @type {any} */ recording) => [recording.id, recording.name]));
    replace(known, people.map(personLine));
    if (!people.length)
      replace(
        known,
        element(
          "li.none",
          null,
          "No voice is known yet. Open a recording, choose a speaker's name, and let the service remember the voice.",
        ),
      );
    replace(
      unknown,
      strangers.length > 0 && [
        element("h2", null, "Unknown people who come again"),
        element("ul.people", null, strangers.map(strangerLine)),
      ],
    );
  });

  /** @param {string} id @param {string} [speaker] */
  const link = (id, speaker) =>
    element("a", { href: `#/r/${encodeURIComponent(id)}` }, names.get(id) ?? id, speaker && ` (${speaker})`);

  /** @param {any} person */
  function personLine(person) {
    const address = `v1/people/${encodeURIComponent(person.name)}`;
    const rename = guarded(async () => {
      const name = await askText(`Rename ${person.name}`, "Name", person.name, "Rename");
      if (!name || name === person.name) return;
      await call("PATCH", address, { json: { name } });
      await refresh();
    });
    const remove = guarded(async () => {
      if (
        !(await confirmed(
          `Forget ${person.name}?`,
          "The voice is no longer recognised. Names in recordings stay.",
          "Forget",
        ))
      )
        return;
      await call("DELETE", address);
      await refresh();
    });
    return element(
      "li",
      null,
      element("b", null, person.name),
      element(
        "span.soft",
        null,
        `${count(person.num_samples, "sample")}, ${length(person.speech_s)} of speech, ${numRecordings(person.recordings)}`,
      ),
      element(
        "span.links",
        null,
        person.recordings.map((/** @type {string} */ id) => [link(id), " "]),
      ),
      element(
        "span.actions",
        null,
        button("Rename", rename, { "aria-label": `Rename ${person.name}` }),
        button("Forget", remove, { "aria-label": `Forget ${person.name}` }),
      ),
    );
  }

  /** @param {any} stranger */
  function strangerLine(stranger) {
    const name = guarded(async () => {
      const wanted = await askText("Who is this?", "Name", "", "Remember this voice");
      if (!wanted) return;
      for (const { id, speaker } of stranger.recordings) {
        if (!(await teach(id, speaker, wanted))) break;
      }
      await refresh();
    });
    return element(
      "li",
      null,
      element("span", null, `The same person, by ${percent(stranger.probability)}, in `),
      element(
        "span.links",
        null,
        stranger.recordings.map((/** @type {any} */ one) => [link(one.id, one.speaker), " "]),
      ),
      element("span.actions", null, button("Name this person …", name)),
    );
  }

  refresh();
  return { element: view, close: () => {} };
}

/** @param {() => void} done */
function enrolForm(done) {
  const name = element("input", { type: "text", autocomplete: "off", maxlength: 200 });
  const file = soundInput();
  const send = guarded(async () => {
    if (!name.value.trim() || !file.files.length)
      return fail(new Error("A name and a recording of this person alone are needed."));
    const form = new FormData();
    form.append("name", name.value.trim());
    form.append("file", file.files[0]);
    await call("POST", "v1/people", { body: form });
    say(`The voice of ${name.value.trim()} is known now.`);
    made.reset();
    done();
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    send();
  };
  const made = element(
    "form.add",
    { onsubmit: submit, "aria-label": "Add a person", novalidate: true },
    field("Name", name),
    field("Recording of this person alone", file),
    element("button.primary", { type: "submit" }, "Add"),
  );
  return made;
}
