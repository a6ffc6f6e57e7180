//! Named tensors: read from safetensors, handed out as `Vec`s of the shape that a network expects.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use half::{bf16, f16};
pub use safetensors::Dtype;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::stored;
use crate::{Error, Result};

/// The tensors of one model by name, in memory; borrowed from the embedded weights or owned when read from a file.
#[derive(Debug, Clone)]
pub struct Tensors<'a> {
    what: String,
    tensors: BTreeMap<String, Stored<'a>>,
}

#[derive(Debug, Clone)]
struct Stored<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    /// Little-endian, row-major, exactly `shape` times the size of `dtype`.
    data: Cow<'a, [u8]>,
    encoding: Encoding,
    /// In the file.
    num_bytes: usize,
}

/// How the file held the values of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// As values of its type.
    Plain,
    /// As 8-bit integers with a scale for each output channel.
    Linear8,
    /// As positions in one table, or in one for each output channel.
    Palette {
        /// 1, or the number of output channels.
        num_tables: usize,
        /// Values in each table.
        num_entries: usize,
    },
}

/// Name, type and shape of one tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorInfo<'a> {
    /// Name of the tensor.
    pub name: &'a str,
    /// Type of the stored values.
    pub dtype: Dtype,
    /// Dimensions, outermost first; empty for a scalar.
    pub shape: &'a [usize],
    /// How the file held it.
    pub encoding: Encoding,
    /// How many bytes that took.
    pub num_bytes: usize,
}

impl<'a> Tensors<'a> {
    /// Reads safetensors; `what` names them in errors. Tensors in a stored form (the module
    /// [`stored`]) become `f32`.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if `bytes` are not a whole, consistent safetensors file, or a stored form
    /// in it contradicts itself.
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
    /// Reads a file of weights: safetensors, a PyTorch checkpoint (pyannote's Lightning `pytorch_model.bin` of PyanNet
    /// or ResNet34, WeSpeaker's `avg_model.pt`), or an ONNX export of ResNet34. Checkpoints and ONNX come out in f32
    /// with the names and shapes of [`Architecture::tensors`](super::Architecture::tensors), batch normalisation folded.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if the file cannot be read, is of none of these formats, is
    /// damaged, or (checkpoints and ONNX) lacks a tensor of the network or has it with another shape.
    pub fn open(path: &Path) -> Result<Self> {
        super::convert::open(path)
    }
}

impl<'a> Tensors<'a> {
    pub(crate) fn empty(what: &str) -> Self {
        Self { what: what.to_owned(), tensors: BTreeMap::new() }
    }

    pub(crate) fn insert(&mut self, name: &str, dtype: Dtype, shape: Vec<usize>, data: Cow<'a, [u8]>) {
        let num_bytes = data.len();
        self.tensors.insert(name.to_owned(), Stored { dtype, shape, data, encoding: Encoding::Plain, num_bytes });
    }

    /// Inserts what took `num_bytes` bytes in a file.
    pub(super) fn insert_decoded(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        values: &[f32],
        encoding: Encoding,
        num_bytes: usize,
    ) {
        self.insert_f32(name, shape, values);
        if let Some(stored) = self.tensors.get_mut(name) {
            (stored.encoding, stored.num_bytes) = (encoding, num_bytes);
        }
    }

    /// Removes a tensor and tells how many bytes it had.
    pub(super) fn remove(&mut self, name: &str) -> usize {
        self.tensors.remove(name).map_or(0, |stored| stored.num_bytes)
    }

    /// Shape and bytes of a tensor of type `dtype`.
    pub(super) fn raw(&self, name: &str, dtype: Dtype) -> Result<(&[usize], &[u8])> {
        match self.tensors.get(name) {
            None => {
                Err(Error::weights(format!("tensor {name} is missing")).at(self.what()).hint("the file is incomplete"))
            }
            Some(stored) if stored.dtype != dtype => {
                Err(Error::weights(format!("tensor {name} is of type {}, expected {dtype}", stored.dtype))
                    .at(self.what()))
            }
            Some(stored) => Ok((&stored.shape, &stored.data)),
        }
    }

    pub(crate) fn insert_f32(&mut self, name: &str, shape: Vec<usize>, values: &[f32]) {
        let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.insert(name, Dtype::F32, shape, Cow::Owned(data));
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> Tensors<'static> {
        let own = |(name, stored): (String, Stored<'_>)| {
            let data = Cow::Owned(stored.data.into_owned());
            (name, Stored { data, dtype: stored.dtype, shape: stored.shape, ..stored })
        };
        Tensors { what: self.what, tensors: self.tensors.into_iter().map(own).collect() }
    }

