//! The files of the repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// A file of the repository.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path from the root of the repository, with `/` between its parts.
    pub path: String,
    /// Content; empty for a file that is not text in UTF-8.
    pub text: String,
    /// Whether the system runs it as a program; true for all files where systems do not say so.
    pub is_executable: bool,
}

impl SourceFile {
    /// A file with the given path and content, which is not executable.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), is_executable: false }
    }

    /// Name without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Extension of the name, or an empty string.
    pub fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// Root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All files that belong to the repository: those that git knows and those it would add, or every
/// file outside build folders where there is no git.
///
/// # Errors
///
/// If a folder or a file cannot be read.
pub fn repository() -> io::Result<Vec<SourceFile>> {
    let root = root();
    let mut paths = match listed_by_git(&root) {
        Some(paths) => paths,
        None => {
            let mut paths = Vec::new();
            walk(&root, "", &mut paths)?;
            paths
        }
    };
    paths.sort();
    paths.dedup();
    // A file that was removed stays in git's list until the removal is staged.
    paths.retain(|path| root.join(path).is_file());
    paths
        .into_iter()
        .map(|path| {
            let text = String::from_utf8(fs::read(root.join(&path))?).unwrap_or_default();
            let is_executable = is_executable(&root.join(&path))?;
            Ok(SourceFile { path, text, is_executable })
        })
        .collect()
}

#[cfg(unix)]
fn is_executable(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> io::Result<bool> {
    Ok(true)
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    let list = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type()?.is_dir() {
            // Only these hidden folders are part of the repository.
            let hidden = name.starts_with('.') && ![".ci", ".cargo"].contains(&name.as_str());
            let outside = ["target", "shared"].contains(&path.as_str()) || name == "__pycache__";
            if !hidden && !outside {
                walk(root, &path, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_without_git_finds_this_file() {
        let mut paths = Vec::new();
        walk(&root(), "", &mut paths).unwrap();
        assert!(paths.iter().any(|path| path == "tools/checks/src/files.rs"));
        assert!(!paths.iter().any(|path| path.starts_with(".git/") || path.starts_with("target/")));
    }
}
