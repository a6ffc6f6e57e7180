// Menus that open below a button.

import { element } from "./dom.js";

/** A menu with its entries. @param {string} name @param {HTMLElement} list */
export function menu(name, list) {
  const made = element("details.menu.own-space", null, element("summary", null, name), list);
  const outside = (/** @type {Event} */ event) => {
    const target = /** @type {Element} */ (event.target);
    if (!made.contains(target) || target.closest("li")) made.open = false;
  };
  // A closed menu, which may have left the page, hears nothing.
  made.addEventListener("toggle", () => {
    if (made.open) document.addEventListener("click", outside);
    else document.removeEventListener("click", outside);
  });
  made.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !made.open) return;
    event.preventDefault();
    made.open = false;
    made.querySelector("summary")?.focus();
  });
  return made;
}
