//! Reads files of weights: safetensors and, with the feature `converter`, the formats that networks
//! are published in.
//!
//! Every file is treated as hostile: sizes are bounded before memory is taken, nothing in the file
//! is executed, and a fault is one error about the file.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::SafeTensors;

#[cfg(feature = "converter")]
use super::convert;
use super::stored;
use super::tensors::{MAX_FILE_BYTES, Tensors};
use crate::error::{Error, Result};

impl<'a> Tensors<'a> {
    /// Reads safetensors; `what` names them in errors. Tensors in a stored form (the module
    /// [`stored`]) become `f32`.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if `bytes` are not a whole, consistent
    /// safetensors file, or the parts of a stored form contradict each other.
    pub fn parse(bytes: &'a [u8], what: &str) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| not_safetensors(what, error))?;
        let mut tensors = Self::empty(what);
        for (name, view) in file.iter() {
            tensors.insert(name, view.dtype(), view.shape().to_vec(), Cow::Borrowed(view.data()));
        }
        stored::decode(&mut tensors)?;
        Ok(tensors)
    }
}

impl Tensors<'static> {
    /// Reads a file of weights: safetensors, a PyTorch checkpoint (pyannote's Lightning
    /// `pytorch_model.bin` of PyanNet or ResNet34, WeSpeaker's `avg_model.pt`), or an ONNX export
    /// of ResNet34. Checkpoints and ONNX models come out in f32 with the names and shapes of
    /// [`Architecture::tensors`](super::Architecture::tensors), with batch normalisation folded
    /// into the convolutions. The first bytes tell the format, not the name of the file. Without
    /// the feature `converter` only safetensors are read.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if the file cannot be read, is of none of
    /// these formats, is damaged, or (checkpoints and ONNX) lacks a tensor of the network or has it
    /// with another shape.
    pub fn open(path: &Path) -> Result<Self> {
        let what = path.display().to_string();
        let cannot_read = |error| Error::weights("cannot read the file").at(&what).caused_by(error);
        let mut file = File::open(path).map_err(cannot_read)?;
        let mut bytes = Vec::new();
        file.by_ref().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(cannot_read)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Error::weights(format!("the file is larger than {} MiB", MAX_FILE_BYTES >> 20)).at(what));
        }
        match bytes.as_slice() {
            // Safetensors: the length of the header, then the header, a JSON object. This arm comes
            // first, because the length may begin with the bytes of another format.
            [_, _, _, _, _, _, _, _, b'{', ..] => Ok(Tensors::parse(&bytes, &what)?.into_owned()),
            // A PyTorch checkpoint: a zip archive, or the pickle stream that PyTorch wrote before
            // 1.6.
            #[cfg(feature = "converter")]
            [b'P', b'K', ..] | [0x80, ..] => {
                drop(bytes);
                convert::checkpoint::open(path, &what)
            }
            // An ONNX model: field 1, a varint, is the version of the format.
            #[cfg(feature = "converter")]
            [0x08, ..] => convert::onnx::parse(bytes, &what),
            #[cfg(not(feature = "converter"))]
            [b'P', b'K', ..] | [0x80 | 0x08, ..] => {
                Err(Error::weights("this build of diarist reads safetensors only").at(what).hint(
                    "convert the checkpoint or ONNX model to safetensors with a build that has the feature `converter`",
                ))
            }
            _ => Err(Error::weights("neither safetensors, nor a PyTorch checkpoint, nor an ONNX model").at(what)),
        }
    }
}

