//! Where listings, quotes and candles reach the universe and the state of the data.

use seawall_model::{
    AlertKind, Coverage, GuardMode, InstrumentId, InstrumentName, ListingRow, PriceUnits, QtyUnits, Report,
    Severity, Span, Ts, VenueOrder, VenueRequest,
};

use super::discovery::{Discovery, Standing, Universe, discover};
use super::quality::{DataState, Fault};
use crate::desk::Desk;
use crate::effects::Effects;
use crate::engine::{Engine, wake_of};
use crate::exits;
use crate::gateway::alert;
use crate::phase::Phase;
use crate::shared::Shared;

/// Pause between two alerts that there is no new listing.
const TOLD_EVERY: Span = Span::from_secs(3_600);
/// Names of new instruments in an alert.
const NAMES_MAX: usize = 8;

impl Engine {
    /// The universe that was last taken over.
    #[must_use]
    pub fn universe(&self) -> Option<&Universe> {
        self.shared.listings.universe.as_ref()
    }

    /// Where an instrument of the engine stands in the universe.
    #[must_use]
    pub fn standing(&self, id: InstrumentId) -> Option<Standing> {
        self.desks.get(id.index()).map(|desk| desk.market.seat.standing)
    }

    /// The state of an instrument's data now.
    #[must_use]
    pub fn data_state(&self, id: InstrumentId) -> Option<DataState> {
        let settings = &self.shared.market.data_quality;
        self.desks.get(id.index()).map(|desk| desk.market.state_at(settings, self.shared.now))
    }

    /// A listing came in. Without one, or with one that has shrunk too much, the universe stays as it is.
    pub(crate) fn on_listing(&mut self, at: Ts, report: &Report<ListingRow>, effects: &mut Effects) {
        let Engine { desks, shared, .. } = self;
        match report.coverage {
            Coverage::Complete => {}
            Coverage::Window { .. } | Coverage::Failed => {
                let quiet = shared.listings.told_at.is_some_and(|told| at < told.plus(TOLD_EVERY));
                if !quiet {
                    shared.listings.told_at = Some(at);
                    let detail = "no complete listing came in";
                    alert(effects, at, Severity::Warning, AlertKind::ListingFailed, None, detail);
                }
                return;
            }
        }
        let settings = &shared.market.universe;
        let before = shared.listings.universe.as_ref();
        let universe = match discover(settings, before, &report.rows) {
            Discovery::Taken(universe) => universe,
            Discovery::Kept { eligible, before } => {
                let detail = format!("{eligible} instruments instead of {before}");
                alert(effects, at, Severity::Warning, AlertKind::UniverseShrink, None, detail);
                return;
            }
        };
        tell_change(at, before, &universe, effects);
        let acts = settings.mode == GuardMode::On;
        for desk in desks.iter_mut() {
            let instrument = &desk.instrument;
            let member = universe.get(instrument.name(), instrument.spec().kind.into());
            let caps = member.and_then(|member| member.tier).map(|tier| settings.tiers.caps(tier));
            desk.market.seat(instrument, member, caps.filter(|_| acts));
        }
        shared.listings.universe = Some(universe);
        if acts {
            // The margin of what is held goes by the leverage that is set.
            shared.guard.watch.wake(at);
            let left = |desk: &Desk| desk.market.seat.standing != Standing::Eligible;
            desks
                .iter_mut()
                .filter(|desk| left(desk))
                .for_each(|desk| end_entries(desk, shared, at, effects));
        }
        self.plan_wakeup();
    }

    /// A quote came in, sound or not.
    pub(crate) fn see_quote(
        &mut self,
        at: Ts,
        id: InstrumentId,
        quote: (PriceUnits, PriceUnits),
        depth: Option<(QtyUnits, QtyUnits)>,
        effects: &mut Effects,
    ) {
        let Engine { desks, shared, .. } = self;
        let watched = shared.has_quotes || shared.market.data_quality.mode != GuardMode::Off;
        let Some(desk) = desks.get_mut(id.index()).filter(|_| watched) else { return };
        if desk.market.see_quote(at, quote, depth) {
            self.judge_data(at, id, Some(Fault::Stale), effects);
        }
    }

