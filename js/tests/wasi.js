// Runs a program compiled for wasm32-wasip1, as cargo's runner: wasi.js PROGRAM [ARGUMENTS]. It
// sees the environment and the working folder, and no other files.

import fs from "node:fs/promises";
import { argv, env, exit } from "node:process";
import { WASI } from "node:wasi";

const wasi = new WASI({ version: "preview1", args: argv.slice(2), env, preopens: { ".": "." } });
const module = await WebAssembly.compile(await fs.readFile(argv[2]));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
exit(wasi.start(instance));
