//! The amount of audio that a device has dropped, estimated from the times of its blocks.
//!
//! Not every sound system reports an overrun: PulseAudio drops old audio without notice. Late
//! blocks alone prove nothing, since a stalled process gets the waiting blocks afterwards. So audio
//! counts as missing only if the blocks of a whole second come later than those before.

use std::time::{Duration, Instant};

/// Time for which blocks must stay late.
const WINDOW: Duration = Duration::from_secs(1);
/// Shortest pause between blocks after which waiting blocks come first.
const STALL: Duration = Duration::from_millis(500);
/// Smallest gap that counts as a loss. Smaller ones are jitter of the device or its clock.
const LEAST_S: f64 = 0.25;
/// Smallest loss of a reported overrun.
const LEAST_OVERRUN_S: f64 = 0.001;

/// Compares the amount of audio with the time that has passed.
#[derive(Debug, Default)]
pub(super) struct Losses {
    clock: Option<Clock>,
}

#[derive(Debug)]
struct Clock {
    /// Arrival of the first block.
    start: Instant,
    heard_s: f64,
    last: Instant,
    window_start: Instant,
    /// Smallest delay of a block in this window, in seconds.
    least_s: f64,
    /// `least_s` of the window before, since the clock of the device may drift. Unknown during the
    /// first window.
    settled_s: Option<f64>,
}

impl Losses {
    /// Seconds of missing audio, found at the arrival of a block of `block_s` seconds.
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
            // No block waits after an overrun, so this one is in time.
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

    /// A device whose blocks come at chosen times.
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

        /// Punctual blocks from `from_s` to `to_s`, by a clock that is too slow by `drift`.
        fn blocks(&mut self, from_s: f64, to_s: f64, drift: f64) {
            for index in 0..((to_s - from_s) / BLOCK_S).round() as usize {
                self.block(from_s + (index + 1) as f64 * BLOCK_S * (1.0 + drift), false);
            }
        }
    }

    #[test]
    fn audio_that_a_stall_has_dropped_is_missing() {
        let mut device = Device::new();
        device.blocks(0.0, 5.0, 0.0);
        // A minute without a block; the last 20 s have waited.
        for _ in 0..2000 {
            device.block(65.0, false);
        }
        device.blocks(65.0, 70.0, 0.0);
        assert!((device.lost_s - 40.0).abs() < 2.0 * BLOCK_S, "{}", device.lost_s);
    }

    #[test]
    fn a_stall_that_delays_all_blocks_loses_nothing() {
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
        // A drift of a thousandth, 3.6 s in an hour, is far more than that of a device.
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
    fn every_overrun_is_reported() {
        let mut device = Device::new();
        device.block(0.01, true);
        assert_eq!(device.lost_s, LEAST_OVERRUN_S);
    }
}
