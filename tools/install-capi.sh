#!/usr/bin/env bash
# Builds the C library and installs header, static and shared library, and a pkg-config file.
#
#   tools/install-capi.sh                        below /usr/local
#   PREFIX=$HOME/.local tools/install-capi.sh    elsewhere
#   DESTDIR=package tools/install-capi.sh        into a package's folder
#
#   cc meeting.c $(pkg-config --cflags --libs diarist)
#   cc meeting.c $(pkg-config --cflags diarist) -l:libdiarist_c.a -lm -lpthread -ldl   (static)
#
# PROFILE (release) names the profile of cargo.
set -euo pipefail
cd "$(dirname "$0")/.."

prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
profile=${PROFILE:-release}
destdir=${DESTDIR:-}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

cargo build --locked --profile "$profile" -p diarist-capi
# The profile `dev` has another name for its folder.
built=${CARGO_TARGET_DIR:-target}/${profile/#dev/debug}

install -d "$destdir$prefix/include" "$destdir$libdir/pkgconfig"
install -m 644 include/diarist.h "$destdir$prefix/include/"
install -m 644 "$built/libdiarist_c.a" "$destdir$libdir/"
if [ -e "$built/libdiarist_c.dylib" ]; then
    install -m 755 "$built/libdiarist_c.dylib" "$destdir$libdir/"
else
    install -m 755 "$built/libdiarist_c.so" "$destdir$libdir/"
fi
cat >"$destdir$libdir/pkgconfig/diarist.pc" <<EOF
prefix=$prefix
libdir=$libdir
includedir=\${prefix}/include

Name: diarist
Description: Speaker diarization: who spoke when
Version: $version
Libs: -L\${libdir} -ldiarist_c
Libs.private: -lm -lpthread -ldl
Cflags: -I\${includedir}
EOF
