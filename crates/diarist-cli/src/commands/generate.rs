//! `diarist generate`: files that packagers install beside the program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap_complete::Shell;
use diarist::{Error, ErrorKind, Result};

use crate::exit;

const EXAMPLES: &str = "\
Examples:
  diarist generate completions bash >~/.local/share/bash-completion/completions/diarist
  diarist generate completions zsh >\"${fpath[1]}/_diarist\"
  diarist generate completions fish >~/.config/fish/completions/diarist.fish
  diarist generate man ~/.local/share/man/man1";

/// Writes shell completions and manual pages
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    output: Output,
}

#[derive(Debug, clap::Subcommand)]
enum Output {
    /// Writes the completions for a shell to stdout
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Writes the manual pages, one for each command, into a folder
    Man {
        /// The folder (made if missing)
        dir: PathBuf,
    },
}

/// Writes the completions or pages for `command`, the whole program.
pub(crate) fn run(args: &GenerateArgs, mut command: clap::Command) -> Result<()> {
    match &args.output {
        Output::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut command, "diarist", &mut text);
            io::stdout()
                .write_all(&text)
                .map_err(|error| Error::new(ErrorKind::Output, "stdout cannot be written").caused_by(error))
        }
        Output::Man { dir } => manual(dir, command).map_err(|error| {
            Error::new(ErrorKind::Output, "the manual cannot be written")
                .caused_by(error)
                .at(dir.display().to_string())
                .hint("give a folder in which you may write")
        }),
    }
}

fn manual(dir: &Path, command: clap::Command) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    clap_mangen::generate_to(command, dir)
}
