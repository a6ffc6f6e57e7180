//! Reading golden files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use npyz::{Deserialize, NpyFile};

/// Shape and values of `fixtures/golden/<name>.npy`.
pub(crate) fn load<T: Deserialize>(name: &str) -> (Vec<usize>, Vec<T>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden").join(format!("{name}.npy"));
    load_path(&path)
}

/// Shape and values of the file at `path`.
pub(crate) fn load_path<T: Deserialize>(path: &Path) -> (Vec<usize>, Vec<T>) {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let npy = NpyFile::new(BufReader::new(file)).unwrap();
    let shape = npy.shape().iter().map(|&n| n as usize).collect();
    (shape, npy.into_vec().unwrap())
}

/// 16-bit samples in [-1, 1].
pub(crate) fn load_samples(name: &str) -> Vec<f32> {
    load::<i16>(name).1.into_iter().map(|sample| f32::from(sample) / 32_768.0).collect()
}

/// Greatest absolute difference; NaN if any value is NaN.
pub(crate) fn max_abs_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |max, d| if d.is_nan() || d > max { d } else { max })
}

#[test]
fn difference_notices_nan_and_position() {
    assert_eq!(max_abs_difference(&[1.0, 2.0], &[1.0, 2.5]), 0.5);
    assert!(max_abs_difference(&[f32::NAN, 2.0], &[1.0, 2.0]).is_nan());
}
