#!/usr/bin/env bash
# Gathers the page that diarizes in the browser: js/demo/build.sh [FOLDER], target/npm/demo by
# default. Needs the package of js/build.sh. Any server of static files can serve the folder. With
# the headers that js/README.md names under "Threads", several threads compute.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
demo=${1:-$target/npm/demo}
rm -rf "$demo"
mkdir -p "$demo/diarist" "$demo/web"
cp js/demo/{index.html,demo.js,offline.js} "$demo"
for name in browser.js client.js engine.js serve.js stream.js worker.js worklet.js; do
    cp "$target/npm/diarist/$name" "$demo/diarist"
done
cp "$target"/npm/diarist/diarist*.wasm "$demo/diarist"
# The modules of the service's page that the page imports.
modules=(board dialog dom drawing files keyboard lanes menu messages model player speaker text timeline turns viewer)
for name in "${modules[@]/%/.js}" style.css colours.css; do
    cp "crates/diarist-page/web/$name" "$demo/web"
done
files=$(cd "$demo" && find . -type f ! -name offline.js ! -name '*.wasm' -printf '%P\n' | sort)
version=diarist-$(cd "$demo" && sha256sum $files diarist/*.wasm | sha256sum | cut -c1-16)
list=$(printf '"%s", ' "./" $files)
sed -i "s|\[\"\", \[\]\]|[\"$version\", [${list%, }]]|" "$demo/offline.js"
echo "$demo: $version"
