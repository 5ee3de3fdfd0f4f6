//! Finds functions and test-only items in code whose comments and literals are blank.

use std::ops::Range;

use super::scan::{bracketed, find_words, is_word_byte};

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// From the word `fn` to behind the closing brace.
    pub(crate) span: Range<usize>,
}

/// Every function that has a name and a body, nested ones too.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    find_words(code, "fn").filter_map(|at| function(code, at)).collect()
}

fn function(code: &str, at: usize) -> Option<Function> {
    let after = code.get(at + "fn".len()..)?;
    let name: String =
        after.trim_start().chars().take_while(|c| c.is_ascii() && is_word_byte(*c as u8)).collect();
    if name.is_empty() {
        return None; // the type `fn(…)`, or a name that a macro makes
    }
    let body = body(code, at)?;
    Some(Function { name, span: at..body.end })
}

/// The parts of the code that exist in tests only.
pub(crate) fn test_only(code: &str) -> Vec<Range<usize>> {
    ["#[cfg(test)]", "#[cfg(all(test"]
        .iter()
        .flat_map(|attribute| code.match_indices(attribute))
        .map(|(at, _)| {
            let after_attribute = bracketed(code, at + 1).end;
            let end = body(code, after_attribute)
                .map_or_else(|| statement_end(code, after_attribute), |body| body.end);
            at..end
        })
        .collect()
}

/// The braces that belong to the item starting at `from`; none when it ends with a semicolon first.
fn body(code: &str, from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        match code.as_bytes().get(at)? {
            b'{' => return Some(bracketed(code, at)),
            b'(' | b'[' => at = bracketed(code, at).end,
            b';' | b'}' => return None,
            _ => at += 1,
        }
    }
}

fn statement_end(code: &str, from: usize) -> usize {
    code.get(from..).and_then(|rest| rest.find(';')).map_or(code.len(), |at| from + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_their_bodies() {
        let code = "trait T { fn no_body(&self) -> [u8; 3]; }\nfn a<'x>(f: fn(u8) -> u8) where u8: Copy { fn inner() {} }";
        let names: Vec<_> = functions(code).into_iter().map(|function| function.name).collect();
        assert_eq!(names, ["a", "inner"]);
        assert_eq!(functions(code).first().map(|function| function.span.end), Some(code.len()));
    }

    #[test]
    fn test_modules_and_test_imports_are_test_only() {
        let code =
            "fn a() {}\n#[cfg(test)]\nuse x::y;\nfn b() {}\n#[cfg(test)]\nmod tests { fn c() {} }\nfn d() {}";
        let parts: Vec<_> = test_only(code).into_iter().filter_map(|range| code.get(range)).collect();
        assert_eq!(parts, ["#[cfg(test)]\nuse x::y;", "#[cfg(test)]\nmod tests { fn c() {} }"]);
    }

    #[test]
    fn code_for_other_configurations_is_not_test_only() {
        assert_eq!(test_only("#[cfg(any(test, feature = \"x\"))] mod a {} #[cfg(not(test))] mod b {}"), []);
        assert_eq!(test_only("#[cfg(all(test, unix))] mod a {}").len(), 1);
    }
}
