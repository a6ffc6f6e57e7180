// A result as a file, made in the page.

import { download, element } from "./dom.js";
import { menu } from "./menu.js";
import { nameOf } from "./model.js";
import { safeFileName } from "./text.js";

/** @typedef {import("./model.js").Model} Model */

/** A time of subtitles. @param {number} seconds @param {string} point before the milliseconds */
function subtitleTime(seconds, point) {
  const ms = Math.round(seconds * 1000),
    pad = (/** @type {number} */ n, size = 2) => String(n).padStart(size, "0");
  return `${pad(Math.floor(ms / 3_600_000))}:${pad(Math.floor(ms / 60_000) % 60)}:${pad(Math.floor(ms / 1000) % 60)}${point}${pad(ms % 1000, 3)}`;
}

/** A name as one field of RTTM. @param {string} name */
function rttmField(name) {
  return (
    name.replace(/[\s\u0000-\u001f\u007f-\u009f]/g, "_").replace(/^[;#]+/, (marks) => "_".repeat(marks.length)) ||
    "<NA>"
  );
}

/** A cell of a table; a quote keeps a spreadsheet from computing a name. @param {string} text */
function csvCell(text) {
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "_");
  const guarded = /^'*\s*[=+\-@]/.test(plain) ? `'${plain}` : plain;
  return /[",]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** @param {string} text */
const oneLine = (text) => text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();

/** @param {string} text */
const escapeVtt = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** @param {number} seconds */
const milliseconds = (seconds) => Math.round(seconds * 1000) / 1000;

/**
 * The formats: name, extension, media type, and the file of a result.
 * @type {[string, string, string, (model: Model, version: string) => string][]}
 */
const WRITERS = [
  [
    "RTTM",
    "rttm",
    "text/plain",
    (model) =>
      model.turns
        .map(
          (turn) =>
            `SPEAKER ${rttmField(model.name)} 1 ${turn.start.toFixed(3)} ${(turn.end - turn.start).toFixed(3)} <NA> <NA> ${rttmField(nameOf(model, turn.speaker))} <NA> <NA>\n`,
        )
        .join(""),
  ],
  ["JSON", "json", "application/json", (model, version) => `${JSON.stringify(asDocument(model, version))}\n`],
  [
    "CSV",
    "csv",
    "text/csv",
    (model) =>
      `file_id,start_s,end_s,speaker\n${model.turns
        .map(
          (turn) =>
            `${csvCell(model.name)},${turn.start.toFixed(3)},${turn.end.toFixed(3)},${csvCell(nameOf(model, turn.speaker))}\n`,
        )
        .join("")}`,
  ],
  [
    "SRT",
    "srt",
    "text/plain",
    (model) =>
      model.turns
        .map((turn, index) => {
          const name = oneLine(nameOf(model, turn.speaker))
            .replaceAll("[", "(")
            .replaceAll("]", ")")
            .replaceAll("-->", "->");
          return `${index + 1}\n${subtitleTime(turn.start, ",")} --> ${subtitleTime(turn.end, ",")}\n[${name}]\n\n`;
        })
        .join(""),
  ],
  [
    "WebVTT",
    "vtt",
    "text/vtt",
    (model) =>
      `WEBVTT\n\n${model.turns
        .map((turn) => {
          const name = escapeVtt(oneLine(nameOf(model, turn.speaker)));
          return `${subtitleTime(turn.start, ".")} --> ${subtitleTime(turn.end, ".")}\n<v ${name}>${name}</v>\n\n`;
        })
        .join("")}`,
  ],
];

/** The layout of `diarist convert`. @param {Model} model @param {string} version */
function asDocument(model, version) {
  const speakers = [...model.speakers].filter((speaker) => speaker.turns.length);
  return {
    schema_version: 1,
    diarist_version: version,
    file_id: model.name,
    duration_s: milliseconds(model.duration),
    speech_s: milliseconds(model.speech),
    overlap_s: milliseconds(model.overlap),
    turns: model.turns.map((turn) => ({
      start_s: turn.start,
      end_s: turn.end,
      speaker: nameOf(model, turn.speaker),
      ...(turn.confidence === null ? {} : { confidence: turn.confidence }),
    })),
    speakers: speakers.map((speaker) => ({
      label: speaker.name,
      speech_s: milliseconds(speaker.speech),
      num_turns: speaker.turns.length,
    })),
  };
}

/**
 * The menu of files that this page makes.
 * @param {() => Model} current
 * @param {string} version of diarist
 */
export function filesMenu(current, version) {
  const list = element(
    "ul",
    null,
    WRITERS.map(([name, extension, type, write]) =>
      element(
        "li",
        null,
        element(
          "button",
          {
            type: "button",
            onclick: () => download(`${safeFileName(current().name)}.${extension}`, write(current(), version), type),
          },
          name,
        ),
      ),
    ),
  );
  return menu("Export", list);
}
