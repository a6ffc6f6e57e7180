#!/usr/bin/env bash
# Packs the library for iOS and macOS with its Swift side, as a package for Xcode and Swift Package
# Manager.
#
#   tools/package/xcframework.sh [FOLDER]
#
# The package goes to FOLDER, target/package/swift by default. Needs macOS with Xcode, and rustup.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec </dev/null

source tools/package/mobile.sh
folder=${1:-$target/package/swift}
export IPHONEOS_DEPLOYMENT_TARGET=15.0 MACOSX_DEPLOYMENT_TARGET=12.0

for triple in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin; do
    build "$triple"
done
library() { # of a target
    echo "$target/$1/release/libdiarist_mobile.a"
}
swift=$target/mobile/swift
rm -rf "$swift" "$folder"
bindings swift aarch64-apple-ios "$swift"
mkdir -p "$swift/headers" "$swift/simulator" "$swift/macos" "$folder/Sources/Diarist"
mv "$swift/DiaristFFI.h" "$swift/headers/"
mv "$swift/DiaristFFI.modulemap" "$swift/headers/module.modulemap"
mv "$swift/Diarist.swift" "$folder/Sources/Diarist/"
# A framework has one library for each kind of device.
lipo -create "$(library aarch64-apple-ios-sim)" "$(library x86_64-apple-ios)" \
    -output "$swift/simulator/libdiarist_mobile.a"
lipo -create "$(library aarch64-apple-darwin)" "$(library x86_64-apple-darwin)" \
    -output "$swift/macos/libdiarist_mobile.a"
xcodebuild -create-xcframework \
    -library "$(library aarch64-apple-ios)" -headers "$swift/headers" \
    -library "$swift/simulator/libdiarist_mobile.a" -headers "$swift/headers" \
    -library "$swift/macos/libdiarist_mobile.a" -headers "$swift/headers" \
    -output "$folder/DiaristFFI.xcframework"
cp LICENSE-MIT LICENSE-APACHE NOTICE "$folder"
cat >"$folder/Package.swift" <<'EOF'
// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "Diarist",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Diarist", targets: ["Diarist"])],
    targets: [
        .binaryTarget(name: "DiaristFFI", path: "DiaristFFI.xcframework"),
        .target(name: "Diarist", dependencies: ["DiaristFFI"]),
    ]
)
EOF
du -sk "$folder"
