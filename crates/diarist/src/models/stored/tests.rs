use super::Granularity::{Channel, Tensor};
use super::form::{INDICES, INTEGERS, SCALE, SHAPE, TABLES};
use super::{Form, MIN_VALUES, quantize};
use crate::error::{ErrorKind, Result};
use crate::models::{Architecture, Dtype, Encoding, Tensors};

const FORMS: [Form; 9] = [
    Form::F16,
    Form::Linear8,
    Form::Compact,
    Form::Palette8(Tensor),
    Form::Palette8(Channel),
    Form::Palette6(Tensor),
    Form::Palette6(Channel),
    Form::Palette4(Tensor),
    Form::Palette4(Channel),
];

fn segmentation() -> Tensors<'static> {
    Tensors::parse(&diarist_weights::segmentation(), "segmentation").unwrap().into_owned()
}

/// Root mean square of the changes by storing, relative to that of the values, over the large
/// tensors.
fn relative_error(before: &Tensors<'_>, after: &Tensors<'_>) -> f64 {
    let (mut change, mut power) = (0.0, 0.0);
    for tensor in before.iter().filter(|tensor| tensor.shape.iter().product::<usize>() >= MIN_VALUES) {
        let [a, b] = [before, after].map(|tensors| tensors.f64(tensor.name, tensor.shape).unwrap());
        change += a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        power += a.iter().map(|a| a * a).sum::<f64>();
    }
    (change / power).sqrt()
}

#[test]
fn every_form_is_read_back_nearly_the_same_and_smaller() {
    let original = segmentation();
    // Limits of the size as a share of the f32 file, and of the relative error. Rounding to f16 has
    // an error of 2^-11 / sqrt(3). The best quantization of a Gaussian with 256, 64 and 16 levels
    // has 0.6 %, 2.5 % and 9.8 % (Max, 1960); the distributions here are wider. The steps of
    // linear8 follow from the largest magnitude of a channel, those of compact from its root mean
    // square.
    let limits = [
        (0.51, 3e-4),
        (0.27, 0.012),
        (0.27, 0.06),
        (0.27, 0.012),
        (0.27, 0.012),
        (0.21, 0.05),
        (0.27, 0.03),
        (0.15, 0.2),
        (0.18, 0.11),
    ];
    for (form, (size, error)) in FORMS.into_iter().zip(limits) {
        let bytes = quantize(&original, form).unwrap();
        let stored = Tensors::parse(&bytes, "stored").unwrap();
        Architecture::PyanNet.check(&stored).unwrap();
        let found =
            (bytes.len() as f64 / diarist_weights::segmentation().len() as f64, relative_error(&original, &stored));
        assert!(found.0 < size && found.1 < error, "{form}: {found:?}");
        assert!(found.1 > error / 10.0, "{form} changes too little: {found:?}");
        for tensor in stored.iter().filter(|tensor| tensor.shape.iter().product::<usize>() < MIN_VALUES) {
            assert_eq!(tensor.encoding, Encoding::Plain);
            let [a, b] = [&original, &stored].map(|tensors| tensors.f32(tensor.name, tensor.shape).unwrap());
            assert_eq!(a, b, "{form} {}", tensor.name);
        }
    }
}

#[test]
fn the_file_is_the_same_every_time_and_names_its_form() {
    let original = segmentation();
    let form = Form::Palette4(Channel);
    let bytes = quantize(&original, form).unwrap();
    assert!(bytes == quantize(&original, form).unwrap());
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["architecture"], "pyannet palette4 channel");
}

#[test]
fn values_of_a_palette_are_the_nearest_entries() {
    let original = segmentation();
    let name = "linear.0.weight";
    let values = original.f32(name, &[128, 256]).unwrap();
    let bytes = quantize(&original, Form::Palette4(Tensor)).unwrap();
    let stored = Tensors::parse(&bytes, "stored").unwrap().f32(name, &[128, 256]).unwrap();
    let mut entries = stored.clone();
    entries.sort_unstable_by(f32::total_cmp);
    entries.dedup();
    assert_eq!(entries.len(), 16);
    for (value, stored) in values.iter().zip(stored) {
        let nearest = entries.iter().map(|entry| (entry - value).abs()).fold(f32::INFINITY, f32::min);
        assert_eq!((stored - value).abs(), nearest);
    }
}

type Part = Option<(Dtype, Vec<usize>, Vec<u8>)>;

/// Reads a file that holds the tensor `w` of shape `[2, 3]` in parts. A part that is `None` is left
/// out.
fn parts(parts: &[(&str, Part)]) -> Result<Vec<f32>> {
    let mut tensors = Tensors::empty("parts");
    for (name, part) in parts {
        if let Some((dtype, shape, data)) = part {
            tensors.insert(&format!("w{name}"), *dtype, shape.clone(), data.clone().into());
        }
    }
    let bytes = tensors.to_safetensors("test").unwrap();
    Tensors::parse(&bytes, "parts.safetensors")?.f32("w", &[2, 3])
}

