//! Shared parts of the benchmarks: timing, and the speed of the core's arithmetic units.

#![allow(dead_code, reason = "each benchmark uses a part")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use diarist_kernels::{Isa, Level};

/// Type of the numbers that a kernel multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    F32,
    Bf16,
    Int8,
}

impl Arithmetic {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }
}

/// The fastest sums of products of an instruction set: independent chains of the instruction that
/// kernels use, all in registers.
pub(crate) struct Peak {
    chains: unsafe fn(),
    /// Multiplications and additions of one step of all chains.
    operations: usize,
}

impl Peak {
    /// The peak of `arithmetic`, if `isa` has instructions for it. Levels without bfloat16
    /// instructions widen bfloat16 to f32, so the peak of f32 counts there.
    pub(crate) fn of(isa: Isa, arithmetic: Arithmetic) -> Option<Self> {
        let (chains, operations): (unsafe fn(), usize) = match (isa.level(), arithmetic) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, Arithmetic::Int8) if isa.has_dot() => (x86::int8_avx512_vnni, 24 * 128),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, Arithmetic::Bf16) if isa.has_bf16() => (x86::bf16_avx512, 24 * 64),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, Arithmetic::Int8) => (x86::int8_avx512, 24 * 128),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, _) => (x86::f32_avx512, 24 * 32),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, Arithmetic::Int8) if isa.has_dot() => (x86::int8_avx_vnni, 12 * 64),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, Arithmetic::Int8) => (x86::int8_avx2, 12 * 64),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, _) => (x86::f32_avx2, 12 * 16),
            #[cfg(target_arch = "aarch64")]
            (Level::Neon, Arithmetic::Int8) if isa.has_dot() => (arm::int8_dotprod, 24 * 32),
            #[cfg(target_arch = "aarch64")]
            (Level::Neon, Arithmetic::F32 | Arithmetic::Bf16) => (arm::f32_neon, 24 * 8),
            (_, Arithmetic::F32) => (f32_portable, 12 * 8),
            _ => return None,
        };
        Some(Self { chains, operations })
    }

    /// Giga-operations per second in one short run.
    pub(crate) fn measure_gops(&self) -> f64 {
        let start = Instant::now();
        // SAFETY: `of` chose the function by an `Isa`, which exists only if the processor has its
        // instructions.
        unsafe { (self.chains)() };
        (self.operations * STEPS) as f64 / start.elapsed().as_secs_f64() * 1e-9
    }
}

/// Times of one call, and the peak measured between the calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) best_s: f64,
    pub(crate) median_s: f64,
    pub(crate) peak_gops: f64,
}

impl Sample {
    /// Runs `run` for `duration` in rounds of at least 1 ms, short enough that some escape the
    /// scheduler, each followed by a run of the peak. The best round is close to the time on a
    /// quiet machine; the median shows how noisy this one was.
    pub(crate) fn measure(peak: Option<&Peak>, duration: Duration, mut run: impl FnMut()) -> Self {
        run();
        let start = Instant::now();
        run();
        let calls = (0.001 / start.elapsed().as_secs_f64()).ceil().clamp(1.0, 1e6) as u32;
        let (mut rounds, mut peak_gops) = (Vec::new(), f64::NAN);
        let start = Instant::now();
        while rounds.len() < 5 || start.elapsed() < duration {
            let round = Instant::now();
            for _ in 0..calls {
                run();
            }
            rounds.push(round.elapsed().as_secs_f64() / f64::from(calls));
            peak_gops = peak.map_or(f64::NAN, |peak| peak.measure_gops().max(peak_gops));
        }
        rounds.sort_by(f64::total_cmp);
        Self { best_s: rounds[0], median_s: rounds[rounds.len() / 2], peak_gops }
    }

    /// One line: best and median time of one of `parts` parts of the call, speed for `operations`
    /// per call, share of the peak.
    pub(crate) fn report(&self, name: &str, parts: f64, operations: f64) -> String {
        let gops = operations / self.best_s * 1e-9;
        let (best, median) = (self.best_s / parts * 1e3, self.median_s / parts * 1e3);
        let share = if self.peak_gops.is_nan() {
            String::new()
        } else {
            format!(" {:>4.0} % of {:.0}", gops / self.peak_gops * 100.0, self.peak_gops)
        };
        format!("  {name:<38} {best:>9.3} ms (median {median:>9.3}) {gops:>7.1} GOP/s{share}")
    }
}

