"use strict";
for (const recording of document.querySelectorAll(".recording")) {
  const audio = recording.querySelector("audio"), drawing = recording.querySelector(".drawing"), head = recording.querySelector(".head");
  if (!audio) continue;
  const duration = Number(drawing.dataset.duration);
  audio.addEventListener("error", () => { recording.querySelector(".fault").hidden = false; });
  audio.addEventListener("timeupdate", () => { head.style.left = `${(100 * audio.currentTime) / duration}%`; head.hidden = false; });
  // One recording plays at a time.
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  });
  drawing.addEventListener("click", (event) => {
    const box = drawing.getBoundingClientRect();
    audio.currentTime = ((event.clientX - box.left) / box.width) * duration;
    audio.play().catch(() => { recording.querySelector(".fault").hidden = !audio.error; });
  });
}
