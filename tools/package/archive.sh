#!/usr/bin/env bash
# Packs the program of a platform: TARGET.tar.gz, or .zip for Windows.
#
#   tools/package/archive.sh TARGET [FOLDER]
#
# FOLDER, target/package by default, has the program in the folder TARGET, where
# tools/package/cross.sh puts it, and gets the archive, named diarist-VERSION-TARGET. The same
# program gives the same bytes. The variable DIARIST is that of share.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

target=${1:?a target, such as x86_64-unknown-linux-musl}
folder=$(realpath "${2:-${CARGO_TARGET_DIR:-target}/package}")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=diarist-$version-$target
staging=$(mktemp -d)
trap 'rm -r "$staging"' EXIT
tools/package/share.sh "$staging/$name"
find "$folder/$target" -maxdepth 1 -type f \( -name diarist -o -name diarist.exe \) -exec cp {} "$staging/$name/" \;
[ -e "$staging/$name/diarist" ] || [ -e "$staging/$name/diarist.exe" ] || {
    echo "$folder/$target has no program; build it with tools/package/cross.sh $target" >&2
    exit 2
}
# Times of the last commit, names in order, no owner: nothing else differs from run to run.
time=$(git log -1 --format=%ct)
find "$staging" -exec touch -h -d "@$time" {} +
cd "$staging"
if [ -e "$name/diarist.exe" ]; then
    archive=$folder/$name.zip
    rm -f "$archive"
    find "$name" -type f | LC_ALL=C sort | TZ=UTC zip -q -X -@ "$archive"
else
    archive=$folder/$name.tar.gz
    tar --sort=name --owner=0 --group=0 --numeric-owner --format=ustar -cf - "$name" | gzip -9n >"$archive"
fi
echo "$archive: $(stat -c %s "$archive") bytes"
