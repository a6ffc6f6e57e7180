//! A process that writes an analysis is killed at any moment. Acknowledged chunks are never lost.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use diarist::parts::analysis::saved::{
    self, AnalysisWriter, AudioMark, Header, Probabilities, StoredSubsegments, Values,
};
use diarist::parts::analysis::{ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Origin, Slot, Subsegments};
use diarist::parts::segmentation::masks::ChunkMasks;
use diarist::parts::segmentation::probabilities::ChunkProbabilities;
use diarist::parts::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK};
use rand_mt::Mt;

const FILE: &str = "DIARIST_TEST_FILE";
const STEP: usize = 16_000;
const NUM_CHUNKS: usize = 400;
const NUM_SAMPLES: u64 = ((NUM_CHUNKS - 1) * STEP + CHUNK_SAMPLES) as u64;

fn origin() -> Origin {
    Origin { file_id: "killed".to_owned(), trunk: "chunk".to_owned(), precision: "f32".to_owned(), ..Origin::default() }
}

/// The chunks that the writer writes.
fn chunks() -> (Vec<ChunkMasks>, Embeddings) {
    let mut random = Mt::new(3);
    let (mut masks, mut embeddings) = (vec![ChunkMasks::default(); NUM_CHUNKS], Embeddings::default());
    for (chunk, masks) in masks.iter_mut().enumerate().filter(|(chunk, _)| chunk % 3 > 0) {
        let local = chunk % 2;
        let start = random.next_u32() as usize % FRAMES_PER_CHUNK;
        (start..FRAMES_PER_CHUNK).for_each(|t| masks.speakers[local].insert(t));
        let values: Vec<f32> = (0..EMBEDDING_DIMENSION).map(|_| random.next_u32() as f32 / 1e10).collect();
        embeddings.push(Slot { chunk: chunk as u32, local: local as u8 }, &values);
    }
    (masks, embeddings)
}

/// The probabilities of the chunks, as certain as their masks.
fn probabilities(masks: &[ChunkMasks]) -> Vec<ChunkProbabilities> {
    masks.iter().map(ChunkProbabilities::from_masks).collect()
}

/// The subsegments that are known with these chunks: those of 0.8 s, one every 0.4 s, that end
/// before the next chunk starts.
fn subsegments(chunks: std::ops::Range<usize>) -> Subsegments {
    let num_known = |next: usize| (next * 100).checked_sub(80).map_or(0, |rest| rest / 40 + 1);
    let mut subsegments = Subsegments::default();
    for index in num_known(chunks.start)..num_known(chunks.end) {
        let values: [f32; EMBEDDING_DIMENSION] = std::array::from_fn(|i| ((index * 31 + i * 17) % 255) as f32 - 100.0);
        subsegments.push(index as u32, 3 + (index % 8) as u8, &values);
    }
    subsegments
}

fn rows(embeddings: &Embeddings, chunks: std::ops::Range<usize>) -> Embeddings {
    let mut of_chunks = Embeddings::default();
    for (row, slot) in embeddings.slots.iter().enumerate().filter(|(_, slot)| chunks.contains(&(slot.chunk as usize))) {
        of_chunks.push(*slot, embeddings.row(row));
    }
    of_chunks
}

#[test]
#[ignore = "the process that the test below starts and kills"]
fn writes_until_killed() {
    let path = PathBuf::from(std::env::var_os(FILE).expect("started by the other test"));
    let (masks, embeddings) = chunks();
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
    let mut writer = match saved::read_file(&path) {
        Ok(mut saved) => {
            saved.keep_until_mark();
            file.set_len(saved.num_bytes()).unwrap();
            file.seek(SeekFrom::Start(saved.num_bytes())).unwrap();
            AnalysisWriter::resume(file, &saved)
        }
        Err(_) => {
            file.set_len(0).unwrap();
            let header = Header {
                origin: origin(),
                step_samples: STEP,
                values: Values::F32,
                probabilities: Probabilities::U8,
                subsegments: StoredSubsegments::I8,
                corrections: false,
            };
            AnalysisWriter::new(file, &header).unwrap()
        }
    };
    let tell = |what: String| {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(format!("written {what}\n").as_bytes()).and_then(|()| stdout.flush()).unwrap();
    };
    while writer.num_chunks() < NUM_CHUNKS {
        let next = writer.num_chunks();
        let end = (next + 1 + next % 4).min(NUM_CHUNKS);
        let new = &masks[next..end];
        let subsegments = subsegments(next..end);
        writer.push(new, &probabilities(new), &rows(&embeddings, next..end), &subsegments).unwrap();
        writer.mark(&AudioMark { num_samples: end as u64, is_end: end == NUM_CHUNKS, sha256: [0; 32] }).unwrap();
        tell(end.to_string());
    }
    writer.finish(NUM_SAMPLES).unwrap();
    tell("whole".to_owned());
}

/// Starts a writer, kills it after `patience` messages, and returns all of its messages.
fn messages_of_a_killed_writer(path: &Path, patience: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed_writer::writes_until_killed", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let message = |line: String| line.split_once("written ").map(|(_, what)| what.to_owned());
    let mut messages: Vec<String> = lines.by_ref().filter_map(message).take(patience).collect();
    child.kill().unwrap();
    messages.extend(lines.filter_map(message));
    child.wait().unwrap();
    messages
}

#[test]
fn two_hundred_kills_lose_nothing_and_make_no_false_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("analysis");
    let (masks, embeddings) = chunks();
    let geometry = ChunkGeometry { step_samples: STEP, num_samples: NUM_SAMPLES };
    let mut random = Mt::new(17);
    let (mut num_whole, mut num_interrupted) = (0, 0);
    for round in 0..200 {
        let messages = messages_of_a_killed_writer(&path, random.next_u32() as usize % 40);
        let written = messages.iter().filter_map(|what| what.parse().ok()).max().unwrap_or(0);
        let Ok(saved) = saved::read_file(&path) else {
            assert!(messages.is_empty(), "round {round}: the header is gone");
            continue;
        };
        let found = saved.analysis.masks.len();
        assert!(found >= written, "round {round}: {found} chunks of {written}");
        assert_eq!(saved.analysis.masks, masks[..found], "round {round}");
        assert_eq!(saved.analysis.probabilities, probabilities(&masks[..found]), "round {round}");
        assert_eq!(saved.analysis.subsegments, subsegments(0..found), "round {round}");
        assert_eq!(saved.analysis.embeddings, rows(&embeddings, 0..found), "round {round}");
        if saved.is_whole {
            assert_eq!((&saved.analysis.origin, saved.analysis.geometry), (&origin(), geometry), "round {round}");
            assert_eq!(found, NUM_CHUNKS, "round {round}");
            num_whole += 1;
            std::fs::remove_file(&path).unwrap();
        } else {
            assert!(!messages.iter().any(|what| what == "whole"), "round {round}: the end is gone");
            num_interrupted += 1;
        }
    }
    assert!(num_whole >= 5 && num_interrupted >= 100, "{num_whole} whole, {num_interrupted} interrupted");
}
