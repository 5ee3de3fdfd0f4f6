//! Progress bars on standard error, hidden when that is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use seawall_archive::Progress;

/// A bar for `what`, `total` units long (zero: unknown).
pub(crate) fn bar(what: &str, total: u64) -> ProgressBar {
    let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
    let template = if total == 0 {
        "{msg} {human_pos} {per_sec} {elapsed}"
    } else {
        "{msg} {bar:30} {percent:>3} %  {human_pos}/{human_len}  {per_sec}  {eta}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// Shows the progress of an archive job on `bar`.
pub(crate) fn on_archive(bar: &ProgressBar) -> impl FnMut(Progress) + '_ {
    |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    }
}
