// Keys of a recording's view.

/**
 * Calls the action of a key, unless the reader types or a dialog is open. The name of a key has
 * `Ctrl+` and `Shift+` before it for keys other than signs.
 * @param {Record<string, (event: KeyboardEvent) => unknown>} actions
 * @returns {() => void} takes the keys away
 */
export function listenForKeys(actions) {
  const down = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (target.closest("input, select, textarea, [contenteditable]")) return;
    const isSign = event.key.length === 1 && !/[a-z]/i.test(event.key) && event.key !== " ";
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name =
      (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.shiftKey && !isSign ? "Shift+" : "") + letter;
    // A button that has the focus keeps its own keys, except that the space bar always plays.
    const act = actions[name];
    if (!act || (event.key === "Enter" && target.closest("button, a, summary"))) return;
    if (event.key === " " && target.closest("summary, a, .actions, .own-space")) return;
    event.preventDefault();
    act(event);
  };
  // Otherwise releasing the space bar would press the focused button.
  const up = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === " " && target.matches("button") && !target.closest("dialog, .actions, .own-space"))
      event.preventDefault();
  };
  document.addEventListener("keydown", down);
  document.addEventListener("keyup", up);
  return () => {
    document.removeEventListener("keydown", down);
    document.removeEventListener("keyup", up);
  };
}
