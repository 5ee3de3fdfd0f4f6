//! Discovery of a house: asks the venue what it lists, plans the run's instruments, looks again on a
//! schedule, and keeps the last plan in a file for a start without an answer.
//!
//! Invariants: a failed question is never an empty listing; a plan from the file says so and how old it is,
//! and one that is too old is none; the table of a run keeps its instruments and their numbers. It asks
//! through a function, so nothing here knows a socket.

use std::path::{Path, PathBuf};

use seawall_engine::UniverseSettings;
use seawall_model::{Currency, Input, InstrumentName, Span, Ts};
use seawall_venues::discovery::{
    Change, Listings, Plan, Policy, Universe, listing, plan, provisional, refresh, turnover,
};
use seawall_venues::query::Ticker;
use seawall_venues::{Answer, Failure, ListedInstrument, Markets, Query, VenueError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which venue is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that orders go to.
    Traded,
    /// The one whose spot markets are read.
    Signals,
}

/// Asks a question with these markets at hand and brings the answer.
pub type Ask<'a> = &'a mut dyn FnMut(Place, &Markets, Query) -> Result<Answer, Failure>;

/// After a failed look the next one comes so soon.
const RETRY: Span = Span::from_secs(300);
const SCHEMA: &str = "seawall.universe/1";

/// Why there are no instruments.
#[derive(Debug, Error)]
pub enum DiscoveryError {
    /// No answer, and no file that may stand for it.
    #[error("the venue does not say what it lists ({failure}); {cache}")]
    NoAnswer {
        /// What the venue said.
        failure: String,
        /// Why the file does not help.
        cache: String,
    },
    /// Nothing that is listed is fit.
    #[error("nothing that the venue lists can be traded; the first reason of {count}: {first}")]
    Nothing {
        /// How many rows were left out.
        count: usize,
        /// Why the first one was.
        first: String,
    },
    /// The listing contradicts itself.
    #[error(transparent)]
    Venue(#[from] VenueError),
}

/// The instruments of a run, and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The plan; from the file it has no reasons for what is left out.
    pub plan: Plan,
    /// When the file was written, where the plan comes from it, and why the venue was of no help.
    pub from_file: Option<(Ts, String)>,
    /// The file could not be written.
    pub file_problem: Option<String>,
}

/// What a later look brings.
#[derive(Debug, Clone)]
pub struct Looked {
    /// For the engine.
    pub listing: Input,
    /// The traded markets: the same instruments, with what codecs take over.
    pub traded: Markets,
    /// The markets that are read.
    pub read_only: Markets,
    /// What the operator should know.
    pub changes: Vec<Change>,
    /// Why the listing is a failed one.
    pub failure: Option<String>,
}

/// Looks at what is listed.
#[derive(Debug, Clone)]
pub struct Discovery {
    policy: Policy,
    every: Span,
    file: PathBuf,
    file_age_max: Span,
    next_at: Ts,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: String,
    taken_at_ms: i64,
    universe: Universe,
}

/// What the `universe` section asks of discovery: bases that it blocks stay out of the table, unless
/// something is held there.
#[must_use]
pub fn policy(settings: &UniverseSettings, quote: Currency, keep: Vec<InstrumentName>) -> Policy {
    Policy {
        quote,
        signals_from_spot: true,
        futures_only: !settings.require_spot,
        instruments_max: INSTRUMENTS_MAX,
        fallback: Vec::new(),
        blocked_bases: settings.blocked_bases.clone(),
        keep,
    }
}

/// Instruments that a run trades at most.
pub const INSTRUMENTS_MAX: usize = 300;

impl Discovery {
    /// Looks every `refresh_hours` of the `universe` section. A plan in `file` may stand for the venue's
    /// answer at a start until it is `file_age_max` old.
    #[must_use]
    pub fn new(policy: Policy, settings: &UniverseSettings, file: &Path, file_age_max: Span) -> Self {
        let every = Span::from_secs(i64::from(settings.refresh_hours).saturating_mul(3_600));
        Discovery { policy, every, file: file.to_owned(), file_age_max, next_at: Ts::EPOCH }
    }

