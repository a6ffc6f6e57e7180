// Numbers and names as text.

/** @param {number} n */
const two = (n) => String(n).padStart(2, "0");

/** Seconds as `m:ss` or `h:mm:ss`. @param {number} seconds */
export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds)),
    minutes = Math.floor(s / 60);
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(minutes % 60)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

/** Seconds with tenths. @param {number} seconds */
export function stamp(seconds) {
  const tenths = Math.max(0, Math.round(seconds * 10));
  return `${clock(tenths / 10)}.${tenths % 10}`;
}

/** A length in words that fit its size. @param {number} seconds */
export function length(seconds) {
  return seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

/** Seconds of `83.5` or `1:23.5`, or null. @param {string} text @returns {number | null} */
export function parseMoment(text) {
  const found = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
  return found && Number(found[1] || 0) * 3600 + Number(found[2] || 0) * 60 + Number(found[3]);
}

/** @param {number} number @param {string} one @param {string} [many] */
export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** @param {number} share */
export const percent = (share) => `${Math.round(100 * share)} %`;

/**
 * A name without characters that hide or reorder text: controls, and marks of direction.
 * @param {string} text
 */
export function printable(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** A name for a file on any system. @param {string} name */
export function safeFileName(name) {
  const safe = printable(name)
    .replace(/[\ufffd/\\:*?"<>|]/g, "_")
    .replace(/^[. ]+/, "_")
    .slice(0, 100);
  return safe.trim() || "recording";
}
