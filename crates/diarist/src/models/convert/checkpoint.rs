//! PyTorch checkpoints: a Lightning checkpoint of pyannote's, or a plain state dict such as
//! WeSpeaker's `avg_model.pt`.

use std::borrow::Cow;
use std::path::Path;

use pytorch_reader::{DType, PytorchError, PytorchReader};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::models::architecture::{Architecture, resnet34_convolutions};
use crate::models::tensors::{Dtype, MAX_FILE_BYTES, Tensors};

/// Epsilon of batch normalisation in pyannote's and in WeSpeaker's ResNet34: PyTorch's default.
const BATCH_NORM_EPSILON: f64 = 1e-5;
/// Stride of SincNet's first convolution, which no tensor's shape depends on.
const SINCNET_STRIDE: u32 = 10;

/// Reads a checkpoint of PyanNet or ResNet34.
pub(in crate::models) fn open(path: &Path, what: &str) -> Result<Tensors<'static>> {
    let reader = match PytorchReader::with_top_level_key(path, "state_dict") {
        Err(PytorchError::KeyNotFound(_)) => PytorchReader::new(path),
        other => other,
    }
    .map_err(|error| unreadable(what, error))?;
    let stored = load(&reader, what)?;
    if stored.contains("sincnet.wav_norm1d.weight") {
        check_stride(path, what)?;
        pyannet(&stored)
    } else if stored.contains("resnet.conv1.weight") {
        resnet34(&stored, "resnet.")
    } else if stored.contains("conv1.weight") {
        resnet34(&stored, "")
    } else {
        // An unknown network: the error lists some of its tensor names.
        Architecture::recognise(&stored).map(|_| stored)
    }
}

/// Every floating-point tensor of the checkpoint.
fn load(reader: &PytorchReader, what: &str) -> Result<Tensors<'static>> {
    // A view may repeat a few stored values any number of times, so the size of the file is no
    // bound.
    let total = reader.tensors().values().try_fold(0_u64, |total, tensor| total.checked_add(tensor.byte_len() as u64));
    if total.is_none_or(|total| total > MAX_FILE_BYTES) {
        return Err(Error::weights(format!("the tensors are larger than {} MiB", MAX_FILE_BYTES >> 20)).at(what));
    }
    let mut tensors = Tensors::empty(what);
    for (name, tensor) in reader.tensors() {
        let dtype = match tensor.dtype() {
            DType::F64 => Dtype::F64,
            DType::F32 => Dtype::F32,
            DType::F16 => Dtype::F16,
            DType::BF16 => Dtype::BF16,
            // Counters of batch normalisation, which inference does not need.
            _ => continue,
        };
        let data = tensor.read().map_err(|error| unreadable(what, error.into()))?;
        tensors.insert(name, dtype, tensor.shape().to_vec(), Cow::Owned(little_endian(data, tensor.dtype().size())));
    }
    Ok(tensors)
}

/// Converts values from the machine's byte order, in which the reader returns them.
fn little_endian(mut data: Vec<u8>, size: usize) -> Vec<u8> {
    if cfg!(target_endian = "big") {
        data.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    data
}

fn pyannet(stored: &Tensors<'_>) -> Result<Tensors<'static>> {
    let mut tensors = Tensors::empty(stored.what());
    for (name, shape) in Architecture::PyanNet.tensors() {
        let values = stored.f32(&name, &shape)?;
        tensors.insert_f32(&name, shape, &values);
    }
    Ok(tensors)
}

fn check_stride(path: &Path, what: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct HyperParameters {
        sincnet: SincNet,
    }
    #[derive(Deserialize)]
    struct SincNet {
        stride: u32,
    }
    // A checkpoint without this entry has the default stride, which is the expected one.
    match PytorchReader::load_config::<HyperParameters, _>(path, Some("hyper_parameters")) {
        Ok(HyperParameters { sincnet: SincNet { stride } }) if stride != SINCNET_STRIDE => {
            Err(Error::weights(format!("SincNet has stride {stride}, expected {SINCNET_STRIDE}")).at(what))
        }
        _ => Ok(()),
    }
}

fn resnet34(stored: &Tensors<'_>, prefix: &str) -> Result<Tensors<'static>> {
    let mut tensors = Tensors::empty(stored.what());
    for (name, shape) in resnet34_convolutions() {
        let mut weight = stored.f32(&format!("{prefix}{name}.weight"), &shape)?;
        let batch_norm = |kind: &str| stored.f32(&format!("{prefix}{}.{kind}", batch_norm_of(&name)), &shape[..1]);
        let (scale, shift) = (batch_norm("weight")?, batch_norm("bias")?);
        let (mean, variance) = (batch_norm("running_mean")?, batch_norm("running_var")?);
        let mut bias = Vec::with_capacity(shape[0]);
        for (channel, kernel) in weight.chunks_exact_mut(shape[1..].iter().product()).enumerate() {
            let factor = f64::from(scale[channel]) / (f64::from(variance[channel]) + BATCH_NORM_EPSILON).sqrt();
            kernel.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
            bias.push((f64::from(shift[channel]) - f64::from(mean[channel]) * factor) as f32);
        }
        tensors.insert_f32(&format!("resnet.{name}.weight"), shape.to_vec(), &weight);
        tensors.insert_f32(&format!("resnet.{name}.bias"), shape[..1].to_vec(), &bias);
    }
    for (name, shape) in Architecture::ResNet34.tensors() {
        if let Some(kind) = name.strip_prefix("resnet.seg_1.") {
            let values = stored.f32(&format!("{prefix}seg_1.{kind}"), &shape)?;
            tensors.insert_f32(&name, shape, &values);
        }
    }
    // A negative or too small variance gives values that are not finite, which are found only here.
    Architecture::ResNet34.check(&tensors)?;
    Ok(tensors)
}

/// The batch normalisation that follows a convolution.
fn batch_norm_of(convolution: &str) -> String {
    match convolution.strip_suffix("shortcut.0") {
        Some(block) => format!("{block}shortcut.1"),
        None => convolution.replace("conv", "bn"),
    }
}

fn unreadable(what: &str, error: PytorchError) -> Error {
    Error::weights("not a readable PyTorch checkpoint").at(what).caused_by(error)
}