fn bytes<const N: usize>(values: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    values.into_iter().flatten().collect()
}

fn palette_parts() -> [Part; 3] {
    let tables = bytes([1.0, 2.0, -4.0].map(|value| half::f16::from_f32(value).to_le_bytes()));
    [
        Some((Dtype::U8, vec![3], vec![0x10, 0x02, 0x21])),
        Some((Dtype::F16, vec![1, 3], tables)),
        Some((Dtype::U64, vec![2], bytes([2_u64, 3].map(u64::to_le_bytes)))),
    ]
}

fn read_palette([indices, tables, shape]: [Part; 3]) -> Result<Vec<f32>> {
    parts(&[(INDICES, indices), (TABLES, tables), (SHAPE, shape)])
}

#[test]
fn palettes_that_contradict_themselves_are_refused() {
    assert_eq!(read_palette(palette_parts()).unwrap(), [1.0, 2.0, -4.0, 1.0, 2.0, -4.0]);
    let with = |change: &dyn Fn(&mut [Part; 3])| {
        let mut parts = palette_parts();
        change(&mut parts);
        let error = read_palette(parts).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Weights);
        error.to_string()
    };
    let dimensions =
        |values: &[u64]| Some((Dtype::U64, vec![values.len()], bytes(values.iter().map(|value| value.to_le_bytes()))));
    let cases = [
        (with(&|parts| parts[0] = None), "tensor w is missing"),
        (with(&|parts| parts[1] = None), "tensor w.tables is missing"),
        (with(&|parts| parts[2] = None), "tensor w.shape is missing"),
        (with(&|parts| parts[0].as_mut().unwrap().2[1] = 0x32), "index 3 at 3 is beyond its table of 3 entries"),
        (with(&|parts| parts[0].as_mut().unwrap().0 = Dtype::I8), "tensor w.indices is of type I8, expected U8"),
        (with(&|parts| parts[1].as_mut().unwrap().1 = vec![3]), "tables of shape [3]"),
        (with(&|parts| parts[1].as_mut().unwrap().1 = vec![3, 1]), "3 tables do not fit the shape [2, 3]"),
        (with(&|parts| parts[1].as_mut().unwrap().2[5] = 0x7c), "tensor w holds inf at index 2"),
        (with(&|parts| parts[2] = dimensions(&[2, 4])), "3 bytes of 4-bit indices do not fit the shape [2, 4]"),
        (with(&|parts| parts[2] = dimensions(&[u64::MAX, 8])), "do not fit the shape"),
        (with(&|parts| parts[2] = dimensions(&[3, 2])), "tensor w has shape [3, 2], expected [2, 3]"),
    ];
    for (found, expected) in cases {
        assert!(found.starts_with("parts.safetensors: ") && found.contains(expected), "{found}, expected {expected}");
    }
}

#[test]
fn integers_have_a_scale_for_each_channel() {
    let integers = (Dtype::I8, vec![2, 3], vec![1, 2, 0xff, 127, 0x81, 0]);
    let scale = |values: &[f32]| Some((Dtype::F32, vec![values.len()], bytes(values.iter().map(|v| v.to_le_bytes()))));
    let read = |scale| parts(&[(INTEGERS, Some(integers.clone())), (SCALE, scale)]);
    assert_eq!(read(scale(&[0.5, 2.0])).unwrap(), [0.5, 1.0, -0.5, 254.0, -254.0, 0.0]);
    let missing = read(None).unwrap_err().to_string();
    assert!(missing.contains("tensor w.scale is missing, expected it with shape [2]"), "{missing}");
    let short = read(scale(&[0.5])).unwrap_err().to_string();
    assert!(short.contains("tensor w.scale has shape [1], expected [2]"), "{short}");
}

#[test]
fn weights_that_cannot_be_stored_are_refused() {
    let file = diarist_weights::plda();
    let plda = Tensors::parse(&file, "plda").unwrap();
    assert_eq!(quantize(&plda, Form::F16).unwrap_err().kind(), ErrorKind::InvalidOption);
    let mut large = segmentation();
    let mut values = vec![0.0; 128 * 256];
    values[7] = 1e5;
    large.insert_f32("linear.0.weight", vec![128, 256], &values);
    for form in [Form::F16, Form::Palette8(Tensor)] {
        let error = quantize(&large, form).unwrap_err().to_string();
        assert!(error.contains("tensor linear.0.weight holds 1e5, too large for a 16-bit float"), "{error}");
    }
    assert!(quantize(&large, Form::Linear8).is_ok());
}
