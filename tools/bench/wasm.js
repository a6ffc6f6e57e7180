// Diarizes a file with the npm package (js/build.sh) and prints the seconds that it took:
//
//   wasm.js node|chromium|firefox FILE [OPTIONS AS JSON]
//
// Start is from nothing to loaded networks, without the start of the program or browser. Browsers
// need `npm ci` in tests/browser. The variable PACKAGE names another folder; in one without
// `diarist-threads.wasm`, the module without threads computes.

import { readFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = path.resolve(root, process.env.PACKAGE ?? "target/npm/diarist");
const [place, file, options = "{}"] = argv.slice(2);
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Runs in Node and, as text, in a page. */
async function measure(address, bytes, options) {
  const { diarize, preload } = await import(address);
  const begin = performance.now();
  const { threads } = await preload(options);
  const loaded = performance.now();
  const { timings, turns, speakers } = await diarize(bytes, options);
  const seconds = (ms) => Math.round(ms) / 1000;
  return {
    threads,
    start_s: seconds(loaded - begin),
    diarize_s: seconds(performance.now() - loaded),
    rtfx: timings.rtfx,
    turns: turns.length,
    speakers: speakers.length,
  };
}

/** Opens a browser with an empty page that is served beside the package. */
async function inBrowser(address) {
  const load = createRequire(path.join(root, "tests/browser/browsers.js"));
  const browser =
    place === "chromium"
      ? await load("playwright-core").chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" })
      : await load("puppeteer-core").launch({
          browser: "firefox",
          executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
          protocolTimeout: 600_000,
        });
  const page = await browser.newPage();
  await page.goto(address);
  const call = `(${measure})("./browser.js", fetch("./recording").then((answer) => answer.arrayBuffer()), ${options})`;
  const found = await page.evaluate(call.replace("fetch", "await fetch").replace(/^/, "(async () => ") + ")()");
  console.log({ version: await browser.version(), ...found });
  await browser.close();
}

if (place === "node") {
  const address = pathToFileURL(path.join(folder, "node.js")).href;
  console.log({ version: process.version, ...(await measure(address, await readFile(file), JSON.parse(options))) });
} else {
  const server = http.createServer(async (request, response) => {
    const name = request.url.slice(1) || "index.html";
    response.setHeader("content-type", TYPES[path.extname(name)] ?? "application/octet-stream");
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    if (name === "index.html") response.end("<!DOCTYPE html><title>diarist</title>");
    else response.end(await readFile(name === "recording" ? file : path.join(folder, name)).catch(() => ""));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  await inBrowser(`http://127.0.0.1:${server.address().port}/`);
  server.close();
}
