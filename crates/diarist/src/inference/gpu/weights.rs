//! The weights of both networks in the shapes that the GPU wants.

use diarist_gpu::{Layer, embedding, segmentation};

use crate::error::Result;
use crate::features::fbank;
use crate::models::sinc_filters::Filters;
use crate::models::{Architecture, Tensors, resnet34_convolutions};

/// The weights of the segmentation network.
pub(super) fn segmentation(tensors: &Tensors<'_>) -> Result<segmentation::Weights> {
    let of = |name: &str| values(tensors, Architecture::PyanNet, name);
    let layer =
        |name: &str| Result::Ok(Layer { weight: of(&format!("{name}.weight"))?, bias: of(&format!("{name}.bias"))? });
    let direction = |layer: usize, suffix: &str| {
        let part = |part: &str| of(&format!("lstm.{part}_l{layer}{suffix}"));
        Result::Ok(segmentation::LstmDirection {
            weight_ih: part("weight_ih")?,
            weight_hh: part("weight_hh")?,
            bias_ih: part("bias_ih")?,
            bias_hh: part("bias_hh")?,
        })
    };
    let lstm = |layer| Result::Ok([direction(layer, "")?, direction(layer, "_reverse")?]);
    let wave_norm = layer("sincnet.wav_norm1d")?;
    let filters = Filters::new(tensors)?;
    Ok(segmentation::Weights {
        wave_norm: [wave_norm.weight[0], wave_norm.bias[0]],
        even: filters.even,
        odd: filters.odd,
        norms: [layer("sincnet.norm1d.0")?, layer("sincnet.norm1d.1")?, layer("sincnet.norm1d.2")?],
        convolutions: [layer("sincnet.conv1d.1")?, layer("sincnet.conv1d.2")?],
        lstm: [lstm(0)?, lstm(1)?, lstm(2)?, lstm(3)?],
        linear: [layer("linear.0")?, layer("linear.1")?, layer("classifier")?],
    })
}

/// The weights of the embedding network, and the tables of its features.
pub(super) fn embedding(tensors: &Tensors<'_>) -> Result<embedding::Weights> {
    let layer = |name: &str| {
        let part = |part: &str| values(tensors, Architecture::ResNet34, &format!("resnet.{name}.{part}"));
        Result::Ok(Layer { weight: part("weight")?, bias: part("bias")? })
    };
    Ok(embedding::Weights {
        window: fbank::hamming_window(),
        mel: fbank::mel_matrix(),
        convolutions: resnet34_convolutions().iter().map(|(name, _)| layer(name)).collect::<Result<_>>()?,
        linear: layer("seg_1")?,
    })
}

/// The tensor `name` of `architecture`, whose shape is known.
fn values(tensors: &Tensors<'_>, architecture: Architecture, name: &str) -> Result<Vec<f32>> {
    let all = architecture.tensors();
    let shape = all.iter().find(|(known, _)| known == name).map(|(_, shape)| shape.as_slice());
    tensors.f32(name, shape.unwrap_or_default())
}
