// The tools below the timeline: for the selected turn or stretch, and for a correction that waits
// for an answer.

import { button, element, replace } from "./dom.js";
import { field, form, showDialog } from "./dialog.js";
import { nameOf, total } from "./model.js";
import { count, length, parseMoment, stamp } from "./text.js";

/** @typedef {import("./timeline.js").Selection} Selection */

const NEW_SPEAKER = "\u0000new";

export class Editor {
  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./corrections.js").Corrections} corrections
   */
  constructor(viewer, corrections) {
    this.viewer = viewer;
    this.corrections = corrections;
    /** The turn to which another person's turn is to be chosen. @type {Selection | null} */
    this.apart = null;
    /** Begin of a stretch that is marked with keys. @type {number | null} */
    this.mark = null;
    this.tools = element("div.tools", { role: "group", "aria-label": "Selection" });
    this.proposal = element("section.proposal", { "aria-label": "Proposed change", hidden: true });
    viewer.below.append(this.proposal, this.tools);
    viewer.addEventListener("select", () => this.selected());
    viewer.addEventListener("retime", (event) => {
      const { before, after } = /** @type {CustomEvent} */ (event).detail;
      this.retime(before, after.start, after.end);
    });
    corrections.addEventListener("proposal", () => this.showProposal());
    corrections.addEventListener("state", () => this.showProposal());
    this.showTools();
  }

  /** Keys of a view that can be corrected. */
  static help = [
    ["i o", "mark the beginning and the end of a stretch"],
    ["1 … 9", "give the selection to that speaker"],
    ["s", "splits the turn at the moment"],
    ["j", "joins with the next turn"],
    ["Delete", "removes the selection"],
    ["Ctrl+z", "undoes, with Shift does again"],
    ["Enter Esc", "accept or cancel a proposal"],
  ];

  /** @returns {Record<string, () => unknown>} */
  keys() {
    const numbers = Array.from({ length: 9 }, (_, index) => [
      String(index + 1),
      () => {
        const speaker = this.viewer.model?.speakers[index];
        if (speaker) this.moveTo(speaker.label);
      },
    ]);
    return {
      ...Object.fromEntries(numbers),
      s: () => this.split(),
      j: () => this.join(),
      Delete: () => this.remove(),
      Backspace: () => this.remove(),
      "Ctrl+z": () => this.corrections.step("undo"),
      "Ctrl+Shift+z": () => this.corrections.step("redo"),
      "Ctrl+y": () => this.corrections.step("redo"),
      i: () => {
        this.mark = this.viewer.player.time;
      },
      o: () => this.endMark(),
      Enter: () => this.corrections.accept(),
      Escape: () => this.cancel(),
    };
  }

  get selection() {
    return this.corrections.proposal ? null : this.viewer.selection;
  }

  get turn() {
    const chosen = this.selection;
    return chosen && chosen.turn !== null ? chosen : null;
  }

  selected() {
    const chosen = this.turn,
      { apart } = this;
    if (apart && chosen && chosen.start !== apart.start) {
      this.apart = null;
      const side = (/** @type {Selection} */ one) => ({ speaker: one.speaker, start_s: one.start, end_s: one.end });
      this.corrections.correct({ kind: "different", a: side(apart), b: side(chosen) });
    }
    this.showTools();
  }

  showTools() {
    const hadFocus = this.tools.contains(document.activeElement);
    this.tools.hidden = Boolean(this.corrections.proposal);
    this.fillTools();
    // The keyboard goes on where it was.
    if (hadFocus && !this.tools.hidden) this.tools.querySelector("button")?.focus();
  }

  fillTools() {
    const chosen = this.selection,
      model = this.viewer.model;
    if (!chosen || !model) {
      return replace(
        this.tools,
        element(
          "p.soft",
          null,
          "Choose a turn, or draw over a lane, to correct it; choose a name to rename, merge or remember a speaker.",
        ),
      );
    }
    if (this.apart) {
      return replace(
        this.tools,
        element("p", null, `Now choose a turn of the other person, which differs from ${stamp(this.apart.start)}.`),
        button("Cancel", () => this.cancel()),
      );
    }
    const isTurn = chosen.turn !== null;
    const to = element(
      "select",
      { "aria-label": "Another speaker" },
      model.speakers
        .filter((speaker) => speaker.label !== chosen.speaker)
        .map((speaker) => element("option", { value: speaker.label }, speaker.name)),
      element("option", { value: NEW_SPEAKER }, "a new speaker"),
    );
    replace(
      this.tools,
      element(
        "p",
        null,
        element("b", null, nameOf(model, chosen.speaker)),
        ` ${stamp(chosen.start)} – ${stamp(chosen.end)} `,
        element("span.soft", null, isTurn ? "turn" : "part of the lane"),
      ),
      button("▶", () => this.viewer.player.playFrom(chosen.start, chosen.end), {
        "aria-label": "Play the selection",
      }),
      element(
        "span.give",
        null,
        button("Give to", () => this.moveTo(to.value === NEW_SPEAKER ? null : to.value)),
        to,
      ),
      isTurn && button("Split here", () => this.split(), { title: "Splits the turn at the moment of the player" }),
      isTurn && this.next() && button("Join with next", () => this.join()),
      button("Times …", () => this.askTimes()),
      isTurn &&
        button("Different people …", () => this.tellApart(), {
          title: "This turn and another one are by different people",
        }),
      button("Delete", () => this.remove()),
      button("×", () => this.cancel(), { "aria-label": "Choose nothing" }),
    );
  }

