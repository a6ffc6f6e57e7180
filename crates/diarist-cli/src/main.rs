//! The `diarist` command: arguments in, exit code out. The work is in `commands`.

mod commands;
mod exit;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

/// Who spoke when: speaker diarization in one binary, offline.
#[derive(Debug, Parser)]
#[command(name = "diarist", disable_version_flag = true, after_help = exit::HELP)]
struct Cli {
    /// Prints the version; with -v also what this binary runs with
    #[arg(short = 'V', long)]
    version: bool,

    /// Tells more (with --version)
    #[arg(short, long, requires = "version")]
    verbose: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.version {
        return exit::finish(commands::version::run(cli.verbose));
    }
    // clap wrote the help itself for `--help`; here nothing was asked for, which is wrong usage.
    let _ = Cli::command().print_help();
    ExitCode::from(exit::USAGE)
}
