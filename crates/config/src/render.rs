//! Problems with the lines of the file that they point at.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::error::{Listing, Problem, Source};

/// The problems one below the other, as rustc draws them, without colour.
pub(crate) fn render(problems: &[Problem], listing: Option<&Listing>) -> String {
    let draw = |problem: &Problem| {
        let title = problem.headline();
        let spot = listing.and_then(|listing| Some((listing, spot(listing, &problem.source)?)));
        let mut group = match &spot {
            Some((listing, range)) => {
                let annotation = AnnotationKind::Primary.span(range.clone());
                let snippet = Snippet::source(&listing.text).path(&*listing.path).annotation(annotation);
                Level::ERROR.primary_title(title).element(snippet)
            }
            None => Group::with_title(Level::ERROR.primary_title(placed(problem))),
        };
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(hint));
        }
        Renderer::plain().render(&[group])
    };
    problems.iter().map(draw).collect::<Vec<_>>().join("\n\n")
}

fn placed(problem: &Problem) -> String {
    match &problem.source {
        Source::Default => problem.headline(),
        Source::File { .. } | Source::Environment { .. } | Source::CommandLine { .. } => {
            format!("{}: {}", problem.source, problem.headline())
        }
    }
}

/// The bytes of the word at a place of the file.
fn spot(listing: &Listing, source: &Source) -> Option<Range<usize>> {
    let Source::File { path, line, column } = source else { return None };
    if *path != listing.path || listing.text.is_empty() {
        return None;
    }
    let index = usize::try_from(line.checked_sub(1)?).ok()?;
    let mut start = 0;
    for before in listing.text.split_inclusive('\n').take(index) {
        start += before.len();
    }
    let row = listing.text.get(start..)?.lines().next().unwrap_or_default();
    let characters = usize::try_from(column.checked_sub(1)?).ok()?;
    let offset = row.char_indices().nth(characters).map_or(row.len(), |(offset, _)| offset);
    let word = row.get(offset..).unwrap_or_default();
    let length = word.find(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | ']' | '}' | '#'));
    let length = length.unwrap_or(word.len()).max(word.chars().next().map_or(0, char::len_utf8));
    Some(start + offset..start + offset + length)
}