    /// A candle came in that says something about the data.
    pub(crate) fn judge_candle(
        &mut self,
        at: Ts,
        id: InstrumentId,
        (end, hole): (Ts, bool),
        effects: &mut Effects,
    ) {
        let settings = &self.shared.market.data_quality;
        let fault = self.desks.get(id.index()).and_then(|desk| desk.market.fault(settings, at, end, hole));
        self.judge_data(at, id, fault, effects);
    }

    /// Something was seen of the data of an instrument: a fault, or none.
    pub(crate) fn judge_data(
        &mut self,
        at: Ts,
        id: InstrumentId,
        fault: Option<Fault>,
        effects: &mut Effects,
    ) {
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        let settings = &shared.market.data_quality;
        // History that is fed before the start is over says nothing about the feed.
        if settings.mode == GuardMode::Off || shared.phase != Phase::Ready {
            return;
        }
        let Some(state) = desk.market.observe(settings, at, fault.is_none()) else { return };
        let severity = if state == DataState::Healthy { Severity::Info } else { Severity::Warning };
        let why = fault.map_or("passed often enough, or long ago", Fault::text);
        alert(effects, at, severity, AlertKind::DataState, Some(id), format!("{}: {why}", state.name()));
        if state == DataState::Suspended && settings.mode == GuardMode::On {
            end_entries(desk, shared, at, effects);
        }
        self.plan_wakeup();
    }
}

/// An order that could open a position on an instrument that is never entered: cancelled where it is ours,
/// also from an earlier run, else reported once. Says whether `row` was such an order.
pub(crate) fn end_forbidden(desk: &mut Desk, at: Ts, row: &VenueOrder, effects: &mut Effects) -> bool {
    let standing = desk.market.seat.standing;
    if row.reduce_only || !matches!(standing, Standing::ExcludedBase | Standing::Blocked) {
        return false;
    }
    if let Some(order) = row.order {
        effects.requests.push(VenueRequest::Cancel { order });
    }
    if desk.foreign_orders.remember(row.venue_order_id) {
        let done = if row.order.is_some() { "cancelled" } else { "not ours: cancel it by hand" };
        let detail = format!("order {} on an instrument never entered, {done}", row.venue_order_id);
        let id = Some(desk.instrument.id());
        alert(effects, at, Severity::Warning, AlertKind::OrphanOrder, id, detail);
    }
    true
}

/// Nothing that rests may open a position on an instrument that could not be entered now.
pub(super) fn end_entries(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    desk.queued = None;
    exits::cancel_entries(desk, shared, at, effects);
    desk.wake_at = wake_of(desk, shared).max(at);
}

fn tell_change(at: Ts, before: Option<&Universe>, now: &Universe, effects: &mut Effects) {
    let same = before.is_some_and(|before| {
        let sizes = before.members().len() == now.members().len();
        let pairs = before.members().iter().zip(now.members());
        sizes
            && pairs
                .into_iter()
                .all(|(one, other)| (&one.name, one.standing) == (&other.name, other.standing))
    });
    if same {
        return;
    }
    let new: Vec<&InstrumentName> =
        now.members().iter().filter(|member| member.is_new).map(|member| &member.name).collect();
    let mut detail = format!("{} of {} listed may be entered", now.eligible(), now.members().len());
    if !new.is_empty() {
        let names: Vec<&str> = new.iter().take(NAMES_MAX).map(|name| name.as_str()).collect();
        let more = if new.len() > NAMES_MAX { ", …" } else { "" };
        detail = format!("{detail}; new: {}{more}", names.join(", "));
    }
    alert(effects, at, Severity::Info, AlertKind::UniverseChanged, None, detail);
}
