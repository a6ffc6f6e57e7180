//! `diarist --version`, with `-v` also instruction set and models.

use std::io::{self, Write};

use diarist_kernels::Isa;

/// Writes the version, one line; with `verbose` also the instruction set and the models.
pub(crate) fn run(verbose: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "diarist {}", env!("CARGO_PKG_VERSION"))?;
    if verbose {
        let available: Vec<&str> = Isa::available().into_iter().map(Isa::name).collect();
        writeln!(out, "platform: {}-{}", std::env::consts::ARCH, std::env::consts::OS)?;
        writeln!(out, "instruction set: {} (of {})", Isa::detect().name(), available.join(", "))?;
        for (numbers, how) in Isa::detect().arithmetic() {
            writeln!(out, "arithmetic: {numbers} by {how}")?;
        }
        for model in &diarist_weights::manifest().models {
            writeln!(out, "model: {} ({}, {})", model.name, model.licence, model.attribution)?;
        }
    }
    Ok(())
}
