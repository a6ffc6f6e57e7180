// A result as the page shows it.

/**
 * @typedef {{ index: number, start: number, end: number, speaker: string, confidence: number |
 *   null, isOverlapped: boolean }} Turn
 * @typedef {{ label: string, name: string, place: number, speech: number, share: number, longest:
 *   number, turns: Turn[],
 *   identification: any }} Speaker
 * @typedef {{ start: number, end: number }} Stretch
 * @typedef {{ text: string, start: number, end: number, speaker: string | null }} Word
 * @typedef {{ start: number, end: number, from: string[], to: string[] }} Change
 * @typedef {{ name: string, duration: number, turns: Turn[], speakers: Speaker[], overlaps:
 *   Stretch[], speech: number,
 *   overlap: number, words: Word[] | null }} Model
 */

/**
 * Times covered by at least one and by at least two turns.
 * @param {Stretch[]} turns
 * @returns {{ once: Stretch[], twice: Stretch[] }}
 */
export function covered(turns) {
  const moments = turns
    .flatMap((turn) => [
      [turn.start, 1],
      [turn.end, -1],
    ])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const once = [],
    twice = [];
  let depth = 0,
    first = 0,
    second = 0;
  for (const [time, step] of moments) {
    if (step > 0 && depth === 0) first = time;
    if (step > 0 && depth === 1) second = time;
    if (step < 0 && depth === 1 && time > first) once.push({ start: first, end: time });
    if (step < 0 && depth === 2 && time > second) twice.push({ start: second, end: time });
    depth += step;
  }
  return { once, twice };
}

/** @param {Stretch[]} stretches */
export const total = (stretches) => stretches.reduce((sum, { start, end }) => sum + end - start, 0);

/** @param {Stretch} a @param {Stretch} b */
export const overlapsWith = (a, b) => a.start < b.end && b.start < a.end;

/**
 * Place among the colours: the number in a label, which stays when others go.
 * @param {string} label
 * @param {number} index
 */
function placeOf(label, index) {
  const number = /^SPEAKER_(\d+)$/.exec(label);
  return number ? Number(number[1]) : index;
}

/**
 * @param {any} doc a result in the layout of diarist's JSON
 * @param {any[] | null} [words]
 * @returns {Model}
 */
export function modelOf(doc, words = null) {
  /** @type {Turn[]} */
  const turns = doc.turns.map((/** @type {any} */ turn, /** @type {number} */ index) => ({
    index,
    start: turn.start_s,
    end: turn.end_s,
    speaker: turn.speaker,
    confidence: turn.confidence ?? null,
    isOverlapped: false,
  }));
  const { once, twice } = covered(turns);
  let next = 0;
  for (const turn of turns) {
    while (next < twice.length && twice[next].end <= turn.start) next++;
    turn.isOverlapped = next < twice.length && overlapsWith(twice[next], turn);
  }
  const names = new Map(doc.turns.map((/** @type {any} */ turn) => [turn.speaker, turn.name]));
  const listed = new Map((doc.speakers ?? []).map((/** @type {any} */ speaker) => [speaker.label, speaker]));
  const labels = [...new Set([...listed.keys(), ...names.keys()])].sort((a, b) => (a < b ? -1 : 1));
  const speakers = labels.map((label, index) => {
    const own = turns.filter((turn) => turn.speaker === label);
    const entry = listed.get(label);
    return {
      label,
      name: entry?.name || names.get(label) || label,
      place: placeOf(label, index),
      turns: own,
      share: 0,
      speech: total(covered(own).once),
      longest: own.reduce((most, turn) => Math.max(most, turn.end - turn.start), 0),
      identification: entry?.identification ?? null,
    };
  });
  const sum = speakers.reduce((all, speaker) => all + speaker.speech, 0);
  for (const speaker of speakers) speaker.share = sum > 0 ? speaker.speech / sum : 0;
  const last = turns.reduce((latest, turn) => Math.max(latest, turn.end), 0);
  return {
    name: doc.file_id,
    duration: Math.max(doc.duration_s ?? 0, last, 0.001),
    turns,
    speakers,
    overlaps: twice,
    speech: total(once),
    overlap: total(twice),
    words:
      words &&
      words.map((word) => ({ text: word.text, start: word.start_s, end: word.end_s, speaker: word.speaker ?? null })),
  };
}

/** @param {Model} model @param {string} label */
export const speakerOf = (model, label) => model.speakers.find((speaker) => speaker.label === label);

/** The name of a label that may have gone. @param {Model} model @param {string} label */
export const nameOf = (model, label) => speakerOf(model, label)?.name ?? label;

/** @param {Model} model @param {number} time */
export const turnsAt = (model, time) => model.turns.filter((turn) => turn.start <= time && time < turn.end);

/**
 * The words of every turn, by its place in the list. A word goes to the turn that holds its middle,
 * or else to the nearest; a turn of the word's own speaker counts as two seconds nearer.
 * @param {Model} model
 * @returns {Map<number, Word[]>}
 */
export function wordsOfTurns(model) {
  /** @type {Map<number, Word[]>} */
  const found = new Map();
  const { turns } = model;
  const longest = turns.reduce((most, turn) => Math.max(most, turn.end - turn.start), 0);
  let first = 0;
  for (const word of [...(model.words ?? [])].sort((a, b) => a.start - b.start)) {
    const middle = (word.start + word.end) / 2;
    // Only these can be within ten seconds; a word far from all turns looks at each of them.
    while (first < turns.length && turns[first].start < middle - longest - 10) first++;
    const last = turns.findIndex((turn, index) => index >= first && turn.start > middle + 10);
    const best =
      nearest(turns.slice(first, last < 0 ? undefined : last), middle, word.speaker) ??
      nearest(turns, middle, word.speaker);
    if (best) found.set(best.index, [...(found.get(best.index) ?? []), word]);
  }
  return found;
}

/** @param {Turn[]} turns @param {number} time @param {string | null} speaker */
function nearest(turns, time, speaker) {
  let best = null,
    distance = Infinity;
  for (const turn of turns) {
    const away = Math.max(turn.start - time, time - turn.end, 0) + (turn.speaker === speaker ? 0 : 2);
    if (away < distance) [best, distance] = [turn, away];
  }
  return best;
}
