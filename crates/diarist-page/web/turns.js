// The list of turns, a page at a time.

import { button, element, replace, swatch } from "./dom.js";
import { nameOf, overlapsWith, speakerOf, wordsOfTurns } from "./model.js";
import { count, length, percent, stamp } from "./text.js";

// Turns on a page of the list; a browser is slow with many thousands of lines.
const PAGE = 200;

/** The turns of a result. Event `pick` (detail: turn). */
export class TurnList extends EventTarget {
  /** @param {import("./player.js").Player} player */
  constructor(player) {
    super();
    this.player = player;
    /** @type {import("./model.js").Model | null} */
    this.model = null;
    /** @type {import("./model.js").Turn[]} */
    this.shown = [];
    this.first = 0;
    /** @type {number | null} */
    this.selected = null;
    this.current = "";
    this.filter = element("select", null);
    this.filter.addEventListener("change", () => this.restart());
    this.list = element("ol.turns");
    this.before = element("div.more");
    this.after = element("div.more");
    this.legend = element("p.keys");
    this.element = element(
      "section",
      { "aria-label": "Turns" },
      element("div.heading", null, element("h2", null, "Turns"), element("label.group", null, "Show ", this.filter)),
      this.legend,
      this.before,
      this.list,
      this.after,
    );
    this.list.addEventListener("click", (/** @type {MouseEvent} */ event) => this.click(event));
    this.list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.walk(event));
    player.addEventListener("time", () => this.showTime());
  }

  /**
   * Shows a result.
   * @param {import("./model.js").Model} model
   * @param {import("./model.js").Change[]} [changes]
   */
  show(model, changes = []) {
    const chosen = this.filter.value;
    this.model = model;
    this.changes = changes;
    this.words = wordsOfTurns(model);
    replace(
      this.filter,
      element("option", { value: "" }, "all speakers"),
      model.speakers.map((speaker) =>
        element("option", { value: speaker.label, selected: speaker.label === chosen }, speaker.name),
      ),
    );
    replace(
      this.legend,
      model.overlaps.length > 0 && [element("small.both", null, "+"), " means that others speak at the same time. "],
      model.turns.some((turn) => turn.confidence !== null) &&
        "The percentage is the confidence: how often turns as certain as this one are right.",
    );
    this.fill();
  }

  restart() {
    this.first = 0;
    this.fill();
    this.follow();
  }

  fill() {
    const { model } = this;
    if (!model) return;
    const hadFocus = this.list.contains(document.activeElement)
      ? Number(/** @type {HTMLElement} */ (document.activeElement).closest("li")?.dataset.turn)
      : null;
    const place = this.list.scrollTop;
    this.wanted = model.turns.filter((turn) => this.filter.value === "" || turn.speaker === this.filter.value);
    this.first = Math.min(this.first, Math.max(0, Math.floor((this.wanted.length - 1) / PAGE) * PAGE));
    this.shown = this.wanted.slice(this.first, this.first + PAGE);
    replace(
      this.list,
      this.shown.map((turn) => this.line(turn)),
    );
    if (!this.wanted.length) replace(this.list, element("li.none", null, "Nobody speaks here."));
    const page = (/** @type {string} */ text, /** @type {number} */ first) =>
      button(text, () => {
        this.first = first;
        this.fill();
        this.list.scrollTop = 0;
      });
    const rest = this.wanted.length - this.first - this.shown.length;
    replace(this.before, this.first > 0 && page(`Earlier turns (${this.first})`, this.first - PAGE));
    replace(this.after, rest > 0 && page(`Later turns (${rest})`, this.first + PAGE));
    this.current = "";
    this.list.scrollTop = place;
    this.select(this.selected);
    this.showTime();
    if (hadFocus !== null) this.list.querySelector(`[data-turn="${hadFocus}"] button`)?.focus();
  }

  /** @param {import("./model.js").Turn} turn */
  line(turn) {
    const model = /** @type {import("./model.js").Model} */ (this.model);
    const speaker = speakerOf(model, turn.speaker),
      words = this.words?.get(turn.index);
    const isChanged = this.changes?.some((change) => overlapsWith(change, turn));
    return element(
      `li${isChanged ? ".changed" : ""}`,
      { "data-turn": turn.index },
      element(
        "button.turn",
        { type: "button" },
        element("time", null, stamp(turn.start)),
        element("span.name", null, swatch(speaker?.place ?? 0), element("span", null, nameOf(model, turn.speaker))),
        element("small", null, length(turn.end - turn.start)),
        turn.isOverlapped &&
          element("small.both", { title: "others speak at the same time", "aria-label": "with others" }, "+"),
        turn.confidence !== null && element("small.sure", { title: "confidence" }, percent(turn.confidence)),
      ),
      words &&
        element(
          "p.words",
          null,
          words.map((word) => [element("span", { "data-start": word.start }, word.text.trim()), " "]),
        ),
    );
  }

  /** @param {MouseEvent} event */
  click(event) {
    const target = /** @type {HTMLElement} */ (event.target),
      line = target.closest("li");
    const turn = this.model?.turns[Number(line?.dataset.turn)];
    if (!turn) return;
    // Selecting words with the pointer is no click.
    if (!target.closest("button") && String(getSelection())) return;
    this.dispatchEvent(new CustomEvent("pick", { detail: turn }));
    this.player.playFrom(target.dataset.start === undefined ? turn.start : Number(target.dataset.start));
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const line = /** @type {HTMLElement} */ (event.target).closest("li");
    const next = event.key === "ArrowDown" ? line?.nextElementSibling : line?.previousElementSibling;
    if (!next) return;
    event.preventDefault();
    next.querySelector("button")?.focus();
  }

  /** Marks the selected turn. @param {number | null} index */
  select(index) {
    this.selected = index;
    for (const line of this.list.children)
      line.classList.toggle("selected", index !== null && Number(line.dataset.turn) === index);
  }

  /** Marks the current turns, and keeps them visible while the list is not in use. */
  showTime() {
    if (!this.model) return;
    const time = this.player.time;
    const current = this.shown.filter((turn) => turn.start <= time && time < turn.end).map((turn) => turn.index);
    if (this.player.isPlaying && !current.length) this.follow();
    if (current.join() === this.current) return;
    this.current = current.join();
    let last = null;
    for (const line of this.list.children) {
      const isCurrent = current.includes(Number(line.dataset.turn));
      line.classList.toggle("current", isCurrent);
      line.querySelector("button")?.toggleAttribute("aria-current", isCurrent);
      if (isCurrent) last = line;
    }
    if (last && !this.list.contains(document.activeElement)) {
      this.list.scrollTop +=
        last.getBoundingClientRect().top - this.list.getBoundingClientRect().top - this.list.clientHeight / 2;
    }
  }

  /** Turns to the page of the current moment. */
  follow() {
    const time = this.player.time,
      index = (this.wanted ?? []).findIndex((turn) => turn.start <= time && time < turn.end);
    if (index < 0 || (index >= this.first && index < this.first + PAGE)) return;
    this.first = Math.floor(index / PAGE) * PAGE;
    this.fill();
  }

  /** The turns that the reader has chosen to see. */
  get all() {
    return this.wanted ?? [];
  }
}

