//! The weights of diarist's networks, embedded in the binary as safetensors, and their origin.
//!
//! `tools/convert/convert.py` makes the files under `data` and `embedding` from the public packages
//! that [`manifest`] names. If the environment variable `DIARIST_WEIGHTS_DIR` names a folder while
//! this crate is built, networks with the same file names in that folder take their place, such as
//! networks in a stored form of fewer bytes. These are deflated in the binary; otherwise, only the
//! exponents of the networks' 32-bit floats. Files are inflated by each call, in some milliseconds:
//! a program that has loaded its networks does not need them any more.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::DeflateDecoder;
use serde::Deserialize;

static SEGMENTATION: File = File::new(Form::NETWORK, include_bytes!(env!("SEGMENTATION_FILE")));
static EMBEDDING: File = File::new(Form::NETWORK, include_bytes!(env!("EMBEDDING_FILE")));
static PLDA: File = File::new(Form::Deflated, include_bytes!(env!("PLDA_FILE")));
static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let json = include_str!(concat!(env!("OUT_DIR"), "/manifest.json"));
    serde_json::from_str(json).expect("the embedded manifest is checked by a test")
});
static EMBEDDING_RANGES: LazyLock<Ranges> = LazyLock::new(|| {
    let json = include_str!("../data/wespeaker-resnet34-lm.ranges.json");
    serde_json::from_str(json).expect("the embedded ranges are checked by a test")
});

/// The form in which a file is embedded; see the build script.
enum Form {
    Deflated,
    /// The number of 32-bit floats, signs and fractions, deflated exponents.
    Split,
}

impl Form {
    const NETWORK: Self = if cfg!(deflated) { Self::Deflated } else { Self::Split };
}

/// An embedded file.
struct File {
    form: Form,
    embedded: &'static [u8],
}

impl File {
    const fn new(form: Form, embedded: &'static [u8]) -> Self {
        Self { form, embedded }
    }

    /// The original content of the file.
    fn data(&self) -> Vec<u8> {
        match self.form {
            Form::Deflated => inflate(self.embedded),
            Form::Split => join_floats(self.embedded),
        }
    }
}

const CHECKED: &str = "the embedded files are checked by a test";

fn inflate(deflated: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    DeflateDecoder::new(deflated).read_to_end(&mut data).expect(CHECKED);
    data
}

fn join_floats(split: &[u8]) -> Vec<u8> {
    let (count, rest) = split.split_first_chunk().expect(CHECKED);
    let (others, exponents) = rest.split_at(3 * u32::from_le_bytes(*count) as usize);
    let exponents = inflate(exponents);
    let mut data = vec![0; 4 * exponents.len()];
    for ((bytes, [a, b, c]), exponent) in data.as_chunks_mut().0.iter_mut().zip(others.as_chunks().0).zip(exponents) {
        *bytes = u32::from_le_bytes([*a, *b, *c, exponent]).rotate_right(1).to_le_bytes();
    }
    data
}

/// Speaker segmentation, pyannote segmentation-3.0: f32 (or a stored form), names of the
/// checkpoint's state dict.
pub fn segmentation() -> Vec<u8> {
    SEGMENTATION.data()
}

/// Speaker embedding, WeSpeaker ResNet34-LM: f32 (or a stored form), batch normalisation folded
/// into the convolutions.
pub fn embedding() -> Vec<u8> {
    EMBEDDING.data()
}

/// X-vector transform (`mean1` `[256]`, `lda` `[256, 128]`, `mean2` `[128]`) and PLDA (`mu`
/// `[128]`, `tr` `[128, 128]`, `psi` `[128]`) of community-1: f64.
pub fn plda() -> Vec<u8> {
    PLDA.data()
}

/// The embedded files: one entry for each, in the order segmentation, embedding, PLDA.
pub fn manifest() -> &'static Manifest {
    &MANIFEST
}

/// Ranges of the activations of the embedding network, for 8-bit precision.
pub fn embedding_ranges() -> &'static Ranges {
    &EMBEDDING_RANGES
}

/// Ranges of the activations of a network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranges {
    /// SHA-256 of the weights they were measured with, lower-case hexadecimal.
    pub weights_sha256: String,
    /// The recordings they were measured on.
    pub recordings: Vec<String>,
    /// Largest magnitude to represent after a layer, by its name.
    pub activations: BTreeMap<String, f32>,
}

/// Every embedded model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The models.
    pub models: Vec<Model>,
}

/// An embedded model: its description, its origin, and its checksum.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Short name, for example `segmentation-3.0`.
    pub name: String,
    /// File name.
    pub file: String,
    /// `pyannet`, `wespeaker-resnet34` or `plda`.
    pub architecture: String,
    /// Purpose of the model, in one line.
    pub title: String,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of values in all tensors.
    pub parameters: usize,
    /// Size of the file in bytes.
    pub bytes: usize,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// SPDX identifier of the licence.
    pub licence: String,
    /// The authors to credit.
    pub attribution: String,
    /// Changes in the conversion, and in the build of this binary.
    pub changes: String,
    /// The package that it was converted from.
    pub source: Source,
}

impl Model {
    /// The embedded file; `None` for a model that this build does not embed.
    pub fn data(&self) -> Option<Vec<u8>> {
        match self.name.as_str() {
            "segmentation-3.0" => Some(SEGMENTATION.data()),
            "wespeaker-resnet34-lm" => Some(EMBEDDING.data()),
            "plda-community-1" => Some(PLDA.data()),
            _ => None,
        }
    }
}

/// The package that a model was converted from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Package registry.
    pub registry: String,
    /// Name of the package.
    pub package: String,
    /// Version of the package.
    pub version: String,
    /// The files of the package that were read.
    pub files: Vec<SourceFile>,
}

/// One file inside a source package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Path inside the package.
    pub path: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn embedded_files_are_those_of_the_manifest() {
        let embedded = [segmentation(), embedding(), plda()];
        assert_eq!(manifest().models.len(), embedded.len());
        for (model, data) in manifest().models.iter().zip(embedded) {
            assert_eq!(model.data().as_ref(), Some(&data), "{}", model.name);
            assert_eq!(model.bytes, data.len(), "{}", model.name);
            let digest: String = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, model.sha256, "{}", model.name);
            assert_eq!(model.file, format!("{}.safetensors", model.name));
        }
    }

    #[test]
    fn ranges_are_those_of_the_published_weights() {
        let published = include_bytes!(concat!(env!("OUT_DIR"), "/wespeaker-resnet34-lm.safetensors"));
        let digest: String = Sha256::digest(published).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(embedding_ranges().weights_sha256, digest);
        assert!(embedding_ranges().activations.values().all(|range| *range > 0.0 && range.is_finite()));
    }
}