    /// The instruments of the run that begins.
    ///
    /// # Errors
    /// No answer and no file that may stand for it, a listing of nothing that can be traded, or one that
    /// contradicts itself.
    pub fn start(&mut self, at: Ts, ask: Ask<'_>) -> Result<Found, DiscoveryError> {
        match self.plan(ask)? {
            Ok(plan) => {
                if plan.universe.traded.is_empty() {
                    let first = plan.excluded.first();
                    let first = first.map(|row| format!("{} {}", row.symbol, row.reason)).unwrap_or_default();
                    return Err(DiscoveryError::Nothing { count: plan.excluded.len(), first });
                }
                let file_problem = self.keep(at, &plan.universe).err();
                Ok(Found { plan, from_file: None, file_problem })
            }
            Err(failure) => {
                let failure = failure.to_string();
                let (taken_at, universe) = self
                    .kept(at)
                    .map_err(|cache| DiscoveryError::NoAnswer { failure: failure.clone(), cache })?;
                let plan = Plan { universe, excluded: Vec::new() };
                Ok(Found { plan, from_file: Some((taken_at, failure)), file_problem: None })
            }
        }
    }

    /// Whether it is time to look again.
    #[must_use]
    pub fn is_due(&self, at: Ts) -> bool {
        at >= self.next_at
    }

    /// Looks at the listing again while the run goes on.
    ///
    /// # Errors
    /// The new listing contradicts itself.
    pub fn look(
        &mut self,
        at: Ts,
        tables: (&Markets, &Markets),
        ask: Ask<'_>,
    ) -> Result<Looked, DiscoveryError> {
        let (traded, read_only) = tables;
        match Seen::of(traded, read_only, ask) {
            Ok(seen) => {
                self.next_at = at.plus(self.every);
                let (new_traded, mut changes) = refresh(traded, &seen.traded)?;
                let (new_read, more) = refresh(read_only, &seen.read_only)?;
                changes.extend(more);
                let listing = listing(at, &[&new_traded, &new_read], Some(&seen.tickers));
                Ok(Looked { listing, traded: new_traded, read_only: new_read, changes, failure: None })
            }
            Err(failure) => {
                self.next_at = at.plus(self.every.min(RETRY));
                Ok(Looked {
                    listing: listing(at, &[], None),
                    traded: traded.clone(),
                    read_only: read_only.clone(),
                    changes: Vec::new(),
                    failure: Some(failure.to_string()),
                })
            }
        }
    }

    fn plan(&self, ask: Ask<'_>) -> Result<Result<Plan, Failure>, DiscoveryError> {
        let none = Markets::default();
        let traded = match listed(Place::Traded, &none, ask) {
            Ok(traded) => traded,
            Err(failure) => return Ok(Err(failure)),
        };
        let spot = if self.policy.signals_from_spot {
            match listed(Place::Signals, &none, ask) {
                Ok(spot) => spot,
                Err(failure) => return Ok(Err(failure)),
            }
        } else {
            Vec::new()
        };
        let everything = provisional(&traded)?;
        let tickers = match tickers(Place::Traded, &everything, ask) {
            Ok(tickers) => tickers,
            Err(failure) => return Ok(Err(failure)),
        };
        let turnover = turnover(&everything, &tickers);
        Ok(Ok(plan(&self.policy, Listings { traded: &traded, spot: &spot, turnover: &turnover })))
    }

    /// Writes the plan beside the file first, so that a crash leaves the old one or the new one.
    fn keep(&self, at: Ts, universe: &Universe) -> Result<(), String> {
        let kept = Kept { schema: SCHEMA.to_owned(), taken_at_ms: at.millis(), universe: universe.clone() };
        let text = serde_json::to_string(&kept).map_err(|error| error.to_string())?;
        let beside = self.file.with_extension("new");
        let named = |error: std::io::Error| format!("{}: {error}", self.file.display());
        std::fs::write(&beside, text).map_err(named)?;
        std::fs::rename(&beside, &self.file).map_err(named)
    }

    /// The plan of the file, or why there is none.
    fn kept(&self, at: Ts) -> Result<(Ts, Universe), String> {
        let named = |what: String| format!("{}: {what}", self.file.display());
        let text = std::fs::read_to_string(&self.file)
            .map_err(|error| named(format!("no earlier listing ({error})")))?;
        let kept: Kept = serde_json::from_str(&text).map_err(|error| named(error.to_string()))?;
        if kept.schema != SCHEMA {
            return Err(named(format!("schema `{}` instead of `{SCHEMA}`", kept.schema)));
        }
        let taken_at = Ts::from_millis(kept.taken_at_ms);
        let age = at.since(taken_at);
        if age > self.file_age_max {
            let (age, most) = (age.secs_f64() / 3_600.0, self.file_age_max.secs_f64() / 3_600.0);
            return Err(named(format!("the earlier listing is {age:.1} hours old, allowed are {most:.1}")));
        }
        Ok((taken_at, kept.universe))
    }
}

