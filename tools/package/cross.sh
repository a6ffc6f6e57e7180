#!/usr/bin/env bash
# Builds the program for another platform, and compares its turns on the sample recording with those
# of this machine, where an emulator can run it.
#
#   tools/package/cross.sh TARGET [FOLDER]
#
# TARGET is one of the keys below. The program goes to FOLDER, target/package by default. Needs
# rustup; compilers for C and emulators are installed with apt-get (Debian, Ubuntu).
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

target=${1:?a target, such as x86_64-unknown-linux-musl}
built=${CARGO_TARGET_DIR:-target}
folder=${2:-$built/package}
program=diarist
linker=
runner=()
# Kernels with bfloat16 round otherwise, so both programs run plain ones.
isa=portable
# Packages of the system, the compiler for C, the linker if it is not that of this machine, and the
# emulator.
case $target in
    x86_64-unknown-linux-musl) # static: runs on every Linux
        packages=(musl-tools) compiler=musl-gcc
        ;;
    aarch64-unknown-linux-gnu)
        packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user) compiler=aarch64-linux-gnu-gcc
        linker=$compiler
        runner=(qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu)
        # Its own kernels: they round as the plain ones.
        isa=neon-dotprod
        ;;
    x86_64-pc-windows-gnu) # Debian 13 has a Wine that is new enough
        packages=(gcc-mingw-w64-x86-64 wine wine64) compiler=x86_64-w64-mingw32-gcc
        linker=$compiler
        program=diarist.exe
        runner=(wine)
        ;;
    *)
        echo "$target: its compiler for C is not known here; add it to $0" >&2
        exit 2
        ;;
esac

dpkg -s "${packages[@]}" >/dev/null 2>&1 \
    || apt-get install -y -q --no-install-recommends "${packages[@]}" \
    || { apt-get update -q && apt-get install -y -q --no-install-recommends "${packages[@]}"; }
[ -d "$(rustc --print target-libdir --target "$target")" ] || rustup target add "$target"
variable=${target//-/_}
export "CC_$variable=$compiler"
[ -z "$linker" ] || export "CARGO_TARGET_${variable^^}_LINKER=$linker"
cargo build --release --locked -p diarist-cli --target "$target"
mkdir -p "$folder/$target"
cp "$built/$target/release/$program" "$folder/$target/"
program=$folder/$target/$program
echo "$program: $(stat -c %s "$program") bytes"

cargo build --release --locked -p diarist-cli
turns() { # of the sample recording: instruction set, then the program
    DIARIST_ISA=$1 WINEDEBUG=-all "${@:2}" diarize --quiet fixtures/audio/conversation.flac | tr -d '\r'
}
expected=$(turns portable "$built/release/diarist")
found=$(turns "$isa" "${runner[@]}" "$program")
diff <(echo "$expected") <(echo "$found")
echo "$target: the turns of the sample are those of this machine"
