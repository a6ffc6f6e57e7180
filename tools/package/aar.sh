#!/usr/bin/env bash
# Packs the library for Android with its Kotlin side.
#
#   ANDROID_NDK_HOME=FOLDER JNA=jna.jar tools/package/aar.sh [FOLDER]
#
# diarist.aar goes to FOLDER, target/package by default. Needs rustup, Android's NDK, a JDK with its
# `jar`, `kotlinc`, and the classes of JNA, 5.12 or newer, which the Kotlin side calls. ABIS names
# the processors.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

ndk=${ANDROID_NDK_HOME:?the folder of the NDK}
jna=${JNA:?the file with the classes of JNA}
abis=${ABIS:-arm64-v8a x86_64}
api=24 # Android 7
source tools/package/mobile.sh
folder=${1:-$target/package}
content=$(mktemp -d)
trap 'rm -r "$content"' EXIT

for abi in $abis; do
    case $abi in
        arm64-v8a) triple=aarch64-linux-android compiler=$triple ;;
        armeabi-v7a) triple=armv7-linux-androideabi compiler=armv7a-linux-androideabi ;;
        x86_64) triple=x86_64-linux-android compiler=$triple ;;
        *)
            echo "$abi is no ABI of Android with a target of Rust here" >&2
            exit 2
            ;;
    esac
    variable=CARGO_TARGET_$(echo "$triple" | tr a-z- A-Z_)
    compilers=("$ndk"/toolchains/llvm/prebuilt/*/bin/"$compiler$api-clang")
    export "${variable}_LINKER=${compilers[0]}"
    # Devices with Android 15 may have pages of 16 KiB. The option joins those of
    # .cargo/config.toml, which a variable would replace.
    build "$triple" --config 'build.rustflags=["-Clink-arg=-Wl,-z,max-page-size=16384"]'
    mkdir -p "$content/jni/$abi"
    cp "$target/$triple/release/libdiarist_mobile.so" "$content/jni/$abi/"
done
bindings kotlin "$triple" "$target/mobile/kotlin"
# shellcheck disable=SC2046
kotlinc -nowarn -jvm-target 1.8 -classpath "$jna" -d "$content/classes.jar" $(find "$target/mobile/kotlin" -name '*.kt')
cat >"$content/AndroidManifest.xml" <<EOF
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="io.github.diarist">
    <uses-sdk android:minSdkVersion="$api" />
</manifest>
EOF
# JNA finds classes and their fields by name.
cat >"$content/proguard.txt" <<'EOF'
-keep class com.sun.jna.** { *; }
-keep class io.github.diarist.** { *; }
EOF
touch "$content/R.txt"
cp LICENSE-MIT LICENSE-APACHE NOTICE "$content"
mkdir -p "$folder"
jar --create --no-manifest --file "$folder/diarist.aar" -C "$content" .
du -k "$folder/diarist.aar"
