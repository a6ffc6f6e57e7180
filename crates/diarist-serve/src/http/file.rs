//! A file as an answer, whole or in part, as players ask for it.

use std::io::SeekFrom;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_range_header::{RangeUnsatisfiableError, parse_range_header};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::error::Answer;

/// Part of a file that a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// From the first byte to the last, both of which exist.
    Bytes(u64, u64),
    /// Begins after the end of the file.
    Missing,
}

/// Answers with a file, or with the only stretch of bytes that the header `Range` names.
pub(super) async fn send(path: &Path, media_type: &str, request: &HeaderMap) -> Answer<Response> {
    let mut file = tokio::fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    let common = [(header::ACCEPT_RANGES, "bytes"), (header::CONTENT_TYPE, media_type)];
    let answer = match part(request, length) {
        Part::Whole => {
            let body = Body::from_stream(ReaderStream::new(file));
            (common, [(header::CONTENT_LENGTH, length)], body).into_response()
        }
        Part::Bytes(first, last) => {
            file.seek(SeekFrom::Start(first)).await?;
            let part = 1 + last - first;
            let headers = [
                (header::CONTENT_LENGTH, part.to_string()),
                (header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}")),
            ];
            let body = Body::from_stream(ReaderStream::new(file.take(part)));
            (StatusCode::PARTIAL_CONTENT, common, headers, body).into_response()
        }
        Part::Missing => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response()
        }
    };
    Ok(answer)
}

/// A header that cannot be read counts as none, as RFC 9110 (section 14.2) has it. So do several
/// stretches, which no player asks for, and stretches of another version of the file: versions have
/// no names here.
fn part(request: &HeaderMap, length: u64) -> Part {
    let range = request.get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some(parsed) = range.and_then(|range| parse_range_header(range).ok()) else { return Part::Whole };
    if parsed.ranges.len() != 1 || request.contains_key(header::IF_RANGE) {
        return Part::Whole;
    }
    match parsed.validate(length).as_deref() {
        // More bytes from the end than there are.
        Err(RangeUnsatisfiableError::FileSuffixOutOfBounds) => Part::Whole,
        Ok([range]) if *range.end() < length => Part::Bytes(*range.start(), *range.end()),
        _ => Part::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_chooses_the_part() {
        let of = |range: &str, length| part(&HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]), length);
        assert_eq!(part(&HeaderMap::new(), 10), Part::Whole);
        assert_eq!(of("bytes=0-", 10), Part::Bytes(0, 9));
        assert_eq!(of("bytes=2-4", 10), Part::Bytes(2, 4));
        assert_eq!(of("bytes=2-99", 10), Part::Bytes(2, 9));
        assert_eq!(of("bytes=-3", 10), Part::Bytes(7, 9));
        assert_eq!(of("bytes=-99", 10), Part::Whole);
        assert_eq!(of("bytes=10-", 10), Part::Missing);
        assert_eq!(of("bytes=0-", 0), Part::Missing);
        for odd in ["bytes=4-2,", "bytes=0-1,3-4", "items=0-1", "bytes=x"] {
            assert_eq!(of(odd, 10), Part::Whole, "{odd}");
        }
        let other = [(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"x\"")];
        let other = other.map(|(name, value)| (name, value.parse().unwrap()));
        assert_eq!(part(&HeaderMap::from_iter(other), 10), Part::Whole);
    }
}
