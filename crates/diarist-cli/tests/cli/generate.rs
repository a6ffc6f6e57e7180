//! `diarist generate`.

use std::fs;

use crate::diarist;

#[test]
fn every_command_has_a_page_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("new/man1");
    diarist(["generate".as_ref(), "man".as_ref(), pages.as_os_str()]).succeeded();
    let help = diarist(["help"]).succeeded();
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 10, "{help}");
    for command in &commands {
        let page = fs::read_to_string(pages.join(format!("diarist-{command}.1"))).unwrap();
        assert!(page.contains("Examples:"), "{command}: {page}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = diarist(["generate", "completions", shell]).succeeded();
        assert!(commands.iter().all(|command| text.contains(command)), "{shell}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = diarist(["generate".as_ref(), "man".as_ref(), file.join("man").as_os_str()]).failed(5);
    assert!(error.contains("file/man: cannot be written"), "{error}");
}
