"use strict";
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const canvas = byId("canvas"), scroll = byId("scroll"), times = byId("times"), audio = byId("audio"), head = byId("head");
const list = document.querySelector(".turns"), names = all(".names [data-name], .names div[title]");
const duration = Number(canvas.dataset.duration);
const turns = all(".turns .turn").map((part) => ({
  part, start: Number(part.dataset.start), end: Number(part.dataset.end), lane: Number(part.closest("li").dataset.lane),
}));
canvas.classList.add("live");

function bytesOf(element) {
  const text = atob(element.textContent.trim()), bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  element.remove();
  return bytes;
}
function clock(seconds) {
  const s = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

// The visible part: as many time marks as there is room for, and the waveform pixel by pixel.
const detail = byId("detail"), peaks = byId("peaks") && bytesOf(byId("peaks"));
const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600];
// Room of a label in pixels, and of the last one.
const LABEL = 72, LAST = 56;
function drawTimes(from, to, width) {
  const step = STEPS.find((step) => (step / duration) * width >= LABEL) || duration;
  times.replaceChildren();
  for (let time = Math.floor(from / step) * step; time <= to; time += step) {
    if (((duration - time) / duration) * width < LAST) break;
    const mark = document.createElement("span");
    mark.textContent = clock(time);
    mark.style.left = `${(100 * time) / duration}%`;
    times.append(mark);
  }
}
function drawWave(from, to) {
  const dense = window.devicePixelRatio || 1, width = Math.round(scroll.clientWidth * dense), height = Math.round(detail.clientHeight * dense);
  detail.width = width;
  detail.height = height;
  detail.style.left = `${scroll.scrollLeft}px`;
  detail.style.width = `${scroll.clientWidth}px`;
  const brush = detail.getContext("2d"), place = (x) => Math.floor(((from + (x * (to - from)) / width) / duration) * peaks.length);
  brush.fillStyle = getComputedStyle(detail).color;
  for (let x = 0; x < width; x++) {
    let largest = 0;
    for (let i = place(x), end = Math.max(i + 1, place(x + 1)); i < end && i < peaks.length; i++) largest = Math.max(largest, peaks[i]);
    const reach = Math.max(0.5, (largest / 255) * (height / 2 - 3 * dense));
    brush.fillRect(x, height / 2 - reach, 1, 2 * reach);
  }
}
function draw() {
  const width = canvas.clientWidth, from = (scroll.scrollLeft / width) * duration, to = ((scroll.scrollLeft + scroll.clientWidth) / width) * duration;
  drawTimes(from, to, width);
  if (peaks) drawWave(from, to);
}
let isDue = false;
function drawSoon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; draw(); });
}
scroll.addEventListener("scroll", drawSoon);
window.addEventListener("resize", drawSoon);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawSoon);

// Without sound, the moment is the one that a link names.
let moment = 0;
const now = () => (audio ? audio.currentTime || 0 : moment);

// Zooming keeps the moment below `x` in its place: the pointer, or the current moment if it is
// visible, or the middle.
let zoom = 1;
const maxZoom = Math.max(1, duration / 5);
function setZoom(wanted, pointer) {
  const current = (now() / duration) * canvas.clientWidth - scroll.scrollLeft;
  const x = pointer ?? (current >= 0 && current <= scroll.clientWidth ? current : scroll.clientWidth / 2);
  const at = (scroll.scrollLeft + x) / canvas.clientWidth;
  zoom = Math.min(maxZoom, Math.max(1, wanted));
  canvas.style.width = `${100 * zoom}%`;
  scroll.scrollLeft = at * canvas.clientWidth - x;
  byId("out").disabled = zoom <= 1;
  byId("in").disabled = zoom >= maxZoom;
  drawSoon();
}
byId("in").addEventListener("click", () => setZoom(zoom * 2));
byId("out").addEventListener("click", () => setZoom(zoom / 2));
scroll.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  setZoom(zoom * 2 ** (-event.deltaY / 200), event.clientX - scroll.getBoundingClientRect().left);
}, { passive: false });

// One speaker's turns in the list, and for the keys.
const filter = byId("speaker");
const isShown = (turn) => filter.value === "" || turn.lane === Number(filter.value);
byId("filter").hidden = false;
filter.addEventListener("change", () => {
  for (const line of list.children) line.hidden = filter.value !== "" && line.dataset.lane !== filter.value;
});

// Marks the current turns everywhere on the page.
let shown = null;
function show() {
  const time = now(), x = (100 * Math.min(time, duration)) / duration;
  head.style.left = `${x}%`;
  const current = turns.filter((turn) => turn.start <= time && time < turn.end);
  const key = current.map((turn) => turns.indexOf(turn)).join();
  if (key !== shown) {
    shown = key;
    for (const turn of turns) {
      if (current.includes(turn)) turn.part.setAttribute("aria-current", "true");
      else turn.part.removeAttribute("aria-current");
    }
    names.forEach((name, lane) => name.classList.toggle("active", current.some((turn) => turn.lane === lane)));
    const part = current.findLast(isShown)?.part;
    if (part && !list.contains(document.activeElement)) {
      list.scrollTop += part.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 2;
    }
  }
  return current;
}
function reveal(time, margin) {
  const left = (time / duration) * canvas.clientWidth - scroll.scrollLeft;
  if (left < 0 || left > scroll.clientWidth) scroll.scrollLeft += left - scroll.clientWidth * margin;
}

