//! Options of the service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use diarist::parts::settings::Choices;
use diarist::{Error, ErrorKind, Result};
use etcetera::BaseStrategy;

/// Options of the service. [`Options::new`] has the defaults.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Address to listen on. An address that other machines can reach needs a token.
    pub listen: SocketAddr,
    /// File whose content callers must send as their token.
    pub token_file: Option<PathBuf>,
    /// Folder for recordings, results and known people.
    pub data: PathBuf,
    /// Largest upload in bytes.
    pub max_upload: u64,
    /// Longest recording in seconds.
    pub max_duration_s: f64,
    /// Most recordings that wait.
    pub max_jobs: usize,
    /// Most live streams at the same time.
    pub max_streams: usize,
    /// Longest pause of a client that sends a request, reads an answer or streams audio.
    pub timeout: Duration,
    /// Addresses that a caller may name, to be called when a job is over.
    pub webhooks: Webhooks,
    /// Options of the diarization.
    pub choices: Choices,
}

/// Addresses that are called when a job is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhooks {
    /// None.
    None,
    /// Those of the public internet, so that a caller cannot reach machines that only this one can.
    Public,
    /// All, for callers that may reach the same machines as this one.
    All,
}

impl Options {
    /// The defaults, with the data in `data`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8642)),
            token_file: None,
            data: data.into(),
            max_upload: 4 << 30,
            max_duration_s: 24.0 * 3600.0,
            max_jobs: 100,
            max_streams: 4,
            timeout: Duration::from_secs(30),
            webhooks: Webhooks::None,
            choices: Choices::default(),
        }
    }

    /// The folder `diarist` in the user's folder for data, in which `diarist speakers` keeps known
    /// people as well.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] if that folder is not known.
    pub fn default_data() -> Result<PathBuf> {
        let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|error| {
            Error::invalid_option("the folder for data of the user is not known").caused_by(error).hint("name a folder")
        })?;
        Ok(strategy.data_dir().join("diarist"))
    }

    /// The token, if callers need one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] if the address needs a token and there is none, or if the token
    /// is too short; [`ErrorKind::Input`] if its file cannot be read.
    pub(crate) fn token(&self) -> Result<Option<String>> {
        let Some(path) = &self.token_file else {
            if self.listen.ip().is_loopback() {
                return Ok(None);
            }
            return Err(Error::invalid_option(format!(
                "other machines can reach {}, so callers need a token",
                self.listen
            ))
            .hint("name a file with a token, or listen on 127.0.0.1"));
        };
        let text = diarist::parts::files::read_text(path)?;
        let token = text.trim();
        let is_usable = token.len() >= MIN_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_usable {
            return Err(Error::new(ErrorKind::InvalidOption, "the token cannot be used")
                .hint(format!("write at least {MIN_TOKEN} letters and digits into the file, without blanks"))
                .at(path.display().to_string()));
        }
        Ok(Some(token.to_owned()))
    }
}

/// Least length of a token in characters.
const MIN_TOKEN: usize = 16;
