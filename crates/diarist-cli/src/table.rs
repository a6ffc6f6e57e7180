//! Aligned columns of text, and the same for documents.

use std::io::{self, Write};

use crate::terminal;

/// Form of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// Aligned columns
    #[default]
    Text,
    /// Markdown
    Md,
    /// LaTeX
    Latex,
}

/// Writes `rows` with the first column aligned to the left and the others to the right. People read
/// them, so control characters are visible.
pub(crate) fn write<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|text| terminal::cell(text))).collect();
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for row in rows {
        write!(out, "{:<width$}", row[0], width = widths[0])?;
        for (cell, width) in row.iter().zip(widths).skip(1) {
            write!(out, "  {cell:>width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

impl Form {
    /// Writes `rows`, the first of which has the names of the columns.
    pub(crate) fn table<const N: usize>(self, out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
        let Some((header, body)) = rows.split_first() else { return Ok(()) };
        match self {
            Self::Text => write(out, rows),
            Self::Md => {
                let line =
                    |row: &[String; N]| format!("| {} |", row.each_ref().map(|cell| in_markdown(cell)).join(" | "));
                writeln!(out, "{}\n|---|{}", line(header), "---:|".repeat(N - 1))?;
                body.iter().try_for_each(|row| writeln!(out, "{}", line(row)))?;
                writeln!(out)
            }
            Self::Latex => {
                let line = |row: &[String; N]| row.each_ref().map(|cell| in_latex(cell)).join(" & ") + r" \\";
                writeln!(out, "\\begin{{tabular}}{{l{}}}\n\\hline\n{}\n\\hline", "r".repeat(N - 1), line(header))?;
                body.iter().try_for_each(|row| writeln!(out, "{}", line(row)))?;
                writeln!(out, "\\hline\n\\end{{tabular}}")
            }
        }
    }

    /// Writes a line about a table.
    pub(crate) fn remark(self, out: &mut impl Write, text: &str) -> io::Result<()> {
        match self {
            Self::Text => writeln!(out, "# {text}"),
            Self::Md => writeln!(out, "{text}\n"),
            Self::Latex => writeln!(out, "% {text}"),
        }
    }
}

fn in_markdown(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('|', "\\|").replace('_', "\\_").replace('*', "\\*").replace('<', "&lt;")
}

fn in_latex(cell: &str) -> String {
    cell.chars().fold(String::new(), |text, c| match c {
        '&' | '%' | '_' | '#' | '$' | '{' | '}' => text + "\\" + &c.to_string(),
        '\\' => text + r"\textbackslash{}",
        '~' => text + r"\textasciitilde{}",
        '^' => text + r"\textasciicircum{}",
        _ => text + &c.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_for_documents_escape_their_cells() {
        let rows = [["file", "DER %"], ["a_b|c", "1.00"]].map(|row| row.map(str::to_owned));
        let text = |form: Form| {
            let mut out = Vec::new();
            form.remark(&mut out, "collar 0").unwrap();
            form.table(&mut out, &rows).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(Form::Text), "# collar 0\nfile   DER %\na_b|c   1.00\n");
        assert_eq!(text(Form::Md), "collar 0\n\n| file | DER % |\n|---|---:|\n| a\\_b\\|c | 1.00 |\n\n");
        assert_eq!(
            text(Form::Latex),
            "% collar 0\n\\begin{tabular}{lr}\n\\hline\nfile & DER \\% \\\\\n\\hline\na\\_b|c & 1.00 \\\\\n\\hline\n\\end{tabular}\n"
        );
    }
}