fn not_safetensors(what: &str, error: safetensors::SafeTensorError) -> Error {
    Error::weights("not a whole safetensors file")
        .at(what)
        .caused_by(error)
        .hint("download the file again, or convert the checkpoint to safetensors again")
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;
    use crate::error::ErrorKind;

    fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn one(dtype: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{}]}}}}"#, data.len());
        safetensors(&header, data)
    }

    #[test]
    fn embedded_weights_have_the_networks_tensors() {
        let file = diarist_weights::segmentation();
        let segmentation = Tensors::parse(&file, "segmentation").unwrap();
        let window = segmentation.f32("sincnet.conv1d.0.filterbank.window_", &[125]).unwrap();
        // First value of a symmetric Hamming window: 0.54 - 0.46, to the last bit of f32.
        assert!((window[0] - 0.08).abs() < 1e-7);
        let file = diarist_weights::embedding();
        let embedding = Tensors::parse(&file, "embedding").unwrap();
        assert_eq!(embedding.f32("resnet.seg_1.weight", &[256, 5120]).unwrap().len(), 256 * 5120);
        let file = diarist_weights::plda();
        let plda = Tensors::parse(&file, "plda").unwrap();
        assert_eq!(plda.f64("lda", &[256, 128]).unwrap().len(), 256 * 128);
    }

    #[test]
    fn every_floating_type_is_converted() {
        let value = 1.5_f32;
        let cases = [
            ("F16", f16::from_f32(value).to_le_bytes().to_vec()),
            ("BF16", bf16::from_f32(value).to_le_bytes().to_vec()),
            ("F32", value.to_le_bytes().to_vec()),
            ("F64", f64::from(value).to_le_bytes().to_vec()),
        ];
        for (dtype, data) in cases {
            let bytes = one(dtype, "[1]", &data);
            let tensors = Tensors::parse(&bytes, "test").unwrap();
            assert_eq!(tensors.f32("w", &[1]).unwrap(), [1.5], "{dtype}");
            assert_eq!(tensors.f64("w", &[1]).unwrap(), [1.5], "{dtype}");
        }
    }

    #[test]
    fn f64_keeps_double_precision() {
        let value = 0.1_f64;
        let bytes = one("F64", "[1]", &value.to_le_bytes());
        assert_eq!(Tensors::parse(&bytes, "test").unwrap().f64("w", &[1]).unwrap(), [value]);
    }

    #[test]
    fn errors_name_the_tensor_and_both_shapes() {
        let bytes = one("F32", "[2]", &[0; 8]);
        let tensors = Tensors::parse(&bytes, "my.safetensors").unwrap();
        let error = tensors.f32("v", &[2]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Weights);
        assert!(error.to_string().starts_with("my.safetensors: tensor v is missing"), "{error}");
        let error = tensors.f32("w", &[1, 2]).unwrap_err().to_string();
        assert!(error.contains("tensor w has shape [2], expected [1, 2]"), "{error}");
    }

    #[test]
    fn values_that_are_not_finite_numbers_are_refused() {
        for (dtype, data) in [
            ("F32", f32::NAN.to_le_bytes().to_vec()),
            ("F32", f32::INFINITY.to_le_bytes().to_vec()),
            ("F64", f64::NEG_INFINITY.to_le_bytes().to_vec()),
            ("F64", 1e300_f64.to_le_bytes().to_vec()),
            ("I64", 1_i64.to_le_bytes().to_vec()),
        ] {
            let bytes = one(dtype, "[1]", &data);
            let error = Tensors::parse(&bytes, "test").unwrap().f32("w", &[1]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Weights, "{dtype}: {error}");
        }
    }

    #[test]
    fn damaged_files_are_one_error() {
        let good = one("F32", "[2]", &[0; 8]);
        let mut cases: Vec<Vec<u8>> = (0..good.len()).map(|length| good[..length].to_vec()).collect();
        cases.push([good.as_slice(), &[0]].concat());
        cases.push(safetensors("{", &[]));
        cases.push(safetensors(r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, &[0; 8]));
        cases.push(safetensors(r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, &[0; 4]));
        cases.push(safetensors(
            r#"{"w":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}"#,
            &[0; 8],
        ));
        cases.push([u64::MAX.to_le_bytes().as_slice(), b"{}"].concat());
        for bytes in cases {
            let error = Tensors::parse(&bytes, "damaged").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Weights);
            let message = error.to_string();
            assert!(message.starts_with("damaged: not a whole safetensors file"), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    /// Opens `bytes` as a file.
    fn open(bytes: &[u8]) -> Result<Tensors<'static>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Tensors::open(file.path())
    }

    #[test]
    fn safetensors_files_are_opened_for_any_length_of_the_header() {
        let entry = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        // The first byte of the length is that of a pickle stream, of an ONNX model, or of a zip
        // archive.
        for length in [0x80, 0x108, 0x4b50] {
            let tensors = open(&safetensors(&format!("{entry:length$}"), &1.5_f32.to_le_bytes())).unwrap();
            assert_eq!(tensors.f32("w", &[1]).unwrap(), [1.5], "a header of {length} bytes");
        }
    }

    #[cfg(not(feature = "converter"))]
    #[test]
    fn checkpoints_and_onnx_models_need_the_converter() {
        for bytes in [b"PK\x03\x04".as_slice(), b"\x80\x02\x8a", b"\x08\x07"] {
            let error = open(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Weights);
            assert!(error.to_string().contains("this build of diarist reads safetensors only"), "{error}");
        }
        assert!(open(b"text").unwrap_err().to_string().contains("neither safetensors"));
    }

    #[test]
    fn writing_gives_back_the_embedded_files() {
        for model in &diarist_weights::manifest().models {
            let data = model.data().unwrap();
            let tensors = Tensors::parse(&data, &model.name).unwrap();
            assert!(tensors.to_safetensors(&model.architecture).unwrap() == *data, "{}", model.name);
        }
    }
}
