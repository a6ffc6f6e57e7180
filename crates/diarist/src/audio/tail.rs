//! The end of a Matroska file of unknown length, which may lie within a packet.

use std::io::{Read, Result, Seek, SeekFrom};

use super::elements::{CLUSTER, header};

/// Bytes at the end of a file in which the last cluster is searched for.
const TAIL_BYTES: u64 = 4 << 20;
/// First element of a cluster.
const TIMESTAMP: u8 = 0xe7;

/// Whether the last element of the last cluster is cut off; `false` if the tail has no cluster.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn is_cut(file: &mut (impl Read + Seek)) -> Result<bool> {
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let starts = tail.windows(4).enumerate().rev().filter(|(_, window)| *window == CLUSTER.to_be_bytes());
    let clusters = starts.filter_map(|(start, _)| {
        let mut content = &tail[start..];
        header(&mut content).ok().flatten().filter(|_| content.first() == Some(&TIMESTAMP)).map(|_| content)
    });
    Ok(clusters.take(1).any(ends_early))
}

/// Whether elements that follow each other go beyond the end of `rest`.
fn ends_early(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        match header(&mut rest) {
            // Nothing is known about what has no identifier or no length.
            Ok(None | Some((_, None))) => return false,
            Ok(Some((_, Some(size)))) => match usize::try_from(size).ok().and_then(|size| rest.get(size..)) {
                Some(after) => rest = after,
                None => return true,
            },
            Err(_) => return true,
        }
    }
    false
}
