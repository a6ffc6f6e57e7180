// Questions to the reader.

import { button, element } from "./dom.js";

let numDialogs = 0;

/**
 * Shows a dialog until one of its buttons is pressed. Escape means null.
 * @template T
 * @param {string} title
 * @param {(close: (answer: T | null) => void) => any[]} content
 * @returns {Promise<T | null>}
 */
export function showDialog(title, content) {
  return new Promise((resolve) => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const id = `dialog-${++numDialogs}`;
    const dialog = element("dialog", { "aria-labelledby": id, onclose: () => end(null) });
    let isOpen = true;
    /** @param {T | null} answer */
    function end(answer) {
      if (!isOpen) return;
      isOpen = false;
      dialog.close();
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(answer);
    }
    dialog.append(element("h2", { id }, title), ...content(end).filter((part) => part instanceof Node));
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  });
}

/**
 * A form with its buttons; `read` gives the answer, or null while something is missing.
 * @param {any[]} fields
 * @param {string} label of the button that accepts
 * @param {() => any} read
 * @param {(answer: any) => void} close
 * @param {boolean} [hasCancel]
 */
export function form(fields, label, read, close, hasCancel = true) {
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const answer = read();
    if (answer !== null) close(answer);
  };
  return element(
    "form",
    { onsubmit: submit, novalidate: true },
    ...fields,
    element(
      "div.actions",
      null,
      element("button.primary", { type: "submit" }, label),
      hasCancel && button("Cancel", () => close(null)),
    ),
  );
}

/** A field with its label. @param {string} label @param {Element} input */
export function field(label, input) {
  return element("label.field", null, element("span", null, label), input);
}

// Files that browsers take for sound or video, and others that the service reads.
const SOUND = "audio/*,video/*,.w64,.caf,.mka,.opus,.flac";
const WORDS = ".json,.srt,.vtt,.ctm,.tsv,.csv,.txt";

/** Chooses files with sound. @param {Record<string, any>} [properties] */
export const soundInput = (properties) => element("input", { type: "file", accept: SOUND, ...properties });

/** Chooses a transcript. @param {Record<string, any>} [properties] */
export const wordsInput = (properties) => element("input", { type: "file", accept: WORDS, ...properties });

/**
 * Asks for a line of text.
 * @param {string} title @param {string} label @param {string} value @param {string} accept
 * @param {any[]} [more] elements before the buttons
 * @returns {Promise<string | null>}
 */
export function askText(title, label, value, accept, more = []) {
  const input = element("input", { type: "text", value, autofocus: true, autocomplete: "off", maxlength: 200 });
  input.addEventListener("focus", () => input.select());
  return showDialog(title, (close) => [
    form([field(label, input), ...more], accept, () => input.value.trim(), close),
  ]);
}

/**
 * @param {string} title
 * @param {string} text
 * @param {string} accept
 * @returns {Promise<true | null>}
 */
export function confirmed(title, text, accept) {
  return showDialog(title, (close) => [
    element("p", null, text),
    element(
      "div.actions",
      null,
      button(accept, () => close(true), { class: "primary" }),
      button("Cancel", () => close(null), { autofocus: true }),
    ),
  ]);
}
