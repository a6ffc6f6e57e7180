//! Packs the files of `web` into one: a JSON object of names and texts, deflated. Scripts and style
//! sheets shrink to a quarter, and the program reads them only when it makes or serves a page.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=web");
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir("web")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name in web is not UTF-8")?;
        texts.insert(name.to_owned(), fs::read_to_string(&path)?);
    }
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    serde_json::to_writer(&mut packed, &texts)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("web.deflate"), packed.finish()?)?;
    Ok(())
}