  /** The next turn of the same speaker. */
  next() {
    const chosen = this.turn;
    return (
      chosen &&
      this.viewer.model?.turns.find(
        (turn) => turn.speaker === chosen.speaker && turn.start >= chosen.end - 0.001 && turn.index !== chosen.turn,
      )
    );
  }

  /** @param {string | null} to */
  moveTo(to) {
    const chosen = this.selection;
    if (!chosen || to === chosen.speaker) return;
    this.corrections.correct({ kind: "move", start_s: chosen.start, end_s: chosen.end, speaker: chosen.speaker, to });
  }

  split() {
    const turn = this.turn,
      time = Math.round(this.viewer.player.time * 1000) / 1000;
    if (!turn) return;
    // At its beginning, where a click puts the moment, there is nothing to split; the middle is
    // meant.
    const at =
      time > turn.start + 0.05 && time < turn.end - 0.05 ? time : Math.round(500 * (turn.start + turn.end)) / 1000;
    this.corrections.correct({ kind: "split", speaker: turn.speaker, at_s: at });
  }

  join() {
    const turn = this.turn,
      next = this.next();
    if (turn && next)
      this.corrections.correct({ kind: "join", speaker: turn.speaker, start_s: turn.start, end_s: next.end });
  }

  remove() {
    const chosen = this.selection;
    if (chosen)
      this.corrections.correct({ kind: "delete", speaker: chosen.speaker, start_s: chosen.start, end_s: chosen.end });
  }

  /** @param {Selection} before @param {number} start @param {number} end */
  async retime(before, start, end) {
    const round = (/** @type {number} */ time) => Math.round(time * 1000) / 1000;
    await this.corrections.correct({
      kind: "retime",
      speaker: before.speaker,
      start_s: before.start,
      end_s: before.end,
      new_start_s: round(start),
      new_end_s: round(end),
    });
    const turn = this.viewer.model?.turns.find(
      (turn) => turn.speaker === before.speaker && Math.abs(turn.start - start) < 0.02,
    );
    if (turn) this.viewer.selectTurn(turn);
  }

  /** Asks for the times of a turn, which change it, or of a stretch, which is selected. */
  async askTimes() {
    const chosen = this.selection;
    if (!chosen) return;
    const isTurn = chosen.turn !== null;
    const time = (/** @type {number} */ value) =>
      element("input", {
        type: "text",
        value: stamp(value),
        inputmode: "decimal",
        autocomplete: "off",
        "aria-describedby": "times-note",
      });
    const [from, to] = [time(chosen.start), time(chosen.end)],
      note = element("p.soft", { id: "times-note", role: "alert" }, "As 83.5 or 1:23.5.");
    const read = () => {
      const [start, end] = [parseMoment(from.value), parseMoment(to.value)];
      if (start !== null && end !== null && start < end && end <= this.viewer.player.duration + 0.05)
        return { start, end };
      note.textContent = "The end must be after the beginning, and both within the recording; as 83.5 or 1:23.5.";
      return null;
    };
    const move = element("input", { type: "checkbox", checked: true });
    const which =
      isTurn &&
      element("label.check", null, move, "move the boundaries of the turn (otherwise only select this part)");
    const times = await showDialog("Times", (close) => [
      form([field("From", from), field("To", to), note, which], "Apply", read, close),
    ]);
    if (!times) return;
    if (isTurn && move.checked) await this.retime(chosen, times.start, times.end);
    else this.viewer.select({ speaker: chosen.speaker, ...times, turn: null });
  }

  endMark() {
    const end = this.viewer.player.time,
      start = this.mark;
    const speaker = this.viewer.selection?.speaker ?? this.viewer.model?.speakers[0]?.label;
    if (start === null || speaker === undefined || end <= start) return;
    this.mark = null;
    this.viewer.select({ speaker, start, end, turn: null });
  }

  tellApart() {
    this.apart = this.turn;
    this.showTools();
  }

  cancel() {
    if (this.corrections.proposal) return this.corrections.reject();
    if (!this.apart) return this.viewer.select(null);
    this.apart = null;
    this.showTools();
  }

  showProposal() {
    const { proposal, model } = this.corrections;
    const shown = proposal ?? { model, changes: [] };
    if (shown.model) this.viewer.show(shown.model, shown.changes);
    this.proposal.hidden = !proposal;
    this.showTools();
    if (!proposal) return replace(this.proposal);
    const names = (/** @type {string[]} */ labels) =>
      labels
        .map((label) => {
          const before = model && nameOf(model, label);
          return before && before !== label ? before : nameOf(proposal.model, label);
        })
        .join(" + ") || "nobody";
    const accept = button("Accept", () => this.corrections.accept(), { class: "primary" });
    replace(
      this.proposal,
      element(
        "h2",
        null,
        `${count(proposal.changes.length, "other stretch", "other stretches")} would change (${length(total(proposal.changes))})`,
      ),
      element(
        "div.actions",
        null,
        accept,
        button("Cancel", () => this.corrections.reject()),
      ),
      element(
        "ol.changes",
        null,
        proposal.changes.map((change) =>
          element(
            "li",
            null,
            button(`▶ ${stamp(change.start)} – ${stamp(change.end)}`, () => {
              this.viewer.timeline.reveal(change.start);
              this.viewer.player.playFrom(change.start, change.end);
            }),
            element("span", null, names(change.from), " → ", element("b", null, names(change.to))),
          ),
        ),
      ),
    );
    accept.focus();
  }
}
