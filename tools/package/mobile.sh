# Parts of the packages for apps, read by aar.sh and xcframework.sh in the folder of the repository.

target=$(realpath "${CARGO_TARGET_DIR:-target}")

DIARIST_WEIGHTS_DIR=$(tools/package/networks.sh)
export DIARIST_WEIGHTS_DIR

build() { # target of Rust, options of Cargo
    [ -d "$(rustc --print target-libdir --target "$1")" ] || rustup target add "$1"
    cargo build --release --locked -p diarist-mobile --target "$1" "${@:2}"
    du -k "$target/$1/release/libdiarist_mobile.a"
}

bindings() { # language, target of Rust, folder: writes the other side of a library that was built
    # The shared library lacks the symbols that describe the interface.
    cargo run --locked -p diarist-bindgen --features cli -- \
        generate --no-format --config tools/bindgen/names.toml --language "$1" --out-dir "$3" "$target/$2/release/libdiarist_mobile.a"
}