// The end of the address names a moment in seconds or as 1:23.5.
function linked() {
  const found = /^#t=(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(location.hash);
  return found && Math.min(duration, Number(found[1] || 0) * 3600 + Number(found[2] || 0) * 60 + Number(found[3]));
}
function link(time) {
  // Some viewers have no address.
  try { history.replaceState(null, "", `#t=${Math.round(time * 10) / 10}`); } catch { return; }
}
let go = (time) => {
  moment = time;
  head.hidden = false;
  show();
};
let keys = () => false;

if (audio) {
  const play = byId("play"), position = byId("position"), who = byId("who"), fault = byId("fault");
  const data = byId("data");
  if (data) {
    const type = data.dataset.type;
    audio.src = URL.createObjectURL(new Blob([bytesOf(data)], { type }));
  }
  audio.addEventListener("error", () => { fault.hidden = false; });

  function update() {
    const current = show(), time = audio.currentTime;
    byId("time").textContent = clock(time);
    position.setAttribute("aria-valuenow", time.toFixed(1));
    who.textContent = current.map((turn) => names[turn.lane].dataset.name).join(" + ");
    position.setAttribute("aria-valuetext", `${clock(time)} ${who.textContent}`);
    if (!audio.paused && zoom > 1) reveal(time, 0.1);
  }
  function follow() {
    update();
    if (!audio.paused) requestAnimationFrame(follow);
  }
  function changed() {
    play.textContent = audio.paused ? "▶ Play" : "❚❚ Pause";
    play.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
    follow();
  }
  for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, changed);
  for (const event of ["seeked", "timeupdate", "loadedmetadata"]) audio.addEventListener(event, update);
  audio.addEventListener("pause", () => link(audio.currentTime));

  function start() {
    audio.play().catch(() => { fault.hidden = !audio.error; });
  }
  function toggle() {
    if (audio.paused) start();
    else audio.pause();
  }
  function seek(time) {
    audio.currentTime = Math.min(Math.max(0, time), duration);
    update();
  }
  go = (time) => {
    if (audio.readyState > 0) seek(time);
    else audio.addEventListener("loadedmetadata", () => seek(time), { once: true });
  };
  function playTurn(turn) {
    if (!turn) return;
    seek(turn.start);
    reveal(turn.start, 0.1);
    link(turn.start);
    start();
  }
  // The tolerances keep the current turn from being the next one, and let going back leave it.
  const next = (wanted) => turns.find((turn) => turn.start > audio.currentTime + 0.01 && wanted(turn));
  const previous = () => turns.findLast((turn) => turn.start < audio.currentTime - 1 && isShown(turn)) || turns.find(isShown);

  play.addEventListener("click", toggle);
  byId("rate").addEventListener("change", (event) => { audio.playbackRate = Number(event.target.value); });
  for (const turn of turns) turn.part.addEventListener("click", () => playTurn(turn));
  names.forEach((name, lane) => {
    const own = (turn) => turn.lane === lane;
    name.addEventListener("click", () => playTurn(next(own) || turns.find(own)));
  });
  canvas.addEventListener("click", (event) => {
    const turn = event.target.dataset.turn;
    if (turn !== undefined) return playTurn(turns[turn]);
    const box = canvas.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * duration);
    link(audio.currentTime);
    start();
  });

  keys = (event) => {
    const target = event.target, step = event.shiftKey ? 1 : 5;
    const index = turns.findIndex((turn) => turn.part === target);
    const neighbour = (own) => own.filter(isShown)[0]?.part.focus();
    if (event.key === " " && !target.matches(".group button")) toggle();
    else if (event.key === "ArrowLeft") seek(audio.currentTime - step);
    else if (event.key === "ArrowRight") seek(audio.currentTime + step);
    else if (event.key === "Home" && target === position) seek(0);
    else if (event.key === "End" && target === position) seek(duration);
    else if (event.key === "n") playTurn(next(isShown));
    else if (event.key === "p") playTurn(previous());
    else if (event.key === "ArrowDown" && index >= 0) neighbour(turns.slice(index + 1));
    else if (event.key === "ArrowUp" && index >= 0) neighbour(turns.slice(0, index).reverse());
    else return false;
    return true;
  };
  // Otherwise releasing the space bar would press the focused button.
  document.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.matches("button") && !event.target.matches(".group button")) event.preventDefault();
  });
  changed();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
  if (event.key === "+" || event.key === "=") setZoom(zoom * 2);
  else if (event.key === "-") setZoom(zoom / 2);
  else if (event.key === "0") setZoom(1);
  else if (!keys(event)) return;
  event.preventDefault();
});
function follow() {
  const time = linked();
  if (time !== null) go(time);
}
window.addEventListener("hashchange", follow);
setZoom(1);
draw();
follow();
