//! Chooses the files to embed: those of `data/`, or networks of the same names in the folder that
//! the environment variable `DIARIST_WEIGHTS_DIR` names. With such a folder, the manifest describes
//! the replacements and the networks are embedded deflated, because the integers of stored forms
//! shrink by a tenth to a fifth. Without it, their exponents are deflated. The PLDA is always
//! deflated: its largest matrix has 64-bit floats that were 32-bit floats once.
//!
//! The embedding network comes in three packages, because a package on crates.io may have at most
//! 10 MB. They are joined here, and the sum is checked.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use diarist_weights_embedding_1::PART as PART_1;
use diarist_weights_embedding_2::PART as PART_2;
use diarist_weights_embedding_3::PART as PART_3;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zlib_rs::{DeflateConfig, Strategy, compress_bound, compress_slice};

const ENV_DIR: &str = "DIARIST_WEIGHTS_DIR";
/// Models that may be replaced.
const NETWORKS: [&str; 2] = ["segmentation-3.0", "wespeaker-resnet34-lm"];
/// Embedded files: the environment variable that the library includes, and the name of the model.
const FILES: [(&str, &str); 3] =
    [("SEGMENTATION_FILE", NETWORKS[0]), ("EMBEDDING_FILE", NETWORKS[1]), ("PLDA_FILE", "plda-community-1")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rustc-check-cfg=cfg(deflated)");
    println!("cargo::rerun-if-env-changed={ENV_DIR}");
    println!("cargo::rerun-if-changed=data");
    let data = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("data");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let other = env::var_os(ENV_DIR).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    if let Some(dir) = other.as_ref().filter(|dir| NETWORKS.iter().all(|name| !dir.join(file_name(name)).exists())) {
        let names = NETWORKS.map(file_name).join(" nor ");
        return Err(format!("{ENV_DIR}: {} has neither {names} (an absolute path is safest)", dir.display()).into());
    }
    let mut manifest: Value = serde_json::from_slice(&fs::read(data.join("manifest.json"))?)?;
    let embedding = [PART_1, PART_2, PART_3].concat();
    if manifest["models"][1]["sha256"] != sha256(&embedding) {
        return Err(
            "the parts of the embedding network are not those of the manifest; their versions must be equal".into()
        );
    }
    let joined = out.join(file_name(NETWORKS[1]));
    fs::write(&joined, embedding)?;
    for (variable, name) in FILES {
        let mut path = if name == NETWORKS[1] { joined.clone() } else { data.join(file_name(name)) };
        if let Some(dir) = &other {
            let replacement = dir.join(file_name(name));
            if NETWORKS.contains(&name) && replacement.exists() {
                path = fs::canonicalize(replacement)?;
                println!("cargo::rerun-if-changed={}", path.display());
                let models = manifest["models"].as_array_mut().ok_or("the manifest has no models")?;
                let model = models.iter_mut().find(|model| model["name"] == name).ok_or("the manifest lacks it")?;
                describe(&fs::read(&path)?, model).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
        let file = fs::read(&path)?;
        let embedded = match (NETWORKS.contains(&name), &other) {
            (false, _) => deflate(&file, Strategy::Default),
            (true, Some(_)) => deflate(&file, Strategy::HuffmanOnly),
            (true, None) => split_floats(&file)?,
        };
        let path = out.join(format!("{name}.embedded"));
        fs::write(&path, embedded)?;
        println!("cargo::rustc-env={variable}={}", path.display());
    }
    if other.is_some() {
        println!("cargo::rustc-cfg=deflated");
    }
    fs::write(out.join("manifest.json"), serde_json::to_vec(&manifest)?)?;
    Ok(())
}

/// Splits 32-bit floats: their number, then sign and fraction of each as they are, which are 24
/// bits, then all exponents deflated. Nearby weights have nearby exponents, in which 2.8 bits of
/// the 8 are information. The text before the weights is treated alike.
fn split_floats(data: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (words, []) = data.as_chunks::<4>() else { return Err("not a whole number of 32-bit floats".into()) };
    let words = words.iter().map(|bytes| u32::from_le_bytes(*bytes).rotate_left(1).to_le_bytes());
    let mut split = u32::try_from(words.len())?.to_le_bytes().to_vec();
    split.extend(words.clone().flat_map(|[a, b, c, _]| [a, b, c]));
    let exponents: Vec<u8> = words.map(|[_, _, _, exponent]| exponent).collect();
    split.extend(deflate(&exponents, Strategy::HuffmanOnly));
    Ok(split)
}

/// Deflates `data`, without a header. The weights of networks hardly repeat, and the few
/// repetitions cost more in longer codes for the rest than they save: they have
/// [`Strategy::HuffmanOnly`].
fn deflate(data: &[u8], strategy: Strategy) -> Vec<u8> {
    // A negative window means that there is no header.
    let config = DeflateConfig { level: 9, window_bits: -15, strategy, ..DeflateConfig::default() };
    let mut deflated = vec![0; compress_bound(data.len())];
    let len = compress_slice(&mut deflated, data, config).0.len();
    deflated.truncate(len);
    deflated
}

fn file_name(name: &str) -> String {
    format!("{name}.safetensors")
}

/// Describes in `model` the file that takes its place.
fn describe(file: &[u8], model: &mut Value) -> Result<(), Box<dyn Error>> {
    let (length, rest) = file.split_first_chunk().ok_or("not a safetensors file")?;
    let header = rest.get(..usize::try_from(u64::from_le_bytes(*length))?).ok_or("not a whole safetensors file")?;
    let header: Value = serde_json::from_slice(header)?;
    // The architecture, followed by the stored form if it has one.
    let stored = header["__metadata__"]["architecture"].as_str().unwrap_or_default();
    let architecture = model["architecture"].as_str().unwrap_or_default();
    let Some(form) = stored.strip_prefix(architecture) else {
        return Err(format!("its metadata say architecture {stored:?}, expected {architecture}").into());
    };
    let form = if form.is_empty() { " f32" } else { form };
    let changes = model["changes"].as_str().unwrap_or_default();
    model["changes"] = format!("{changes}; replaced when this binary was built, stored as{form}").into();
    model["bytes"] = file.len().into();
    model["sha256"] = sha256(file).into();
    Ok(())
}

/// SHA-256 of `data`, lower-case hexadecimal.
fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}
