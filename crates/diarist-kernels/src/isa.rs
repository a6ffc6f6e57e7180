//! The instruction set of the kernels, chosen once at run time.

use std::fmt;
use std::sync::OnceLock;

/// Environment variable that lowers the instruction set. Its value is a name as [`Isa::name`]
/// returns it.
pub const ENV_ISA: &str = "DIARIST_ISA";

/// Register file and f32 arithmetic of an instruction set; says nothing about this machine (see
/// [`Isa`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust, compiled for the target's baseline.
    Portable,
    /// WebAssembly with its 128-bit vectors: 4 f32 lanes. A module has this level if it was
    /// compiled with `-Ctarget-feature=+simd128`.
    Simd128,
    /// 64-bit ARM: 4 f32 lanes, 32 registers.
    Neon,
    /// x86-64 with AVX2, FMA and F16C: 8 f32 lanes, 16 registers.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL (and AVX2, FMA): 16 f32 lanes, 32 registers.
    Avx512,
}

/// Arithmetic on narrow numbers beyond a [`Level`]; each extension includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Extension {
    None,
    /// Sums of products of 8-bit integers in 32 bits: AVX-VNNI, AVX-512 VNNI, NEON dot product.
    Dot,
    /// Also sums of products of bfloat16 in f32: AVX-512 BF16.
    Bf16,
}

/// An instruction set that this processor has.
///
/// A value exists only after the processor was asked. This makes it sound to call the kernels of
/// its level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isa {
    level: Level,
    extension: Extension,
}

/// Every instruction set with kernels, lowest first on each architecture.
const KNOWN: [(Isa, &str); 9] = {
    use Extension::{Bf16, Dot, None};
    use Level::{Avx2, Avx512, Neon, Portable, Simd128};
    const fn isa(level: Level, extension: Extension) -> Isa {
        Isa { level, extension }
    }
    [
        (isa(Portable, None), "portable"),
        (isa(Simd128, None), "simd128"),
        (isa(Neon, None), "neon"),
        (isa(Neon, Dot), "neon-dotprod"),
        (isa(Avx2, None), "avx2"),
        (isa(Avx2, Dot), "avx2-vnni"),
        (isa(Avx512, None), "avx512"),
        (isa(Avx512, Dot), "avx512-vnni"),
        (isa(Avx512, Bf16), "avx512-bf16"),
    ]
};

impl Isa {
    /// The plain level, which every machine has.
    pub const PORTABLE: Self = KNOWN[0].0;

    /// The instruction set of `level` without extensions, if this processor (and operating system)
    /// has it.
    pub fn new(level: Level) -> Option<Self> {
        let isa = Self { level, extension: Extension::None };
        cpu_has(isa).then_some(isa)
    }

    /// The best instruction set of this machine, or a lower one if [`ENV_ISA`] asks for it. Looked
    /// up once per process.
    ///
    /// The variable can only lower: a name above the machine's best leaves the best. So does an
    /// unknown one, which [`Isa::check_choice`] reports.
    pub fn detect() -> Self {
        static DETECTED: OnceLock<Isa> = OnceLock::new();
        *DETECTED.get_or_init(|| Self::choose(std::env::var(ENV_ISA).ok().as_deref()))
    }

    /// Checks that the variable [`ENV_ISA`] is unset, empty, or the name of an instruction set, of
    /// any machine.
    ///
    /// # Errors
    /// The value and the names that this machine has, in words.
    pub fn check_choice() -> Result<(), String> {
        Self::check(std::env::var_os(ENV_ISA).unwrap_or_default().to_string_lossy().trim())
    }

    fn check(name: &str) -> Result<(), String> {
        if name.is_empty() || known(name).is_some() {
            return Ok(());
        }
        let names: Vec<&str> = Self::available().into_iter().map(Self::name).collect();
        Err(format!("{ENV_ISA} is {name:?}, but must be one of {}", names.join(", ")))
    }

