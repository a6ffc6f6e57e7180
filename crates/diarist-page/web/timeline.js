// The lanes of the speakers below the waveform.

import { colourOf, element, replace, swatch } from "./dom.js";
import { drawLanes, HEIGHTS } from "./drawing.js";
import { turnsAt } from "./model.js";
import { clock } from "./text.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {{ speaker: string, start: number, end: number, turn: number | null }} Selection
 */

// Seconds that fill the view at the largest zoom.
const CLOSEST_S = 5;
// Pixels around a boundary that catch it, and that a pointer moves before it drags.
const CATCH = 7;
const DRAG = 4;

/**
 * Waveform, lanes and overlap of a recording, with a zoom. Events: `pick` (detail: selection),
 * `retime` (detail: selection with new times), `speaker` (detail: label).
 */
export class Timeline extends EventTarget {
  /**
   * @param {import("./player.js").Player} player
   * @param {{ peaks: import("./drawing.js").Peaks | null, canEdit: boolean, hasSound: boolean,
   *   canChoose?: boolean }} options
   */
  constructor(player, options) {
    super();
    this.player = player;
    this.peaks = options.peaks;
    this.canEdit = options.canEdit;
    this.hasSound = options.hasSound;
    // Whether the name of a speaker is a button.
    this.canChoose = options.canChoose ?? true;
    /** @type {Model | null} */
    this.model = null;
    /** @type {Selection | null} */
    this.selection = null;
    /** @type {import("./model.js").Change[]} */
    this.changes = [];
    this.zoom = 1;
    this.isDue = false;
    this.names = element("div.names");
    this.drawing = element("canvas", { "aria-hidden": "true" });
    this.head = element("div.head");
    this.slider = element("div.position", {
      role: "slider",
      tabindex: 0,
      "aria-label": "Position in seconds",
      "aria-valuemin": 0,
      "aria-valuenow": 0,
    });
    this.space = element("div.canvas", null, this.drawing, this.slider, this.head);
    this.scroll = element("div.scroll", null, this.space);
    this.element = element("section.timeline", { "aria-label": "Timeline" }, this.names, this.scroll);
    this.scroll.addEventListener("scroll", () => this.drawSoon());
    this.resizes = new ResizeObserver(() => this.drawSoon());
    this.resizes.observe(this.scroll);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawSoon());
    this.scroll.addEventListener(
      "wheel",
      (/** @type {WheelEvent} */ event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.setZoom(
          this.zoom * 2 ** (-event.deltaY / 200),
          event.clientX - this.scroll.getBoundingClientRect().left,
        );
      },
      { passive: false },
    );
    this.drawing.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.press(event));
    this.drawing.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.hover(event));
    player.addEventListener("time", () => this.showTime());
  }

  get duration() {
    return this.model?.duration ?? 1;
  }

  get top() {
    return this.peaks ? HEIGHTS.wave : 0;
  }

  /** Shows a result. @param {Model} model @param {import("./model.js").Change[]} [changes] */
  show(model, changes = []) {
    this.model = model;
    this.changes = changes;
    this.height = this.top + HEIGHTS.lane * model.speakers.length + HEIGHTS.overlap + HEIGHTS.times;
    for (const part of [this.drawing, this.head]) part.style.height = `${this.height}px`;
    this.slider.style.height = `${this.top || HEIGHTS.lane}px`;
    this.slider.hidden = !this.hasSound;
    this.slider.setAttribute("aria-valuemax", model.duration.toFixed(1));
    this.names.style.paddingTop = `${this.top}px`;
    const rows = model.speakers.map((speaker) =>
      element(
        this.canChoose ? "button" : "div",
        {
          title: speaker.name,
          "data-speaker": speaker.label,
          ...(this.canChoose && {
            type: "button",
            "aria-label": `Speaker ${speaker.name}`,
            onclick: () => this.dispatchEvent(new CustomEvent("speaker", { detail: speaker.label })),
          }),
        },
        swatch(speaker.place),
        element("span", null, speaker.name),
      ),
    );
    const isFocused =
      this.names.contains(document.activeElement) &&
      /** @type {HTMLElement} */ (document.activeElement).dataset.speaker;
    replace(
      this.names,
      rows,
      element(
        "div.overlap-name",
        null,
        element("i.overlap", { "aria-hidden": "true" }),
        element("span", null, "overlap"),
      ),
    );
    if (isFocused) this.focus(isFocused);
    this.setZoom(this.zoom);
    this.showTime();
  }

  /** Gives the focus to the name of a speaker. @param {string} label */
  focus(label) {
    this.names.querySelector(`[data-speaker="${CSS.escape(label)}"]`)?.focus();
  }

  /** @param {Selection | null} selection */
  select(selection) {
    this.selection = selection;
    this.drawSoon();
  }

  /**
   * Zooms, and keeps the moment below `pointer` (or the current one, or the middle) in place.
   * @param {number} wanted
   * @param {number} [pointer]
   */
  setZoom(wanted, pointer) {
    const width = this.space.clientWidth || 1,
      view = this.scroll.clientWidth;
    const current = (this.player.time / this.duration) * width - this.scroll.scrollLeft;
    const x = pointer ?? (current >= 0 && current <= view ? current : view / 2);
    const at = (this.scroll.scrollLeft + x) / width;
    this.zoom = Math.min(Math.max(1, this.duration / CLOSEST_S), Math.max(1, wanted));
    this.space.style.width = `${100 * this.zoom}%`;
    this.scroll.scrollLeft = at * this.space.clientWidth - x;
    this.drawSoon();
  }

  /** Scrolls so that `time` is visible. @param {number} time */
  reveal(time) {
    const left = (time / this.duration) * this.space.clientWidth - this.scroll.scrollLeft;
    if (left < 0 || left > this.scroll.clientWidth) this.scroll.scrollLeft += left - this.scroll.clientWidth * 0.1;
  }

  showTime() {
    if (!this.model) return;
    const time = this.player.time,
      current = turnsAt(this.model, time).map((turn) => turn.speaker);
    this.head.style.left = `${(100 * Math.min(time, this.duration)) / this.duration}%`;
    for (const name of this.names.querySelectorAll("[data-speaker]")) {
      name.classList.toggle("active", current.includes(/** @type {HTMLElement} */ (name).dataset.speaker ?? ""));
    }
    this.slider.setAttribute("aria-valuenow", time.toFixed(1));
    this.slider.setAttribute("aria-valuetext", clock(time));
    if (this.player.isPlaying && this.zoom > 1) this.reveal(time);
  }

  drawSoon() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.draw();
    });
  }

  draw() {
    if (!this.model || !this.scroll.clientWidth) return;
    const width = this.space.clientWidth;
    drawLanes(this.drawing, {
      model: this.model,
      peaks: this.peaks,
      selection: this.selection,
      changes: this.changes,
      canEdit: this.canEdit,
      top: this.top,
      width: this.scroll.clientWidth,
      height: this.height ?? 0,
      from: (this.scroll.scrollLeft / width) * this.duration,
      to: ((this.scroll.scrollLeft + this.scroll.clientWidth) / width) * this.duration,
      colourOf,
    });
  }

  /** The time and the speaker below a pointer. @param {PointerEvent} event */
  place(event) {
    const box = this.space.getBoundingClientRect(),
      y = event.clientY - this.drawing.getBoundingClientRect().top;
    const time = Math.min(Math.max(0, ((event.clientX - box.left) / box.width) * this.duration), this.duration);
    const speaker = this.model?.speakers[Math.floor((y - this.top) / HEIGHTS.lane)] ?? null;
    return { time, speaker: y >= this.top ? speaker : null, perPixel: this.duration / box.width };
  }

  /**
   * The boundary of the selected turn below a pointer.
   * @param {{ time: number, speaker: any, perPixel: number }} place
   */
  boundary({ time, speaker, perPixel }) {
    const chosen = this.selection;
    if (!this.canEdit || !chosen || chosen.turn === null || speaker?.label !== chosen.speaker) return null;
    const [toStart, toEnd] = [Math.abs(time - chosen.start), Math.abs(time - chosen.end)];
    if (Math.min(toStart, toEnd) > CATCH * perPixel) return null;
    return toStart < toEnd ? "start" : "end";
  }

  /** @param {PointerEvent} event */
  hover(event) {
    if (event.buttons === 0) this.drawing.classList.toggle("resize", this.boundary(this.place(event)) !== null);
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0) return;
    const first = this.place(event),
      edge = this.boundary(first),
      before = this.selection;
    const canDrag = edge !== null || (this.canEdit && first.speaker && event.pointerType !== "touch");
    let isDragging = false;
    const move = (/** @type {PointerEvent} */ next) => {
      if (!canDrag || (!isDragging && Math.abs(next.clientX - event.clientX) < DRAG)) return;
      isDragging = true;
      const { time } = this.place(next);
      if (edge && before) {
        this.selection = {
          ...before,
          [edge]: edge === "start" ? Math.min(time, before.end - 0.05) : Math.max(time, before.start + 0.05),
        };
      } else if (first.speaker) {
        this.selection = {
          speaker: first.speaker.label,
          start: Math.min(first.time, time),
          end: Math.max(first.time, time),
          turn: null,
        };
      }
      this.drawSoon();
    };
    const end = (/** @type {PointerEvent} */ last) => {
      this.drawing.removeEventListener("pointermove", move);
      this.drawing.removeEventListener("pointerup", end);
      this.drawing.removeEventListener("pointercancel", end);
      const chosen = this.selection;
      if (last.type === "pointercancel") {
        this.selection = before;
      } else if (isDragging && edge) {
        this.selection = before;
        this.dispatchEvent(new CustomEvent("retime", { detail: { before, after: chosen } }));
      } else if (isDragging) {
        this.dispatchEvent(new CustomEvent("pick", { detail: chosen }));
      } else if (!edge) {
        this.click(first);
      }
      this.drawSoon();
    };
    if (canDrag) this.drawing.setPointerCapture(event.pointerId);
    this.drawing.addEventListener("pointermove", move);
    this.drawing.addEventListener("pointerup", end);
    this.drawing.addEventListener("pointercancel", end);
  }

  /**
   * A click plays: a turn from its start, elsewhere from there.
   * @param {{ time: number, speaker: any, perPixel: number }} place
   */
  click({ time, speaker, perPixel }) {
    const near = 2 * perPixel;
    const turn = speaker?.turns.find(
      (/** @type {any} */ turn) => turn.start - near <= time && time <= turn.end + near,
    );
    if (turn)
      this.dispatchEvent(
        new CustomEvent("pick", {
          detail: { speaker: turn.speaker, start: turn.start, end: turn.end, turn: turn.index },
        }),
      );
    this.player.playFrom(turn ? turn.start : time);
  }

  close() {
    this.resizes.disconnect();
  }
}
