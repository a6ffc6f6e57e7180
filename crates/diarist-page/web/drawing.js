// Draws the visible part of a timeline.

import { clock } from "./text.js";

/**
 * Heights of the parts of a timeline in pixels; `style.css` has those of a lane and of overlap as
 * well.
 */
export const HEIGHTS = { wave: 72, lane: 28, overlap: 18, times: 20 };

/**
 * @typedef {{ bytes: Uint8Array, duration: number }} Peaks the loudest sample of equal stretches of
 *   the sound
 */

const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600];
// Room of a label in pixels, and of the last one.
const LABEL = 72;
const LAST = 56;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{ model: import("./model.js").Model, peaks: Peaks | null, selection: any, changes: any[],
 *   canEdit: boolean, top: number,
 *   width: number, height: number, from: number, to: number, colourOf: (place: number) => string }}
 *     view
 */
export function drawLanes(canvas, view) {
  const dense = window.devicePixelRatio || 1,
    { width, height, from, to, model, top } = view;
  canvas.width = Math.round(width * dense);
  canvas.height = Math.round(height * dense);
  canvas.style.width = `${width}px`;
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  brush.scale(dense, dense);
  const style = getComputedStyle(canvas),
    tone = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const x = (/** @type {number} */ time) => ((time - from) / (to - from)) * width;
  const lane = (/** @type {number} */ index) => top + HEIGHTS.lane * index;
  const isVisible = (/** @type {{ start: number, end: number }} */ part) => part.end >= from && part.start <= to;
  // Very short turns stay visible.
  const bar = (
    /** @type {{ start: number, end: number }} */ part,
    /** @type {number} */ y,
    /** @type {number} */ tall,
  ) => brush.fillRect(x(part.start), y, Math.max(1.5, x(part.end) - x(part.start)), tall);
  if (view.peaks) drawWave(brush, view.peaks, view, tone("--wave"), dense);
  brush.fillStyle = tone("--line");
  for (let index = 0; index <= model.speakers.length; index++) brush.fillRect(0, lane(index), width, 1);
  model.speakers.forEach((speaker, index) => {
    brush.fillStyle = view.colourOf(speaker.place);
    for (const turn of speaker.turns) if (isVisible(turn)) bar(turn, lane(index) + 4, HEIGHTS.lane - 8);
  });
  const floor = lane(model.speakers.length);
  brush.fillStyle = tone("--overlap");
  for (const part of model.overlaps) {
    if (!isVisible(part)) continue;
    brush.globalAlpha = 0.13;
    bar(part, top, floor - top);
    brush.globalAlpha = 1;
    bar(part, floor + 5, HEIGHTS.overlap - 9);
  }
  drawChanges(brush, view, tone, x, lane);
  drawSelection(brush, view, tone, x, lane);
  drawTimes(brush, view, tone("--soft"), tone("--line"), x, floor + HEIGHTS.overlap, style.fontFamily);
}

/**
 * @param {CanvasRenderingContext2D} brush
 * @param {Peaks} peaks
 * @param {any} view
 * @param {string} colour
 * @param {number} dense
 */
function drawWave(brush, peaks, view, colour, dense) {
  const { from, to, width } = view,
    { bytes, duration } = peaks,
    step = 1 / dense;
  // The end of the peaks is that of the sound, whatever the turns say.
  const place = (/** @type {number} */ x) =>
    Math.floor(((from + (x * (to - from)) / width) / duration) * bytes.length);
  brush.fillStyle = colour;
  for (let x = 0; x < width; x += step) {
    let largest = 0;
    for (let i = place(x), end = Math.max(i + 1, place(x + step)); i < end && i < bytes.length; i++)
      largest = Math.max(largest, bytes[i]);
    const reach = Math.max(0.5, (largest / 255) * (HEIGHTS.wave / 2 - 3));
    brush.fillRect(x, HEIGHTS.wave / 2 - reach, step, 2 * reach);
  }
}

/**
 * Stretches that change, framed in the lanes where somebody comes (a line) or goes (dashes).
 * @param {CanvasRenderingContext2D} brush
 * @param {any} view
 * @param {any} tone
 * @param {any} x
 * @param {any} lane
 */
function drawChanges(brush, view, tone, x, lane) {
  if (!view.changes.length) return;
  for (const change of view.changes) {
    const left = x(change.start),
      wide = Math.max(3, x(change.end) - left);
    if (left + wide < 0 || left > view.width) continue;
    brush.fillStyle = tone("--changed");
    brush.globalAlpha = 0.25;
    brush.fillRect(left, view.top, wide, HEIGHTS.lane * view.model.speakers.length);
    brush.globalAlpha = 1;
    view.model.speakers.forEach((/** @type {any} */ speaker, /** @type {number} */ index) => {
      if (change.from.includes(speaker.label) === change.to.includes(speaker.label)) return;
      brush.strokeStyle = tone("--changed");
      brush.lineWidth = 2;
      brush.setLineDash(change.to.includes(speaker.label) ? [] : [4, 3]);
      brush.strokeRect(left, lane(index) + 2, wide, HEIGHTS.lane - 4);
      brush.setLineDash([]);
    });
  }
}

/**
 * The selected turn or stretch, with handles at the boundaries of a turn.
 * @param {CanvasRenderingContext2D} brush
 * @param {any} view
 * @param {any} tone
 * @param {any} x
 * @param {any} lane
 */
function drawSelection(brush, view, tone, x, lane) {
  const chosen = view.selection;
  const index = chosen
    ? view.model.speakers.findIndex((/** @type {any} */ speaker) => speaker.label === chosen.speaker)
    : -1;
  if (index < 0) return;
  const left = x(chosen.start),
    right = x(chosen.end),
    y = lane(index);
  brush.strokeStyle = brush.fillStyle = tone("--text");
  brush.lineWidth = 2;
  brush.setLineDash(chosen.turn === null ? [5, 3] : []);
  brush.strokeRect(left, y + 2, Math.max(2, right - left), HEIGHTS.lane - 4);
  brush.setLineDash([]);
  if (!view.canEdit || chosen.turn === null) return;
  for (const edge of [left, right]) brush.fillRect(edge - 2, y + 7, 4, HEIGHTS.lane - 14);
}

/**
 * @param {CanvasRenderingContext2D} brush
 * @param {any} view
 * @param {string} soft
 * @param {string} line
 * @param {(time: number) => number} x
 * @param {number} y
 * @param {string} font
 */
function drawTimes(brush, view, soft, line, x, y, font) {
  const { from, to, width, model } = view,
    perSecond = width / (to - from);
  const step = STEPS.find((step) => step * perSecond >= LABEL) || model.duration;
  brush.font = `12px ${font}`;
  brush.textBaseline = "middle";
  for (let time = Math.floor(from / step) * step; time <= to; time += step) {
    if ((model.duration - time) * perSecond < LAST) break;
    brush.fillStyle = line;
    brush.fillRect(x(time), y, 1, HEIGHTS.times);
    brush.fillStyle = soft;
    brush.fillText(clock(time), x(time) + 5, y + HEIGHTS.times / 2);
  }
}
