//! A choice among the tiers of a TextGrid or an ELAN document.

#[cfg(feature = "annotation-formats")]
use crate::error::{Error, Result};

/// The tiers to read: all, or those with the wanted names.
#[derive(Debug, Default)]
pub(super) struct Tiers<'a> {
    wanted: &'a [String],
    is_found: Vec<bool>,
    /// Names of all tiers of the file.
    present: Vec<String>,
}

impl<'a> Tiers<'a> {
    /// The tiers with these names; all if there are none.
    #[cfg(feature = "annotation-formats")]
    pub(super) fn named(wanted: &'a [String]) -> Self {
        Self { wanted, is_found: vec![false; wanted.len()], present: Vec::new() }
    }

    /// Whether tiers were chosen by name.
    pub(super) fn are_named(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Whether to read the tier that goes by any of `names`; the first is that of the tier itself.
    pub(super) fn takes(&mut self, names: &[&str]) -> bool {
        if self.wanted.is_empty() {
            return true;
        }
        self.present.extend(names.first().map(|&name| name.to_owned()));
        let mut takes = false;
        for (wanted, is_found) in self.wanted.iter().zip(&mut self.is_found) {
            if names.contains(&wanted.trim()) {
                (takes, *is_found) = (true, true);
            }
        }
        takes
    }

    /// Checks that every wanted tier was there.
    #[cfg(feature = "annotation-formats")]
    pub(super) fn check(&self) -> Result<()> {
        match self.is_found.iter().position(|is_found| !is_found) {
            None => Ok(()),
            Some(index) => {
                let names: Vec<String> = self.present.iter().take(20).map(|name| format!("{name:?}")).collect();
                let hint =
                    if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
                Err(Error::input(format!("there is no tier {:?}", self.wanted[index])).hint(hint))
            }
        }
    }
}