/// Least processor time of one call in ms, of rounds that take at least 1 ms in `duration`
/// together.
///
/// Time in which other processes have the core does not count, where the system tells it (Linux).
pub(crate) fn least_cpu_ms(duration: Duration, mut run: impl FnMut()) -> f64 {
    run();
    let start = cpu_time();
    run();
    let calls = (0.001 / (cpu_time() - start).as_secs_f64()).ceil().clamp(1.0, 1e6) as u32;
    let (mut least, mut num_rounds) = (Duration::MAX, 0);
    let start = cpu_time();
    while num_rounds < 3 || cpu_time() - start < duration {
        let round = cpu_time();
        for _ in 0..calls {
            run();
        }
        least = least.min(cpu_time() - round);
        num_rounds += 1;
    }
    least.as_secs_f64() * 1e3 / f64::from(calls)
}

/// Processor time of this thread.
#[cfg(target_os = "linux")]
fn cpu_time() -> Duration {
    #[repr(C)]
    struct Timespec {
        seconds: std::ffi::c_long,
        nanoseconds: std::ffi::c_long,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: std::ffi::c_int, time: *mut Timespec) -> std::ffi::c_int;
    }
    const CLOCK_THREAD_CPUTIME_ID: std::ffi::c_int = 3;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the C library's function of 64-bit Linux, which writes to `time` only.
    let status = unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0, "this system has no clock for the time of a thread");
    Duration::new(time.seconds as u64, time.nanoseconds as u32)
}

/// Time since the first call, for systems whose clocks are not known here.
#[cfg(not(target_os = "linux"))]
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Steps of each chain: 0.2 to 1 ms.
const STEPS: usize = 50_000;

fn f32_portable() {
    let factor = black_box([1.0_f32; 4]);
    let mut sums = black_box([[0.0_f32; 4]; 12]);
    for _ in 0..STEPS {
        for sum in &mut sums {
            for (value, factor) in sum.iter_mut().zip(factor) {
                *value = *value * factor + factor;
            }
        }
    }
    black_box(sums);
}

/// Defines a function `$name` that runs `$chains` independent chains of `$line`s, enough to hide
/// the latency and few enough for the registers. In a line `{s}` is the sum and `{x}` are the
/// factors; `$scratch` may be overwritten.
macro_rules! chains {
    ($name:ident, $chains:literal, $features:literal, $class:ident $vector:ty, $scratch:tt, $($line:literal),+) => {
        /// # Safety
        ///
        /// The processor has the instructions.
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name() {
            // SAFETY: all bits zero are a valid vector.
            let zero: $vector = unsafe { std::mem::zeroed() };
            let mut sums = [zero; $chains];
            for _ in 0..super::STEPS {
                for sum in &mut sums {
                    // SAFETY: arithmetic between the named registers, on a processor that has it.
                    unsafe {
                        std::arch::asm!(
                            $($line),+,
                            s = inout($class) *sum,
                            x = in($class) zero,
                            out($scratch) _,
                            options(nomem, nostack, preserves_flags)
                        );
                    }
                }
            }
            std::hint::black_box(sums);
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m256i, __m512, __m512i};

    chains!(f32_avx2, 12, "avx2,fma", ymm_reg __m256, "ymm15", "vfmadd231ps {s}, {x}, {x}");
    chains!(int8_avx2, 12, "avx2", ymm_reg __m256i, "ymm15",
        "vpmaddubsw ymm15, {x}, {x}", "vpmaddwd ymm15, ymm15, {x}", "vpaddd {s}, {s}, ymm15");
    chains!(int8_avx_vnni, 12, "avx2,avxvnni", ymm_reg __m256i, "ymm15", "{{vex}} vpdpbusd {s}, {x}, {x}");
    chains!(f32_avx512, 24, "avx512f", zmm_reg __m512, "zmm31", "vfmadd231ps {s}, {x}, {x}");
    chains!(int8_avx512, 24, "avx512bw", zmm_reg __m512i, "zmm31",
        "vpmaddubsw zmm31, {x}, {x}", "vpmaddwd zmm31, zmm31, {x}", "vpaddd {s}, {s}, zmm31");
    chains!(int8_avx512_vnni, 24, "avx512vnni", zmm_reg __m512i, "zmm31", "vpdpbusd {s}, {x}, {x}");
    chains!(bf16_avx512, 24, "avx512bf16", zmm_reg __m512, "zmm31", "vdpbf16ps {s}, {x}, {x}");
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::{float32x4_t, int32x4_t};

    chains!(f32_neon, 24, "neon", vreg float32x4_t, "v31", "fmla {s:v}.4s, {x:v}.4s, {x:v}.4s");
    chains!(int8_dotprod, 24, "neon,dotprod", vreg int32x4_t, "v31", "sdot {s:v}.4s, {x:v}.16b, {x:v}.16b");
}
