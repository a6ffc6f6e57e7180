// The sound of a recording, and the bar that plays it.

import { button, element, replace } from "./dom.js";
import { clock } from "./text.js";

const RATES = ["0.5", "0.75", "1", "1.25", "1.5", "2"];

/**
 * Plays a recording. Without an audio element it only knows the current moment. Events: `time` (the
 * moment or the state has changed) and `moved` (the reader went elsewhere, or paused).
 */
export class Player extends EventTarget {
  /**
   * @param {HTMLAudioElement | null} audio
   * @param {{ fallback?: string | null, onfault?: () => void }} [options]
   */
  constructor(audio, options = {}) {
    super();
    this.audio = audio;
    this.moment = 0;
    this.duration = 0;
    /** @type {number | null} */
    this.stopAt = null;
    if (!audio) return;
    let fallback = options.fallback ?? null;
    audio.addEventListener("error", () => {
      if (!fallback) return options.onfault?.();
      const time = audio.currentTime || this.moment,
        wasPlaying = !audio.paused;
      audio.src = fallback;
      fallback = null;
      this.seek(time);
      if (wasPlaying) this.play();
    });
    for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => this.follow());
    for (const event of ["seeked", "timeupdate", "loadedmetadata"])
      audio.addEventListener(event, () => this.changed());
    audio.addEventListener("pause", () => this.dispatchEvent(new Event("moved")));
  }

  get time() {
    return this.audio && this.audio.readyState > 0 ? this.audio.currentTime : this.moment;
  }

  get isPlaying() {
    return Boolean(this.audio && !this.audio.paused);
  }

  changed() {
    if (this.stopAt !== null && this.time >= this.stopAt) {
      this.stopAt = null;
      this.audio?.pause();
    }
    this.dispatchEvent(new Event("time"));
  }

  follow() {
    this.changed();
    if (this.isPlaying) requestAnimationFrame(() => this.follow());
  }

  /** @param {number} time */
  seek(time) {
    this.stopAt = null;
    this.moment = Math.min(Math.max(0, time), this.duration);
    const { audio, moment } = this;
    if (audio && audio.readyState > 0) audio.currentTime = moment;
    else
      audio?.addEventListener(
        "loadedmetadata",
        () => {
          audio.currentTime = this.moment;
        },
        { once: true },
      );
    this.dispatchEvent(new Event("time"));
  }

  play() {
    // A browser may forbid sound; the state of the button says so.
    this.audio?.play().catch(() => this.changed());
  }

  toggle() {
    this.stopAt = null;
    if (this.isPlaying) this.audio?.pause();
    else this.play();
  }

  /**
   * Plays from `start`, and stops at `end` if there is one.
   * @param {number} start
   * @param {number} [end]
   */
  playFrom(start, end) {
    this.seek(start);
    if (end !== undefined) this.stopAt = end;
    this.dispatchEvent(new Event("moved"));
    this.play();
  }

  close() {
    if (!this.audio) return;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
  }
}

/**
 * The bar of the player.
 * @param {Player} player
 * @param {{ zoomIn: () => void, zoomOut: () => void }} zoom
 * @param {() => string} speaking
 */
export function playerBar(player, zoom, speaking) {
  const group = element("div.player", { role: "group", "aria-label": "Player" });
  const play = button("", () => player.toggle(), { class: "primary play" });
  const time = element("span"),
    all = element("span"),
    who = element("span.who");
  const rate = element(
    "select",
    { "aria-label": "Speed" },
    ...RATES.map((rate) => element("option", { value: rate, selected: rate === "1" }, `${rate}×`)),
  );
  rate.addEventListener("change", () => {
    if (player.audio) player.audio.playbackRate = Number(rate.value);
  });
  if (player.audio) group.append(play, element("span", null, time, " / ", all), who, rate);
  group.append(
    element(
      "span.group",
      null,
      element("span", { "aria-hidden": "true" }, "Zoom"),
      button("−", zoom.zoomOut, { "aria-label": "Zoom out" }),
      button("+", zoom.zoomIn, { "aria-label": "Zoom in" }),
    ),
  );
  let wasPlaying = /** @type {boolean | null} */ (null);
  player.addEventListener("time", () => {
    time.textContent = clock(player.time);
    all.textContent = clock(player.duration);
    replace(who, speaking());
    if (wasPlaying === player.isPlaying) return;
    wasPlaying = player.isPlaying;
    play.textContent = wasPlaying ? "❚❚ Pause" : "▶ Play";
    play.setAttribute("aria-label", wasPlaying ? "Pause" : "Play");
  });
  return group;
}
