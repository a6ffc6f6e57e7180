//! Decodes a stored form into numbers.

use half::f16;

use super::form::{INDICES, INTEGERS, SCALE, SHAPE, TABLES, channel_len};
use super::packing::{index_bits, packed_len, unpack};
use crate::error::{Error, Result};
use crate::models::tensors::{Dtype, Encoding, MAX_FILE_BYTES, Tensors, elements};

/// Replaces the parts of linear and palette forms by the tensors that they stand for, in f32.
///
/// # Errors
/// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if a part is missing or contradicts another.
pub(in crate::models) fn decode(tensors: &mut Tensors<'_>) -> Result<()> {
    let mut total = 0;
    let names: Vec<String> = tensors.iter().map(|tensor| tensor.name.to_owned()).collect();
    for name in &names {
        let decoded = if let Some(name) = name.strip_suffix(INTEGERS) {
            Some((name, linear8(tensors, name)?))
        } else if let Some(name) = name.strip_suffix(INDICES) {
            Some((name, palette(tensors, name, &mut total)?))
        } else {
            None
        };
        if let Some((name, Decoded { shape, values, encoding })) = decoded {
            let mut num_bytes = 0;
            for part in [INTEGERS, SCALE, INDICES, TABLES, SHAPE] {
                num_bytes += tensors.remove(&format!("{name}{part}"));
            }
            tensors.insert_decoded(name, shape, &values, encoding, num_bytes);
        }
    }
    Ok(())
}

struct Decoded {
    shape: Vec<usize>,
    values: Vec<f32>,
    encoding: Encoding,
}

fn linear8(tensors: &Tensors<'_>, name: &str) -> Result<Decoded> {
    let (shape, integers) = tensors.raw(&format!("{name}{INTEGERS}"), Dtype::I8)?;
    let channel_len = channel_len(shape).max(1);
    let scale = tensors.f32(&format!("{name}{SCALE}"), &[integers.len() / channel_len])?;
    let mut values = Vec::with_capacity(integers.len());
    for (channel, scale) in integers.chunks_exact(channel_len).zip(&scale) {
        values.extend(channel.iter().map(|value| f32::from(*value as i8) * scale));
    }
    Ok(Decoded { shape: shape.to_vec(), values, encoding: Encoding::Linear8 })
}

/// `total` counts the bytes of decoded palettes, which may be eight times as many as those of the
/// indices.
fn palette(tensors: &Tensors<'_>, name: &str, total: &mut u64) -> Result<Decoded> {
    let fault = |message: String| Error::weights(format!("tensor {name}: {message}")).at(tensors.what());
    let (_, packed) = tensors.raw(&format!("{name}{INDICES}"), Dtype::U8)?;
    let (table_shape, tables) = tensors.raw(&format!("{name}{TABLES}"), Dtype::F16)?;
    let (_, dimensions) = tensors.raw(&format!("{name}{SHAPE}"), Dtype::U64)?;
    let shape: Vec<usize> =
        elements(dimensions).map(|bytes| usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX)).collect();
    let num_values = shape.iter().try_fold(1_usize, |product, dimension| product.checked_mul(*dimension));
    let &[num_tables, num_entries @ 1..=256] = table_shape else {
        return Err(fault(format!("tables of shape {table_shape:?}, expected at most 256 entries in each")));
    };
    let bits = index_bits(num_entries);
    let Some(num_values) = num_values.filter(|count| packed_len(*count, bits) == Some(packed.len())) else {
        let bytes = packed.len();
        return Err(fault(format!("{bytes} bytes of {bits}-bit indices do not fit the shape {shape:?}")));
    };
    *total += 4 * num_values as u64;
    if *total > MAX_FILE_BYTES {
        return Err(fault(format!("the values are larger than {} MiB", MAX_FILE_BYTES >> 20)));
    }
    let values_per_table = match num_tables {
        1 => num_values,
        _ => channel_len(&shape),
    };
    if values_per_table.checked_mul(num_tables) != Some(num_values) {
        return Err(fault(format!("{num_tables} tables do not fit the shape {shape:?}")));
    }
    let tables: Vec<f32> = elements(tables).map(|bytes| f16::from_le_bytes(bytes).to_f32()).collect();
    let mut values = Vec::with_capacity(num_values);
    for i in 0..num_values {
        let index = unpack(packed, bits, i);
        if index >= num_entries {
            return Err(fault(format!("index {index} at {i} is beyond its table of {num_entries} entries")));
        }
        values.push(tables[i / values_per_table * num_entries + index]);
    }
    Ok(Decoded { shape, values, encoding: Encoding::Palette { num_tables, num_entries } })
}
