// Elements of the page. Text becomes text nodes only, so names cannot hold markup.

import { printable } from "./text.js";

/**
 * An element. Properties that begin with `on` are listeners; true and false set or leave out an
 * attribute; null is left out.
 * @param {string} tag a tag, with classes after dots
 * @param {Record<string, any> | null} [properties]
 * @param {...any} children nodes, texts, and lists of them; null and false are left out
 * @returns {any}
 */
export function element(tag, properties, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = /** @type {any} */ (document.createElement(name));
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value") made.value = value;
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  fill(made, children);
  return made;
}

/** @param {Element} parent @param {any[]} children */
function fill(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : printable(String(child)));
  }
}

/**
 * Puts `children` in place of what `parent` has.
 * @param {Element} parent
 * @param {...any} children
 */
export function replace(parent, ...children) {
  parent.replaceChildren();
  fill(parent, children);
}

/** @param {string} label @param {() => unknown} act @param {Record<string, any>} [properties] */
export function button(label, act, properties) {
  return element("button", { type: "button", onclick: act, ...properties }, label);
}

/** The coloured square of a speaker. @param {number} place */
export const swatch = (place) => element(`i.${colourClass(place)}`, { "aria-hidden": "true" });

// The style sheet has as many colours; speakers beyond share them.
const NUM_COLOURS = 12;

/** @param {number} place */
export const colourClass = (place) => `c${place % NUM_COLOURS}`;

/** @type {Map<number, string>} */
const colours = new Map();

/** The colour of a speaker for a drawing. @param {number} place */
export function colourOf(place) {
  const index = place % NUM_COLOURS;
  let colour = colours.get(index);
  if (!colour) {
    const probe = swatch(index);
    document.body.append(probe);
    colour = getComputedStyle(probe).getPropertyValue("--colour").trim() || "#888";
    probe.remove();
    colours.set(index, colour);
  }
  return colour;
}

/**
 * Saves `text` as a file of the reader.
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {string} text base64 @returns {Uint8Array<ArrayBuffer>} */
export function bytesOf(text) {
  const binary = atob(text.trim()),
    bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
