//! Splits Rust source into code, comments and literals, byte for byte.
//!
//! Rules look at one of them only: a banned call inside a string is no call, and a brace in a comment opens
//! nothing. Invariant: [`Scan::code`] and [`Scan::comments`] are ASCII, exactly as long as the source and
//! broken into the same lines, so an offset means the same place in all three.
//!
//! It understands nested block comments, strings with escapes, raw strings, byte and C strings, and tells a
//! character from a lifetime. It is no parser: macros are read like other code.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Code,
    Comment,
    Literal,
}

/// A source text, taken apart.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The code; comments and literals are blank.
    pub(crate) code: String,
    /// The comments; code and literals are blank.
    pub(crate) comments: String,
    /// Where each line starts.
    line_starts: Vec<usize>,
    /// The width of the longest literal on each line.
    literal_widths: Vec<usize>,
}

impl Scan {
    /// Takes the text apart.
    pub(crate) fn new(text: &str) -> Self {
        let classes = Lexer { text, bytes: text.as_bytes(), at: 0 }.classes();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self {
            code: only(Class::Code, text, &classes),
            comments: only(Class::Comment, text, &classes),
            line_starts,
            literal_widths: literal_widths(text, &classes),
        }
    }

    /// The number of the line, counted from 1, that an offset lies on.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The width of the longest literal on a line counted from 1.
    pub(crate) fn literal_width(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|index| self.literal_widths.get(index)).copied().unwrap_or(0)
    }
}

fn only(class: Class, text: &str, classes: &[Class]) -> String {
    let keep = |(byte, this): (u8, &Class)| match byte {
        b'\n' => '\n',
        _ if *this != class => ' ',
        byte if byte.is_ascii() => char::from(byte),
        _ => '_',
    };
    text.bytes().zip(classes).map(keep).collect()
}

fn literal_widths(text: &str, classes: &[Class]) -> Vec<usize> {
    let (mut widths, mut longest, mut current) = (Vec::new(), 0, 0);
    for (at, character) in text.char_indices() {
        if character == '\n' {
            widths.push(longest);
            (longest, current) = (0, 0);
        } else if classes.get(at) == Some(&Class::Literal) {
            current += 1;
            longest = longest.max(current);
        } else {
            current = 0;
        }
    }
    widths.push(longest);
    widths
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Lexer<'_> {
    fn classes(mut self) -> Vec<Class> {
        let mut classes = Vec::with_capacity(self.bytes.len());
        while self.at < self.bytes.len() {
            let (class, end) = self.token();
            let end = end.clamp(self.at + 1, self.bytes.len());
            classes.resize(end, class);
            self.at = end;
        }
        classes
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// What starts here and where it ends.
    fn token(&self) -> (Class, usize) {
        match (self.byte(self.at), self.byte(self.at + 1)) {
            (b'/', b'/') => (Class::Comment, self.find(self.at, "\n")),
            (b'/', b'*') => (Class::Comment, self.block_comment_end()),
            (b'"', _) => (Class::Literal, self.quoted_end(self.at + 1, b'"')),
            (b'\'', _) => self.character_or_lifetime(self.at),
            (first, _) if is_word_byte(first) => self.word(),
            _ => (Class::Code, self.at + 1),
        }
    }

    /// The offset of the needle at or after `from`, or the end of the text.
    fn find(&self, from: usize, needle: &str) -> usize {
        self.text.get(from..).and_then(|rest| rest.find(needle)).map_or(self.bytes.len(), |at| from + at)
    }

    fn block_comment_end(&self) -> usize {
        let (mut depth, mut at) = (0_usize, self.at);
        while at < self.bytes.len() {
            match (self.byte(at), self.byte(at + 1)) {
                (b'/', b'*') => (depth, at) = (depth + 1, at + 2),
                (b'*', b'/') => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                break;
            }
        }
        at
    }

    /// The end of a literal with escapes whose first byte after the opening quote is at `from`.
    fn quoted_end(&self, from: usize, quote: u8) -> usize {
        let mut at = from;
        while at < self.bytes.len() {
            match self.byte(at) {
                b'\\' => at += 2,
                byte if byte == quote => return at + 1,
                _ => at += 1,
            }
        }
        at
    }

    fn character_or_lifetime(&self, quote: usize) -> (Class, usize) {
        let content = self.text.get(quote + 1..).and_then(|rest| rest.chars().next());
        match content {
            Some('\\') => (Class::Literal, self.quoted_end(quote + 1, b'\'')),
            Some(character) if self.byte(quote + 1 + character.len_utf8()) == b'\'' => {
                (Class::Literal, quote + 2 + character.len_utf8())
            }
            Some(_) | None => (Class::Code, quote + 1),
        }
    }

    /// A word, which may turn out to be the prefix of a literal.
    fn word(&self) -> (Class, usize) {
        let length = self.bytes.get(self.at..).into_iter().flatten().take_while(|byte| is_word_byte(**byte));
        let end = self.at + length.count();
        match (self.text.get(self.at..end), self.byte(end)) {
            (Some("r" | "br" | "cr"), b'"' | b'#') => self.raw_string(end),
            (Some("b" | "c"), b'"') => (Class::Literal, self.quoted_end(end + 1, b'"')),
            (Some("b"), b'\'') => self.character_or_lifetime(end),
            _ => (Class::Code, end),
        }
    }

    fn raw_string(&self, hashes_from: usize) -> (Class, usize) {
        let hashes =
            self.bytes.get(hashes_from..).into_iter().flatten().take_while(|byte| **byte == b'#').count();
        let quote = hashes_from + hashes;
        if self.byte(quote) != b'"' {
            return (Class::Code, hashes_from);
        }
        let terminator = format!("\"{}", "#".repeat(hashes));
        (Class::Literal, self.find(quote + 1, &terminator) + terminator.len())
    }
}

/// Whether a byte can be part of a word; bytes of other alphabets count.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Where `needle` stands in `haystack` as whole words: `rand::` is not found in `operand::`.
pub(crate) fn find_words<'a>(haystack: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word_at = |at: Option<usize>| {
        at.and_then(|at| haystack.as_bytes().get(at)).is_some_and(|byte| is_word_byte(*byte))
    };
    let starts_word = needle.bytes().next().is_some_and(is_word_byte);
    let ends_word = needle.bytes().next_back().is_some_and(is_word_byte);
    haystack.match_indices(needle).map(|(at, _)| at).filter(move |at| {
        !(starts_word && is_word_at(at.checked_sub(1)) || ends_word && is_word_at(Some(at + needle.len())))
    })
}

