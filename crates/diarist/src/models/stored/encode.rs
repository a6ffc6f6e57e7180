//! Encodes numbers in a stored form.

use std::borrow::Cow;

use half::f16;
use rayon::prelude::*;

use super::form::{Form, Granularity, INDICES, INTEGERS, MIN_VALUES, SCALE, SHAPE, TABLES, channel_len};
use super::kmeans;
use super::linear::{self, Linear, Steps};
use super::packing::{index_bits, pack};
use crate::error::{Error, Result};
use crate::models::architecture::Architecture;
use crate::models::tensors::{Dtype, TensorInfo, Tensors};

/// One tensor of a file.
type Part = (String, Dtype, Vec<usize>, Vec<u8>);
/// A result, or a value that no 16-bit float can hold.
type Fitting<T> = std::result::Result<T, f32>;

/// Encodes the weights of a network in `form` and returns the bytes of a safetensors file, the same
/// every time. The metadata entry `architecture` names the network and the form.
///
/// # Errors
/// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if `tensors` are not a whole network, or hold
/// a value too large for a 16-bit float;
/// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) for a PLDA, which needs its double
/// precision.
pub fn quantize(tensors: &Tensors<'_>, form: Form) -> Result<Vec<u8>> {
    let architecture = Architecture::recognise(tensors)?;
    if architecture == Architecture::Plda {
        return Err(Error::invalid_option("a PLDA is not stored in fewer bits")
            .at(tensors.what())
            .hint("it is small, and clustering needs its double precision"));
    }
    architecture.check(tensors)?;
    encode(tensors, form)?.to_safetensors(&format!("{} {form}", architecture.name()))
}

/// Returns `tensors` with the values of large tensors rounded to 16-bit floats.
pub(in crate::models) fn in_f16(tensors: &Tensors<'_>) -> Result<Tensors<'static>> {
    encode(tensors, Form::F16)
}

/// The tensors that a file in `form` consists of.
fn encode(tensors: &Tensors<'_>, form: Form) -> Result<Tensors<'static>> {
    let all: Vec<TensorInfo<'_>> = tensors.iter().collect();
    let parts: Vec<Vec<Part>> =
        all.par_iter().map(|tensor| encode_tensor(tensors, tensor, form)).collect::<Result<_>>()?;
    let mut encoded = Tensors::empty(tensors.what());
    for (name, dtype, shape, data) in parts.into_iter().flatten() {
        encoded.insert(&name, dtype, shape, Cow::Owned(data));
    }
    Ok(encoded)
}

fn encode_tensor(tensors: &Tensors<'_>, tensor: &TensorInfo<'_>, form: Form) -> Result<Vec<Part>> {
    let TensorInfo { name, shape, .. } = *tensor;
    let values = tensors.f32(name, shape)?;
    if values.len() < MIN_VALUES {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        return Ok(vec![(name.to_owned(), Dtype::F32, shape.to_vec(), bytes)]);
    }
    let too_large = |value: f32| {
        Error::weights(format!("tensor {name} holds {value:e}, too large for a 16-bit float")).at(tensors.what())
    };
    let palette = |bits, granularity| palette(name, shape, &values, bits, granularity).map_err(too_large);
    match form {
        Form::F16 => {
            let bytes = f16_bytes(values.iter().copied()).map_err(too_large)?;
            Ok(vec![(name.to_owned(), Dtype::F16, shape.to_vec(), bytes)])
        }
        Form::Linear8 => Ok(linear(name, shape, &values, Steps::Finest)),
        Form::Compact => Ok(linear(name, shape, &values, Steps::BySize)),
        Form::Palette8(granularity) => palette(8, granularity),
        Form::Palette6(granularity) => palette(6, granularity),
        Form::Palette4(granularity) => palette(4, granularity),
    }
}

fn linear(name: &str, shape: &[usize], values: &[f32], steps: Steps) -> Vec<Part> {
    let Linear { integers, scales } = linear::round(shape, values, steps);
    let integer_bytes = integers.into_iter().map(|integer| integer as u8).collect();
    let scale_bytes = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
    vec![
        (format!("{name}{INTEGERS}"), Dtype::I8, shape.to_vec(), integer_bytes),
        (format!("{name}{SCALE}"), Dtype::F32, vec![scales.len()], scale_bytes),
    ]
}

fn palette(name: &str, shape: &[usize], values: &[f32], bits: usize, granularity: Granularity) -> Fitting<Vec<Part>> {
    let num_entries = 1 << bits;
    let table_bytes = size_of::<f16>() * num_entries;
    let table_len = match granularity {
        Granularity::Channel if table_bytes <= channel_len(shape) * bits / 8 => channel_len(shape),
        Granularity::Channel | Granularity::Tensor => values.len(),
    };
    let coded: Vec<(Vec<f16>, Vec<u8>)> = values
        .par_chunks_exact(table_len)
        .map(|values| {
            let table = table(values, num_entries)?;
            let indices = values.iter().map(|value| nearest(&table, *value)).collect();
            Ok((table, indices))
        })
        .collect::<Fitting<_>>()?;
    let tables: Vec<u8> = coded.iter().flat_map(|(table, _)| table).flat_map(|entry| entry.to_le_bytes()).collect();
    let indices: Vec<u8> = coded.iter().flat_map(|(_, indices)| indices).copied().collect();
    let packed = pack(&indices, index_bits(num_entries));
    let dimensions = shape.iter().flat_map(|dimension| (*dimension as u64).to_le_bytes()).collect();
    Ok(vec![
        (format!("{name}{INDICES}"), Dtype::U8, vec![packed.len()], packed),
        (format!("{name}{TABLES}"), Dtype::F16, vec![coded.len(), num_entries], tables),
        (format!("{name}{SHAPE}"), Dtype::U64, vec![shape.len()], dimensions),
    ])
}

/// A table of exactly `num_entries` entries, ascending. The last entry is repeated if there are
/// fewer different values.
fn table(values: &[f32], num_entries: usize) -> Fitting<Vec<f16>> {
    let mut table =
        kmeans::means(values, num_entries).into_iter().map(|mean| to_f16(mean as f32)).collect::<Fitting<Vec<_>>>()?;
    table.resize(num_entries, table.last().copied().unwrap_or_default());
    Ok(table)
}

/// Position of the entry of `table` (ascending) that is nearest to `value`.
fn nearest(table: &[f16], value: f32) -> u8 {
    let above = table.partition_point(|entry| entry.to_f32() < value).min(table.len() - 1);
    let below = above.saturating_sub(1);
    let distance = |i: usize| (table[i].to_f32() - value).abs();
    (if distance(below) <= distance(above) { below } else { above }) as u8
}

fn f16_bytes(values: impl Iterator<Item = f32>) -> Fitting<Vec<u8>> {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend(to_f16(value)?.to_le_bytes());
    }
    Ok(bytes)
}

fn to_f16(value: f32) -> Fitting<f16> {
    let rounded = f16::from_f32(value);
    if rounded.is_finite() { Ok(rounded) } else { Err(value) }
}
