//! Rust source told apart into code and comments, without a parser.
//!
//! Tidy asks simple questions of many files: where a comment is, where a function ends. Blanking
//! strings and comments answers them exactly enough and needs no crate for syntax trees.

/// A source file, read once.
#[derive(Debug)]
pub(super) struct Source {
    /// The file with comments, strings and characters blanked out; every line keeps its number.
    pub(super) code: String,
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// From 1.
    pub(super) line: usize,
    pub(super) doc: bool,
    /// One line of it, without its marks.
    pub(super) text: String,
}

impl Source {
    pub(super) fn read(text: &str) -> Self {
        let mut scanner = Scanner {
            rest: text.chars().collect(),
            at: 0,
            line: 1,
            code: String::with_capacity(text.len()),
            comments: Vec::new(),
        };
        while scanner.at < scanner.rest.len() {
            scanner.step();
        }
        Self { code: scanner.code, comments: scanner.comments }
    }
}

struct Scanner {
    rest: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    comments: Vec<Comment>,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn sees(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, expected)| self.peek(ahead) == Some(expected))
    }

    /// Moves on by one character; code keeps it, anything else leaves a blank.
    fn take(&mut self, keep: bool) -> Option<char> {
        let taken = self.peek(0)?;
        self.at += 1;
        self.code.push(match taken {
            '\n' => '\n',
            other if keep => other,
            _ => ' ',
        });
        if taken == '\n' {
            self.line += 1;
        }
        Some(taken)
    }

    fn step(&mut self) {
        if self.sees("//") {
            self.line_comment();
        } else if self.sees("/*") {
            self.block_comment();
        } else if let Some(hashes) = self.raw_string() {
            self.skip_raw(hashes);
        } else if self.sees("\"") {
            self.skip_quoted('"');
        } else if self.sees("'") && self.is_character() {
            self.skip_quoted('\'');
        } else {
            self.take(true);
        }
    }

    fn line_comment(&mut self) {
        let doc = (self.sees("///") && !self.sees("////")) || self.sees("//!");
        let line = self.line;
        let mut text = String::new();
        while self.peek(0).is_some_and(|next| next != '\n') {
            text.extend(self.take(false));
        }
        let text = text.trim_start_matches(['/', '!']).trim().to_owned();
        self.comments.push(Comment { line, doc, text });
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let doc = self.sees("/**") || self.sees("/*!");
        let (mut depth, mut text, first) = (0_u32, String::new(), self.line);
        while self.peek(0).is_some() {
            if self.sees("/*") {
                depth += 1;
                self.take(false);
                self.take(false);
            } else if self.sees("*/") {
                depth -= 1;
                self.take(false);
                self.take(false);
                if depth == 0 {
                    break;
                }
            } else {
                text.extend(self.take(false));
            }
        }
        let lines = text.lines().enumerate().map(|(index, text)| Comment {
            line: first + index,
            doc,
            text: text.trim().trim_start_matches(['*', '!']).trim().to_owned(),
        });
        self.comments.extend(lines);
    }

    /// The number of hashes, if a raw string begins here: `r"`, `r#"`, `br##"`.
    fn raw_string(&self) -> Option<usize> {
        let before = self.at.checked_sub(1).and_then(|at| self.rest.get(at));
        if before.is_some_and(|c| c.is_alphanumeric() || *c == '_') {
            return None;
        }
        let prefix = if self.sees("br") || self.sees("cr") {
            2
        } else if self.sees("r") {
            1
        } else {
            return None;
        };
        let hashes = self.rest.iter().skip(self.at + prefix);
        let hashes = hashes.take_while(|c| **c == '#').count();
        (self.peek(prefix + hashes) == Some('"')).then_some(hashes)
    }

    fn skip_raw(&mut self, hashes: usize) {
        while self.take(false).is_some_and(|taken| taken != '"') {}
        let end = format!("\"{}", "#".repeat(hashes));
        while self.peek(0).is_some() && !self.sees(&end) {
            self.take(false);
        }
        for _ in end.chars() {
            self.take(false);
        }
    }

    fn skip_quoted(&mut self, quote: char) {
        self.take(false);
        while let Some(taken) = self.take(false) {
            if taken == '\\' {
                self.take(false);
            } else if taken == quote {
                break;
            }
        }
    }

    /// A character, and not a lifetime: `'a'`, `'\n'`; but `'a` and `'static`.
    fn is_character(&self) -> bool {
        self.peek(1) == Some('\\') || self.peek(2) == Some('\'')
    }
}

/// Where the brace that opens at or after byte `from` closes; both as byte offsets in `code`.
pub(super) fn braces(code: &str, from: usize) -> Option<(usize, usize)> {
    let mut depth = 0_u32;
    let mut opened = None;
    for (at, character) in code.char_indices().skip_while(|(at, _)| *at < from) {
        match character {
            '{' => {
                depth += 1;
                opened.get_or_insert(at);
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((opened?, at));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_characters_and_comments_are_blanked() {
        let check = |text: &str, expect: &str| {
            let code = Source::read(text).code;
            assert_eq!(code.trim_end(), expect, "{text}");
            assert_eq!(code.lines().count(), text.lines().count(), "{text}");
        };
        check("let a = 1; // {", "let a = 1;");
        check(r#"f("{ \" }", x)"#, "f(        , x)");
        check(r##"f(r#"{"# , y)"##, "f(       , y)");
        check("f('{', '\\'', 'a')", "f(   ,     ,    )");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("a /* { /* } */ */ b", "a                 b");
        check("bar\"{\"", "bar");
        check("a\n\"{\n{\"\nb", "a\n  \n  \nb");
    }

    #[test]
    fn comments_keep_their_lines() {
        let source =
            Source::read("//! What.\nuse a; // why\n/* one\n * two */ let b = \"// no\";\n");
        let seen: Vec<_> =
            (source.comments.iter()).map(|c| (c.line, c.doc, c.text.as_str())).collect();
        assert_eq!(
            seen,
            [(1, true, "What."), (2, false, "why"), (3, false, "one"), (4, false, "two")]
        );
    }

    #[test]
    fn braces_match() {
        assert_eq!(braces("a { b { c } } d", 0), Some((2, 12)));
        assert_eq!(braces("a { b { c } } d", 3), Some((6, 10)));
        assert_eq!(braces("a { b", 0), None);
    }
}
