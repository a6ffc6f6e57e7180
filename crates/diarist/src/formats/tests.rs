//! Properties of the readers on random and on damaged input.

use super::{rttm, uem};

/// A linear congruential generator (D. Knuth, MMIX): the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

const PIECES: [&[u8]; 24] = [
    b"SPEAKER",
    b"SPKR-INFO",
    b" ",
    b"  ",
    b"\t",
    b"\n",
    b"\r\n",
    b";;",
    b"#",
    b"<NA>",
    b"meeting",
    b"1",
    b"0.5",
    b"-3",
    b"1e308",
    b"1e999",
    b"nan",
    b"inf",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\0",
    b"\xC2\xA0",
    b".",
    b"12.345",
];

const VALID: &[u8] =
    b"SPEAKER meeting 1 0.500 1.250 <NA> <NA> anna <NA> <NA>\nSPEAKER meeting 1 1.000 3.000 <NA> <NA> bert <NA> <NA>\n";

#[test]
fn no_input_makes_the_readers_panic() {
    let mut random = Random(1);
    let (mut num_read, mut num_refused) = (0, 0);
    let mut check = |bytes: &[u8]| {
        let _ = uem::read(bytes);
        match rttm::read(bytes) {
            Ok(annotations) => {
                num_read += 1;
                assert!(annotations.iter().flat_map(|annotation| &annotation.turns).all(|turn| {
                    turn.segment.start.is_finite()
                        && turn.segment.end.is_finite()
                        && turn.segment.end >= turn.segment.start
                }));
            }
            Err(error) => {
                num_refused += 1;
                assert!(!error.to_string().contains('\n'), "{error:?}");
            }
        }
    };
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
        check(&bytes);
        let pieces: Vec<u8> =
            (0..random.below(30)).flat_map(|_| PIECES[random.below(PIECES.len())].iter().copied()).collect();
        check(&pieces);
        let mut damaged = VALID.to_vec();
        for _ in 0..=random.below(3) {
            let position = random.below(damaged.len());
            match random.below(3) {
                0 => damaged[position] = random.below(256) as u8,
                1 => drop(damaged.remove(position)),
                _ => damaged.insert(position, random.below(128) as u8),
            }
        }
        check(&damaged);
    }
    // Otherwise the input would be too tame or too wild to test anything.
    assert!(num_read > 1000 && num_refused > 1000, "{num_read} read, {num_refused} refused");
}

#[test]
fn what_is_written_reads_back() {
    let annotations = rttm::read(VALID).unwrap();
    assert_eq!(annotations.len(), 1);
    assert_eq!(rttm::write(&annotations[0]).unwrap().as_bytes(), VALID);
}
