//! What must hold in a scenario, judged by the venue's books, by what has left the process and by what the
//! operator was told.

use rust_decimal::Decimal;
use seawall_model::{OrderKind, QtyUnits, Ts, VenueOrder};

use super::{Must, id};
use crate::strikes::About;
use crate::truth::is_covered;
use crate::world::World;

impl World {
    /// Complains of each that does not hold.
    pub(crate) fn check(&mut self, at: Ts, musts: &[Must]) {
        for must in musts {
            if let Err(what) = self.holds(*must) {
                let after = at.since(self.plan.start).secs_f64();
                if let Some(script) = &mut self.script {
                    script.failed.push(format!("{must:?} does not hold after {after:.0} s: {what}"));
                }
            }
        }
    }

    fn holds(&self, must: Must) -> Result<(), String> {
        let told = |kind| {
            let words = format!("! {kind:?} ");
            self.story.iter().flatten().any(|line| line.contains(&words))
        };
        let (holds, what) = match must {
            Must::Flat(number) => {
                let held = self.venue.exchange.held(id(number));
                let rests = self.venue.exchange.working(id(number)).count();
                (held.is_zero() && rests == 0, format!("{held:?} is held, {rests} orders rest"))
            }
            Must::Long(number) => self.holds_one(number, 1),
            Must::Short(number) => self.holds_one(number, -1),
            Must::Guarded(number) => {
                (is_covered(&self.venue.exchange, id(number)), "it is without cover".to_owned())
            }
            Must::Entries(count) => self.counts(About::Entry, |placed| placed == count),
            Must::Placed(about, count) => self.counts(about, |placed| placed == count),
            Must::AtMost(about, count) => self.counts(about, |placed| placed <= count),
            Must::Targets(number, count) => {
                let rest = self.targets(number).count();
                (rest == count, format!("{rest} rest"))
            }
            Must::TargetsFit(number) => {
                let sum = self.targets(number).map(|row| open(&row)).fold(QtyUnits::ZERO, QtyUnits::plus);
                let held = self.venue.exchange.held(id(number)).abs();
                (sum <= held, format!("they come to {sum:?} of {held:?}"))
            }
            Must::WorthAtMost(number, percent) => self.worth(number, percent),
            Must::Fills(count) => {
                let fills = self.truth.fills_total;
                (fills >= count, format!("{fills} executions"))
            }
            Must::Lives(count) => (self.counts.lives == count, format!("{} lives", self.counts.lives)),
            Must::Told(kind) => (told(kind), "nothing was said".to_owned()),
            Must::NotTold(kind) => (!told(kind), "it was said".to_owned()),
            Must::Killed => {
                let killed = self.process.as_ref().is_some_and(|one| one.engine.kill_switch().is_some());
                (killed, "it is off".to_owned())
            }
            Must::NakedAtMost(millis) => {
                let longest = self.truth.naked_max.millis();
                (longest <= millis, format!("{longest} ms"))
            }
        };
        if holds { Ok(()) } else { Err(what) }
    }

    /// Held on this side, with one stop of its size.
    fn holds_one(&self, number: u32, sign: i64) -> (bool, String) {
        let held = self.venue.exchange.held(id(number));
        let is_stop = |row: &VenueOrder| row.kind.is_stop() && row.reduce_only;
        let stops: Vec<VenueOrder> = self.venue.exchange.working(id(number)).filter(is_stop).collect();
        let fits = stops.iter().map(open).eq([held.abs()]);
        let sizes: Vec<QtyUnits> = stops.iter().map(open).collect();
        (held.get() * sign > 0 && fits, format!("{held:?} is held, stops of {sizes:?} rest"))
    }

    fn targets(&self, number: u32) -> impl Iterator<Item = VenueOrder> + '_ {
        self.venue.exchange.working(id(number)).filter(|row| {
            let takes_profit = match row.kind {
                OrderKind::Limit { .. }
                | OrderKind::TakeProfitMarket { .. }
                | OrderKind::TakeProfitLimit { .. } => true,
                OrderKind::Market | OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. } => false,
            };
            takes_profit && row.reduce_only
        })
    }

    fn counts(&self, about: About, fits: impl Fn(usize) -> bool) -> (bool, String) {
        let placed = self.truth.intents.values().filter(|intent| About::placement(&intent.request) == about);
        let placed = placed.count();
        (fits(placed), format!("{placed} have left"))
    }

    fn worth(&self, number: u32, percent: i64) -> (bool, String) {
        let held = self.venue.exchange.held(id(number)).abs();
        let price = self.prices.get(id(number).index()).copied().unwrap_or_default();
        let instrument = self.venue.instruments.get(id(number).index());
        let worth = instrument.and_then(|one| one.notional(price, held).ok()).unwrap_or_default().get();
        let most = self.venue.exchange.account().equity.get() * Decimal::new(percent, 2);
        (worth <= most, format!("{worth} of {most}"))
    }
}

fn open(row: &VenueOrder) -> QtyUnits {
    row.qty.minus(row.filled).max(QtyUnits::ZERO)
}
