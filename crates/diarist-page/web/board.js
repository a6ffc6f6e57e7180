// The turns of a live stream, rebuilt from its events (docs/live.md).

import { modelOf } from "./model.js";

/** All turns so far. */
export class Board {
  constructor() {
    /** @type {Map<number, { speaker: number, start: number, end: number, isOpen: boolean }>} */
    this.turns = new Map();
    /** @type {Map<number, string>} */
    this.names = new Map();
    /** Names that the reader gave. @type {Map<number, string>} */
    this.given = new Map();
    /** Labels of the speakers in the result. @type {Map<number, string>} */
    this.labels = new Map();
    this.heard = 0;
  }

  /** Applies an event. Those of turns that are not known change nothing. @param {any} event */
  apply(event) {
    this.heard = Math.max(this.heard, event.heard_s ?? 0);
    const turn = this.turns.get(event.turn);
    switch (event.event) {
      case "opened":
        this.turns.set(event.turn, {
          speaker: event.speaker,
          start: event.start_s,
          end: event.start_s,
          isOpen: true,
        });
        break;
      case "extended":
      case "closed":
        if (turn) Object.assign(turn, { end: event.end_s, isOpen: event.event === "extended" });
        break;
      case "relabelled":
        if (turn) turn.speaker = event.speaker;
        break;
      case "moved":
        if (turn) Object.assign(turn, { start: event.start_s, end: event.end_s });
        break;
      case "removed":
        this.turns.delete(event.turn);
        break;
      case "merged":
        for (const own of this.turns.values()) if (own.speaker === event.speaker) own.speaker = event.into;
        this.names.delete(event.speaker);
        if (!this.given.has(event.into)) this.rename(event.into, this.given.get(event.speaker) ?? "");
        this.given.delete(event.speaker);
        break;
      case "named":
        if (event.name === null) this.names.delete(event.speaker);
        else this.names.set(event.speaker, event.name);
        break;
      case "labelled":
        this.labels.set(event.speaker, event.label);
        break;
    }
  }

  /** The name of a speaker, known or not. @param {number} speaker */
  name(speaker) {
    return this.given.get(speaker) ?? this.names.get(speaker) ?? `Speaker ${speaker}`;
  }

  /**
   * Names a speaker; an empty name takes it back.
   * @param {number} speaker @param {string} name
   */
  rename(speaker, name) {
    if (name) this.given.set(speaker, name);
    else this.given.delete(speaker);
  }

  /** Names that the reader gave, by their labels in the result. @returns {[string, string][]} */
  givenByLabel() {
    return [...this.given].flatMap(([speaker, name]) => {
      const label = this.labels.get(speaker);
      return label === undefined ? [] : [[label, name]];
    });
  }

  /** The turns as a result for the timeline. @param {string} title */
  model(title) {
    const turns = [...this.turns.values()].filter((turn) => turn.end > turn.start).sort((a, b) => a.start - b.start);
    return modelOf({
      file_id: title,
      duration_s: this.heard,
      // Numbers begin at 1, and colours at 0.
      turns: turns.map((turn) => ({
        start_s: turn.start,
        end_s: turn.end,
        speaker: `SPEAKER_${String(turn.speaker - 1).padStart(2, "0")}`,
        name: this.name(turn.speaker),
      })),
    });
  }

  /** The speaker of a label of `model`. @param {string} label */
  speakerOf(label) {
    return Number(label.slice("SPEAKER_".length)) + 1;
  }

  /** Names of those whose turns are open. */
  speaking() {
    return [
      ...new Set([...this.turns.values()].filter((turn) => turn.isOpen).map((turn) => this.name(turn.speaker))),
    ];
  }
}