    /// All instruction sets of this machine, lowest first; never empty.
    pub fn available() -> Vec<Self> {
        KNOWN.into_iter().map(|(isa, _)| isa).filter(|isa| cpu_has(*isa)).collect()
    }

    /// The level, which alone decides about f32 kernels.
    #[inline]
    pub fn level(self) -> Level {
        self.level
    }

    /// True if one instruction multiplies and adds 8-bit (and, on x86-64, 16-bit) integers into
    /// 32-bit sums.
    #[inline]
    pub fn has_dot(self) -> bool {
        self.extension >= Extension::Dot
    }

    /// True if one instruction multiplies and adds bfloat16 into f32 sums.
    #[inline]
    pub fn has_bf16(self) -> bool {
        self.extension >= Extension::Bf16
    }

    /// The name, as in [`ENV_ISA`].
    pub fn name(self) -> &'static str {
        KNOWN.into_iter().find(|(isa, _)| *isa == self).map_or("unknown", |(_, name)| name)
    }

    /// A description of the arithmetic on each type of number: (type, instruction and register
    /// width).
    pub fn arithmetic(self) -> [(&'static str, &'static str); 3] {
        let (f32, widened_bf16, int8) = match (self.level, self.has_dot()) {
            (Level::Portable, _) => ("plain", "plain, as f32", "plain"),
            (Level::Simd128, _) => ("f32x4", "f32x4, as f32", "i32x4.dot_i16x8_s"),
            (Level::Neon, true) => ("fmla 128-bit", "fmla 128-bit, as f32", "udot 128-bit"),
            (Level::Neon, false) => ("fmla 128-bit", "fmla 128-bit, as f32", "smlal 128-bit"),
            (Level::Avx2, true) => ("vfmadd231ps 256-bit", "vfmadd231ps 256-bit, as f32", "vpdpbusd 256-bit"),
            (Level::Avx2, false) => ("vfmadd231ps 256-bit", "vfmadd231ps 256-bit, as f32", "vpmaddubsw 256-bit"),
            (Level::Avx512, true) => ("vfmadd231ps 512-bit", "vfmadd231ps 512-bit, as f32", "vpdpbusd 512-bit"),
            (Level::Avx512, false) => ("vfmadd231ps 512-bit", "vfmadd231ps 512-bit, as f32", "vpmaddubsw 512-bit"),
        };
        let bf16 = if self.has_bf16() { "vdpbf16ps 512-bit" } else { widened_bf16 };
        [("f32", f32), ("bf16", bf16), ("int8", int8)]
    }

    fn choose(requested: Option<&str>) -> Self {
        let ceiling = requested.and_then(|requested| known(requested.trim()));
        Self::available()
            .into_iter()
            .rfind(|isa| ceiling.is_none_or(|ceiling| *isa <= ceiling))
            .unwrap_or(Self::PORTABLE)
    }
}

/// The instruction set of this name, in any case.
fn known(name: &str) -> Option<Isa> {
    KNOWN.into_iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(isa, _)| isa)
}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Isa({})", self.name())
    }
}

