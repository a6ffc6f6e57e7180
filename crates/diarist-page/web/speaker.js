// The dialog about a speaker.

import { button, element } from "./dom.js";
import { field, form, showDialog } from "./dialog.js";
import { percent } from "./text.js";

/**
 * @typedef {{ kind: "play" } | { kind: "rename", name: string | null } | { kind: "teach", name:
 *   string } | { kind: "merge", into: string }} Wish
 */

/**
 * Asks about a speaker: play, rename, and where the service helps, remember the voice or merge.
 * @param {import("./model.js").Model} model @param {import("./model.js").Speaker} speaker
 * @param {{ canPlay: boolean, canTeach: boolean, people: string[] }} abilities
 * @returns {Promise<Wish | null>}
 */
export function askAboutSpeaker(model, speaker, abilities) {
  const others = model.speakers.filter((other) => other !== speaker);
  return showDialog(speaker.name, (close) => {
    const known = element(
      "datalist",
      { id: "people" },
      abilities.people.map((name) => element("option", { value: name })),
    );
    const input = element("input", {
      type: "text",
      value: speaker.name === speaker.label ? "" : speaker.name,
      autofocus: true,
      autocomplete: "off",
      maxlength: 200,
      list: "people",
    });
    const rename = form(
      [field("Name", input), known],
      "Rename",
      () => ({ kind: "rename", name: input.value.trim() || null }),
      close,
    );
    const teach = button(
      "Remember this voice",
      () => {
        const name = input.value.trim();
        if (name) return close({ kind: "teach", name });
        input.setCustomValidity("A voice needs a name to be remembered by.");
        input.reportValidity();
      },
      { title: "The name is used in other recordings of this voice as well, earlier and later ones" },
    );
    input.addEventListener("input", () => input.setCustomValidity(""));
    if (abilities.canTeach) rename.querySelector(".primary")?.after(teach);
    const into = element(
      "select",
      null,
      others.map((other) => element("option", { value: other.label }, other.name)),
    );
    const best = speaker.identification?.best;
    return [
      best &&
        speaker.identification.margin !== undefined &&
        element("p.soft", null, `Sounds like ${best.name} (${percent(best.probability)}).`),
      abilities.canPlay &&
        element(
          "div.actions",
          null,
          button("▶ Play the next turn", () => close({ kind: "play" })),
        ),
      rename,
      abilities.canTeach &&
        others.length > 0 &&
        form([field("The same person as", into)], "Merge", () => ({ kind: "merge", into: into.value }), close, false),
    ];
  });
}
