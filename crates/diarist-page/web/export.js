// The menu of files that the service makes of a result.

import { addressOf } from "./api.js";
import { element, replace } from "./dom.js";
import { menu } from "./menu.js";

const FORMATS = [
  ["rttm", "RTTM", "for other programs"],
  ["json", "JSON", "everything about the result"],
  ["csv", "CSV", "a table"],
  ["srt", "SRT", "subtitles"],
  ["vtt", "WebVTT", "subtitles"],
  ["audacity", "Audacity", "a label track"],
  ["textgrid", "TextGrid", "for Praat"],
  ["eaf", "EAF", "for ELAN"],
  ["uem", "UEM", "the extent, for scoring"],
  ["html", "HTML", "a page that plays"],
  ["diarist", "diarist", "the analysis with its corrections"],
];
const FORMATS_OF_WORDS = [
  ["txt", "Text", "who said what"],
  ["md", "Markdown", "who said what"],
  ["docx", "Word", "who said what"],
  ["words", "JSON of words", "words with speakers"],
];

/** @param {string} id of the recording */
export function exportMenu(id) {
  const list = element("ul");
  const line = (/** @type {string[]} */ [format, name, use]) =>
    element(
      "li",
      null,
      element(
        "a",
        { href: `${addressOf(id, "export")}?format=${format}`, download: true },
        element("b", null, name),
        " ",
        element("small", null, use),
      ),
    );
  return {
    element: menu("Export", list),
    /** @param {boolean} hasWords */
    show: (hasWords) => replace(list, FORMATS.map(line), hasWords && FORMATS_OF_WORDS.map(line)),
  };
}
