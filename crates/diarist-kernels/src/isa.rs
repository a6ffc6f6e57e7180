//! Which instruction set the kernels use, decided once at run time.

use std::fmt;
use std::sync::OnceLock;

/// Environment variable that lowers the instruction set: `portable`, `avx2` or `avx512`.
pub const ENV_ISA: &str = "DIARIST_ISA";

/// Name of an instruction set level; says nothing about this machine (see [`Isa`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust, what the compiler makes of it for the target's baseline.
    Portable,
    /// x86-64 with AVX2 and FMA: 8 f32 lanes, 16 registers.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL (and AVX2, FMA): 16 f32 lanes, 32 registers.
    Avx512,
}

impl Level {
    const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The name, as [`ENV_ISA`] takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// An instruction set that this processor has.
///
/// A value exists only after the processor was asked, which is what makes calling the kernels of its level sound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isa {
    level: Level,
}

impl Isa {
    /// The plain level, which every machine has.
    pub const PORTABLE: Self = Self { level: Level::Portable };

    /// The instruction set of `level`, if this processor (and operating system) has it.
    pub fn new(level: Level) -> Option<Self> {
        cpu_has(level).then_some(Self { level })
    }

    /// The best level of this machine, or a lower one if [`ENV_ISA`] asks for it. Looked up once per process.
    ///
    /// The variable can only lower the level: a level above the machine's, or an unknown value, leaves the best one.
    pub fn detect() -> Self {
        static DETECTED: OnceLock<Isa> = OnceLock::new();
        *DETECTED.get_or_init(|| Self::choose(std::env::var(ENV_ISA).ok().as_deref()))
    }

    /// All levels of this machine, lowest first; never empty.
    pub fn available() -> Vec<Self> {
        Level::ALL.into_iter().filter_map(Self::new).collect()
    }

    /// The level.
    #[inline]
    pub fn level(self) -> Level {
        self.level
    }

    /// The level's name.
    pub fn name(self) -> &'static str {
        self.level.name()
    }

    fn choose(requested: Option<&str>) -> Self {
        let ceiling = requested.and_then(Level::from_name).unwrap_or(Level::Avx512);
        Self::available().into_iter().rfind(|isa| isa.level <= ceiling).unwrap_or(Self::PORTABLE)
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Isa({})", self.name())
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_has(level: Level) -> bool {
    match level {
        Level::Portable => true,
        Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        Level::Avx512 => {
            cpu_has(Level::Avx2)
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_has(level: Level) -> bool {
    level == Level::Portable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_only_lowers() {
        let best = *Isa::available().last().unwrap();
        assert_eq!(Isa::choose(None), best);
        assert_eq!(Isa::choose(Some("portable")), Isa::PORTABLE);
        assert_eq!(Isa::choose(Some(" PORTABLE ")), Isa::PORTABLE);
        assert_eq!(Isa::choose(Some("avx512")), best);
        assert_eq!(Isa::choose(Some("quantum")), best);
        assert_eq!(Isa::choose(Some("")), best);
        assert!(Isa::choose(Some("avx2")).level() <= Level::Avx2);
    }

    #[test]
    fn available_is_sorted_and_starts_portable() {
        let all = Isa::available();
        assert_eq!(all[0], Isa::PORTABLE);
        assert!(all.is_sorted_by(|a, b| a < b));
        assert!(all.contains(&Isa::detect()));
    }
}
