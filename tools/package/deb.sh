#!/usr/bin/env bash
# Makes the Debian package: the program, manual pages, completions, and a service that is off until
# `systemctl enable --now diarist`.
#
#   tools/package/deb.sh [TARGET [FOLDER]]
#
# TARGET is x86_64-unknown-linux-gnu.2.17 by default, so that the package also installs on older
# systems. FOLDER, target/package by default, has the program in the folder TARGET, where
# tools/package/cross.sh puts it, and gets the package. Needs cargo-deb, which is installed if it is
# missing. The variable DIARIST is that of share.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

target=${1:-x86_64-unknown-linux-gnu.2.17}
built=${CARGO_TARGET_DIR:-target}
folder=$(realpath "${2:-$built/package}")
program=$folder/$target/diarist
[ -e "$program" ] || {
    echo "$program is missing; build it with tools/package/cross.sh $target" >&2
    exit 2
}
cargo deb --version >/dev/null 2>&1 || cargo install --locked cargo-deb
# The files that the manifest of diarist-cli names. The program is stripped already.
triple=${target%.2.17}
staging=$built/$triple/release/deb
mkdir -p "$staging"
tools/package/share.sh "$staging/share"
mv "$staging/share/CHANGELOG.md" "$staging/share/changelog"
gzip -9n "$staging"/share/man/* "$staging/share/changelog"
cp "$program" "$staging/diarist"
cargo deb --locked --no-build --no-strip -p diarist-cli --target "$triple" --output "$folder/"
