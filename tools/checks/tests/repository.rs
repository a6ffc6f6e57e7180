//! The checks over the repository itself.

use diarist_checks::{Fault, commands, files, module_order, prose, references};

fn report(faults: &[Fault]) {
    let list: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} faults:\n{}", list.len(), list.join("\n"));
}

#[test]
fn modules_of_the_library_keep_their_order() {
    let files = files::repository().unwrap();
    let architecture = files.iter().find(|file| file.path == "ARCHITECTURE.md").unwrap();
    let order = module_order::order(&architecture.text).unwrap();
    report(&module_order::check(&order, "crates/diarist/src", &files));
}

#[test]
fn references_lead_somewhere() {
    report(&references::check(&files::repository().unwrap()));
}

#[test]
fn commands_can_be_run() {
    report(&commands::check(&files::repository().unwrap()));
}

#[test]
fn prose_keeps_its_rules() {
    report(&prose::check(&files::repository().unwrap()));
}
