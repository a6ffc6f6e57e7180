//! Named tensors in memory, handed out as `Vec`s in the shape that a network expects.

use std::borrow::Cow;
use std::collections::BTreeMap;

use half::{bf16, f16};
pub use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::error::{Error, ErrorKind, Result};

/// Largest file that is read, in bytes. The largest network that diarist knows has 27 MB.
pub(super) const MAX_FILE_BYTES: u64 = 256 << 20;

/// The tensors of one model by name, in memory; borrowed from the embedded weights or owned when
/// read from a file.
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
    /// Bytes that the tensor took in the file.
    num_bytes: usize,
}

/// The form in which a file held the values of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// Plain values of the tensor's type.
    Plain,
    /// 8-bit integers with a scale for each output channel.
    Linear8,
    /// Positions in a table of values: one table in all, or one for each output channel.
    Palette {
        /// Number of tables: 1, or the number of output channels.
        num_tables: usize,
        /// Number of values in each table.
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
    /// Form in which the file held the values.
    pub encoding: Encoding,
    /// Bytes that the tensor took in the file.
    pub num_bytes: usize,
}

impl<'a> Tensors<'a> {
    pub(crate) fn empty(what: &str) -> Self {
        Self { what: what.to_owned(), tensors: BTreeMap::new() }
    }

    pub(crate) fn insert(&mut self, name: &str, dtype: Dtype, shape: Vec<usize>, data: Cow<'a, [u8]>) {
        let num_bytes = data.len();
        self.tensors.insert(name.to_owned(), Stored { dtype, shape, data, encoding: Encoding::Plain, num_bytes });
    }

    /// Inserts values that were decoded from a stored form of `num_bytes` bytes.
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

    /// Removes a tensor and returns the number of bytes that it took in the file; 0 if it is
    /// missing.
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
        let data: Vec<[u8; 4]> = values.iter().map(|value| value.to_le_bytes()).collect();
        self.insert(name, Dtype::F32, shape, Cow::Owned(data.into_flattened()));
    }

    /// Copies borrowed values, so that the tensors no longer depend on the bytes that they were
    /// read from.
    pub fn into_owned(self) -> Tensors<'static> {
        let own = |(name, stored): (String, Stored<'_>)| {
            let data = Cow::Owned(stored.data.into_owned());
            (name, Stored { data, dtype: stored.dtype, shape: stored.shape, ..stored })
        };
        Tensors { what: self.what, tensors: self.tensors.into_iter().map(own).collect() }
    }

    /// Name of the tensors in errors: the one given to [`Self::parse`], or the path of the file.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The dimensions of tensor `name`.
    #[cfg(feature = "converter")]
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
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if the tensor is missing, has another
    /// shape, does not hold floating-point values, or holds one that is not finite in f32.
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

    /// Writes safetensors: sorted by name within each type, with `architecture` as the only
    /// metadata. The same tensors give the same bytes every time. Tensors that were read from a
    /// stored form are written as `f32`.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if a tensor's size contradicts its
    /// shape.
    pub fn to_safetensors(&self, architecture: &str) -> Result<Vec<u8>> {
        let failed = |error: safetensors::SafeTensorError| {
            Error::new(ErrorKind::Internal, "tensors cannot be written as safetensors").caused_by(error)
        };
        let mut views = Vec::with_capacity(self.tensors.len());
        for (name, stored) in &self.tensors {
            views.push((name, TensorView::new(stored.dtype, stored.shape.clone(), &stored.data).map_err(failed)?));
        }
        // Only one key, because the order of several keys would differ from run to run.
        let metadata = [("architecture".to_owned(), architecture.to_owned())].into();
        safetensors::serialize(views, Some(metadata)).map_err(failed)
    }
}

pub(super) fn elements<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> {
    data.as_chunks::<N>().0.iter().copied()
}
