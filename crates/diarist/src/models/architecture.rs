//! Names and shapes of the tensors that each network consists of.

use super::tensors::Tensors;
use crate::error::{Error, Result};

/// Number of values in a speaker embedding.
pub const EMBEDDING_DIMENSION: usize = 256;
/// Number of pooled statistics: mean and standard deviation of 256 channels at 10 frequencies.
const POOLED: usize = 2 * 256 * 10;

/// The model that a file of weights belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// pyannote's speaker segmentation network, as in segmentation-3.0.
    PyanNet,
    /// WeSpeaker's ResNet34 speaker embedding network, batch normalisation folded into the
    /// convolutions.
    ResNet34,
    /// X-vector transform and PLDA of community-1.
    Plda,
}

impl Architecture {
    /// Every architecture.
    pub const ALL: [Self; 3] = [Self::PyanNet, Self::ResNet34, Self::Plda];

    /// The name in manifests and in the metadata of safetensors.
    pub fn name(self) -> &'static str {
        match self {
            Self::PyanNet => "pyannet",
            Self::ResNet34 => "wespeaker-resnet34",
            Self::Plda => "plda",
        }
    }

    /// Name and shape of every tensor that the architecture needs.
    pub fn tensors(self) -> Vec<(String, Vec<usize>)> {
        match self {
            Self::PyanNet => pyannet(),
            Self::ResNet34 => resnet34(),
            Self::Plda => {
                let shapes: [(&str, &[usize]); 6] = [
                    ("mean1", &[EMBEDDING_DIMENSION]),
                    ("lda", &[EMBEDDING_DIMENSION, 128]),
                    ("mean2", &[128]),
                    ("mu", &[128]),
                    ("tr", &[128, 128]),
                    ("psi", &[128]),
                ];
                shapes.map(|(name, shape)| (name.to_owned(), shape.to_vec())).into()
            }
        }
    }

    /// The architecture that shares the most tensor names with `tensors`.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if no name is known.
    pub fn recognise(tensors: &Tensors<'_>) -> Result<Self> {
        let known =
            |architecture: Self| architecture.tensors().iter().filter(|(name, _)| tensors.contains(name)).count();
        let (count, architecture) = Self::ALL
            .map(|architecture| (known(architecture), architecture))
            .into_iter()
            .max_by_key(|(count, _)| *count)
            .unwrap_or((0, Self::PyanNet));
        if count == 0 {
            let names: Vec<&str> = tensors.iter().map(|tensor| tensor.name).take(3).collect();
            return Err(Error::weights(format!("unknown architecture, its tensors begin with [{}]", names.join(", ")))
                .at(tensors.what())
                .hint("diarist reads pyannote's PyanNet and WeSpeaker's ResNet34"));
        }
        Ok(architecture)
    }

    /// Checks that every tensor is present, has the right shape and holds finite values.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) for the first tensor that fails.
    pub fn check(self, tensors: &Tensors<'_>) -> Result<()> {
        for (name, shape) in self.tensors() {
            tensors.f32(&name, &shape)?;
        }
        Ok(())
    }
}

