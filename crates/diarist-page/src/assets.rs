//! The files of the service's page.

use std::sync::LazyLock;

use crate::drawing::rules;

/// A file that the page loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Content.
    pub bytes: &'static [u8],
    /// Media type for the header `content-type`.
    pub content_type: &'static str,
}

const MODULE: &str = "text/javascript; charset=utf-8";

/// The modules of the page, sorted by name.
pub(crate) const MODULES: [(&str, &str); 1] = [("app.js", include_str!("../web/app.js"))];

/// The style sheet, with the colours of speakers.
pub(crate) static STYLE: LazyLock<String> = LazyLock::new(|| include_str!("../web/style.css").to_owned() + &rules());

/// The file of the page that is loaded as `assets/NAME`.
pub fn asset(name: &str) -> Option<Asset> {
    if name == "style.css" {
        return Some(Asset { bytes: STYLE.as_bytes(), content_type: "text/css; charset=utf-8" });
    }
    let (_, text) = MODULES.iter().find(|(module, _)| *module == name)?;
    Some(Asset { bytes: text.as_bytes(), content_type: MODULE })
}

/// The page itself, in HTML. It loads its files from `assets/` and its data from `v1/`, both
/// relative to its own address.
pub fn index() -> &'static str {
    include_str!("../web/index.html")
}