/** The table of speaking times. @param {import("./model.js").Model} model */
export function summary(model) {
  const share = (/** @type {import("./model.js").Speaker} */ speaker) => {
    const part = element("div", { class: `c${speaker.place % 12}` });
    part.style.width = `${(100 * speaker.share).toFixed(1)}%`;
    return part;
  };
  return element(
    "section",
    { "aria-label": "Speaking time" },
    element("h2", null, "Speaking time"),
    element(
      "div.table",
      null,
      element(
        "table",
        null,
        element(
          "thead",
          null,
          element(
            "tr",
            null,
            ["speaker", "time", "share", "turns", "longest"].map((title) => element("th", { scope: "col" }, title)),
            element("td.share"),
          ),
        ),
        element(
          "tbody",
          null,
          model.speakers.map((speaker) =>
            element(
              "tr",
              null,
              element("th", { scope: "row" }, swatch(speaker.place), speaker.name),
              element("td", null, length(speaker.speech)),
              element("td", null, percent(speaker.share)),
              element("td", null, speaker.turns.length),
              element("td", null, `${speaker.longest.toFixed(1)} s`),
              element("td.share", null, share(speaker)),
            ),
          ),
        ),
      ),
    ),
  );
}

/** The facts below the title. @param {import("./model.js").Model} model */
export function facts(model) {
  const part = (/** @type {number} */ seconds) => `(${percent(seconds / model.duration)})`;
  return [
    count(model.speakers.filter((speaker) => speaker.turns.length).length, "speaker"),
    `${length(model.duration)} in all`,
    `${length(model.speech)} of speech ${part(model.speech)}`,
    `${length(model.overlap)} of overlap ${part(model.overlap)}`,
  ].map((fact) => element("span", null, fact));
}
