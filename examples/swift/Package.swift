// swift-tools-version:5.9
// cargo build --release -p diarist-capi
// swift run --package-path examples/swift -Xlinker -Ltarget/release diarize fixtures/audio/conversation.flac
import PackageDescription

let package = Package(
    name: "diarize",
    targets: [
        .systemLibrary(name: "CDiarist"),
        .executableTarget(name: "diarize", dependencies: ["CDiarist"]),
    ]
)
