//! Discovery: plans the run's instruments from what the venues list, and keeps the last plan in a file for a
//! start without an answer.
//!
//! Invariants: a failed question is never an empty listing; a plan from the file says so and how old it is,
//! one that is too old is none, and what today's settings do not want is not taken from it. Nothing here
//! knows a socket: answers are brought in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seawall_config::DiscoverySettings;
use seawall_engine::UniverseSettings;
use seawall_model::{Span, Ts};
use seawall_venues::discovery::{Listings, Plan, Policy, Universe, plan, provisional, turnover};
use seawall_venues::query::Ticker;
use seawall_venues::{Failure, ListedInstrument, VenueError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

const SCHEMA: &str = "seawall.universe/1";

/// What the venues say.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What can be traded.
    pub traded: Vec<ListedInstrument>,
    /// Spot markets; empty where nobody was asked.
    pub spot: Vec<ListedInstrument>,
    /// What is traded, by the numbers that [`provisional`] gives.
    pub tickers: Vec<Ticker>,
}

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
    /// The plan; from the file it has reasons only for what that has and today's settings leave out.
    pub plan: Plan,
    /// When the file was written, where the plan comes from it, and why the venue was of no help.
    pub from_file: Option<(Ts, String)>,
    /// The file could not be written.
    pub file_problem: Option<String>,
}

/// Plans the instruments of a run.
#[derive(Debug, Clone)]
pub struct Discovery {
    policy: Policy,
    file: PathBuf,
    file_age_max: Span,
    writes: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: String,
    taken_at_ms: i64,
    universe: Universe,
}

/// What the sections `discovery` and `universe` ask for.
#[must_use]
pub fn policy(own: &DiscoverySettings, universe: &UniverseSettings) -> Policy {
    Policy {
        quote: own.quote,
        signals_from_spot: own.spot_rest.is_some(),
        futures_only: !universe.require_spot,
        instruments_max: usize::try_from(own.instruments_max).unwrap_or(usize::MAX),
        fallback: own.fallback.iter().map(|one| (one.base, one.symbol.clone())).collect(),
        blocked_bases: universe.blocked_bases.clone(),
    }
}

/// The plan that follows from what the venues say. Strategies read the candles of what they trade: the spot
/// market of a coin decides whether its perpetual is chosen, and is not read.
///
/// # Errors
/// A listing that contradicts itself.
pub fn planned(policy: &Policy, seen: &Seen) -> Result<Plan, VenueError> {
    let turnover = turnover(&provisional(&seen.traded)?, &seen.tickers);
    let listings = Listings { traded: &seen.traded, spot: &seen.spot, turnover: &turnover };
    let mut plan = plan(policy, listings);
    plan.universe.read_only.clear();
    plan.universe.traded.iter_mut().for_each(|row| row.spec.signal = None);
    Ok(plan)
}

impl Discovery {
    /// A plan in `file` may stand for the venue's answer at a start until it is `file_age_max` old.
    #[must_use]
    pub fn new(policy: Policy, file: &Path, file_age_max: Span) -> Self {
        Discovery { policy, file: file.to_owned(), file_age_max, writes: true }
    }

    /// The same, and the file stays as it is.
    #[must_use]
    pub fn looking_only(self) -> Self {
        Discovery { writes: false, ..self }
    }

    /// The instruments of the run that begins.
    ///
    /// # Errors
    /// No answer and no file that may stand for it, a listing of nothing that can be traded, or one that
    /// contradicts itself.
    pub fn start(&self, at: Ts, seen: Result<Seen, Failure>) -> Result<Found, DiscoveryError> {
        match seen {
            Ok(seen) => {
                let plan = planned(&self.policy, &seen)?;
                refuse_nothing(&plan)?;
                let written = if self.writes { self.keep(at, &plan.universe) } else { Ok(()) };
                let file_problem = written.err();
                Ok(Found { plan, from_file: None, file_problem })
            }
            Err(failure) => {
                let failure = failure.to_string();
                let (taken_at, universe) = self
                    .kept(at)
                    .map_err(|cache| DiscoveryError::NoAnswer { failure: failure.clone(), cache })?;
                let plan = self.wanted(&universe);
                refuse_nothing(&plan)?;
                Ok(Found { plan, from_file: Some((taken_at, failure)), file_problem: None })
            }
        }
    }

