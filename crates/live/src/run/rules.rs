//! What each instrument takes, put together: what the run chooses, what the listing says, and what the stream
//! of prices says between two listings. The engine is told when that, or a rule, is another one.

use seawall_engine::Engine;
use seawall_model::{InstrumentId, Rules, Trading};
use seawall_venues::query::Ticker;

/// One instrument.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// The least that holds: what is not chosen is looked after only.
    floor: Trading,
    listed: Trading,
    quoted: Trading,
}

/// All instruments of a run, by their numbers.
#[derive(Debug)]
pub(super) struct Standings {
    rows: Vec<Standing>,
}

impl Standings {
    /// `count` instruments, of which the first `chosen` are traded; `rules` of those that do not take every
    /// order.
    pub(super) fn new(count: usize, chosen: usize, rules: &[Rules]) -> Self {
        let open = |floor| Standing { floor, listed: Trading::Open, quoted: Trading::Open };
        let floor = |number| if number < chosen { Trading::Open } else { Trading::LookedAfter };
        let mut rows: Vec<Standing> = (0..count).map(|number| open(floor(number))).collect();
        for rules in rules.iter().filter(|rules| rules.trading != Trading::LookedAfter) {
            if let Some(row) = rows.get_mut(rules.instrument.index()) {
                row.listed = rules.trading;
            }
        }
        Standings { rows }
    }

    /// The listing has these rules; what the engine has to be told of them, if anything.
    pub(super) fn listed(&mut self, rules: Rules, engine: &Engine) -> Option<Rules> {
        let row = self.rows.get_mut(rules.instrument.index())?;
        row.listed = rules.trading;
        let rules = Rules { trading: row.trading(), ..rules };
        let known = engine.instrument(rules.instrument)?.rules(rules.trading);
        let same = known == rules && engine.trading(rules.instrument) == Some(rules.trading);
        (!same).then_some(rules)
    }

    /// The stream of prices says whether the market is halted.
    pub(super) fn quoted(&mut self, ticker: &Ticker, engine: &Engine) -> Option<Rules> {
        let quoted = match (ticker.suspended, ticker.post_only) {
            (true, _) => Trading::Suspended,
            (false, true) => Trading::PostOnly,
            (false, false) => Trading::Open,
        };
        let id: InstrumentId = ticker.instrument;
        let row = self.rows.get_mut(id.index())?;
        if core::mem::replace(&mut row.quoted, quoted) == quoted {
            return None;
        }
        let trading = row.trading();
        (engine.trading(id) != Some(trading)).then(|| engine.instrument(id).map(|one| one.rules(trading)))?
    }
}

impl Standing {
    fn trading(self) -> Trading {
        self.floor.max(self.listed).max(self.quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, ManifestInstrument};
    use seawall_config::Config;
    use seawall_engine::Effects;
    use seawall_model::{Input, InstrumentSpec, Timeframe, Ts};

    fn engine() -> Engine {
        let one = |number: u32| ManifestInstrument {
            spec: InstrumentSpec {
                tick: Some("0.5".parse().unwrap()),
                ..InstrumentSpec::new(format!("kraken-futures:C{number}/USD:USD").parse().unwrap())
            },
            data_decimals: 3,
            qty_decimals: 0,
            timeframe: Timeframe::M1,
            read_only: false,
        };
        let config = Config::default();
        Engine::new(Manifest::new(1, config, (0..2).map(one).collect()).setup().unwrap()).unwrap()
    }

    fn ticker(instrument: u32, suspended: bool, post_only: bool) -> Ticker {
        Ticker {
            instrument: InstrumentId(instrument),
            bid: None,
            ask: None,
            last: None,
            mark: None,
            index: None,
            volume_24h: None,
            funding_rate_1h: None,
            suspended,
            post_only,
        }
    }

    /// [I-73]: see docs/incidents.md.
    #[test]
    fn listing_and_stream_are_put_together_and_the_engine_is_told_of_changes_alone() {
        let mut engine = engine();
        let mut standings = Standings::new(2, 1, &[]);
        let mut effects = Effects::new();
        let mut told = |rules: Option<Rules>, engine: &mut Engine| {
            let trading = rules.as_ref().map(|rules| rules.trading);
            if let Some(rules) = rules {
                engine.step(Ts::EPOCH, &Input::Rules(rules), &mut effects);
            }
            trading
        };
        let listed =
            |engine: &Engine, id: u32, trading| engine.instrument(InstrumentId(id)).unwrap().rules(trading);
        let open = listed(&engine, 0, Trading::Open);
        assert_eq!(told(standings.listed(open.clone(), &engine), &mut engine), None, "nothing is new");
        let news = standings.quoted(&ticker(0, true, false), &engine);
        assert_eq!(told(news, &mut engine), Some(Trading::Suspended));
        assert_eq!(standings.quoted(&ticker(0, true, false), &engine), None, "once");
        // A listing that is older than the halt does not end it.
        assert_eq!(told(standings.listed(open.clone(), &engine), &mut engine), None);
        let news = standings.quoted(&ticker(0, false, true), &engine);
        assert_eq!(told(news, &mut engine), Some(Trading::PostOnly));
        let news = standings.quoted(&ticker(0, false, false), &engine);
        assert_eq!(told(news, &mut engine), Some(Trading::Open));
        let finer = Rules { tick: "0.25".parse().unwrap(), ..open };
        assert_eq!(told(standings.listed(finer.clone(), &engine), &mut engine), Some(Trading::Open));
        assert_eq!(told(standings.listed(finer, &engine), &mut engine), None);
        // What is not chosen is looked after, whatever the venue takes.
        let other = listed(&engine, 1, Trading::Open);
        assert_eq!(told(standings.listed(other, &engine), &mut engine), Some(Trading::LookedAfter));
        let gone = listed(&engine, 1, Trading::Delisted);
        assert_eq!(told(standings.listed(gone, &engine), &mut engine), Some(Trading::Delisted));
    }
}
