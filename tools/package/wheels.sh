#!/usr/bin/env bash
# Builds wheels, one for each platform, for Python 3.9 and newer (the stable ABI).
#
#   tools/package/wheels.sh [TARGET...]
#
# TARGET is a target of rustc: by default, those of Linux and Windows. Wheels for macOS are linked
# here, too, but not run, so releases have those of a Mac. The wheels go to target/package. Needs
# rustup and Python.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

targets=("$@")
if [ $# -eq 0 ]; then
    targets=({x86_64,aarch64}-unknown-linux-{gnu,musl} x86_64-pc-windows-gnu)
fi
source tools/package/zig.sh

for target in "${targets[@]}"; do
    [ -d "$(rustc --print target-libdir --target "$target")" ] || rustup target add "$target"
    # maturin fails if the module needs a symbol that a system of this tag may lack.
    case $target in
        *-linux-gnu) tag=manylinux2014 ;; # glibc 2.17
        *-linux-musl) tag=musllinux_1_2 ;;
        *) tag=pypi ;;
    esac
    maturin build --release --locked --zig --target "$target" --compatibility "$tag" \
        --out "${CARGO_TARGET_DIR:-target}/package"
done
