//! UniFFI's program, which writes the Kotlin and the Swift side of `diarist-mobile` from its built
//! library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
