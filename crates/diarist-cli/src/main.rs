//! The `diarist` command: arguments in, exit code out. The work is in `commands`.
#![cfg_attr(not(feature = "workbench"), allow(dead_code, reason = "its commands use more of the shared code"))]

mod commands;
#[cfg(feature = "workbench")]
mod dataset;
mod exit;
mod inputs;
mod labels;
mod names;
mod output;
#[cfg(feature = "workbench")]
mod plot;
mod progress;
mod rename;
mod results;
mod settings;
mod sound;
mod table;
mod terminal;
mod timings;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use commands::analyze::{self, AnalyzeArgs};
use commands::assign::{self, AssignArgs};
#[cfg(feature = "workbench")]
use commands::bench::{self, BenchArgs};
use commands::cluster::{self, ClusterArgs};
use commands::convert::{self, ConvertArgs};
use commands::devices::{self, DevicesArgs};
use commands::diarize::{self, DiarizeArgs};
#[cfg(feature = "workbench")]
use commands::generate::{self, GenerateArgs};
use commands::live::{self, LiveArgs};
use commands::models::{self, ModelsArgs};
#[cfg(feature = "workbench")]
use commands::plot::PlotArgs;
use commands::score::{self, ScoreArgs};
#[cfg(feature = "serve")]
use commands::serve::{self, ServeArgs};
use commands::speakers::{self, SpeakersArgs};
#[cfg(feature = "workbench")]
use commands::tune::{self, TuneArgs};
use commands::version;

/// Speaker diarization (who spoke when) in one binary, offline
#[derive(Debug, Parser)]
#[command(name = "diarist", disable_version_flag = true, arg_required_else_help = true, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Prints the version; with -v also the instruction set in use and the embedded models
    #[arg(short = 'V', long)]
    version: bool,

    /// Shows more (with --version)
    #[arg(short, long, requires = "version")]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Diarize(Box<DiarizeArgs>),
    Live(Box<LiveArgs>),
    Analyze(Box<AnalyzeArgs>),
    Cluster(Box<ClusterArgs>),
    Assign(AssignArgs),
    Convert(ConvertArgs),
    #[cfg(feature = "workbench")]
    Plot(PlotArgs),
    Score(ScoreArgs),
    #[cfg(feature = "workbench")]
    Bench(Box<BenchArgs>),
    #[cfg(feature = "workbench")]
    Tune(Box<TuneArgs>),
    Devices(DevicesArgs),
    Models(ModelsArgs),
    Speakers(Box<SpeakersArgs>),
    #[cfg(feature = "serve")]
    Serve(Box<ServeArgs>),
    #[cfg(feature = "workbench")]
    Generate(GenerateArgs),
}

/// The arguments of the call. A negative number is a value of the option before it, so that the
/// option says its range.
fn arguments() -> Result<Cli, clap::Error> {
    fn with_negative_numbers(command: clap::Command) -> clap::Command {
        let takes_value = |arg: &clap::Arg| !arg.is_positional() && arg.get_action().takes_values();
        command
            .mut_args(|arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg })
            .mut_subcommands(with_negative_numbers)
    }
    Cli::from_arg_matches(&with_negative_numbers(Cli::command()).try_get_matches()?)
}

fn main() -> ExitCode {
    #[cfg(panic = "abort")]
    std::panic::set_hook(Box::new(exit::panicked));
    let cli = match arguments() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    if let Err(message) = diarist_kernels::Isa::check_choice() {
        return exit::finish(Err(diarist::Error::invalid_option(message).into()));
    }
    match cli.command {
        _ if cli.version => exit::finish(version::run(cli.verbose)),
        Some(Command::Diarize(args)) => exit::finish(diarize::run(*args)),
        Some(Command::Live(args)) => exit::finish(live::run(*args)),
        Some(Command::Analyze(args)) => exit::finish(analyze::run(&args).map_err(Into::into)),
        Some(Command::Cluster(args)) => exit::finish(cluster::run(&args)),
        Some(Command::Assign(args)) => exit::finish(assign::run(&args).map_err(Into::into)),
        Some(Command::Convert(args)) => exit::finish(convert::run(&args)),
        #[cfg(feature = "workbench")]
        Some(Command::Plot(args)) => exit::finish(commands::plot::run(&args).map_err(Into::into)),
        Some(Command::Score(args)) => exit::finish(score::run(&args)),
        #[cfg(feature = "workbench")]
        Some(Command::Bench(args)) => exit::finish(bench::run(*args)),
        #[cfg(feature = "workbench")]
        Some(Command::Tune(args)) => exit::finish(tune::run(*args)),
        Some(Command::Devices(args)) => exit::finish(devices::run(&args)),
        Some(Command::Models(args)) => exit::finish(models::run(&args)),
        #[cfg(feature = "serve")]
        Some(Command::Serve(args)) => exit::finish(serve::run(&args).map_err(Into::into)),
        Some(Command::Speakers(args)) => exit::finish(speakers::run(*args)),
        #[cfg(feature = "workbench")]
        Some(Command::Generate(args)) => exit::finish(generate::run(&args, Cli::command()).map_err(Into::into)),
        None => exit::usage(&Cli::command().error(ErrorKind::MissingSubcommand, "a command is missing")),
    }
}
