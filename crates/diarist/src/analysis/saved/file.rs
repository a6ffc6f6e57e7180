//! An analysis in a file, in one call.

use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

use tempfile::NamedTempFile;

use super::header::{Header, Values};
use super::reader::read_file;
use super::writer::AnalysisWriter;
use crate::analysis::Analysis;
use crate::error::{Error, ErrorKind, Result};

impl Analysis {
    /// Saves the analysis in a file, about 2.5 MB per hour of audio at a step of 1 s.
    ///
    /// Embeddings are rounded to 16-bit floats, as by the command `diarist analyze`;
    /// [`AnalysisWriter`] can keep every bit. The file is first written beside `path` under another
    /// name, so an earlier file stays as it is until the new one is whole.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let values = if self.embeddings.are_skipped() { Values::None } else { Values::F16 };
        let header = Header { origin: self.origin.clone(), step_samples: self.geometry.step_samples, values };
        let save = || {
            if path.exists() && !path.is_file() {
                return Err(Error::new(ErrorKind::Output, "not a file").hint("give the name of a file"));
            }
            // The file that a link points to is replaced, not the link.
            let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let file = BufWriter::new(temporary_beside(path).map_err(unwritable)?);
            let file = AnalysisWriter::write_all(file, &header, self)?;
            let file = file.into_inner().map_err(|error| unwritable(error.into_error()))?;
            file.persist(path).map_err(|error| unwritable(error.error)).map(drop)
        };
        save().map_err(|error: Error| error.at(path.display().to_string()))
    }

    /// Reads a saved analysis.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the file cannot be read, is no saved analysis, is damaged or is not
    /// whole; [`read_file`] reads as much as is good.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let saved = read_file(path)?;
        if !saved.is_whole {
            let end_s = saved.analysis.geometry.duration_s();
            return Err(Error::input(format!("the analysis is not whole: it is cut or damaged after {end_s:.1} s"))
                .hint("analyze the recording again")
                .at(path.display().to_string()));
        }
        Ok(saved.analysis)
    }
}

/// A temporary file in the folder of `path`, with the permissions of an ordinary new file.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".diarist-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask applies. By itself `tempfile` makes private files.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn unwritable(error: io::Error) -> Error {
    Error::new(ErrorKind::Output, "the analysis cannot be written").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{EMBEDDING_DIMENSION, Slot};
    use crate::segmentation::masks::ChunkMasks;

    /// One chunk with one local speaker.
    fn analysis(file_id: &str) -> Analysis {
        let mut analysis = Analysis::empty(Default::default(), 16_000);
        file_id.clone_into(&mut analysis.origin.file_id);
        analysis.geometry.num_samples = 100_000;
        let mut masks = ChunkMasks::default();
        masks.speakers[1].insert(7);
        analysis.masks.push(masks);
        analysis.embeddings.push(Slot { chunk: 0, local: 1 }, &[0.5; EMBEDDING_DIMENSION]);
        analysis
    }

    #[test]
    fn a_saved_analysis_comes_back_and_takes_the_place_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.diarist");
        let mut skipped = analysis("skipped");
        skipped.embeddings.values.clear();
        for analysis in [analysis("first"), analysis("second"), skipped] {
            analysis.save(&path).unwrap();
            assert_eq!(Analysis::open(&path).unwrap(), analysis);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the result is left");
    }

    #[test]
    fn faults_name_the_file_and_leave_it_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.diarist");
        assert_eq!(Analysis::open(&path).unwrap_err().kind(), ErrorKind::Input);
        for path in [folder.path(), &path.join("b")] {
            let error = analysis("x").save(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Output, "{error}");
            assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        }
        analysis("x").save(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let error = Analysis::open(&path).unwrap_err().to_string();
        assert!(error.contains("a.diarist: the analysis is not whole: it is cut or damaged after 10.0 s"), "{error}");
    }
}
