#!/usr/bin/env bash
# Fills in the manifests of package managers: the Homebrew formula and those of winget.
#
#   tools/package/manifests.sh [FOLDER]
#
# FOLDER, target/package by default, has the archives (tools/package/archive.sh). It gets the
# folders homebrew and winget, and SHA256SUMS for all its archives and packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

folder=${1:-${CARGO_TARGET_DIR:-target}/package}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
repository=$(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

for manifest in tools/package/homebrew/* tools/package/winget/*; do
    text=$(<"$manifest")
    text=${text//@VERSION@/$version}
    text=${text//@DATE@/$(git log -1 --format=%cs)}
    text=${text//@DOWNLOADS@/$repository/releases/download/v$version}
    while [[ $text =~ @SHA256:([^@]+)@ ]]; do
        archive=$folder/diarist-$version-${BASH_REMATCH[1]}
        [ -e "$archive" ] || {
            echo "$archive is missing; ${manifest#tools/package/} needs its checksum" >&2
            exit 2
        }
        sum=$(sha256sum "$archive" | cut -d ' ' -f 1)
        text=${text//"${BASH_REMATCH[0]}"/$sum}
    done
    filled=$folder/${manifest#tools/package/}
    mkdir -p "$(dirname "$filled")"
    echo "$text" >"$filled"
    echo "$filled"
done
(cd "$folder" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum >SHA256SUMS)
echo "$folder/SHA256SUMS"
