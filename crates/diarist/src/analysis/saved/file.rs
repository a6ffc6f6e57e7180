//! An analysis in a file, in one call.

use std::path::Path;

use super::header::{Header, Values};
use super::reader::read_file;
use super::writer::AnalysisWriter;
use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::files;

impl Analysis {
    /// Saves the analysis in a file, about 5 MB per hour of audio at a step of 1 s.
    ///
    /// Embeddings are rounded to 16-bit floats, as by the command `diarist analyze`;
    /// [`AnalysisWriter`] can keep every bit. The file is first written beside `path` under another
    /// name, so an earlier file stays as it is until the new one is whole. A new file can be read
    /// by its owner only.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Output`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        files::write_private(path, &AnalysisWriter::write_all(Vec::new(), &Header::of(self, Values::F16), self)?)
    }

    /// Reads a saved analysis.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file cannot be read, is no saved analysis, is damaged or
    /// is not whole; [`read_file`] reads as much as is good.
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ErrorKind;
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
