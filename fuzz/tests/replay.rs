//! Runs every fuzz target over the files of its corpus.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use diarist_fuzz::{MAX_BYTES, MAX_SECONDS, TARGETS, Target};

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

/// Bytes in use, and the most that were in use since the last [`peak_of`] began.
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Measuring;

// SAFETY: every call goes to the system allocator unchanged; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(in_use, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let in_use = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(in_use, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Most bytes that `run` has in use at a time, beyond those before it.
fn peak_of(run: impl FnOnce()) -> usize {
    let before = IN_USE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    run();
    PEAK.load(Ordering::Relaxed).saturating_sub(before)
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Files in `folder`, sorted by name; `path` itself if it is a file.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Names of the entries of `folder`, without extensions.
fn names(folder: &Path) -> BTreeSet<String> {
    files(folder).iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// Faults of one input. Panics are reported on stderr as they happen.
fn faults(run: fn(&[u8]), bytes: &[u8], file: &str) -> Vec<String> {
    let clock = Instant::now();
    let mut is_panic = false;
    let peak = peak_of(|| is_panic = catch_unwind(|| run(bytes)).is_err());
    let mut faults = Vec::new();
    if is_panic {
        faults.push(format!("{file}: panic"));
    }
    if peak > MAX_BYTES {
        faults.push(format!("{file}: {} MiB in use, at most {}", peak >> 20, MAX_BYTES >> 20));
    }
    let seconds = clock.elapsed().as_secs();
    if seconds > MAX_SECONDS {
        faults.push(format!("{file}: {seconds} s, at most {MAX_SECONDS}"));
    }
    faults
}

// One test, since the memory in use is that of the whole process.
#[test]
fn every_input_of_the_corpus_passes() {
    assert_eq!(faults(|_| panic!("on purpose"), b"", "x"), ["x: panic"]);
    let too_much = faults(|_| drop(std::hint::black_box(vec![0_u8; MAX_BYTES + (2 << 20)])), b"", "x");
    assert_eq!(too_much, ["x: 514 MiB in use, at most 512"]);

    let mut all = Vec::new();
    for Target { name, run, fixtures } in TARGETS {
        let corpus = files(&folder("corpus").join(name));
        assert!(!corpus.is_empty(), "{name} has no corpus");
        let fixtures = fixtures.iter().flat_map(|path| files(&folder("../fixtures").join(path)));
        for path in corpus.into_iter().chain(fixtures) {
            all.extend(faults(*run, &fs::read(&path).unwrap(), &path.display().to_string()));
        }
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}

#[test]
fn every_target_has_a_program_and_a_corpus_and_no_more() {
    let expected: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(expected.len(), TARGETS.len());
    assert_eq!(names(&folder("corpus")), expected);
    assert_eq!(names(&folder("fuzz_targets")), expected);
    let manifest: toml::Table = fs::read_to_string(folder("Cargo.toml")).unwrap().parse().unwrap();
    let programs = manifest["bin"].as_array().unwrap().iter().map(|program| program["name"].as_str().unwrap());
    assert_eq!(programs.map(str::to_owned).collect::<BTreeSet<_>>(), expected);
}
