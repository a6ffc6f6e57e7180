# Puts zig, cargo-zigbuild and maturin into the path; to be sourced at the root of the repository.
# zig has a compiler for C and a linker for every target, and the symbols of old versions of glibc.
# Python's index has all three as programs.
tools=${CARGO_TARGET_DIR:-target}/tools
if ! [ -x "$tools/bin/cargo-zigbuild" ]; then
    python3 -m venv "$tools" || { apt-get install -y -q python3-venv && python3 -m venv "$tools"; }
    "$tools/bin/pip" install -q --only-binary :all: ziglang==0.17.1 cargo-zigbuild==0.24.1 "maturin>=1.9,<2"
fi
PATH=$(realpath "$tools/bin"):$PATH
# Else zig makes programs for macOS that need the newest one that it knows.
export MACOSX_DEPLOYMENT_TARGET=11.0