/// The processor features of each instruction set, listed here and nowhere else.
///
/// - `features!(detect NAME)` asks the processor whether it has all of them.
/// - `features!(compile NAME, FUNCTION)` is the function, compiled with all of them.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! features {
    ($do:ident avx2 $($rest:tt)*) => { $crate::isa::features!(@$do ["avx2", "fma", "f16c"] $($rest)*) };
    ($do:ident avx2_vnni $($rest:tt)*) => { $crate::isa::features!(@$do ["avxvnni", "avx2", "fma", "f16c"] $($rest)*) };
    ($do:ident avx512 $($rest:tt)*) => { $crate::isa::features!($do avx512_with [] $($rest)*) };
    ($do:ident avx512_vnni $($rest:tt)*) => { $crate::isa::features!($do avx512_with ["avx512vnni",] $($rest)*) };
    ($do:ident avx512_bf16 $($rest:tt)*) => {
        $crate::isa::features!($do avx512_with ["avx512vnni", "avx512bf16",] $($rest)*)
    };
    ($do:ident avx512_with [$($more:tt)*] $($rest:tt)*) => {
        $crate::isa::features!(
            @$do ["avx512f", "avx512bw", "avx512dq", "avx512vl", $($more)* "avx2", "fma"] $($rest)*
        )
    };
    ($do:ident neon $($rest:tt)*) => { $crate::isa::features!(@$do ["neon"] $($rest)*) };
    ($do:ident neon_dotprod $($rest:tt)*) => { $crate::isa::features!(@$do ["neon", "dotprod"] $($rest)*) };
    (@detect [$($feature:tt),+]) => { $($crate::isa::is_feature_detected!($feature))&&+ };
    (@compile [$($feature:tt),+], $($function:tt)+) => { #[target_feature($(enable = $feature),+)] $($function)+ };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use features;

#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected as is_feature_detected;
#[cfg(target_arch = "x86_64")]
use std::arch::is_x86_feature_detected as is_feature_detected;

#[cfg(target_arch = "x86_64")]
fn cpu_has(isa: Isa) -> bool {
    match (isa.level, isa.extension) {
        (Level::Portable, Extension::None) => true,
        (Level::Avx2, Extension::None) => features!(detect avx2),
        (Level::Avx2, Extension::Dot) => features!(detect avx2_vnni),
        (Level::Avx512, Extension::None) => features!(detect avx512),
        (Level::Avx512, Extension::Dot) => features!(detect avx512_vnni),
        (Level::Avx512, Extension::Bf16) => features!(detect avx512_bf16),
        _ => false,
    }
}

#[cfg(target_arch = "aarch64")]
fn cpu_has(isa: Isa) -> bool {
    match (isa.level, isa.extension) {
        (Level::Portable, Extension::None) => true,
        (Level::Neon, Extension::None) => features!(detect neon),
        (Level::Neon, Extension::Dot) => features!(detect neon_dotprod),
        _ => false,
    }
}

// An engine that lacks an instruction of a module refuses the whole module.
#[cfg(target_feature = "simd128")]
fn cpu_has(isa: Isa) -> bool {
    isa.level <= Level::Simd128 && isa.extension == Extension::None
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128")))]
fn cpu_has(isa: Isa) -> bool {
    isa == Isa::PORTABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_can_only_lower_the_instruction_set() {
        let best = *Isa::available().last().unwrap();
        assert_eq!(Isa::choose(None), best);
        assert_eq!(Isa::choose(Some("portable")), Isa::PORTABLE);
        assert_eq!(Isa::choose(Some(" PORTABLE ")), Isa::PORTABLE);
        assert!(Isa::choose(Some("avx512")).name() == "avx512" || best.level() < Level::Avx512);
        assert_eq!(Isa::choose(Some("avx512-bf16")), best);
        assert_eq!(Isa::choose(Some("quantum")), best);
        assert_eq!(Isa::choose(Some("")), best);
        assert!(Isa::choose(Some("avx2")) <= best);
        assert!(!Isa::choose(Some(if cfg!(target_arch = "aarch64") { "neon" } else { "avx2" })).has_dot());
    }

    #[test]
    fn an_unknown_name_is_an_error_with_those_of_this_machine() {
        assert!(["", "portable", "AVX2", "neon"].iter().all(|name| Isa::check(name).is_ok()));
        let error = Isa::check("bogus").unwrap_err();
        assert!(error.starts_with("DIARIST_ISA is \"bogus\", but must be one of portable"), "{error}");
    }

    #[test]
    fn available_is_sorted_and_starts_portable() {
        let all = Isa::available();
        assert_eq!(all[0], Isa::PORTABLE);
        assert!(all.is_sorted_by(|a, b| a < b));
        assert!(all.contains(&Isa::detect()));
    }
}
