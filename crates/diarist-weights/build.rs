//! Chooses which files are embedded: those of `data/`, or networks of the same names in the folder that the environment variable
//! `DIARIST_WEIGHTS_DIR` names. The manifest then says what was taken.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;
use sha2::{Digest, Sha256};

const ENV_DIR: &str = "DIARIST_WEIGHTS_DIR";
/// What may be replaced: the environment variable that the library includes, and the name of the model.
const NETWORKS: [(&str, &str); 2] =
    [("SEGMENTATION_FILE", "segmentation-3.0"), ("EMBEDDING_FILE", "wespeaker-resnet34-lm")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={ENV_DIR}");
    println!("cargo::rerun-if-changed=data");
    let data = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("data");
    let other = env::var_os(ENV_DIR).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let mut manifest: Value = serde_json::from_slice(&fs::read(data.join("manifest.json"))?)?;
    let mut is_replaced = false;
    for (variable, name) in NETWORKS {
        let file = format!("{name}.safetensors");
        let mut path = data.join(&file);
        if let Some(replacement) = other.as_ref().map(|dir| dir.join(&file)).filter(|path| path.exists()) {
            path = fs::canonicalize(replacement)?;
            println!("cargo::rerun-if-changed={}", path.display());
            let models = manifest["models"].as_array_mut().ok_or("the manifest has no models")?;
            let model = models.iter_mut().find(|model| model["name"] == name).ok_or("the manifest lacks a network")?;
            describe(&fs::read(&path)?, model).map_err(|error| format!("{}: {error}", path.display()))?;
            is_replaced = true;
        }
        println!("cargo::rustc-env={variable}={}", path.display());
    }
    if let Some(dir) = other.filter(|_| !is_replaced) {
        let names = NETWORKS.map(|(_, name)| format!("{name}.safetensors")).join(" nor ");
        return Err(format!("{ENV_DIR}: {} has neither {names} (an absolute path is safest)", dir.display()).into());
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("manifest.json"), serde_json::to_vec(&manifest)?)?;
    Ok(())
}

/// Enters the file that takes the place of `model`.
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
    model["sha256"] = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    Ok(())
}