/// Everything that a later look asks for.
struct Seen {
    traded: Vec<ListedInstrument>,
    read_only: Vec<ListedInstrument>,
    tickers: Vec<Ticker>,
}

impl Seen {
    fn of(traded: &Markets, read_only: &Markets, ask: Ask<'_>) -> Result<Self, Failure> {
        let mut seen = Seen {
            traded: listed(Place::Traded, traded, ask)?,
            read_only: Vec::new(),
            tickers: tickers(Place::Traded, traded, ask)?,
        };
        if read_only.iter().next().is_some() {
            seen.read_only = listed(Place::Signals, read_only, ask)?;
            seen.tickers.extend(tickers(Place::Signals, read_only, ask)?);
        }
        Ok(seen)
    }
}

fn other() -> Failure {
    use seawall_venues::{Advice, Certainty, Problem};
    Failure::new(Certainty::NotDone, Advice::Again, Problem::Unreadable, "the answer is to another question")
}

fn listed(place: Place, markets: &Markets, ask: Ask<'_>) -> Result<Vec<ListedInstrument>, Failure> {
    match ask(place, markets, Query::Instruments)? {
        Answer::Instruments { listed, .. } => Ok(listed),
        Answer::ServerTime(_)
        | Answer::Tickers(_)
        | Answer::Candles(_)
        | Answer::Fills { .. }
        | Answer::Account(_)
        | Answer::Permissions(_)
        | Answer::StreamToken { .. }
        | Answer::DeadMan(_)
        | Answer::CancelledAll(_)
        | Answer::Records(_)
        | Answer::Done => Err(other()),
    }
}

