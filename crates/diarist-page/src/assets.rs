//! The files of the service's page.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::DeflateDecoder;

/// A file that the page loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Content.
    pub bytes: &'static [u8],
    /// Media type for the header `content-type`.
    pub content_type: &'static str,
}

/// The files of the folder `web` and their names, as the build script packed them.
static FILES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let packed = include_bytes!(concat!(env!("OUT_DIR"), "/web.deflate"));
    let mut json = String::new();
    let read = DeflateDecoder::new(&packed[..]).read_to_string(&mut json);
    read.ok().and_then(|_| serde_json::from_str(&json).ok()).expect("the packed files are checked by a test")
});
/// The script that runs beside the page, on the thread of the sound.
const WORKLET: &str = "pcm-worklet.js";

/// The style sheet, with the colours of speakers.
pub(crate) static STYLE: LazyLock<String> = LazyLock::new(|| [text("style.css"), text("colours.css")].concat());

/// The text of a file; empty if there is none.
fn text(name: &str) -> &'static str {
    FILES.get(name).map_or("", String::as_str)
}

/// Names and texts of the modules of the page, sorted by name.
pub(crate) fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    scripts().filter(|(name, _)| *name != WORKLET)
}

fn scripts() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().map(|(name, text)| (name.as_str(), text.as_str())).filter(|(name, _)| name.ends_with(".js"))
}

/// The file of the page that is loaded as `assets/NAME`.
pub fn asset(name: &str) -> Option<Asset> {
    if name == "style.css" {
        return Some(Asset { bytes: STYLE.as_bytes(), content_type: "text/css; charset=utf-8" });
    }
    let (_, text) = scripts().find(|(script, _)| *script == name)?;
    Some(Asset { bytes: text.as_bytes(), content_type: "text/javascript; charset=utf-8" })
}

/// The page itself, in HTML. It loads its files from `assets/` and its data from `v1/`, both
/// relative to its own address.
pub fn index() -> &'static str {
    text("index.html")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::RULES;

    #[test]
    fn every_file_is_served() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(["index.html", "colours.css"].contains(&&*name) || asset(&name).is_some(), "{name}");
            assert!(!text(&name).is_empty(), "{name}");
        }
        assert_eq!(asset("../src/lib.rs"), None);
        assert_eq!(asset("index.html"), None);
    }

    #[test]
    fn the_page_loads_its_own_files_only() {
        for part in index().split(['"', '\'']).filter(|part| part.starts_with("assets/")) {
            assert!(asset(&part["assets/".len()..]).is_some(), "{part}");
        }
        assert!(index().contains("assets/app.js") && index().contains("assets/style.css"));
        // A strict content security policy forbids both of these.
        assert!(!index().contains("style=") && !index().contains("<script>"));
        let all = scripts().chain([("style.css", STYLE.as_str())]);
        for (name, text) in all {
            for word in
                ["http:", "https:", "innerHTML", "insertAdjacentHTML", "document.write", "eval(", "@import", "url("]
            {
                // A scheme is compared with, and a message names an address.
                let is_known = [("api.js", "https:"), ("microphone.js", "http:")].contains(&(name, word));
                assert!(is_known || !text.contains(word), "{name}: {word}");
            }
        }
    }

    #[test]
    fn colours_are_in_the_style_sheet() {
        assert!(STYLE.ends_with(RULES));
        assert!(!STYLE.contains(".c12 {"), "dom.js counts the colours, too");
    }
}
