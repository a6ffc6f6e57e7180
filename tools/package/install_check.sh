#!/usr/bin/env bash
# Installs packages as a user would, in a new and empty Debian system, and diarizes the sample with
# each of them. Needs root and debootstrap.
#
#   tools/package/install_check.sh SUITE [FOLDER]
#
# SUITE is bullseye, bookworm or trixie. FOLDER, target/package by default, has the packages:
# Debian package, archive with the static program, wheel, npm package. Those that are not there are
# left out, and the last line says which were tried. The variable SYSTEM names a folder with the
# empty system; without it, debootstrap makes one.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

suite=${1:?a suite of Debian}
folder=${2:-${CARGO_TARGET_DIR:-target}/package}
system=$(mktemp -d)
trap 'rm -rf "$system" "$system.log"' EXIT
if [ -n "${SYSTEM:-}" ]; then
    cp -a "$SYSTEM/." "$system"
else
    debootstrap --variant=minbase "$suite" "$system" >"$system.log" || { cat "$system.log"; exit 1; }
fi
cp fixtures/audio/conversation.flac "$system/"
cp /etc/resolv.conf "$system/etc/"
tried=()
expected=
num_turns=0

inside() { # runs a command in the system, shown as a user would type it
    echo "$suite \$ $*"
    chroot "$system" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive DIARIST_ISA=portable bash -e -o pipefail -c "$*"
}

same_turns() { # start, duration and speaker of every turn, from a file in the system
    local turns
    turns=$(cut -d ' ' -f 4,5,8 "$system/$1")
    expected=${expected:-$turns}
    [ -n "$turns" ] && [ "$turns" = "$expected" ] || {
        echo "$1: the turns are not those of the first package" >&2
        exit 1
    }
    num_turns=$(wc -l <"$system/$1")
    tried+=("$2: $num_turns turns")
}

only() { # the only file that a pattern matches; nothing if there is none
    compgen -G "$1" | head -n 1
}

inside "apt-get update -qq"
if deb=$(only "$folder/diarist_*_amd64.deb"); then
    cp "$deb" "$system/diarist.deb"
    inside "apt-get install -y -qq --no-install-recommends ./diarist.deb 2>&1 | tail -n 2"
    inside "diarist --version; diarist models verify; ls /usr/share/man/man1/diarist*.gz | wc -l"
    inside "diarist diarize --quiet conversation.flac >deb.rttm"
    same_turns deb.rttm "Debian package"
    inside "apt-get remove -y -qq diarist | tail -n 1; ! command -v diarist"
fi
if archive=$(only "$folder/diarist-*-x86_64-unknown-linux-musl.tar.gz"); then
    cp "$archive" "$system/"
    inside "tar -xzf $(basename "$archive") && $(basename "$archive" .tar.gz)/diarist diarize --quiet conversation.flac >archive.rttm"
    same_turns archive.rttm archive
fi
if wheel=$(only "$folder/diarist-*-cp39-abi3-manylinux*x86_64.whl"); then
    cp "$wheel" "$system/"
    inside "apt-get install -y -qq --no-install-recommends python3-venv 2>&1 | tail -n 1"
    inside "python3 -m venv venv && venv/bin/pip install -q --no-index ./$(basename "$wheel")"
    inside "venv/bin/python -c 'import diarist; print(diarist.Diarizer()(\"conversation.flac\").to_rttm(), end=\"\")' >wheel.rttm"
    same_turns wheel.rttm wheel
fi
if [ "$suite" = trixie ] && package=$(only "$folder/diarist-*.tgz"); then
    cp "$package" "$system/"
    inside "apt-get install -y -qq --no-install-recommends nodejs npm 2>&1 | tail -n 1"
    # npm refuses to install into the root folder.
    inside "mkdir app && cd app && npm install --silent --offline ../$(basename "$package")"
    # Its networks are stored in fewer bits, so times may differ.
    inside "cd app && node --input-type=module -e 'import { diarize } from \"diarist\"; import { readFile } from \"node:fs/promises\"; const { turns } = await diarize(await readFile(\"../conversation.flac\")); console.log(turns.length); process.exit()' >turns"
    found=$(<"$system/app/turns")
    [ "$num_turns" -eq 0 ] || [ "$found" -eq "$num_turns" ] || {
        echo "the npm package finds $found turns, the others $num_turns" >&2
        exit 1
    }
    tried+=("npm package: $found turns")
fi
printf '%s: %s\n' "$suite" "$(IFS=';'; echo "${tried[*]}")"
[ ${#tried[@]} -gt 0 ]
