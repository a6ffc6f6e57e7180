// The service, as the page calls it. Addresses are relative to the page, so a proxy may add a
// folder.

import { printable } from "./text.js";

/** A refusal of the service, or a fault on the way to it. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 if the service was not reached
   * @param {string} code
   * @param {string} message
   * @param {string | null} [hint]
   */
  constructor(status, code, message, hint) {
    super(printable(message));
    this.status = status;
    this.code = code;
    this.hint = hint ? printable(hint) : null;
  }
}

/** @type {((isAgain: boolean) => Promise<string | null>) | null} */
let askForToken = null;
/** @type {Promise<boolean> | null} */
let signingIn = null;

/**
 * Sets the question for the token of a service that wants one.
 * @param {(isAgain: boolean) => Promise<string | null>} ask
 */
export function askTokenBy(ask) {
  askForToken = ask;
}

const UNREACHABLE = () =>
  new ApiError(0, "unreachable", "The service cannot be reached", "check that diarist serve still runs");

/** @param {number} status @param {string} text */
function refusal(status, text) {
  try {
    const { error } = JSON.parse(text);
    return new ApiError(status, error.code, error.message, error.hint);
  } catch {
    return new ApiError(status, "unknown", `The service answered with status ${status}`, "its log may say more");
  }
}

/** Asks for the token until it is accepted; false if the reader gives up. */
async function signIn() {
  for (let isAgain = false; ; isAgain = true) {
    const token = await askForToken?.(isAgain);
    if (!token) return false;
    const answer = await fetch("v1/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    }).catch(() => {
      throw UNREACHABLE();
    });
    if (answer.ok) return true;
  }
}

/**
 * Calls the service and gives the JSON of its answer, or null for an empty one.
 * @param {string} method @param {string} path
 * @param {{ json?: any, body?: BodyInit }} [content]
 * @returns {Promise<any>}
 */
export async function call(method, path, content = {}) {
  const headers = content.json === undefined ? undefined : { "content-type": "application/json" };
  const body = content.json === undefined ? content.body : JSON.stringify(content.json);
  let answer, text;
  try {
    answer = await fetch(path, { method, headers, body });
    text = await answer.text();
  } catch {
    throw UNREACHABLE();
  }
  if (answer.status === 401 && (await signedIn())) return call(method, path, content);
  if (!answer.ok) throw refusal(answer.status, text);
  return text ? JSON.parse(text) : null;
}

/** One question at a time, whatever number of calls want it. */
function signedIn() {
  signingIn ??= signIn().finally(() => {
    signingIn = null;
  });
  return signingIn;
}

/**
 * Sends a form with files and tells how much has been sent.
 * @param {string} path @param {FormData} form @param {(share: number) => void} onprogress
 * @returns {Promise<any>}
 */
export function upload(path, form, onprogress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.upload.addEventListener(
      "progress",
      (event) => event.lengthComputable && onprogress(event.loaded / event.total),
    );
    request.addEventListener("error", () => reject(UNREACHABLE()));
    request.addEventListener("load", async () => {
      if (request.status === 401 && (await signedIn())) return upload(path, form, onprogress).then(resolve, reject);
      if (request.status >= 300) return reject(refusal(request.status, request.responseText));
      resolve(JSON.parse(request.responseText));
    });
    request.send(form);
  });
}

/** The address of a recording. @param {string} id @param {string} [part] */
export const addressOf = (id, part) => `v1/recordings/${encodeURIComponent(id)}${part ? `/${part}` : ""}`;

/**
 * Listens to the service's events about recordings, and comes back after a lost connection.
 * @param {string} path
 * @param {(recording: any) => void} onrecording
 * @param {() => unknown} onreturn called after each (re)connection
 * @returns {() => void} stops listening
 */
export function listen(path, onrecording, onreturn) {
  let source = /** @type {EventSource | null} */ (null),
    timer = 0,
    isOpen = true;
  function start() {
    source = new EventSource(path);
    source.addEventListener("recording", (event) =>
      onrecording(JSON.parse(/** @type {MessageEvent} */ (event).data)),
    );
    source.addEventListener("open", () => onreturn());
    source.addEventListener("error", () => {
      // A browser tries again by itself unless the service refused.
      if (!isOpen || source?.readyState !== EventSource.CLOSED) return;
      timer = window.setTimeout(start, 2000);
    });
  }
  start();
  return () => {
    isOpen = false;
    clearTimeout(timer);
    source?.close();
  };
}

/** Opens a live connection. @param {string} path */
export function socket(path) {
  const address = new URL(path, document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address);
}