fn tickers(place: Place, markets: &Markets, ask: Ask<'_>) -> Result<Vec<Ticker>, Failure> {
    match ask(place, markets, Query::Tickers)? {
        Answer::Tickers(tickers) => Ok(tickers),
        Answer::ServerTime(_)
        | Answer::Instruments { .. }
        | Answer::Candles(_)
        | Answer::Fills { .. }
        | Answer::Account(_)
        | Answer::Permissions(_)
        | Answer::StreamToken { .. }
        | Answer::DeadMan(_)
        | Answer::CancelledAll(_)
        | Answer::Records(_)
        | Answer::Done => Err(other()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{Coverage, InstrumentSpec, PriceUnits};
    use seawall_venues::{Advice, Certainty, Problem};

    fn row(symbol: &str, name: &str) -> ListedInstrument {
        let name: InstrumentName = name.parse().unwrap();
        let spot = name.as_str().matches(':').count() == 1;
        let mut spec = if spot { InstrumentSpec::spot(name) } else { InstrumentSpec::new(name) };
        spec.tick = Some("0.5".parse().unwrap());
        ListedInstrument {
            symbol: symbol.to_owned(),
            stream_symbol: symbol.to_owned(),
            aliases: Vec::new(),
            spec,
            tradeable: true,
            post_only: false,
            price_decimals: 1,
            qty_decimals: 8,
        }
    }

    fn failure() -> Failure {
        Failure::new(Certainty::NotDone, Advice::Again, Problem::Transport, "no answer")
    }

    /// A venue of two perpetuals, one of them with a spot market.
    fn venue(place: Place, markets: &Markets, query: Query) -> Result<Answer, Failure> {
        let listed = match place {
            Place::Traded => {
                vec![
                    row("PF_XBTUSD", "kraken-futures:BTC/USD:USD"),
                    row("PF_NEWUSD", "kraken-futures:NEW/USD:USD"),
                ]
            }
            Place::Signals => vec![row("XBTUSD", "kraken:BTC/USD")],
        };
        if query == Query::Instruments {
            return Ok(Answer::Instruments { listed, excluded: Vec::new() });
        }
        assert_eq!(query, Query::Tickers);
        let ticker = |market: &seawall_venues::Market| Ticker {
            instrument: market.id(),
            bid: Some(PriceUnits::new(995)),
            ask: Some(PriceUnits::new(1_005)),
            last: Some(PriceUnits::new(1_000)),
            mark: None,
            index: None,
            volume_24h: Some(7.into()),
            funding_rate_1h: None,
            suspended: false,
            post_only: false,
        };
        Ok(Answer::Tickers(markets.iter().map(ticker).collect()))
    }

    fn discovery(folder: &Path, settings: &UniverseSettings) -> Discovery {
        let policy = policy(settings, "USD".parse().unwrap(), Vec::new());
        Discovery::new(policy, settings, &folder.join("universe.json"), Span::from_secs(86_400))
    }

    fn at(hours: i64) -> Ts {
        Ts::from_millis(hours * 3_600_000)
    }

    fn symbols(found: &Found) -> Vec<&str> {
        found.plan.universe.traded.iter().map(|row| row.symbol.as_str()).collect()
    }

    #[test]
    fn a_start_without_an_answer_takes_the_earlier_listing_until_it_is_too_old() {
        let folder = tempfile::tempdir().unwrap();
        let mut discovery = discovery(folder.path(), &UniverseSettings::default());
        let mut silent = |_: Place, _: &Markets, _: Query| Err(failure());
        let error = discovery.start(at(0), &mut silent).unwrap_err().to_string();
        assert!(error.contains("no answer") && error.contains("no earlier listing"), "{error}");
        let found = discovery.start(at(1), &mut venue).unwrap();
        assert_eq!((symbols(&found), found.from_file.is_none()), (vec!["PF_XBTUSD", "PF_NEWUSD"], true));
        let again = discovery.start(at(25), &mut silent).unwrap();
        assert_eq!(again.plan.universe, found.plan.universe);
        assert_eq!(again.from_file.unwrap().0, at(1));
        let error = discovery.start(at(26), &mut silent).unwrap_err().to_string();
        assert!(error.contains("25.0 hours old, allowed are 24.0"), "{error}");
    }

    #[test]
    fn what_the_universe_section_blocks_or_asks_spot_for_is_not_in_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = UniverseSettings { require_spot: true, ..UniverseSettings::default() };
        let found = discovery(folder.path(), &settings).start(at(0), &mut venue).unwrap();
        assert_eq!(symbols(&found), ["PF_XBTUSD"]);
        settings.blocked_bases = vec!["BTC".parse().unwrap()];
        let error = discovery(folder.path(), &settings).start(at(0), &mut venue).unwrap_err().to_string();
        assert!(error.contains("PF_XBTUSD BTC is blocked"), "{error}");
    }

    #[test]
    fn the_listing_is_told_on_schedule_and_a_failed_look_is_a_failed_report_and_comes_again_soon() {
        let folder = tempfile::tempdir().unwrap();
        let settings = UniverseSettings { refresh_hours: 6, ..UniverseSettings::default() };
        let mut discovery = discovery(folder.path(), &settings);
        let found = discovery.start(at(0), &mut venue).unwrap();
        let (traded, read) = found.plan.universe.markets().unwrap();
        assert!(discovery.is_due(at(0)));
        let looked = discovery.look(at(0), (&traded, &read), &mut venue).unwrap();
        let Input::Listing(report) = looked.listing else { panic!() };
        assert_eq!((report.coverage, report.rows.len()), (Coverage::Complete, 3));
        assert!(report.rows.iter().all(|row| row.volume_24h == Some(700.0)) && looked.changes.is_empty());
        assert!(!discovery.is_due(at(5)) && discovery.is_due(at(6)));
        let mut silent = |_: Place, _: &Markets, _: Query| Err(failure());
        let looked = discovery.look(at(6), (&traded, &read), &mut silent).unwrap();
        let Input::Listing(report) = looked.listing else { panic!() };
        assert_eq!((report.coverage, report.rows.len()), (Coverage::Failed, 0));
        assert!(looked.failure.is_some() && looked.traded.iter().count() == 2);
        assert!(discovery.is_due(at(6).plus(RETRY)));
    }

    #[test]
    fn a_market_that_leaves_the_listing_is_told_and_keeps_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut discovery = discovery(folder.path(), &UniverseSettings::default());
        let found = discovery.start(at(0), &mut venue).unwrap();
        let (traded, read) = found.plan.universe.markets().unwrap();
        let mut without = |place: Place, markets: &Markets, query: Query| {
            let mut answer = venue(place, markets, query)?;
            if let Answer::Instruments { listed, .. } = &mut answer {
                listed.retain(|row| row.symbol != "PF_NEWUSD");
            }
            Ok(answer)
        };
        let looked = discovery.look(at(1), (&traded, &read), &mut without).unwrap();
        assert_eq!(looked.changes, [Change::Gone { symbol: "PF_NEWUSD".to_owned() }]);
        assert_eq!(looked.traded.iter().count(), 2);
        let Input::Listing(report) = looked.listing else { panic!() };
        assert_eq!(report.rows.len(), 2, "it is in no universe any more");
    }
}
