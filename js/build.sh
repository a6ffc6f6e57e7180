#!/usr/bin/env bash
# Builds the npm package: js/build.sh [FOLDER], target/npm/diarist by default.
#
# The variable DIARIST names a program that stores the networks; without it, cargo runs one.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
package=${1:-$target/npm/diarist}

if [ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; then
    rustup target add wasm32-unknown-unknown
fi
weights=$(tools/package/networks.sh)
rm -rf "$package"
mkdir -p "$package"

# Texts of panics name source files, but not the folders of the machine.
sysroot=$(rustc --print sysroot)
common=(-Ctarget-feature=+simd128 "--remap-path-prefix=$PWD=."
    "--remap-path-prefix=$sysroot/lib/rustlib/src/rust=rust"
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=registry")

# The stable compiler builds a standard library only with this variable. Build scripts look at it,
# so it is set for both modules, which then share their results.
export RUSTC_BOOTSTRAP=1

build() { # FILE FLAGS... [-- OPTIONS OF CARGO]: compiles the module
    local file=$1 flags=("${common[@]}")
    while shift && [ "${1:---}" != -- ]; do
        flags+=("$1")
    done
    # These join the options of .cargo/config.toml; RUSTFLAGS would replace them.
    DIARIST_WEIGHTS_DIR=$weights env -u RUSTFLAGS \
        cargo --config "build.rustflags=[$(printf '"%s",' "${flags[@]}")]" \
        build -p diarist-wasm --profile small --locked --target wasm32-unknown-unknown "${@:2}"
    cp "$target/wasm32-unknown-unknown/small/diarist_wasm.wasm" "$package/$file"
    echo "$package/$file: $(stat -c %s "$package/$file") bytes, $(gzip -9c "$package/$file" | wc -c) with gzip"
}

# Decoders need more than the usual stack of 1 MiB.
build diarist.wasm -Clink-arg=-zstack-size=4194304

# Threads need a standard library that is compiled for shared memory. The bounds of the memory are
# those of js/src/engine.js.
if [ -d "$sysroot/lib/rustlib/src/rust/library" ] || rustup component add rust-src; then
    flags=(-Ctarget-feature=+atomics,+bulk-memory,+mutable-globals)
    for argument in --shared-memory --import-memory --initial-memory=33554432 --max-memory=4294967296 \
        --export=__stack_pointer --export=__tls_size --export=__wasm_init_tls; do
        flags+=("-Clink-arg=$argument")
    done
    build diarist-threads.wasm "${flags[@]}" -- -Zbuild-std=std,panic_abort
else
    echo "note: the package computes with one thread: rustup cannot install rust-src, which threads need"
fi
cp js/package.json js/README.md js/src/* LICENSE-MIT LICENSE-APACHE NOTICE "$package"
