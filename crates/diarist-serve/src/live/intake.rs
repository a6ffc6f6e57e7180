//! The bytes of a stream on their way from the socket to the engine: through a bounded queue, and
//! into a file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use tokio::sync::mpsc;

/// A message of the client, and when it came.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    pub(crate) arrived: Instant,
}

/// The reading end of the queue. It writes everything to a file before it passes it on.
pub(super) struct Intake {
    queue: mpsc::Receiver<Piece>,
    rest: Bytes,
    file: File,
    last: Arrival,
}

/// When the piece that was read last came.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrival(Arc<Mutex<Option<Instant>>>);

impl Arrival {
    pub(super) fn get(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intake {
    pub(super) fn new(queue: mpsc::Receiver<Piece>, file: File) -> Self {
        Self { queue, rest: Bytes::new(), file, last: Arrival::default() }
    }

    pub(super) fn arrival(&self) -> Arrival {
        self.last.clone()
    }
}

impl Read for Intake {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            let Some(piece) = self.queue.blocking_recv() else { return Ok(0) };
            self.file.write_all(&piece.bytes)?;
            *self.last.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(piece.arrived);
            self.rest = piece.bytes;
        }
        let count = self.rest.len().min(out.len());
        out[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}
