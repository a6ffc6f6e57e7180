#!/usr/bin/env bash
# Builds the npm package: js/build.sh [FOLDER], target/npm/diarist by default.
#
# The networks are embedded as linear7, the smallest form without a cost (docs/benchmarks.md). The
# variable DIARIST names a program that stores them; without it, cargo runs the program.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
package=${1:-$target/npm/diarist}
weights=$(realpath -m "$target/npm/weights")
diarist=${DIARIST:-cargo run -q --release --locked --}

if [ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; then
    rustup target add wasm32-unknown-unknown
fi
# Unchanged files stay, so that cargo does not compile everything anew.
stored=$(mktemp -d)
$diarist models quantize segmentation-3.0 wespeaker-resnet34-lm --form linear7 --output-dir "$stored"
mkdir -p "$weights"
for name in segmentation-3.0 wespeaker-resnet34-lm; do
    cmp -s "$stored/$name.safetensors" "$weights/$name.safetensors" || cp "$stored/$name.safetensors" "$weights"
done
rm -r "$stored"
# Decoders need more than the usual stack of 1 MiB.
DIARIST_WEIGHTS_DIR=$weights \
    RUSTFLAGS="-Ctarget-feature=+simd128 -Clink-arg=-zstack-size=4194304" \
    cargo build -p diarist-wasm --profile small --locked --target wasm32-unknown-unknown
rm -rf "$package"
mkdir -p "$package"
cp "$target/wasm32-unknown-unknown/small/diarist_wasm.wasm" "$package/diarist.wasm"
cp js/package.json js/README.md js/src/* LICENSE-MIT LICENSE-APACHE NOTICE "$package"
echo "$package: diarist.wasm has $(stat -c %s "$package/diarist.wasm") bytes, $(gzip -9c "$package/diarist.wasm" | wc -c) with gzip"