/// SincNet, 4 bidirectional LSTM layers of 128, 2 linear layers of 128, 7 powerset classes; names
/// of the state dict.
fn pyannet() -> Vec<(String, Vec<usize>)> {
    let mut tensors: Vec<(String, Vec<usize>)> = Vec::new();
    let mut add = |name: &str, shape: &[usize]| tensors.push((name.to_owned(), shape.to_vec()));
    add("sincnet.wav_norm1d.weight", &[1]);
    add("sincnet.wav_norm1d.bias", &[1]);
    add("sincnet.conv1d.0.filterbank.low_hz_", &[40, 1]);
    add("sincnet.conv1d.0.filterbank.band_hz_", &[40, 1]);
    add("sincnet.conv1d.0.filterbank.window_", &[125]);
    add("sincnet.conv1d.0.filterbank.n_", &[1, 125]);
    for (layer, channels_in) in [(1, 80), (2, 60)] {
        add(&format!("sincnet.conv1d.{layer}.weight"), &[60, channels_in, 5]);
        add(&format!("sincnet.conv1d.{layer}.bias"), &[60]);
    }
    for (layer, channels) in [80, 60, 60].into_iter().enumerate() {
        add(&format!("sincnet.norm1d.{layer}.weight"), &[channels]);
        add(&format!("sincnet.norm1d.{layer}.bias"), &[channels]);
    }
    for layer in 0..4 {
        for direction in ["", "_reverse"] {
            add(&format!("lstm.weight_ih_l{layer}{direction}"), &[512, if layer == 0 { 60 } else { 256 }]);
            add(&format!("lstm.weight_hh_l{layer}{direction}"), &[512, 128]);
            add(&format!("lstm.bias_ih_l{layer}{direction}"), &[512]);
            add(&format!("lstm.bias_hh_l{layer}{direction}"), &[512]);
        }
    }
    for (name, shape) in [("linear.0", [128, 256]), ("linear.1", [128, 128]), ("classifier", [7, 128])] {
        add(&format!("{name}.weight"), &shape);
        add(&format!("{name}.bias"), &shape[..1]);
    }
    tensors
}

fn resnet34() -> Vec<(String, Vec<usize>)> {
    let mut tensors = Vec::new();
    for (name, shape) in resnet34_convolutions() {
        tensors.push((format!("resnet.{name}.weight"), shape.to_vec()));
        tensors.push((format!("resnet.{name}.bias"), shape[..1].to_vec()));
    }
    tensors.push(("resnet.seg_1.weight".to_owned(), vec![EMBEDDING_DIMENSION, POOLED]));
    tensors.push(("resnet.seg_1.bias".to_owned(), vec![EMBEDDING_DIMENSION]));
    tensors
}

/// Names and weight shapes `[out, in, height, width]` in forward order, a block's shortcut last.
pub(crate) fn resnet34_convolutions() -> Vec<(String, [usize; 4])> {
    let mut convolutions = vec![("conv1".to_owned(), [32, 1, 3, 3])];
    let mut channels_in = 32;
    for (stage, (blocks, channels)) in [(3, 32), (4, 64), (6, 128), (3, 256)].into_iter().enumerate() {
        for block in 0..blocks {
            let name = format!("layer{}.{block}", stage + 1);
            convolutions.push((format!("{name}.conv1"), [channels, channels_in, 3, 3]));
            convolutions.push((format!("{name}.conv2"), [channels, channels, 3, 3]));
            if channels_in != channels {
                convolutions.push((format!("{name}.shortcut.0"), [channels, channels_in, 1, 1]));
            }
            channels_in = channels;
        }
    }
    convolutions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_models_have_exactly_the_listed_tensors() {
        for model in &diarist_weights::manifest().models {
            let file = model.data().unwrap();
            let tensors = Tensors::parse(&file, &model.name).unwrap();
            let architecture = Architecture::recognise(&tensors).unwrap();
            assert_eq!(architecture.name(), model.architecture);
            architecture.check(&tensors).unwrap();
            let mut expected = architecture.tensors();
            expected.sort();
            let found: Vec<_> = tensors.iter().map(|tensor| (tensor.name.to_owned(), tensor.shape.to_vec())).collect();
            assert_eq!(found, expected, "{}", model.name);
            let parameters: usize = expected.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
            assert_eq!(parameters, model.parameters, "{}", model.name);
        }
    }

    #[test]
    fn an_unknown_network_is_refused_by_name() {
        let mut tensors = Tensors::empty("other.safetensors");
        tensors.insert_f32("encoder.weight", vec![1], &[0.0]);
        let message = Architecture::recognise(&tensors).unwrap_err().to_string();
        assert!(message.starts_with("other.safetensors: unknown architecture"), "{message}");
        assert!(message.contains("encoder.weight"), "{message}");
    }
}