    /// What the tensors are: the name given to [`Self::parse`] or the path of the file.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The dimensions of tensor `name`.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|stored| stored.shape.as_slice())
    }

    /// Every tensor, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = TensorInfo<'_>> {
        self.tensors.iter().map(|(name, stored)| TensorInfo {
            name,
            dtype: stored.dtype,
            shape: &stored.shape,
            encoding: stored.encoding,
            num_bytes: stored.num_bytes,
        })
    }

    /// The values of tensor `name` in row-major order; f16, bf16 and f64 are converted.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if the tensor is missing, has another shape, does not hold
    /// floating-point values, or holds one that is not finite in f32.
    pub fn f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let stored = self.expect(name, shape)?;
        let data = &stored.data;
        let values: Vec<f32> = match stored.dtype {
            Dtype::F16 => elements(data).map(|bytes| f16::from_le_bytes(bytes).to_f32()).collect(),
            Dtype::BF16 => elements(data).map(|bytes| bf16::from_le_bytes(bytes).to_f32()).collect(),
            Dtype::F32 => elements(data).map(f32::from_le_bytes).collect(),
            Dtype::F64 => elements(data).map(|bytes| f64::from_le_bytes(bytes) as f32).collect(),
            other => return Err(self.not_floating(name, other)),
        };
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(self.not_finite(name, index, f64::from(values[index]))),
            None => Ok(values),
        }
    }

    /// The values of tensor `name` in row-major order, in double precision.
    ///
    /// # Errors
    /// As [`Self::f32`].
    pub fn f64(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
        let stored = self.expect(name, shape)?;
        let values: Vec<f64> = match stored.dtype {
            Dtype::F64 => elements(&stored.data).map(f64::from_le_bytes).collect(),
            _ => return Ok(self.f32(name, shape)?.into_iter().map(f64::from).collect()),
        };
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(self.not_finite(name, index, values[index])),
            None => Ok(values),
        }
    }

    fn expect(&self, name: &str, shape: &[usize]) -> Result<&Stored<'a>> {
        let Some(stored) = self.tensors.get(name) else {
            return Err(Error::weights(format!("tensor {name} is missing, expected it with shape {shape:?}"))
                .at(self.what())
                .hint("the file is of another architecture or incomplete"));
        };
        if stored.shape != shape {
            return Err(Error::weights(format!("tensor {name} has shape {:?}, expected {shape:?}", stored.shape))
                .at(self.what())
                .hint("the file is of another architecture"));
        }
        Ok(stored)
    }

    fn not_floating(&self, name: &str, dtype: Dtype) -> Error {
        Error::weights(format!("tensor {name} is of type {dtype}, expected F32, F64, F16 or BF16")).at(self.what())
    }

    fn not_finite(&self, name: &str, index: usize, value: f64) -> Error {
        Error::weights(format!("tensor {name} holds {value} at index {index}")).at(self.what())
    }

    /// Writes safetensors: sorted by name within each type, `architecture` as the only metadata, the same bytes for
    /// the same tensors every time. What was read from a stored form is written as `f32`.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if a tensor's size contradicts its shape.
    pub fn to_safetensors(&self, architecture: &str) -> Result<Vec<u8>> {
        let failed = |error: safetensors::SafeTensorError| {
            Error::new(crate::ErrorKind::Internal, "tensors cannot be written as safetensors").caused_by(error)
        };
        let mut views = Vec::with_capacity(self.tensors.len());
        for (name, stored) in &self.tensors {
            views.push((name, TensorView::new(stored.dtype, stored.shape.clone(), &stored.data).map_err(failed)?));
        }
        // A single key, because the order of several would not be the same in every run.
        let metadata = [("architecture".to_owned(), architecture.to_owned())].into();
        safetensors::serialize(views, Some(metadata)).map_err(failed)
    }
}

pub(super) fn elements<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> {
    data.as_chunks::<N>().0.iter().copied()
}

fn not_safetensors(what: &str, error: safetensors::SafeTensorError) -> Error {
    Error::weights("not a whole safetensors file")
        .at(what)
        .caused_by(error)
        .hint("fetch it again, or convert the checkpoint with `diarist models convert`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn one(dtype: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{}]}}}}"#, data.len());
        safetensors(&header, data)
    }

    #[test]
    fn embedded_weights_have_the_networks_tensors() {
        let segmentation = Tensors::parse(diarist_weights::segmentation(), "segmentation").unwrap();
        let window = segmentation.f32("sincnet.conv1d.0.filterbank.window_", &[125]).unwrap();
        // First value of a symmetric Hamming window: 0.54 - 0.46, to the last bit of f32.
        assert!((window[0] - 0.08).abs() < 1e-7);
        let embedding = Tensors::parse(diarist_weights::embedding(), "embedding").unwrap();
        assert_eq!(embedding.f32("resnet.seg_1.weight", &[256, 5120]).unwrap().len(), 256 * 5120);
        let plda = Tensors::parse(diarist_weights::plda(), "plda").unwrap();
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

    #[test]
    fn writing_gives_back_the_embedded_files() {
        for model in &diarist_weights::manifest().models {
            let data = model.data().unwrap();
            let tensors = Tensors::parse(data, &model.name).unwrap();
            assert!(tensors.to_safetensors(&model.architecture).unwrap() == data, "{}", model.name);
        }
    }
}
