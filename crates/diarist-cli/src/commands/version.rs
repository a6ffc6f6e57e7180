//! `diarist --version`, with `-v` also what this binary runs with.

use std::io::{self, Write};

/// Writes the version, one line; with `verbose` also the platform.
pub(crate) fn run(verbose: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "diarist {}", env!("CARGO_PKG_VERSION"))?;
    if verbose {
        writeln!(out, "platform: {}-{}", std::env::consts::ARCH, std::env::consts::OS)?;
    }
    Ok(())
}
