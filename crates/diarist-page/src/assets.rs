//! The files of the service's page.

/// A file that the page loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Content.
    pub bytes: &'static [u8],
    /// Media type for the header `content-type`.
    pub content_type: &'static str,
}

/// A file of the folder `web`, with its name.
macro_rules! module {
    ($name:literal) => {
        ($name, include_str!(concat!("../web/", $name)))
    };
}

/// The modules of the page, sorted by name.
pub(crate) const MODULES: [(&str, &str); 29] = [
    module!("api.js"),
    module!("app.js"),
    module!("board.js"),
    module!("corrections.js"),
    module!("dialog.js"),
    module!("dom.js"),
    module!("drawing.js"),
    module!("editor.js"),
    module!("export.js"),
    module!("files.js"),
    module!("identify.js"),
    module!("keyboard.js"),
    module!("lanes.js"),
    module!("live.js"),
    module!("menu.js"),
    module!("messages.js"),
    module!("microphone.js"),
    module!("model.js"),
    module!("people.js"),
    module!("player.js"),
    module!("recording.js"),
    module!("recordings.js"),
    module!("single.js"),
    module!("speaker.js"),
    module!("teach.js"),
    module!("text.js"),
    module!("timeline.js"),
    module!("turns.js"),
    module!("viewer.js"),
];
/// The script that runs beside the page, on the thread of the sound.
const WORKLET: (&str, &str) = module!("pcm-worklet.js");

/// The style sheet, with the colours of speakers.
pub(crate) const STYLE: &str = concat!(include_str!("../web/style.css"), include_str!("../web/colours.css"));

/// The file of the page that is loaded as `assets/NAME`.
pub fn asset(name: &str) -> Option<Asset> {
    if name == "style.css" {
        return Some(Asset { bytes: STYLE.as_bytes(), content_type: "text/css; charset=utf-8" });
    }
    let (_, text) = MODULES.into_iter().chain([WORKLET]).find(|(module, _)| *module == name)?;
    Some(Asset { bytes: text.as_bytes(), content_type: "text/javascript; charset=utf-8" })
}

/// The page itself, in HTML. It loads its files from `assets/` and its data from `v1/`, both
/// relative to its own address.
pub fn index() -> &'static str {
    include_str!("../web/index.html")
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
        let all = MODULES.into_iter().chain([WORKLET, ("style.css", STYLE)]);
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
