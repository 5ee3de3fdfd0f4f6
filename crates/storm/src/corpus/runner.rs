//! Lives through a scenario: what it says happens at its time, and what must hold is looked at.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{Input, Span, Ts, VenueRequest};

use super::{Do, Scenario, id};
use crate::faults::Fault;
use crate::report::Report;
use crate::strikes::About;
use crate::swarm::Plan;
use crate::weather::BY_INSTRUMENT;
use crate::world::{Happening, StormError, World};

/// What a world knows of the scenario that it lives.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) scenario: &'static Scenario,
    /// Waits for the next request about something.
    watches: Vec<(About, Do)>,
    /// How often each fault must have struck in the end.
    wanted: BTreeMap<Fault, u64>,
    /// What did not hold, or found nothing to hit.
    pub(crate) failed: Vec<String>,
}

/// What a scenario came to under one seed.
#[derive(Debug)]
pub struct Outcome {
    /// What the world came to.
    pub report: Report,
    /// What did not hold beside the oracles.
    pub failed: Vec<String>,
    /// The last lines of what happened.
    pub story: Vec<String>,
}

impl Outcome {
    /// Whether everything held.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.failed.is_empty() && self.report.violation.is_none()
    }

    /// What did not hold, in words.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let broken = self.report.violation.iter();
        let broken =
            broken.map(|broken| format!("{} broken at {}: {}", broken.oracle.name(), broken.at, broken.what));
        broken.chain(self.failed.iter().cloned()).collect()
    }
}

/// Lives the scenario under a seed.
///
/// # Errors
/// The world cannot be made.
pub fn live(scenario: &'static Scenario, seed: u64) -> Result<Outcome, StormError> {
    let plan = Plan::scripted(seed, scenario);
    let script = Script { scenario, watches: Vec::new(), wanted: BTreeMap::new(), failed: Vec::new() };
    let mut world = World::of(seed, plan, Some(Vec::new()), Some(Box::new(script)))?;
    for (seconds, what) in scenario.script {
        let at = world.now.plus(Span::from_secs(*seconds));
        world.agenda.put(at, Happening::Scripted(*what));
    }
    world.live();
    world.judge_the_end();
    let story = world.story.take().unwrap_or_default();
    let failed = world.script.take().map_or(Vec::new(), |script| script.failed);
    Ok(Outcome { report: world.report(), failed, story })
}

impl World {
    fn complain(&mut self, what: String) {
        if let Some(script) = &mut self.script {
            script.failed.push(what);
        }
    }

    fn wants(&mut self, fault: Fault, times: u64) {
        if let Some(script) = &mut self.script {
            *script.wanted.entry(fault).or_insert(0) += times;
        }
    }

    /// Something of the scenario happens.
    pub(crate) fn play(&mut self, at: Ts, what: Do) {
        match what {
            Do::Next(fault, about) => self.arm(fault, about, 1),
            Do::Times(times, fault, about) => self.arm(fault, about, times),
            Do::Now(fault) => self.begin_now(at, fault, 0),
            Do::On(instrument, fault) => self.begin_now(at, fault, instrument),
            Do::While(fault) => {
                self.wants(fault, 1);
                self.faults.set(fault, crate::random::MILLION);
            }
            Do::Until(fault) => self.faults.set(fault, 0),
            Do::Hand(instrument, side, percent) => {
                let qty = self.affordable(id(instrument), Decimal::new(percent, 2));
                match qty {
                    None => self.complain(format!("{percent} % of the equity buy nothing")),
                    Some(qty) => self.venue.by_hand(at, id(instrument), (side, qty), &mut self.truth),
                }
                self.touched(at, instrument);
            }
            Do::CloseByHand(instrument) => {
                match self.venue.holding(id(instrument)) {
                    None => self.complain("there is nothing to close by hand".to_owned()),
                    Some((side, qty)) => {
                        self.venue.by_hand(at, id(instrument), (side, qty), &mut self.truth);
                    }
                }
                self.touched(at, instrument);
            }
            Do::Jump(instrument, hundredths) => self.jump(at, instrument, hundredths),
            Do::Down(seconds) => self.die_for(at, usize::MAX, Span::from_secs(seconds)),
            Do::Tell(command) => self.feed(at, Input::Operator(command)),
            Do::KillAs(about) => self.watch_for(about, Do::Down(5)),
            Do::TellAs(about, command) => self.watch_for(about, Do::Tell(command)),
            Do::JumpAs(about, hundredths) => self.watch_for(about, Do::Jump(0, hundredths)),
            Do::Check(musts) => self.check(at, musts),
        }
    }

    fn arm(&mut self, fault: Fault, about: About, times: u32) {
        self.wants(fault, u64::from(times));
        for _ in 0..times {
            self.faults.arm(fault, Some(about));
        }
    }

    /// Of an instrument or of all, as the fault is.
    fn begin_now(&mut self, at: Ts, fault: Fault, instrument: u32) {
        self.wants(fault, 1);
        self.faults.arm(fault, Some(About::Script));
        let Some(strike) = self.faults.strikes(fault, About::Script) else { return };
        let instrument = BY_INSTRUMENT.contains(&fault).then(|| id(instrument));
        self.begin(at, strike, instrument);
        self.forward(at, None);
    }

    fn jump(&mut self, at: Ts, instrument: u32, hundredths: i64) {
        if !self.market.jump(id(instrument), hundredths) {
            self.complain(format!("the price cannot jump by {hundredths}"));
        }
        self.truth.disturb(at, Some(id(instrument)));
    }

    fn touched(&mut self, at: Ts, instrument: u32) {
        self.truth.disturb(at, Some(id(instrument)));
        self.forward(at, None);
    }

    fn watch_for(&mut self, about: About, what: Do) {
        if let Some(script) = &mut self.script {
            script.watches.push((about, what));
        }
    }

    /// A request leaves: what waits for it happens in the same instant, after it has left.
    pub(crate) fn leaves(&mut self, at: Ts, request: &VenueRequest) {
        let about = About::request(request);
        let Some(script) = &mut self.script else { return };
        let Some(place) = script.watches.iter().position(|(wanted, _)| *wanted == about) else { return };
        let (_, what) = script.watches.remove(place);
        self.agenda.put(at, Happening::Scripted(what));
    }

    /// Whether everything happened, and what must hold does.
    fn judge_the_end(&mut self) {
        let Some(script) = &mut self.script else { return };
        let (watches, musts) = (std::mem::take(&mut script.watches), script.scenario.must);
        let wanted = std::mem::take(&mut script.wanted);
        for (about, what) in watches {
            self.complain(format!("{what:?} waits for {} in vain", about.name()));
        }
        let injected: BTreeMap<Fault, u64> = self.faults.injected().collect();
        for (fault, times) in wanted {
            let struck = injected.get(&fault).copied().unwrap_or(0);
            if struck < times {
                self.complain(format!("{} struck {struck} of {times} times", fault.name()));
            }
        }
        self.check(self.now, musts);
    }
}
