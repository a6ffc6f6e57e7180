//! `diarist generate`: files that packagers install beside the program.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::{fs, io};

use clap_complete::Shell;
use diarist::parts::files;
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
        Output::Man { dir } => {
            files::prepare_folder(dir)?;
            let pages = pages(command).map_err(|error| {
                Error::new(ErrorKind::Output, "the manual cannot be made in the folder for temporary files")
                    .caused_by(error)
            })?;
            pages.iter().try_for_each(|(name, page)| files::write(&dir.join(name), page))
        }
    }
}

/// The manual pages with the names of their files. They are made in a folder of their own, since
/// the generator writes them directly, and a page must be whole or not there.
fn pages(command: clap::Command) -> io::Result<Vec<(OsString, Vec<u8>)>> {
    let folder = tempfile::tempdir()?;
    clap_mangen::generate_to(command, folder.path())?;
    fs::read_dir(folder.path())?
        .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), fs::read(entry.path())?))))
        .collect()
}
