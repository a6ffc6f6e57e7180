// Messages to the reader, which screen readers speak.

import { button, element } from "./dom.js";

const MAX_MESSAGES = 4;
const SHOWN_MS = 8000;

/** @type {HTMLElement} */
let polite;
/** @type {HTMLElement} */
let alerts;

/** Puts the places of messages into the page. */
export function addMessages() {
  polite = element("div.messages", { role: "status", "aria-live": "polite" });
  alerts = element("div.messages.alerts", { role: "alert" });
  document.body.append(element("div.corner", null, alerts, polite));
}

/** Says that something happened. @param {string} text */
export function say(text) {
  const message = element("p.message", null, text);
  polite.append(message);
  while (polite.childElementCount > MAX_MESSAGES) polite.firstElementChild?.remove();
  setTimeout(() => message.remove(), SHOWN_MS);
}

/** Says that something failed, until the reader closes it. @param {any} error */
export function fail(error) {
  const text = element("span", null, element("b", null, error?.message ?? String(error)));
  if (error?.hint) text.append(` – ${error.hint}`);
  const message = element(
    "p.message.failed",
    null,
    text,
    button("×", () => message.remove(), { "aria-label": "Close this message" }),
  );
  alerts.append(message);
  while (alerts.childElementCount > MAX_MESSAGES) alerts.firstElementChild?.remove();
}

/**
 * A listener that shows the failure of `act`.
 * @template {any[]} A
 * @param {(...args: A) => unknown} act
 * @returns {(...args: A) => Promise<void>}
 */
export function guarded(act) {
  return async (...args) => {
    try {
      await act(...args);
    } catch (error) {
      fail(error);
    }
  };
}
