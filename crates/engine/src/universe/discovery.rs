//! From a listing to a universe: a pure function of the rows, the universe before and the settings.
//!
//! Invariants: the order of the rows changes nothing; a contract that cannot be traded here (inverse, or with
//! an end) stands for nothing but itself, so it never lends its numbers to the perpetual of its coin; a
//! universe that is worth guarding is not given up for one that has shrunk too much, and what a new one is
//! compared with is the last one that was taken over, never a list in a file.

use rust_decimal::Decimal;
use seawall_model::{ContractKind, Currency, InstrumentName, ListedKind, ListingRow, StateSink};

use super::bases::is_money;
use super::settings::UniverseSettings;
use super::tiers::Tier;

/// Where a contract stands, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It may be entered.
    Eligible,
    /// Its base is money itself.
    ExcludedBase,
    /// It is on a block list.
    Blocked,
    /// The listing does not have it.
    NotListed,
    /// Its base has no spot market, and the settings want one.
    NoSpotMarket,
    /// The listing has it twice: which one is meant is not known.
    ListedTwice,
    /// No listing has come in yet.
    NoListing,
    /// Too little is traded, or nobody knows how much.
    TooLittleVolume,
    /// The spread is too wide, or one side is empty.
    SpreadTooWide,
    /// It is no contract that can be traded here.
    OtherContract,
}

impl Standing {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Eligible => "eligible",
            Standing::ExcludedBase => "excluded_base",
            Standing::Blocked => "blocked",
            Standing::NotListed => "not_listed",
            Standing::NoSpotMarket => "no_spot_market",
            Standing::ListedTwice => "listed_twice",
            Standing::NoListing => "no_listing",
            Standing::TooLittleVolume => "too_little_volume",
            Standing::SpreadTooWide => "spread_too_wide",
            Standing::OtherContract => "other_contract",
        }
    }

    /// Its number in the gate `universe`; zero where that gate has nothing against it.
    pub(crate) fn code(self) -> f64 {
        match self {
            Standing::Eligible
            | Standing::TooLittleVolume
            | Standing::SpreadTooWide
            | Standing::OtherContract => 0.0,
            Standing::ExcludedBase => 1.0,
            Standing::Blocked => 2.0,
            Standing::NotListed => 3.0,
            Standing::NoSpotMarket => 4.0,
            Standing::ListedTwice => 5.0,
            Standing::NoListing => 6.0,
        }
    }
}

/// A contract of the listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its canonical name.
    pub name: InstrumentName,
    /// What kind of contract it is.
    pub kind: ListedKind,
    /// Where it stands.
    pub standing: Standing,
    /// Its tier; whatever is eligible has one.
    pub tier: Option<Tier>,
    /// The universe before did not have it.
    pub is_new: bool,
    /// Whether volume and spread are not asked.
    pub pinned: bool,
    /// Volume within 24 hours in quote currency, where it is known.
    pub volume_24h: Option<f64>,
    /// Spread in percent of the bid, where it is known; without a sound bid and ask it is endless.
    pub spread_pct: Option<f64>,
}

/// Everything that was listed, with where it stands; by name and kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Universe {
    members: Vec<Member>,
}

/// What became of a listing.
#[derive(Debug, Clone, PartialEq)]
pub enum Discovery {
    /// It is the universe now.
    Taken(Universe),
    /// It has shrunk too much: the one before stays.
    Kept {
        /// How many could be entered by it.
        eligible: usize,
        /// How many can be by the one before.
        before: usize,
    },
}

impl Universe {
    /// All members, by name and kind.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// How many may be entered.
    #[must_use]
    pub fn eligible(&self) -> usize {
        self.members.iter().filter(|member| member.standing == Standing::Eligible).count()
    }

    /// The member of this name and kind.
    #[must_use]
    pub fn get(&self, name: &InstrumentName, kind: ListedKind) -> Option<&Member> {
        let place = self.members.binary_search_by(|member| (&member.name, member.kind).cmp(&(name, kind)));
        place.ok().and_then(|place| self.members.get(place))
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.members.len() as u64);
        for member in &self.members {
            sink.bytes(member.name.as_str().as_bytes());
            sink.bytes(member.standing.name().as_bytes());
            sink.bytes(member.tier.map_or("", Tier::name).as_bytes());
            sink.number(u64::from(member.is_new));
            for number in [member.volume_24h, member.spread_pct] {
                sink.float(number.unwrap_or(-1.0));
            }
        }
    }
}

