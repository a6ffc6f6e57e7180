#!/usr/bin/env bash
# Builds the program for another platform, and compares its turns on the sample recording with those
# of this machine, where an emulator can run it.
#
#   tools/package/cross.sh TARGET [FOLDER]
#
# TARGET is one of the keys below. The program goes to FOLDER, target/package by default. Needs
# rustup and Python; emulators are installed with apt-get (Debian, Ubuntu). The variable DIARIST
# names a program of this machine to compare with; without it, cargo builds one.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

target=${1:?a target, such as x86_64-unknown-linux-musl}
# A name for rustc, without the version of glibc.
triple=${target%.2.17}
built=${CARGO_TARGET_DIR:-target}
folder=${2:-$built/package}/$target
program=diarist
build=(cargo-zigbuild zigbuild)
packages=()
runner=()
# Kernels with bfloat16 round otherwise, so both programs run plain ones.
isa=portable
case $target in
    x86_64-unknown-linux-gnu.2.17 | x86_64-unknown-linux-musl) ;;
    aarch64-unknown-linux-gnu.2.17 | aarch64-unknown-linux-musl)
        packages=(libc6-arm64-cross qemu-user)
        runner=(qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu)
        # Its own kernels: they round as the plain ones.
        isa=neon-dotprod
        ;;
    x86_64-pc-windows-gnu)
        packages=(gcc-mingw-w64-x86-64 wine wine64)
        build=(cargo build)
        program=diarist.exe
        runner=(wine)
        ;;
    x86_64-apple-darwin | aarch64-apple-darwin)
        source tools/package/macos.sh
        ;;
    *)
        echo "$target is not known here; add it to $0" >&2
        exit 2
        ;;
esac

install() { apt-get install -y -q --no-install-recommends "${packages[@]}"; }
[ ${#packages[@]} -eq 0 ] || dpkg -s "${packages[@]}" >/dev/null 2>&1 \
    || install || { apt-get update -q && install; }
[ -d "$(rustc --print target-libdir --target "$triple")" ] || rustup target add "$triple"
[ "${build[0]}" = cargo ] || source tools/package/zig.sh

"${build[@]}" --release --locked -p diarist-cli --target "$target"
mkdir -p "$folder"
cp "$built/$triple/release/$program" "$folder/"
program=$folder/$program
echo "$program: $(stat -c %s "$program") bytes"
if [[ $target = *-apple-darwin ]]; then
    echo "$target: linked; only a Mac can run it"
    exit
fi

if [[ $target = *.2.17 ]]; then
    newest=$(readelf --version-info "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
    echo "$program: needs $newest"
    [ "$(printf '%s\n' "$newest" GLIBC_2.17 | sort -V | tail -n 1)" = GLIBC_2.17 ]
fi

export WINEDEBUG=-all
if [[ $program = *.exe ]] && ! wine "$program" --version >/dev/null; then
    # Wine 8 of Debian 12 lacks this library, from which Rust takes random bytes; Wine 10 has it.
    # The stand-in takes them from an older library, and stays beside Wine, not beside the program.
    export WINEPATH=$built/wine
    mkdir -p "$WINEPATH"
    x86_64-w64-mingw32-gcc -shared -o "$WINEPATH/bcryptprimitives.dll" -xc - -ladvapi32 <<'END'
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *bytes, SIZE_T length) { return RtlGenRandom(bytes, length); }
END
fi

if [ -z "${DIARIST:-}" ]; then
    cargo build --release --locked -p diarist-cli
    DIARIST=$built/release/diarist
fi
turns() { # of the sample recording: instruction set, then the program
    DIARIST_ISA=$1 "${@:2}" diarize --quiet fixtures/audio/conversation.flac | tr -d '\r'
}
expected=$(turns portable "$DIARIST")
found=$(turns "$isa" "${runner[@]}" "$program")
diff <(echo "$expected") <(echo "$found")
echo "$target: the turns of the sample are those of this machine"
