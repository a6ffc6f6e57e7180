#!/usr/bin/env bash
# Writes the files that go with the program into packages: manual pages, completions for shells,
# licences, notices and the README.
#
#   tools/package/share.sh FOLDER
#
# The variable DIARIST names a program that runs on this machine; without it, cargo builds one.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

folder=${1:?a folder}
diarist=${DIARIST:-cargo run -q --release --locked --}
rm -rf "$folder"
mkdir -p "$folder/man" "$folder/completions"
$diarist generate man "$folder/man"
$diarist generate completions bash >"$folder/completions/diarist.bash"
$diarist generate completions zsh >"$folder/completions/_diarist"
$diarist generate completions fish >"$folder/completions/diarist.fish"
$diarist generate completions powershell >"$folder/completions/diarist.ps1"
cp README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE NOTICE "$folder"
