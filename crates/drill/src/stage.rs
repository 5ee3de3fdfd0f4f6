//! An exchange with a run over it, and the judging of both: what all drills share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use seawall_model::{InstrumentName, Span};

use crate::books::{self, Books};
use crate::oracle::{History, Violation, compare, unprotected};
use crate::session::{Mode, Session, SessionOptions, starts};
use crate::venue::{Venue, VenueOptions};
use crate::watch::Watch;

/// How long a run may take until it is ready.
pub(crate) const READY_MAX: Duration = Duration::from_secs(90);
/// How long books and venue may take until they agree.
pub(crate) const AGREE_MAX: Duration = Duration::from_secs(45);
/// The rule that no moment was found at which books and venue could be compared.
pub(crate) const NEVER_STILL: &str = "never-still";
/// What looking from outside and a busy machine add to a time without cover, per second of real time.
const DOUBT_MS: i64 = 400;

/// An exchange with everything that is known of what was done to it.
pub(crate) struct Stage {
    /// The exchange.
    pub(crate) venue: Venue,
    /// Looks at it all the time.
    pub(crate) watch: Watch,
    /// What a run over it is started with.
    pub(crate) options: SessionOptions,
    symbols: BTreeMap<InstrumentName, String>,
    history: History,
    read_last: Option<PathBuf>,
    /// Since when the run has been up and ready; before that, and while it is gone, nobody can protect.
    ready_since: Option<Instant>,
}

impl Stage {
    /// Starts an exchange in `folder`; the run is to trade everything that it lists.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn set(binary: &Path, folder: PathBuf, options: &VenueOptions) -> anyhow::Result<Self> {
        let venue = Venue::start(binary, &folder, options)?;
        let listed = venue.listed()?;
        let names: Vec<InstrumentName> = listed.values().cloned().collect();
        let symbols = listed.into_iter().map(|(symbol, name)| (name, symbol)).collect();
        let watch = Watch::start(venue.address);
        let session = SessionOptions {
            binary: binary.to_owned(),
            mode: Mode::Live,
            folder,
            address: venue.address,
            instruments: names,
            warm_up_candles: 5,
            speed: options.speed,
            set: Vec::new(),
            database: None,
        };
        Ok(Stage {
            venue,
            watch,
            options: session,
            symbols,
            history: History::default(),
            read_last: None,
            ready_since: None,
        })
    }

    /// Starts a run.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn run(&mut self) -> anyhow::Result<Session> {
        self.ready_since = None;
        self.watch.take();
        Session::start(&self.options, &self.venue)
    }

    /// Where something stands between run and exchange, the run is told of that.
    pub(crate) fn through(&mut self, address: SocketAddr) {
        self.options.address = address;
    }

    /// The run is ready from now on.
    pub(crate) fn is_ready(&mut self) {
        self.ready_since = Some(Instant::now());
    }

    /// The folder of the newest start.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn newest(&self) -> anyhow::Result<PathBuf> {
        starts(&self.options.account())?.pop().context("no start has made its folder")
    }

    /// Orders: each once, each written before it left.
    ///
    /// # Errors
    /// The venue does not answer; a journal is damaged.
    pub(crate) fn judge_orders(&mut self) -> anyhow::Result<Vec<Violation>> {
        // The venue first: what it has was written before.
        let rows = self.venue.orders(self.history.last)?;
        let mut found = self.history.see_venue(&rows);
        let all = starts(&self.options.account())?;
        let from = self.read_last.take();
        let unread = all.iter().filter(|start| from.as_ref().is_none_or(|from| *start >= from));
        for start in unread {
            let name = start.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            found.extend(self.history.see_journal(name, &books::placed(start)?));
        }
        self.read_last = all.last().cloned();
        found.extend(self.history.unwritten());
        Ok(found)
    }

    /// The books as the newest start has written them.
    ///
    /// # Errors
    /// The journal is damaged.
    pub(crate) fn books(&self) -> anyhow::Result<Option<Books>> {
        books::read(&self.newest()?, &self.symbols)
    }

    /// Waits until books and venue agree at a moment when the venue stands still, with a stop of its size
    /// under each position (or a larger one, where not `exactly` that is wanted); what differs at the end of
    /// the patience.
    ///
    /// # Errors
    /// The venue does not answer; the journal is damaged.
    pub(crate) fn agree(
        &self,
        exactly: bool,
        patience: Duration,
    ) -> anyhow::Result<Result<Books, Vec<Violation>>> {
        let began = Instant::now();
        let detail = "the venue never stood still, or the journal never had a whole state";
        let mut last = vec![Violation::new(NEVER_STILL, detail.to_owned())];
        loop {
            let before = self.venue.state()?;
            // What the run has heard by now is written down a moment later.
            std::thread::sleep(Duration::from_millis(350));
            let books = self.books()?;
            let after = self.venue.state()?;
            if let Some(books) = books
                && before.is_like(&after)
            {
                let mut found = compare(&after, &books);
                found.extend(unprotected(&after, exactly));
                if found.is_empty() {
                    return Ok(Ok(books));
                }
                last = found;
            }
            if began.elapsed() >= patience {
                return Ok(Err(last));
            }
        }
    }

    /// Times without cover that began after the run was ready: longer ones than the engine promises are
    /// violations. Gives the times in seconds of the venue's clock.
    pub(crate) fn judge_cover(&self, bound: Span) -> (Vec<f64>, Vec<Violation>) {
        let (mut times, mut found) = (Vec::new(), Vec::new());
        let doubt = Span::from_millis(DOUBT_MS.saturating_mul(i64::from(self.options.speed)));
        let bound = Span::from_nanos(bound.nanos().saturating_add(doubt.nanos()));
        for naked in self.watch.take() {
            if self.ready_since.is_none_or(|ready| naked.since < ready) {
                continue;
            }
            times.push(naked.span.secs_f64());
            if naked.span > bound {
                let (symbol, secs, most) = (naked.symbol, naked.span.secs_f64(), bound.secs_f64());
                let detail = format!("{symbol} for {secs:.1} s of the venue's clock; at most {most:.1} s");
                found.push(Violation::new("naked-too-long", detail));
            }
        }
        (times, found)
    }

    /// Orders that were written, and that reached the venue.
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.history.counts()
    }
}

/// Whether the journal of a start leads to what was recorded when it is replayed.
///
/// # Errors
/// It is damaged.
pub(crate) fn judge_replay(start: &Path) -> anyhow::Result<Vec<Violation>> {
    if books::placed(start)?.is_empty() {
        return Ok(Vec::new());
    }
    let report = seawall_live::replay(start, false, &mut |_| {})?;
    let name = start.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let differences = report.differences.iter();
    Ok(differences.map(|what| Violation::new("replay", format!("{name}: {what}"))).collect())
}
