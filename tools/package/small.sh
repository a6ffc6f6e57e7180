#!/usr/bin/env bash
# Builds the small program for this machine (Linux): tools/package/small.sh [FOLDER],
# target/package/small by default. docs/guide.md says what it lacks.
#
# The variable DIARIST names a program that stores the networks; without it, cargo builds one.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
folder=${1:-$target/package/small}
weights=$(tools/package/networks.sh)

flags=(-Cforce-unwind-tables=no "-Clink-arg=-Wl,-T,$PWD/tools/package/small.ld")
# Addresses to adjust at the start are then packed. Older C libraries cannot read them.
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || true)
if [ -n "$libc" ] && [ "$(printf '%s\n' "glibc 2.36" "$libc" | sort -V | head -n 1)" = "glibc 2.36" ]; then
    flags+=(-Clink-arg=-Wl,-z,pack-relative-relocs)
fi
# These join the options of .cargo/config.toml; RUSTFLAGS would replace them.
DIARIST_WEIGHTS_DIR=$weights env -u RUSTFLAGS cargo --config "build.rustflags=[$(printf '"%s",' "${flags[@]}")]" \
    build --profile small --no-default-features --locked -p diarist-cli
mkdir -p "$folder"
cp "$target/small/diarist" "$folder"
echo "$folder/diarist: $(stat -c %s "$folder/diarist") bytes"
