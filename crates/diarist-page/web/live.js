// Records in the browser, or watches a stream that runs: lanes and names as they come. Who records
// can name the speakers meanwhile.

import { addressOf, ApiError, call, socket } from "./api.js";
import { field } from "./dialog.js";
import { button, element, replace } from "./dom.js";
import { lanes } from "./lanes.js";
import { fail, guarded, say } from "./messages.js";
import { openMicrophone, whyNoMicrophone } from "./microphone.js";
import { count } from "./text.js";

/**
 * Gives the speakers of a result the names that they got while the stream ran.
 * @param {string} id @param {Iterable<[string, string]>} names by label
 */
async function keepNames(id, names) {
  let revision = 0;
  for (const [speaker, name] of names) {
    const correction = { kind: "rename", speaker, name };
    ({ revision } = await call("POST", addressOf(id, "corrections"), { json: { revision, correction } }));
  }
}

/** The message to a reader whose stream has a result. @param {string} id */
const resultLink = (id) =>
  element(
    "p",
    { role: "status" },
    "The stream is over. ",
    element("a", { href: `#/r/${encodeURIComponent(id)}` }, "Hear and correct the result"),
  );

/** The view that records. */
export function liveView() {
  const name = element("input", { type: "text", autocomplete: "off", maxlength: 200, placeholder: "live" });
  const start = button(
      "● Start",
      guarded(() => record()),
      { class: "primary" },
    ),
    stop = button(
      "■ Stop",
      guarded(() => finish()),
      { disabled: true },
    );
  const meter = element("meter", {
    min: 0,
    max: 1,
    low: 0.02,
    high: 0.98,
    optimum: 0.4,
    value: 0,
    "aria-label": "Level of the microphone",
  });
  const place = element("div"),
    reason = whyNoMicrophone(),
    running = element("div");
  const view = element(
    "main",
    null,
    element("h1", null, "Live"),
    running,
    reason && element("p.fault", null, reason),
    element(
      "form.add",
      { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      field("Name of the recording", name),
      start,
      stop,
      element("label.field", null, element("span", null, "Level"), meter),
    ),
    place,
  );
  start.disabled = reason !== null;
  /** @type {WebSocket | null} */
  let connection = null;
  /** @type {Awaited<ReturnType<typeof openMicrophone>> | null} */
  let microphone = null;
  let shown = /** @type {ReturnType<typeof lanes> | null} */ (null),
    isOpen = true;

  const watchLevel = () => {
    if (!microphone || !isOpen) return;
    meter.value = microphone.level();
    requestAnimationFrame(watchLevel);
  };
  const record = async () => {
    start.disabled = true;
    try {
      // A service that wants a token asks for it here, since a socket cannot.
      await call("GET", "v1/recordings");
      microphone = await openMicrophone();
    } catch (error) {
      start.disabled = false;
      throw error instanceof ApiError
        ? error
        : new ApiError(
            0,
            "microphone",
            "The microphone cannot be used",
            String(/** @type {any} */ (error)?.message ?? error),
          );
    }
    const title = name.value.trim() || "live";
    shown?.close();
    const board = (shown = lanes(title, true));
    replace(place, board.element);
    watchLevel();
    let id = "",
      hasResult = false,
      hasFailed = false;
    const opened = (connection = socket(`v1/live?${microphone.query}&name=${encodeURIComponent(title)}`));
    opened.addEventListener("open", () => {
      stop.disabled = false;
      microphone?.start((bytes) => opened.readyState === WebSocket.OPEN && opened.send(bytes));
      say("The recording runs.");
    });
    opened.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      if (event.event === "recording") id = event.id;
      if (event.event === "result") hasResult = true;
      if (event.event === "error") {
        hasFailed = true;
        fail(new ApiError(0, event.error.code, event.error.message, event.error.hint));
      }
      board.apply(event);
    });
    opened.addEventListener("close", async () => {
      release();
      if (hasResult) await guarded(keepNames)(id, board.names());
      if (!isOpen) return;
      if (hasResult) place.prepend(resultLink(id));
      else if (!hasFailed)
        fail(
          new ApiError(
            0,
            "live",
            "The live stream has ended early",
            id ? "what was heard is among the recordings" : "the service may be busy, or no longer runs",
          ),
        );
    });
  };
  const release = () => {
    microphone?.stop().catch(fail);
    microphone = null;
    meter.value = 0;
    [start.disabled, stop.disabled] = [false, true];
  };
  const finish = async () => {
    stop.disabled = true;
    const heard = microphone;
    microphone = null;
    await heard?.stop();
    if (connection?.readyState === WebSocket.OPEN) connection.send(JSON.stringify({ type: "finish" }));
    replace(running, element("p", { role: "status" }, "The result is being made …"));
    connection?.addEventListener("close", () => replace(running), { once: true });
  };
  guarded(async () => {
    const { recordings } = await call("GET", "v1/recordings");
    const now = recordings.filter((/** @type {any} */ one) => one.state === "running" && one.stage === "listening");
    if (now.length) {
      replace(
        running,
        element("h2", null, count(now.length, "stream runs", "streams run")),
        element(
          "ul",
          null,
          now.map((/** @type {any} */ one) =>
            element("li", null, element("a", { href: `#/live/${encodeURIComponent(one.id)}` }, one.name)),
          ),
        ),
      );
    }
  })();
  return {
    element: view,
    close: () => {
      isOpen = false;
      release();
      connection?.close();
      shown?.close();
    },
  };
}

/** The view of a stream that somebody else records. @param {string} id */
export function watchView(id) {
  const place = element("div"),
    title = element("h1", null, "Live"),
    view = element("main", null, title, place);
  let source = /** @type {EventSource | null} */ (null),
    shown = /** @type {ReturnType<typeof lanes> | null} */ (null),
    isOver = false;
  const over = () => {
    isOver = true;
    source?.close();
    place.prepend(resultLink(id));
  };
  const start = (/** @type {string} */ name) => {
    shown?.close();
    const board = (shown = lanes(name, false));
    replace(place, board.element);
    // The service sends all events so far first, so a new connection begins anew.
    const opened = (source = new EventSource(`v1/live/${encodeURIComponent(id)}`));
    opened.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      board.apply(event);
      if (event.event === "result") over();
    });
    opened.addEventListener("error", () => {
      opened.close();
      if (!isOver) setTimeout(guarded(check), 1000);
    });
  };
  const check = async () => {
    if (isOver) return;
    const recording = await call("GET", addressOf(id));
    replace(title, recording.name);
    if (recording.state === "running") start(recording.name);
    else over();
  };
  guarded(check)();
  return {
    element: view,
    close: () => {
      isOver = true;
      source?.close();
      shown?.close();
    },
  };
}
