// swift-tools-version:5.9
// cargo build --release -p diarist-capi
// LD_LIBRARY_PATH=$PWD/target/release swift run --package-path examples/swift \
//     -Xlinker -L$PWD/target/release diarize fixtures/audio/conversation.flac
import PackageDescription

let package = Package(
    name: "diarize",
    targets: [
        .systemLibrary(name: "CDiarist"),
        .executableTarget(name: "diarize", dependencies: ["CDiarist"]),
    ]
)
