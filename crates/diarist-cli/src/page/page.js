"use strict";
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const canvas = byId("canvas"), scroll = byId("scroll"), times = byId("times"), audio = byId("audio");
const duration = Number(canvas.dataset.duration);

// As many time marks as there is room for.
function clock(seconds) {
  const s = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
function drawTimes() {
  const room = Math.max(2, canvas.clientWidth / 70);
  const step = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200].find((step) => duration / step <= room) || duration / room;
  times.replaceChildren();
  for (let time = 0; time <= duration; time += step) {
    const mark = document.createElement("span");
    mark.textContent = clock(time);
    mark.style.left = `${(100 * time) / duration}%`;
    if ((canvas.clientWidth * (duration - time)) / duration < 45) mark.className = "end";
    times.append(mark);
  }
}

// Zooming keeps the current moment in its place, or the middle if nothing can be played.
let zoom = 1;
const maxZoom = Math.max(1, 2 ** Math.ceil(Math.log2(duration / 10)));
function setZoom(wanted) {
  const at = audio ? (audio.currentTime || 0) / duration : (scroll.scrollLeft + scroll.clientWidth / 2) / canvas.clientWidth;
  zoom = Math.min(maxZoom, Math.max(1, wanted));
  canvas.style.width = `${100 * zoom}%`;
  scroll.scrollLeft = at * canvas.clientWidth - scroll.clientWidth / 2;
  byId("out").disabled = zoom <= 1;
  byId("in").disabled = zoom >= maxZoom;
  drawTimes();
}
byId("in").addEventListener("click", () => setZoom(zoom * 2));
byId("out").addEventListener("click", () => setZoom(zoom / 2));
window.addEventListener("resize", drawTimes);
setZoom(1);

if (audio) {
  const play = byId("play"), position = byId("position"), head = byId("head"), who = byId("who"), fault = byId("fault");
  const buttons = all(".turns button"), names = all(".names button"), list = document.querySelector(".turns");
  const turns = buttons.map((button) => ({
    button, start: Number(button.dataset.start), end: Number(button.dataset.end), lane: Number(button.dataset.lane),
  }));

  const data = byId("data");
  if (data) {
    const text = atob(data.textContent.trim());
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    audio.src = URL.createObjectURL(new Blob([bytes], { type: data.dataset.type }));
    data.remove();
  }
  audio.addEventListener("error", () => { fault.hidden = false; });

  // Marks the current turns everywhere on the page.
  let shown = null;
  function show() {
    const time = audio.currentTime, x = (100 * Math.min(time, duration)) / duration;
    head.style.left = `${x}%`;
    byId("time").textContent = clock(time);
    position.setAttribute("aria-valuenow", time.toFixed(1));
    const now = turns.filter((turn) => turn.start <= time && time < turn.end);
    const key = now.map((turn) => turns.indexOf(turn)).join();
    if (key !== shown) {
      shown = key;
      for (const turn of turns) {
        if (now.includes(turn)) turn.button.setAttribute("aria-current", "true");
        else turn.button.removeAttribute("aria-current");
      }
      names.forEach((name, lane) => name.classList.toggle("active", now.some((turn) => turn.lane === lane)));
      who.textContent = now.map((turn) => names[turn.lane].dataset.name).join(" + ");
      position.setAttribute("aria-valuetext", `${clock(time)} ${who.textContent}`);
      if (now.length && !list.contains(document.activeElement)) {
        const button = now[now.length - 1].button;
        list.scrollTop = button.offsetTop - list.offsetTop - list.clientHeight / 2;
      }
    }
    const left = (x / 100) * canvas.clientWidth - scroll.scrollLeft;
    if (!audio.paused && zoom > 1 && (left < 0 || left > scroll.clientWidth)) scroll.scrollLeft += left - scroll.clientWidth / 10;
  }
  function follow() {
    show();
    if (!audio.paused) requestAnimationFrame(follow);
  }
  function update() {
    play.textContent = audio.paused ? "▶ Play" : "❚❚ Pause";
    play.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
    follow();
  }
  for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, update);
  for (const event of ["seeked", "timeupdate", "loadedmetadata"]) audio.addEventListener(event, show);

  function start() {
    audio.play().catch(() => { fault.hidden = !audio.error; });
  }
  function toggle() {
    if (audio.paused) start();
    else audio.pause();
  }
  function seek(time) {
    audio.currentTime = Math.min(Math.max(0, time), duration);
    show();
  }
  function playTurn(turn) {
    if (!turn) return;
    seek(turn.start);
    start();
  }
  // The tolerances keep the current turn from being the next one, and let going back leave it.
  const next = (lane) => turns.find((turn) => turn.start > audio.currentTime + 0.01 && (lane === undefined || turn.lane === lane));
  const previous = () => turns.findLast((turn) => turn.start < audio.currentTime - 1) || turns[0];

  play.addEventListener("click", toggle);
  byId("rate").addEventListener("change", (event) => { audio.playbackRate = Number(event.target.value); });
  for (const turn of turns) turn.button.addEventListener("click", () => playTurn(turn));
  names.forEach((name, lane) => {
    name.addEventListener("click", () => playTurn(next(lane) || turns.find((turn) => turn.lane === lane)));
  });
  canvas.addEventListener("click", (event) => {
    const turn = event.target.dataset.turn;
    if (turn !== undefined) return playTurn(turns[turn]);
    const box = canvas.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * duration);
    start();
  });

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("select")) return;
    const step = event.shiftKey ? 1 : 5;
    const index = buttons.indexOf(target);
    if (event.key === " " && !target.matches(".group button")) toggle();
    else if (event.key === "ArrowLeft") seek(audio.currentTime - step);
    else if (event.key === "ArrowRight") seek(audio.currentTime + step);
    else if (event.key === "Home" && target === position) seek(0);
    else if (event.key === "End" && target === position) seek(duration);
    else if (event.key === "n") playTurn(next());
    else if (event.key === "p") playTurn(previous());
    else if (event.key === "ArrowDown" && index >= 0) buttons[Math.min(index + 1, buttons.length - 1)].focus();
    else if (event.key === "ArrowUp" && index >= 0) buttons[Math.max(index - 1, 0)].focus();
    else return;
    event.preventDefault();
  });
  // Otherwise releasing the space bar would press the focused button.
  document.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.matches("button") && !event.target.matches(".group button")) event.preventDefault();
  });
  update();
}
