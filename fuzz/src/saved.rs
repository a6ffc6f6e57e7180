//! Saved analyses.

use diarist::parts::analysis::Analysis;
use diarist::parts::analysis::saved::{AnalysisWriter, Header, Values, read};

/// Bytes before the description in a header: magic number, version, length.
const START_BYTES: usize = 14;

/// Saved analyses, as the bytes are and with right checksums. Anything else would hardly get past
/// the first of them.
pub fn saved_analysis(bytes: &[u8]) {
    check(bytes);
    check(&with_checksums(bytes));
}

/// Reads an analysis; if it is whole, it can be written and read again without a change.
fn check(bytes: &[u8]) {
    let Ok(mut saved) = read(bytes) else { return };
    assert!(saved.num_bytes() <= bytes.len() as u64);
    // A 16-bit float may be infinite in a file that no writer made, and NaN is not equal to itself.
    let Analysis { masks, embeddings, probabilities, subsegments, .. } = &saved.analysis;
    if saved.is_whole && embeddings.values.iter().all(|value| value.is_finite()) {
        let header = Header::of(&saved.analysis, saved.values);
        let written = AnalysisWriter::write_all(Vec::new(), &header, &saved.analysis).expect("it can be written");
        let again = read(written.as_slice()).expect("a written analysis can be read");
        assert!(again.is_whole && again.analysis == saved.analysis);
    }
    assert!(saved.values == Values::None || embeddings.values.len() == embeddings.len() * 256);
    let num_chunks = masks.len();
    assert!(probabilities.is_empty() || probabilities.len() == num_chunks);
    assert!(subsegments.indices.is_sorted() && subsegments.solo_frames.len() == subsegments.len());
    assert!(subsegments.values.len() == subsegments.len() * 256);
    let num_subsegments = subsegments.len();
    saved.keep_until_mark();
    assert!(saved.analysis.subsegments.len() <= num_subsegments);
    assert!(saved.analysis.masks.len() <= num_chunks && saved.analysis.probabilities.len() <= num_chunks);
}

/// `bytes` with the checksum of the header and of every record as it must be.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut hasher = crc32fast::Hasher::new();
    let (mut at, mut head, mut length_at) = (0, START_BYTES, 10);
    while let Some(length) = bytes.get(at + length_at..at + length_at + 4) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let end = at + head + length;
        let Some(covered) = bytes.get(at..end) else { break };
        hasher.update(covered);
        let Some(checksum) = bytes.get_mut(end..end + 4) else { break };
        checksum.copy_from_slice(&hasher.clone().finalize().to_le_bytes());
        // A record has a byte for its kind and a length before its payload.
        (at, head, length_at) = (end + 4, 5, 1);
    }
    bytes
}
