// The page of the service: chooses the view that the address names.

import { askTokenBy } from "./api.js";
import { field, form, showDialog } from "./dialog.js";
import { element, replace } from "./dom.js";
import { liveView, watchView } from "./live.js";
import { addMessages } from "./messages.js";
import { peopleView } from "./people.js";
import { recordingView } from "./recording.js";
import { recordingsView } from "./recordings.js";

const LINKS = [
  ["#/", "Recordings"],
  ["#/people", "People"],
  ["#/live", "Live"],
];

/** @typedef {{ element: HTMLElement, close: () => void, go?: (moment: string) => void }} View */

/** @type {View | null} */
let view = null;
let shownPath = "";
const content = element("div.content", { id: "content", tabindex: -1 });
const links = LINKS.map(([href, name]) => element("a", { href }, name));

/** The view of a path. @param {string} path @param {string | null} moment @returns {View} */
function viewOfPath(path, moment) {
  const [, kind, id] = /^\/(\w*)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (kind === "r" && id) return recordingView(decodeURIComponent(id), moment, link);
  if (kind === "people") return peopleView();
  if (kind === "live") return id ? watchView(decodeURIComponent(id)) : liveView();
  return recordingsView();
}

/** Puts the moment of a recording into the address. @param {number} time */
function link(time) {
  history.replaceState(null, "", `#${shownPath}&t=${Math.round(time * 10) / 10}`);
}

/** Shows the view of the address. */
function route() {
  const [path, ...parts] = (location.hash.slice(1) || "/").split("&");
  const moment = parts.find((part) => part.startsWith("t="))?.slice(2) ?? null;
  if (view && path === shownPath) {
    if (moment) view.go?.(moment);
    return;
  }
  const isFirst = view === null;
  view?.close();
  shownPath = path;
  view = viewOfPath(path, moment);
  replace(content, view.element);
  for (const one of links) one.toggleAttribute("aria-current", one.getAttribute("href") === `#${path}`);
  // A screen reader begins with the new view.
  if (!isFirst) content.focus();
}

askTokenBy((isAgain) => {
  const token = element("input", { type: "password", autofocus: true, autocomplete: "current-password" });
  return showDialog("This service wants its token", (close) => [
    isAgain && element("p.fault", { role: "alert" }, "The service does not accept this token."),
    element("p.soft", null, "It is in the file that diarist serve was started with (--token-file)."),
    form([field("Token", token)], "Continue", () => token.value.trim() || null, close),
  ]);
});
document.body.append(
  element(
    "a.skip",
    {
      href: "#content",
      onclick: (/** @type {Event} */ event) => {
        event.preventDefault();
        content.focus();
      },
    },
    "To the content",
  ),
  element("header.top", null, element("b", null, "diarist"), element("nav", { "aria-label": "Views" }, links)),
  content,
);
addMessages();
window.addEventListener("hashchange", route);
route();
