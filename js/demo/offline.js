// Keeps the files of the page, so that it works without a network.

// The build writes the files of the page and a digest of them here.
const [VERSION, FILES] = ["", []];
// The page tells which of the two modules it uses.
const MODULE = location.search === "?threads" ? "diarist/diarist-threads.wasm" : "diarist/diarist.wasm";

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll([...FILES, MODULE]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("diarist-") && name !== VERSION;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name)))),
  );
});

self.addEventListener("fetch", (event) => {
  event.respondWith(
    caches.match(event.request, { ignoreSearch: true }).then((kept) => kept ?? fetch(event.request)),
  );
});
