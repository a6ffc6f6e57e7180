// A live stream as it goes on: its lanes, who speaks now, and the newest turns.

import { Board } from "./board.js";
import { askText } from "./dialog.js";
import { element, replace, swatch } from "./dom.js";
import { nameOf, speakerOf } from "./model.js";
import { Player } from "./player.js";
import { clock, stamp } from "./text.js";
import { Timeline } from "./timeline.js";

// Seconds of the timeline that are seen, and turns in the list.
const VIEW_S = 60;
const NEWEST = 12;

/** Lanes and newest turns of a stream. @param {string} title @param {boolean} canName */
export function lanes(title, canName) {
  const turns = new Board(),
    player = new Player(null),
    timeline = new Timeline(player, { peaks: null, canEdit: false, hasSound: false, canChoose: canName });
  const now = element("p.now"),
    newest = element("ol.turns.newest"),
    late = element("p.soft");
  let isDue = false,
    behind = 0,
    lost = 0;
  const show = () => {
    isDue = false;
    const model = turns.model(title);
    player.duration = player.moment = model.duration;
    timeline.zoom = Math.max(1, model.duration / VIEW_S);
    timeline.show(model);
    timeline.scroll.scrollLeft = timeline.scroll.scrollWidth;
    const speaking = turns.speaking();
    replace(
      now,
      element("b", null, clock(turns.heard)),
      " ",
      speaking.length ? speaking.join(" + ") : "nobody speaks",
    );
    replace(
      newest,
      model.turns
        .slice(-NEWEST)
        .reverse()
        .map((turn) =>
          element(
            "li",
            null,
            element(
              "span.turn",
              null,
              element("time", null, stamp(turn.start)),
              element(
                "span.name",
                null,
                swatch(speakerOf(model, turn.speaker)?.place ?? 0),
                element("span", null, nameOf(model, turn.speaker)),
              ),
              element("small", null, `${(turn.end - turn.start).toFixed(1)} s`),
            ),
          ),
        ),
    );
    replace(late, [
      behind > 0 && `The newest sound has waited ${behind.toFixed(1)} s: the machine is busy.`,
      lost > 0 && ` ${lost.toFixed(1)} s of sound were lost.`,
    ]);
  };
  timeline.addEventListener("speaker", async (event) => {
    const label = /** @type {CustomEvent} */ (event).detail,
      speaker = turns.speakerOf(label);
    const name = await askText(`Who is ${turns.name(speaker)}?`, "Name", turns.given.get(speaker) ?? "", "Rename");
    if (name !== null) turns.rename(speaker, name);
    show();
    // The lanes were made again meanwhile.
    timeline.focus(label);
  });
  return {
    /** The names that speakers got here, by their labels in the result. */
    names: () => turns.givenByLabel(),
    element: element("div", null, now, late, timeline.element, element("h2", null, "Newest turns"), newest),
    /** @param {any} event */
    apply: (event) => {
      turns.apply(event);
      behind = event.event === "behind" ? event.seconds : event.event === "recording" ? 0 : behind;
      if (event.event === "lost") lost += event.seconds;
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(show);
    },
    close: () => timeline.close(),
  };
}
