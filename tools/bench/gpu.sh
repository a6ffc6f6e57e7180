#!/usr/bin/env bash
# Checks and times a GPU in a few minutes: agreement with the CPU, each kernel, and the whole
# pipeline on an hour of audio in every profile.
#
#   tools/bench/gpu.sh [DEVICE] [SECONDS] [FOLDER]
#
# DEVICE is a value of `--device` (gpu), SECONDS the length of the recording (3600). FOLDER may hold
# the programs `diarist`, `kernels` and `gpu` of an earlier `tools/bench/gpu.sh build FOLDER`, for a
# machine without a compiler. Otherwise they are built first.
set -euo pipefail
cd "$(dirname "$0")/../.."

build() { # into the folder $1
    mkdir -p "$1"
    cargo build --release --locked -p diarist-cli --features gpu
    cp "${CARGO_TARGET_DIR:-target}/release/diarist" "$1/diarist"
    bench diarist-gpu kernels "$1"
    bench diarist gpu "$1" --features gpu
}

bench() { # the program of bench $2 of the package $1, into the folder $3; further arguments for cargo
    local program
    program=$(cargo bench --locked -p "$1" --bench "$2" --no-run --message-format json "${@:4}" \
        | sed -n "s/.*\"name\":\"$2\".*\"executable\":\"\([^\"]*\)\".*/\1/p" | tail -n 1)
    cp "$program" "$3/$2"
}

if [ "${1:-}" = build ]; then
    build "${2:?a folder}"
    exit
fi
device=${1:-gpu} seconds=${2:-3600} folder=${3:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -r "$folder"' EXIT
    build "$folder"
fi
echo "== devices, and their agreement with the CPU"
"$folder/diarist" devices
echo "== kernels"
"$folder/kernels" "$device"
echo "== the whole pipeline"
"$folder/gpu" "$seconds" "$device"
