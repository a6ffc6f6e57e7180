#!/usr/bin/env bash
# Stores the networks for small programs, in the form compact, and prints the folder.
#
# The variable DIARIST names a program that stores them; without it, cargo runs the program.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
diarist=${DIARIST:-cargo run -q --release --locked --}

folder=$(realpath -m "$target/networks")
mkdir -p "$folder"
stored=$(mktemp -d)
# Its own networks, not those of a folder.
env -u DIARIST_WEIGHTS_DIR $diarist models quantize segmentation-3.0 wespeaker-resnet34-lm --form compact \
    --output-dir "$stored" >&2
# Unchanged files stay, so that cargo does not compile everything anew.
for file in "$stored"/*; do
    cmp -s "$file" "$folder/${file##*/}" || cp "$file" "$folder"
done
rm -r "$stored"
echo "$folder"