/// From the bracket at `open` to behind the one that closes it, or to the end of the code.
pub(crate) fn bracketed(code: &str, open: usize) -> Range<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return open..at + 1;
        }
    }
    open..code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Scan::new(text).code
    }

    #[test]
    fn comments_strings_and_characters_are_not_code() {
        let text = "a // b\nc /* d /* e */ f */ g";
        assert_eq!(code(text), format!("a     \nc{:19}g", ""));
        assert_eq!(code(r#"x("{\"}", '{', '\'', '→') y"#).replace(' ', ""), "x(,,,)y");
        assert_eq!(code(r###"x(r"\", r#"""#, b"{", br"}", c"(") y"###).replace(' ', ""), "x(,,,,)y");
        assert_eq!(code(r"x(b'{', b'\'') y").replace(' ', ""), "x(,)y");
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        let text = "fn f<'a>(x: &'a str, y: &'static u8, r#fn: u8) -> &'a str { x }";
        assert_eq!(code(text), text);
    }

    #[test]
    fn a_quote_inside_a_comment_opens_no_string() {
        let text = "// don't \"\nlet a = 1;";
        assert_eq!(code(text), format!("{:10}\nlet a = 1;", ""));
    }

    #[test]
    fn every_view_keeps_offsets_and_lines_even_beside_other_alphabets() {
        let text = "let é = \"ü\"; // ß\nlet b = 1;\n";
        let scan = Scan::new(text);
        assert_eq!((scan.code.len(), scan.comments.len()), (text.len(), text.len()));
        assert_eq!(scan.line_of(text.find("b = 1").unwrap()), 2);
        assert_eq!(scan.code.find("b = 1"), text.find("b = 1"));
    }

    #[test]
    fn text_that_ends_too_early_is_read_to_its_end() {
        for text in ["\"abc", "r#\"abc", "/* abc", "'", "b'", "'\\", "\"\\"] {
            assert_eq!(Scan::new(text).code.len(), text.len(), "{text}");
        }
    }

    #[test]
    fn the_longest_literal_of_a_line_is_measured() {
        let scan = Scan::new("f(\"abc\", \"abcdef\");\ng();");
        assert_eq!((scan.literal_width(1), scan.literal_width(2), scan.literal_width(9)), (8, 0, 0));
    }

    #[test]
    fn words_are_found_whole() {
        assert_eq!(find_words("operand::x rand::y", "rand::").collect::<Vec<_>>(), [11]);
        assert_eq!(find_words("HashMapped HashMap", "HashMap").collect::<Vec<_>>(), [11]);
        assert_eq!(find_words("a.unwrap() b", ".unwrap()").collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn brackets_are_matched_to_the_end_or_the_text() {
        assert_eq!(bracketed("a{b(c)[d]}e", 1), 1..10);
        assert_eq!(bracketed("a{b", 1), 1..3);
    }
}
