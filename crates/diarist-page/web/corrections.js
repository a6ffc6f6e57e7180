// Corrects a recording of the service. The service applies every correction; before one about
// speakers is accepted, a dry run shows which other stretches it changes.

import { addressOf, ApiError, call } from "./api.js";
import { fail, say } from "./messages.js";
import { modelOf } from "./model.js";
import { count } from "./text.js";

// Corrections of who speaks, which can change other stretches as well.
const ABOUT_SPEAKERS = ["merge", "different", "move"];

/**
 * Events: `state` (there is a new state), `proposal` (a dry run waits for an answer, or no longer).
 */
export class Corrections extends EventTarget {
  /** @param {string} id of the recording */
  constructor(id) {
    super();
    this.id = id;
    /** @type {any} */
    this.state = null;
    /**
     * @type {{ correction: any, model: import("./model.js").Model, changes:
     *   import("./model.js").Change[] } | null}
     */
    this.proposal = null;
    this.isBusy = false;
  }

  async load() {
    this.take(await call("GET", addressOf(this.id, "result")));
  }

  /** @param {any} state */
  take(state) {
    this.state = state;
    this.model = modelOf(state.result, state.words);
    this.proposal = null;
    this.dispatchEvent(new Event("state"));
  }

  /** Applies a correction, after a dry run if it is about speakers. @param {any} correction */
  async correct(correction) {
    if (!ABOUT_SPEAKERS.includes(correction.kind)) return this.send(correction);
    await this.exclusively(async () => {
      const answer = await this.post("corrections", { correction, dry_run: true });
      const changes = changesOf(answer);
      if (!changes.length) {
        this.take(await this.post("corrections", { correction }));
        return say("Done; nothing else changes.");
      }
      this.proposal = { correction, changes, model: modelOf(answer.result, answer.words) };
      this.dispatchEvent(new Event("proposal"));
    });
  }

  /** @param {any} correction */
  async send(correction) {
    await this.exclusively(async () => this.take(await this.post("corrections", { correction })));
  }

  /** Keeps the correction that was proposed. */
  async accept() {
    if (!this.proposal) return;
    const { correction, changes } = this.proposal;
    await this.exclusively(async () => {
      this.take(await this.post("corrections", { correction }));
      say(`Done; ${count(changes.length, "other stretch", "other stretches")} changed.`);
    });
  }

  reject() {
    if (!this.proposal) return;
    this.proposal = null;
    this.dispatchEvent(new Event("proposal"));
  }

  /** @param {"undo" | "redo"} way */
  async step(way) {
    if (this.proposal || !(way === "undo" ? this.state?.can_undo : this.state?.can_redo)) return;
    await this.exclusively(async () => {
      this.take(await this.post(way, {}));
      say(way === "undo" ? "Undone." : "Done again.");
    });
  }

  /** @param {string} part @param {any} content */
  post(part, content) {
    return call("POST", addressOf(this.id, part), { json: { revision: this.state.revision, ...content } });
  }

  /**
   * One call at a time: each needs the revision that the one before gave.
   * @param {() => Promise<unknown>} act
   */
  async exclusively(act) {
    if (this.isBusy) return say("One moment: the correction before is not finished.");
    this.isBusy = true;
    try {
      await act();
    } catch (error) {
      if (error instanceof ApiError && error.code === "stale") {
        await this.load().catch(fail);
        say("This recording was corrected elsewhere meanwhile. The page has the newest state; please correct again.");
      } else {
        fail(error);
        this.reject();
      }
    } finally {
      this.isBusy = false;
    }
  }
}

/** @param {any} answer @returns {import("./model.js").Change[]} */
function changesOf(answer) {
  return (answer.changes ?? []).map((/** @type {any} */ change) => ({
    start: change.start_s,
    end: change.end_s,
    from: change.from,
    to: change.to,
  }));
}
