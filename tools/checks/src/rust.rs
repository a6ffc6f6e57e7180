//! Splits Rust source into tokens and comments.
//!
//! Strings, characters and numbers are dropped: the checks need names, punctuation and comments.

use crate::comments::Comment;

/// A name or a punctuation character, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The name, or one character of punctuation.
    pub text: String,
    /// Line, counted from 1.
    pub line: usize,
}

/// Tokens and comments of `source`.
pub fn lex(source: &str) -> (Vec<Token>, Vec<Comment>) {
    let mut lexer =
        Lexer { characters: source.chars().collect(), position: 0, line: 1, tokens: Vec::new(), comments: Vec::new() };
    lexer.run();
    (lexer.tokens, lexer.comments)
}

struct Lexer {
    characters: Vec<char>,
    position: usize,
    line: usize,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> char {
        self.characters.get(self.position + ahead).copied().unwrap_or('\0')
    }

    fn take(&mut self) -> char {
        let character = self.peek(0);
        self.position += 1;
        if character == '\n' {
            self.line += 1;
        }
        character
    }

    fn at_end(&self) -> bool {
        self.position >= self.characters.len()
    }

    fn run(&mut self) {
        while !self.at_end() {
            let character = self.peek(0);
            if character == '/' && self.peek(1) == '/' {
                self.line_comment();
            } else if character == '/' && self.peek(1) == '*' {
                self.block_comment();
            } else if character == '"' {
                self.take();
                self.string();
            } else if character == '\'' {
                self.character_or_lifetime();
            } else if character.is_alphabetic() || character == '_' {
                self.word();
            } else if character.is_ascii_digit() {
                while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
                    self.take();
                }
            } else {
                if !character.is_whitespace() {
                    self.tokens.push(Token { text: character.to_string(), line: self.line });
                }
                self.take();
            }
        }
    }

    /// Whether nothing but blanks stands before the position in its line, and how many characters.
    fn indent(&self) -> (bool, usize) {
        let before = self.characters[..self.position].iter().rev().take_while(|&&c| c != '\n');
        let (mut own_line, mut column) = (true, 0);
        for character in before {
            own_line &= character.is_whitespace();
            column += 1;
        }
        (own_line, column)
    }

    fn line_comment(&mut self) {
        let (own_line, column) = self.indent();
        let line = self.line;
        let mut text = String::new();
        while !self.at_end() && self.peek(0) != '\n' {
            text.push(self.take());
        }
        let width = column + text.chars().count();
        let rest = text.trim_start_matches('/');
        let slashes = text.len() - rest.len();
        let (marker, rest) = match rest.strip_prefix('!') {
            Some(inner) if slashes == 2 => ("//!", inner),
            _ if slashes == 3 => ("///", rest),
            _ => ("//", rest),
        };
        self.comments.push(Comment {
            line,
            column,
            width,
            own_line,
            marker,
            text: rest.strip_prefix(' ').unwrap_or(rest).trim_end().to_owned(),
        });
    }

    fn block_comment(&mut self) {
        let (mut own_line, mut column) = self.indent();
        let mut line = self.line;
        let mut text = String::new();
        let mut depth = 0;
        while !self.at_end() {
            if self.peek(0) == '/' && self.peek(1) == '*' {
                depth += 1;
                text.extend([self.take(), self.take()]);
            } else if self.peek(0) == '*' && self.peek(1) == '/' {
                depth -= 1;
                text.extend([self.take(), self.take()]);
                if depth == 0 {
                    break;
                }
            } else if self.take_newline() {
                self.comments.push(Comment::in_block(line, column, own_line, &text));
                text.clear();
                (own_line, column, line) = (true, 0, self.line);
            } else {
                text.push(self.take());
            }
        }
        self.comments.push(Comment::in_block(line, column, own_line, &text));
    }

    fn take_newline(&mut self) -> bool {
        let newline = self.peek(0) == '\n';
        if newline {
            self.take();
        }
        newline
    }

    /// The rest of a string after its opening quote.
    fn string(&mut self) {
        while !self.at_end() {
            match self.take() {
                '\\' => {
                    self.take();
                }
                '"' => return,
                _ => {}
            }
        }
    }

    fn raw_string(&mut self) {
        let mut hashes = 0;
        while self.peek(0) == '#' {
            self.take();
            hashes += 1;
        }
        self.take();
        while !self.at_end() {
            if self.take() == '"' && (0..hashes).all(|ahead| self.peek(ahead) == '#') {
                self.position += hashes;
                return;
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        self.take();
        if self.peek(0) == '\\' {
            self.take();
            self.take();
            while !self.at_end() && self.take() != '\'' {}
        } else if self.peek(1) == '\'' {
            self.take();
            self.take();
        }
        // Anything else is a lifetime, whose name follows as a word that no check looks for.
    }

    fn word(&mut self) {
        let line = self.line;
        let mut text = String::new();
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            text.push(self.take());
        }
        let raw = matches!(text.as_str(), "r" | "br" | "cr");
        if raw && (self.peek(0) == '"' || self.peek(0) == '#' && matches!(self.peek(1), '"' | '#')) {
            self.raw_string();
        } else if matches!(text.as_str(), "b" | "c") && self.peek(0) == '"' {
            self.take();
            self.string();
        } else {
            self.tokens.push(Token { text, line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        lex(source).0.into_iter().map(|token| token.text).filter(|text| text.len() > 1).collect()
    }

    #[test]
    fn strings_characters_and_comments_are_no_tokens() {
        let source = r###"
            let first = "crate::x \" // no comment"; // crate::y
            let second = r#"crate::z " "#; /* crate::a /* nested */ crate::b */
            let third = '"'; let fourth: &'static str = b"\\"; let fifth = '\''; crate_name
        "###;
        let expected =
            ["let", "first", "let", "second", "let", "third", "let", "fourth", "static", "str", "let", "fifth"];
        assert_eq!(words(source), expected.iter().chain(&["crate_name"]).map(|s| s.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn comments_have_their_line_and_marker() {
        let comments = lex("//! Module\nfn a() {} // trailing\n  /// Doc\n").1;
        let found: Vec<_> = comments.iter().map(|c| (c.line, c.marker, c.own_line, c.text.as_str())).collect();
        assert_eq!(found, [(1, "//!", true, "Module"), (2, "//", false, "trailing"), (3, "///", true, "Doc")]);
        assert_eq!(comments[2].width, 9);
    }
}
