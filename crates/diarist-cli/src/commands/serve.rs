//! `diarist serve`: a service for other programs and for browsers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use diarist::{Error, Result};
use diarist_serve::{Options, Webhooks};

use crate::exit;
use crate::settings::{AllOptions, OptionArgs};

const EXAMPLES: &str = "\
Examples:
  diarist serve                                         for this machine, at http://127.0.0.1:8642
  diarist serve --profile fast --max-jobs 10            with options of `diarist diarize`, and a short queue
  diarist serve --listen 0.0.0.0:8642 --token-file key  for other machines, which send the token in the file `key`
  curl -F file=@meeting.mp3 http://127.0.0.1:8642/v1/recordings

docs/serve.md has an example for every request. Recordings, results and known people stay in the folder --data.";

/// Answers requests over HTTP, and shows a page on which results are heard and corrected
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct ServeArgs {
    /// Address to listen on. One that other machines can reach needs --token-file
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8642", help_heading = "Service")]
    listen: SocketAddr,
    /// File with the token that callers must send
    #[arg(long, value_name = "FILE", help_heading = "Service")]
    token_file: Option<PathBuf>,
    /// Folder for recordings, results and known people [default: diarist in the folder for data of
    /// the user]
    #[arg(long, value_name = "DIR", help_heading = "Service")]
    data: Option<PathBuf>,
    /// Lets callers name an address that is called when a job is over: a public one, or with `all`
    /// also one of this machine and its network
    #[arg(
        long,
        value_name = "WHICH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "public",
        help_heading = "Service"
    )]
    allow_webhooks: Option<AllowedWebhooks>,
    /// Asks the service at --listen whether it answers, and ends
    #[arg(long, help_heading = "Service")]
    check: bool,

    /// Largest upload in bytes [default: 4 GiB]
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    max_upload: Option<u64>,
    /// Longest recording or stream in seconds [default: 86400]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    max_duration: Option<f64>,
    /// Most recordings that wait [default: 100]
    #[arg(long, value_name = "N", help_heading = "Limits")]
    max_jobs: Option<usize>,
    /// Most live streams at the same time [default: 4]
    #[arg(long, value_name = "N", help_heading = "Limits")]
    max_streams: Option<usize>,
    /// Longest pause of a client in seconds [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    timeout: Option<f64>,

    #[command(flatten)]
    options: OptionArgs<AllOptions>,
}

/// Values of `--allow-webhooks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AllowedWebhooks {
    Public,
    All,
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    if args.check {
        return diarist_serve::check(args.listen);
    }
    let data = args.data.clone().map_or_else(Options::default_data, Ok);
    let mut options = Options::new(data.map_err(|error| error.hint("name one with --data"))?);
    options.listen = args.listen;
    options.token_file.clone_from(&args.token_file);
    options.webhooks = match args.allow_webhooks {
        None => Webhooks::None,
        Some(AllowedWebhooks::Public) => Webhooks::Public,
        Some(AllowedWebhooks::All) => Webhooks::All,
    };
    options.max_upload = args.max_upload.unwrap_or(options.max_upload);
    options.max_duration_s = seconds("--max-duration", args.max_duration)?.unwrap_or(options.max_duration_s);
    options.max_jobs = args.max_jobs.unwrap_or(options.max_jobs);
    options.max_streams = args.max_streams.unwrap_or(options.max_streams);
    if let Some(timeout) = seconds("--timeout", args.timeout)? {
        options.timeout = Duration::from_secs_f64(timeout);
    }
    options.choices = args.options.choices()?;
    diarist_serve::log_to_stderr();
    diarist_serve::run(options, |address| exit::note(&format!("listening on http://{address}")))
}

/// Longest time that an option can name: a year.
const MAX_SECONDS: f64 = 366.0 * 86_400.0;

fn seconds(option: &str, value: Option<f64>) -> Result<Option<f64>> {
    match value {
        Some(value) if !(value > 0.0 && value <= MAX_SECONDS) => {
            Err(Error::invalid_option(format!("{option} is {value}, but must be above 0 and at most a year")))
        }
        value => Ok(value),
    }
}