    /// What today's settings want of an earlier plan: they may be others than its. What was traded there is
    /// not known any more, and which coins had a spot market was asked when it was made.
    fn wanted(&self, earlier: &Universe) -> Plan {
        let policy = Policy { signals_from_spot: false, ..self.policy.clone() };
        plan(&policy, Listings { traded: &earlier.traded, spot: &[], turnover: &BTreeMap::new() })
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

fn refuse_nothing(plan: &Plan) -> Result<(), DiscoveryError> {
    if !plan.universe.traded.is_empty() {
        return Ok(());
    }
    let first = plan.excluded.first();
    let first = first.map(|row| format!("{} {}", row.symbol, row.reason)).unwrap_or_default();
    Err(DiscoveryError::Nothing { count: plan.excluded.len(), first })
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_config::PerpetualOf;
    use seawall_model::{InstrumentId, InstrumentName, InstrumentSpec, PriceUnits};
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
    fn seen() -> Seen {
        let traded = vec![
            row("PF_XBTUSD", "kraken-futures:BTC/USD:USD"),
            row("PF_NEWUSD", "kraken-futures:NEW/USD:USD"),
        ];
        let ticker = |number: u32| Ticker {
            instrument: InstrumentId(number),
            bid: Some(PriceUnits::new(995)),
            ask: Some(PriceUnits::new(1_005)),
            last: Some(PriceUnits::new(1_000)),
            mark: None,
            index: None,
            volume_24h: Some((7 + number).into()),
            funding_rate_1h: None,
            suspended: false,
            post_only: false,
        };
        let tickers = vec![ticker(0), ticker(1)];
        Seen { traded, spot: vec![row("XBTUSD", "kraken:BTC/USD")], tickers }
    }

    fn asking_spot() -> DiscoverySettings {
        DiscoverySettings { spot_rest: Some("https://spot.example".to_owned()), ..Default::default() }
    }

    fn discovery(folder: &Path, own: &DiscoverySettings, universe: &UniverseSettings) -> Discovery {
        let file = folder.join("universe.json");
        Discovery::new(policy(own, universe), &file, Span::from_secs(86_400))
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
        let discovery = discovery(folder.path(), &Default::default(), &UniverseSettings::default());
        let error = discovery.start(at(0), Err(failure())).unwrap_err().to_string();
        assert!(error.contains("no answer") && error.contains("no earlier listing"), "{error}");
        discovery.clone().looking_only().start(at(0), Ok(seen())).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "who only looks writes nothing");
        let found = discovery.start(at(1), Ok(seen())).unwrap();
        assert_eq!((symbols(&found), found.from_file.is_none()), (vec!["PF_XBTUSD", "PF_NEWUSD"], true));
        let again = discovery.start(at(25), Err(failure())).unwrap();
        assert_eq!(again.plan.universe, found.plan.universe);
        assert_eq!(again.from_file.unwrap().0, at(1));
        let error = discovery.start(at(26), Err(failure())).unwrap_err().to_string();
        assert!(error.contains("25.0 hours old, allowed are 24.0"), "{error}");
    }

    #[test]
    fn an_earlier_listing_is_taken_by_the_settings_of_today() {
        let folder = tempfile::tempdir().unwrap();
        let (own, mut universe) = (DiscoverySettings::default(), UniverseSettings::default());
        discovery(folder.path(), &own, &universe).start(at(0), Ok(seen())).unwrap();
        universe.blocked_bases = vec!["NEW".parse().unwrap()];
        let found = discovery(folder.path(), &own, &universe).start(at(1), Err(failure())).unwrap();
        assert_eq!(symbols(&found), ["PF_XBTUSD"], "a base that was blocked since then");
        assert!(found.from_file.is_some() && found.plan.excluded[0].reason.contains("blocked"));
        let euro = DiscoverySettings { quote: "EUR".parse().unwrap(), ..own };
        let error = discovery(folder.path(), &euro, &universe).start(at(1), Err(failure())).unwrap_err();
        assert!(error.to_string().contains("quoted in USD and not in EUR"), "{error}");
    }

    #[test]
    fn what_the_universe_section_blocks_or_asks_spot_for_is_not_in_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let mut universe = UniverseSettings { require_spot: true, ..UniverseSettings::default() };
        let own = asking_spot();
        let found = discovery(folder.path(), &own, &universe).start(at(0), Ok(seen())).unwrap();
        assert_eq!(symbols(&found), ["PF_XBTUSD"]);
        assert!(found.plan.universe.traded[0].spec.signal.is_none(), "it is traded on its own candles");
        universe.blocked_bases = vec!["BTC".parse().unwrap()];
        let error = discovery(folder.path(), &own, &universe).start(at(0), Ok(seen())).unwrap_err();
        assert!(error.to_string().contains("PF_XBTUSD BTC is blocked"), "{error}");
    }

    /// Effect of `discovery.quote`.
    /// Effect of `discovery.instruments_max`.
    /// Effect of `discovery.fallback[].base`.
    /// Effect of `discovery.fallback[].symbol`.
    #[test]
    fn currency_number_and_the_operators_map_choose_what_is_traded() {
        let folder = tempfile::tempdir().unwrap();
        let universe = UniverseSettings { require_spot: true, ..UniverseSettings::default() };
        let chosen = |own: &DiscoverySettings, universe: &UniverseSettings| {
            let mut seen = seen();
            seen.spot.push(row("OTHERUSD", "kraken:OTHER/USD"));
            let found = discovery(folder.path(), own, universe).start(at(0), Ok(seen));
            found.map(|found| symbols(&found).join(" ")).unwrap_or_else(|error| error.to_string())
        };
        let every = UniverseSettings::default();
        assert_eq!(chosen(&Default::default(), &every), "PF_XBTUSD PF_NEWUSD");
        let one = DiscoverySettings { instruments_max: 1, ..Default::default() };
        assert_eq!(chosen(&one, &every), "PF_NEWUSD", "the one with more turnover");
        let euro = DiscoverySettings { quote: "EUR".parse().unwrap(), ..Default::default() };
        assert!(chosen(&euro, &every).contains("quoted in USD and not in EUR"));
        assert_eq!(chosen(&asking_spot(), &universe), "PF_XBTUSD");
        let map = |base: &str, symbol: &str| DiscoverySettings {
            fallback: vec![PerpetualOf { base: base.parse().unwrap(), symbol: symbol.to_owned() }],
            ..asking_spot()
        };
        assert_eq!(chosen(&map("OTHER", "PF_NEWUSD"), &universe), "PF_XBTUSD PF_NEWUSD");
        assert_eq!(chosen(&map("ABC", "PF_NEWUSD"), &universe), "PF_XBTUSD");
        assert_eq!(chosen(&map("OTHER", "PF_GONEUSD"), &universe), "PF_XBTUSD");
    }
}
