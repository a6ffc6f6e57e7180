//! How much audio a device has dropped, told from the times of its blocks.
//!
//! Not every sound system reports an overrun: PulseAudio throws old audio away in silence. Late blocks alone prove nothing, since a stalled
//! process gets what has waited afterwards. So audio is missing only if the blocks of a whole second came later than those before.

use std::time::{Duration, Instant};

/// How long blocks must stay late.
const WINDOW: Duration = Duration::from_secs(1);
/// A pause between blocks after which those that have waited come first.
const STALL: Duration = Duration::from_millis(500);
/// Less is the device's clock or its habits.
const LEAST_S: f64 = 0.25;
/// What a reported overrun loses at least.
const LEAST_OVERRUN_S: f64 = 0.001;

/// Compares the audio that came with the time that went by.
#[derive(Debug, Default)]
pub(super) struct Losses {
    clock: Option<Clock>,
}

#[derive(Debug)]
struct Clock {
    /// When the first block came.
    start: Instant,
    heard_s: f64,
    last: Instant,
    window_start: Instant,
    /// Least seconds that a block of this window came after its time.
    least_s: f64,
    /// The same for the window before; the device's clock may drift, so it follows. Unknown during the first window.
    settled_s: Option<f64>,
}

impl Losses {
    /// Seconds that were found missing when a block of `block_s` seconds came `now`.
    pub(super) fn update(&mut self, now: Instant, block_s: f64, overrun: bool) -> f64 {
        let clock = self.clock.get_or_insert_with(|| Clock::new(now));
        if now.duration_since(clock.last) > STALL {
            clock.open_window(now);
        }
        clock.last = now;
        clock.heard_s += block_s;
        let late_s = now.duration_since(clock.start).as_secs_f64() - clock.heard_s;
        clock.least_s = clock.least_s.min(late_s);
        if overrun {
            // Nothing waits after an overrun, so this block has come in time.
            let missing_s = late_s - clock.settled_s.replace(late_s).unwrap_or(0.0);
            clock.open_window(now);
            return missing_s.max(LEAST_OVERRUN_S);
        }
        if now.duration_since(clock.window_start) < WINDOW {
            return 0.0;
        }
        let missing_s = clock.settled_s.replace(clock.least_s).map_or(0.0, |settled_s| clock.least_s - settled_s);
        clock.open_window(now);
        if missing_s < LEAST_S { 0.0 } else { missing_s }
    }
}

impl Clock {
    fn new(now: Instant) -> Self {
        Self { start: now, heard_s: 0.0, last: now, window_start: now, least_s: f64::INFINITY, settled_s: None }
    }

    fn open_window(&mut self, now: Instant) {
        self.window_start = now;
        self.least_s = f64::INFINITY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK_S: f64 = 0.01;

    /// A device whose blocks come at times of the test's choice.
    struct Device {
        losses: Losses,
        start: Instant,
        lost_s: f64,
    }

    impl Device {
        fn new() -> Self {
            Self { losses: Losses::default(), start: Instant::now(), lost_s: 0.0 }
        }

        fn block(&mut self, at_s: f64, overrun: bool) {
            self.lost_s += self.losses.update(self.start + Duration::from_secs_f64(at_s), BLOCK_S, overrun);
        }

        /// Blocks in time from `from_s` to `to_s`, by a clock that is `drift` too slow.
        fn blocks(&mut self, from_s: f64, to_s: f64, drift: f64) {
            for index in 0..((to_s - from_s) / BLOCK_S).round() as usize {
                self.block(from_s + (index + 1) as f64 * BLOCK_S * (1.0 + drift), false);
            }
        }
    }

    #[test]
    fn what_a_stall_has_thrown_away_is_missing() {
        let mut device = Device::new();
        device.blocks(0.0, 5.0, 0.0);
        // A minute without a block, of which the last 20 s have waited.
        for _ in 0..2000 {
            device.block(65.0, false);
        }
        device.blocks(65.0, 70.0, 0.0);
        assert!((device.lost_s - 40.0).abs() < 2.0 * BLOCK_S, "{}", device.lost_s);
    }

    #[test]
    fn a_stall_after_which_everything_comes_loses_nothing() {
        let mut device = Device::new();
        device.blocks(0.0, 5.0, 0.0);
        for _ in 0..800 {
            device.block(13.0, false);
        }
        device.blocks(13.0, 20.0, 0.0);
        assert_eq!(device.lost_s, 0.0);
    }

    #[test]
    fn a_slow_clock_loses_nothing() {
        let mut device = Device::new();
        // A thousandth, far more than a device has: 3.6 s in an hour.
        device.blocks(0.0, 3600.0, 1e-3);
        assert_eq!(device.lost_s, 0.0);
    }

    #[test]
    fn an_overrun_loses_the_time_that_no_block_fills() {
        let mut device = Device::new();
        device.blocks(0.0, 5.0, 0.0);
        device.block(5.31, true);
        device.blocks(5.31, 10.0, 0.0);
        assert!((device.lost_s - 0.3).abs() < 1e-9, "{}", device.lost_s);
    }

    #[test]
    fn every_overrun_is_told_of() {
        let mut device = Device::new();
        device.block(0.01, true);
        assert_eq!(device.lost_s, LEAST_OVERRUN_S);
    }
}
