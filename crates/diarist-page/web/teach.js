// Teaches the service a voice.

import { addressOf, ApiError, call } from "./api.js";
import { button, element } from "./dom.js";
import { showDialog } from "./dialog.js";
import { say } from "./messages.js";
import { count } from "./text.js";

/**
 * Enrols the voice of a speaker as that of a person. If the service finds it unsuitable, the reader
 * decides.
 * @param {string} id of the recording @param {string} speaker its label @param {string} name
 * @returns {Promise<boolean>} whether the voice is known now
 */
export async function teach(id, speaker, name) {
  const send = (/** @type {boolean} */ force) =>
    call("POST", addressOf(id, "teach"), { json: { speaker, name, force } });
  let answer;
  try {
    answer = await send(false);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "unsuitable") throw error;
    const reasons = error;
    const isSure = await showDialog("This voice may be recognised badly", (close) => [
      element("p", null, reasons.message),
      reasons.hint && element("p.soft", null, reasons.hint),
      element(
        "div.actions",
        null,
        button("Cancel", () => close(null), { autofocus: true }),
        button("Remember it anyway", () => close(true)),
      ),
    ]);
    if (!isSure) return false;
    answer = await send(true);
  }
  const others = answer.recordings_named.filter((/** @type {string} */ other) => other !== id);
  say(
    `The voice of ${answer.person} is known now${others.length ? `, and named in ${count(others.length, "other recording")}` : ""}.`,
  );
  for (const warning of answer.warnings ?? []) say(warning);
  return true;
}
