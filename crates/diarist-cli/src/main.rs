//! The `diarist` command: arguments in, exit code out. The work is in `commands`.

mod commands;
mod exit;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use commands::models::{self, ModelsArgs};
use commands::score::{self, ScoreArgs};

/// Who spoke when: speaker diarization in one binary, offline.
#[derive(Debug, Parser)]
#[command(name = "diarist", disable_version_flag = true, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Prints the version; with -v also what this binary runs with
    #[arg(short = 'V', long)]
    version: bool,

    /// Tells more (with --version)
    #[arg(short, long, requires = "version")]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Models(ModelsArgs),
    Score(ScoreArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.version {
        return exit::finish(commands::version::run(cli.verbose));
    }
    if let Some(command) = cli.command {
        return exit::finish(match command {
            Command::Models(args) => models::run(&args),
            Command::Score(args) => score::run(&args),
        });
    }
    // clap wrote the help itself for `--help`; here nothing was asked for, which is wrong usage.
    let _ = Cli::command().print_help();
    ExitCode::from(exit::USAGE)
}
