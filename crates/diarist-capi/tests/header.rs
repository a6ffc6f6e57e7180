//! `include/diarist.h` is up to date with the sources.
//! `DIARIST_WRITE_HEADER=1 cargo test -p diarist-capi --test header` writes it anew.

use std::path::Path;
use std::{env, fs};

use cbindgen::{Builder, Config};

#[test]
fn the_header_is_that_of_the_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = folder.join("../../include/diarist.h");
    let mut builder = Builder::new().with_config(Config::from_file(folder.join("cbindgen.toml")).unwrap());
    for module in ["fault", "text", "devices", "diarizer", "diarization", "analysis", "people", "live"] {
        builder = builder.with_src(folder.join("src").join(module).with_extension("rs"));
    }
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    if env::var_os("DIARIST_WRITE_HEADER").is_some() {
        fs::write(&header, &made).unwrap();
    }
    let found = fs::read_to_string(&header).unwrap_or_default();
    assert!(
        found == made,
        "include/diarist.h is not up to date; the comment at the top of this test says how to write it"
    );
}
