//! Commands in documents: a script that begins a line of a code block can be run as it stands.

use crate::Fault;
use crate::files::SourceFile;

/// Faults of the Markdown files among `files`.
pub fn check(files: &[SourceFile]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        let mut is_code = false;
        for (index, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                is_code = !is_code;
                continue;
            }
            let script = is_code.then(|| script(line, files)).flatten();
            if let Some(script) = script.filter(|script| !script.is_executable) {
                let message = format!("{} is not executable, but the command runs it", script.path);
                faults.push(Fault::new(&file.path, index + 1, message));
            }
        }
    }
    faults
}

/// The file of the repository that a line of a shell runs, after variables that it sets.
fn script<'a>(line: &str, files: &'a [SourceFile]) -> Option<&'a SourceFile> {
    let line = line.trim_start();
    // One command of several may be quoted, as `"NAME=COMMAND"`.
    let quoted = line.strip_prefix('"').and_then(|quoted| quoted.split_once('='));
    let command = quoted.map_or(line, |(_, command)| command);
    let program = command.split_whitespace().find(|word| !word.contains('='))?;
    files.iter().find(|file| file.path == program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<usize> {
        let mut run = SourceFile::new("tools/run.py", "");
        run.is_executable = true;
        let files = [run, SourceFile::new("tools/read.py", ""), SourceFile::new("docs/a.md", text)];
        check(&files).iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn only_scripts_that_begin_a_command_are_looked_at() {
        assert_eq!(faults("```sh\ntools/run.py x\ntools/read.py x\n```"), [3]);
        assert_eq!(faults("```sh\nA=b/c tools/read.py\n```"), [2]);
        assert_eq!(faults("```sh\ntools/run.py \\\n  \"own=tools/read.py x\"\n```"), [3]);
        assert!(faults("```sh\npython tools/read.py\n```\ntools/read.py").is_empty());
    }
}