/// The universe of a listing, or the reason to keep the one before.
#[must_use]
pub fn discover(settings: &UniverseSettings, previous: Option<&Universe>, rows: &[ListingRow]) -> Discovery {
    let mut sorted: Vec<&ListingRow> = rows.iter().collect();
    sorted.sort_unstable_by(|one, other| (&one.name, one.kind).cmp(&(&other.name, other.kind)));
    let mut spot: Vec<Currency> =
        rows.iter().filter(|row| row.kind == ListedKind::Spot).map(|row| row.name.base()).collect();
    spot.sort_unstable();
    let mut members = Vec::with_capacity(sorted.len());
    for group in sorted.chunk_by(|one, other| one.name == other.name && one.kind == other.kind) {
        let Some(row) = group.first() else { continue };
        let mut member = judge(settings, &spot, row);
        if group.len() > 1 {
            // Which of the rows is meant would depend on their order.
            let other = member.standing == Standing::OtherContract;
            let twice = fixed_standing(settings, &row.name).unwrap_or(Standing::ListedTwice);
            let standing = if other { Standing::OtherContract } else { twice };
            member = Member { standing, tier: None, volume_24h: None, spread_pct: None, ..member };
        }
        member.is_new = previous.is_some_and(|before| before.get(&member.name, member.kind).is_none());
        members.push(member);
    }
    let universe = Universe { members };
    match previous {
        Some(before) if shrinks(settings, before.eligible(), universe.eligible()) => {
            Discovery::Kept { eligible: universe.eligible(), before: before.eligible() }
        }
        Some(_) | None => Discovery::Taken(universe),
    }
}

fn shrinks(settings: &UniverseSettings, before: usize, now: usize) -> bool {
    let guarded = before > usize::try_from(settings.shrink_guard_above).unwrap_or(usize::MAX);
    let least = Decimal::from(before).checked_mul(settings.shrink_keep_min_pct.fraction());
    guarded && least.is_some_and(|least| Decimal::from(now) < least)
}

fn judge(settings: &UniverseSettings, spot: &[Currency], row: &ListingRow) -> Member {
    let volume_24h = row.volume_24h.filter(|volume| volume.is_finite() && *volume >= 0.0);
    let spread_pct = spread_pct(row);
    let pinned = settings.pinned_bases.contains(&row.name.base());
    let kind = match row.kind {
        ListedKind::Spot => Some(ContractKind::Spot),
        ListedKind::LinearPerpetual => Some(ContractKind::LinearPerpetual),
        ListedKind::Inverse | ListedKind::FixedMaturity => None,
    };
    let standing = match kind {
        None => Standing::OtherContract,
        Some(kind) => standing(settings, spot, row, kind, (pinned, volume_24h, spread_pct)),
    };
    let tier = (standing == Standing::Eligible)
        .then(|| if pinned { Tier::A } else { Tier::of(&settings.tiers, volume_24h, spread_pct) });
    let name = row.name.clone();
    Member { name, kind: row.kind, standing, tier, is_new: false, pinned, volume_24h, spread_pct }
}

/// What no listing can change.
pub(crate) fn fixed_standing(settings: &UniverseSettings, name: &InstrumentName) -> Option<Standing> {
    if is_money(name.base()) {
        Some(Standing::ExcludedBase)
    } else if settings.blocked_instruments.contains(name) || settings.blocked_bases.contains(&name.base()) {
        Some(Standing::Blocked)
    } else {
        None
    }
}

fn standing(
    settings: &UniverseSettings,
    spot: &[Currency],
    row: &ListingRow,
    kind: ContractKind,
    known: (bool, Option<f64>, Option<f64>),
) -> Standing {
    let (pinned, volume, spread) = known;
    let needs_spot = settings.require_spot && kind == ContractKind::LinearPerpetual;
    let least = settings.volume_24h_min(kind).filter(|_| !pinned);
    let widest = settings.spread_max_pct(kind).filter(|_| !pinned);
    if let Some(fixed) = fixed_standing(settings, &row.name) {
        fixed
    } else if needs_spot && spot.binary_search(&row.name.base()).is_err() {
        Standing::NoSpotMarket
    } else if least.is_some_and(|least| volume.unwrap_or(0.0) < least.to_f64()) {
        Standing::TooLittleVolume
    } else if widest.zip(spread).is_some_and(|(widest, spread)| spread > widest.to_f64()) {
        Standing::SpreadTooWide
    } else {
        Standing::Eligible
    }
}

/// `None` where neither side is known.
fn spread_pct(row: &ListingRow) -> Option<f64> {
    match (row.bid, row.ask) {
        (None, None) => None,
        (Some(bid), Some(ask)) if bid.get() > Decimal::ZERO && ask >= bid => {
            Some(ask.minus(bid).map_or(f64::INFINITY, |distance| distance.to_f64() * 100.0 / bid.to_f64()))
        }
        (Some(_) | None, _) => Some(f64::INFINITY),
    }
}
