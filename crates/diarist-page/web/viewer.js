// A recording that can be heard: player, timeline, speaking time and turns.

import { element, replace } from "./dom.js";
import { listenForKeys } from "./keyboard.js";
import { nameOf, turnsAt } from "./model.js";
import { Player, playerBar } from "./player.js";
import { parseMoment } from "./text.js";
import { Timeline } from "./timeline.js";
import { facts, summary, TurnList } from "./turns.js";

/**
 * @typedef {import("./timeline.js").Selection} Selection
 * @typedef {import("./model.js").Model} Model
 */

const HELP = [
  ["Space", "plays and pauses"],
  ["← →", "go 5 s, with Shift 1 s"],
  ["n p", "next and previous turn"],
  ["+ − 0", "zoom, as the wheel with Ctrl does"],
];

/**
 * Events: `select` (the selection has changed), `speaker` (detail: label), `retime` (detail:
 * before, after), `moved`.
 */
export class Viewer extends EventTarget {
  /**
   * @param {{ audio: HTMLAudioElement | null, fallback?: string | null, fault: string, peaks:
   *   import("./drawing.js").Peaks | null, canEdit: boolean, help?: string[][] }} options
   */
  constructor(options) {
    super();
    this.fault = element("p.fault", { role: "alert", hidden: true }, options.fault);
    this.player = new Player(options.audio, {
      fallback: options.fallback,
      onfault: () => {
        this.fault.hidden = false;
      },
    });
    this.timeline = new Timeline(this.player, {
      peaks: options.peaks,
      canEdit: options.canEdit,
      hasSound: options.audio !== null,
    });
    this.list = new TurnList(this.player);
    /** @type {Selection | null} */
    this.selection = null;
    const zoom = (/** @type {number} */ factor) => () => this.timeline.setZoom(this.timeline.zoom * factor);
    this.bar = playerBar(this.player, { zoomIn: zoom(2), zoomOut: zoom(0.5) }, () => this.speaking());
    this.facts = element("p.facts");
    this.summary = element("div");
    this.below = element("div.below");
    const help = [...(options.audio ? HELP : HELP.slice(3)), ...(options.help ?? [])];
    this.help = element(
      "details.keys",
      null,
      element("summary", null, "Keys"),
      element(
        "dl",
        null,
        help.map(([keys, meaning]) =>
          element(
            "div",
            null,
            element(
              "dt",
              null,
              keys.split(" ").map((key) => [element("kbd", null, key), " "]),
            ),
            element("dd", null, meaning),
          ),
        ),
      ),
      element("p", null, "A click plays from there. The end of the address, such as t=83.5, is a link to a moment."),
    );
    this.element = element(
      "div.viewer",
      null,
      this.facts,
      this.bar,
      this.fault,
      options.audio,
      this.timeline.element,
      this.below,
      this.help,
      this.list.element,
      this.summary,
    );
    this.timeline.addEventListener("pick", (event) => this.select(/** @type {CustomEvent} */ (event).detail));
    this.list.addEventListener("pick", (event) => this.selectTurn(/** @type {CustomEvent} */ (event).detail));
    for (const name of ["speaker", "retime"])
      this.timeline.addEventListener(name, (event) =>
        this.dispatchEvent(new CustomEvent(name, { detail: /** @type {CustomEvent} */ (event).detail })),
      );
    this.player.addEventListener("moved", () => this.dispatchEvent(new Event("moved")));
    this.actions = this.keys(zoom);
    this.stopKeys = listenForKeys(this.actions);
  }

  /** @param {Model} model @param {import("./model.js").Change[]} [changes] */
  show(model, changes = []) {
    this.model = model;
    this.player.duration = model.duration;
    replace(this.facts, facts(model));
    replace(this.summary, summary(model));
    const chosen = this.selection;
    if (chosen) {
      // After a correction, the selection is the turn at the same place, if there is one.
      const same = model.turns.filter((turn) => Math.abs(turn.start - chosen.start) < 0.01);
      const turn = same.find((turn) => turn.speaker === chosen.speaker) ?? same[0];
      this.selection =
        turn && chosen.turn !== null
          ? { speaker: turn.speaker, start: turn.start, end: turn.end, turn: turn.index }
          : null;
    }
    this.list.selected = this.selection?.turn ?? null;
    this.timeline.selection = this.selection;
    this.timeline.show(model, changes);
    this.list.show(model, changes);
    this.player.dispatchEvent(new Event("time"));
    this.dispatchEvent(new Event("select"));
  }

  /** Names of the current speakers. */
  speaking() {
    const model = this.model;
    return model
      ? [...new Set(turnsAt(model, this.player.time).map((turn) => nameOf(model, turn.speaker)))].join(" + ")
      : "";
  }

  /** @param {Selection | null} selection */
  select(selection) {
    this.selection = selection;
    this.timeline.select(selection);
    this.list.select(selection?.turn ?? null);
    this.dispatchEvent(new Event("select"));
  }

  /** @param {import("./model.js").Turn} turn */
  selectTurn(turn) {
    this.select({ speaker: turn.speaker, start: turn.start, end: turn.end, turn: turn.index });
  }

  /** Goes to a moment of an address, such as `83.5` or `1:23.5`. @param {string} text */
  go(text) {
    const time = parseMoment(text);
    if (time === null) return;
    this.player.seek(time);
    this.timeline.reveal(time);
  }

  /** @param {import("./model.js").Turn | undefined} turn */
  playTurn(turn) {
    if (!turn) return;
    this.selectTurn(turn);
    this.timeline.reveal(turn.start);
    this.player.playFrom(turn.start);
    this.list.follow();
  }

  /** Plays a speaker's next turn, or the first. @param {string} label */
  playSpeaker(label) {
    const own = this.model?.turns.filter((turn) => turn.speaker === label) ?? [];
    this.playTurn(own.find((turn) => turn.start > this.player.time + 0.01) ?? own[0]);
  }

  /**
   * Adds keys to those of the player.
   * @param {Record<string, (event: KeyboardEvent) => unknown>} keys
   */
  addKeys(keys) {
    Object.assign(this.actions, keys);
  }

  /**
   * @param {(factor: number) => () => void} zoom
   * @returns {Record<string, (event: KeyboardEvent) => unknown>}
   */
  keys(zoom) {
    const { player } = this,
      step = (/** @type {number} */ seconds) => () => player.seek(player.time + seconds);
    // The tolerances keep the current turn from being the next one, and let going back leave it.
    const next = () => this.playTurn(this.list.all.find((turn) => turn.start > player.time + 0.01));
    const previous = () =>
      this.playTurn(this.list.all.findLast((turn) => turn.start < player.time - 1) ?? this.list.all[0]);
    const ends = (/** @type {number} */ time) => (/** @type {KeyboardEvent} */ event) => {
      if (event.target === this.timeline.slider) player.seek(time < 0 ? player.duration : time);
    };
    const silent = { "+": zoom(2), "=": zoom(2), "-": zoom(0.5), 0: () => this.timeline.setZoom(1) };
    if (!player.audio) return silent;
    return {
      ...silent,
      " ": () => player.toggle(),
      n: next,
      p: previous,
      Home: ends(0),
      End: ends(-1),
      ArrowLeft: step(-5),
      ArrowRight: step(5),
      "Shift+ArrowLeft": step(-1),
      "Shift+ArrowRight": step(1),
    };
  }

  close() {
    this.stopKeys();
    this.timeline.close();
    this.player.close();
  }
}
