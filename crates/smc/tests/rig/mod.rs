//! One of every detector, wired as a chart would wire them, with short legs, so that a short walk sees
//! everything.
#![allow(dead_code, clippy::unwrap_used, reason = "each binary uses a part of it; a test fails by panicking")]

use seawall_model::{TimeOfDay, Ts, Zone};
use seawall_smc::{
    AtrSize, BalancedRangeSettings, BalancedRanges, Bar, BarSeries, DealingRangeSettings, DealingRanges,
    Detector, DisplacementBody, DisplacementProof, DisplacementSettings, Displacements, EqualLevels,
    EqualRule, EqualSettings, Event, Events, FailedBlockSettings, FailedBlocks, FairValueGapRules,
    FairValueGapSettings, FairValueGaps, Fractal, GapPeriod, ImbalanceSettings, Imbalances,
    InducementSettings, Inducements, InverseGaps, Kind, Labels, OpenPrice, OpenPriceSettings, OptimalEntries,
    OptimalEntrySettings, OrderBlockSettings, OrderBlocks, Period, PeriodGapSettings, PeriodGaps, PoolInput,
    PoolSettings, Pools, PowerOfThree, PowerOfThreeSettings, PreviousLevels, PropulsionBlocks,
    PropulsionSettings, PropulsionSources, RejectionBlocks, RejectionSettings, Session, SessionHours, Shift,
    ShiftSettings, ShiftSources, Source, Sources, StrengthRule, Strengths, Structure, StructureShifts,
    SweepBefore, Tolerance, TradingDay, UnicornSettings, UnicornSources, Unicorns, VoidSettings, VoidSources,
    Voids, WideBars, ZoneLimits,
};

pub(crate) const STRUCTURE: Source = Source(1);
pub(crate) const FRACTAL: Source = Source(2);
pub(crate) const BLOCKS: Source = Source(3);
pub(crate) const GAPS: Source = Source(4);
pub(crate) const JOINED: Source = Source(5);
pub(crate) const DISPLACEMENTS: Source = Source(6);
pub(crate) const INVERSE: Source = Source(7);
pub(crate) const BALANCED: Source = Source(8);
pub(crate) const IMBALANCES: Source = Source(9);
pub(crate) const VOIDS: Source = Source(10);
pub(crate) const LABELS: Source = Source(11);
pub(crate) const PAIRS: Source = Source(12);
pub(crate) const GROUPS: Source = Source(13);
pub(crate) const RANGES: Source = Source(14);
pub(crate) const STRONG: Source = Source(15);
pub(crate) const PROTECTED: Source = Source(16);
pub(crate) const ENTRIES: Source = Source(17);
pub(crate) const SESSION: Source = Source(18);
pub(crate) const DAY: Source = Source(19);
pub(crate) const WEEK: Source = Source(20);
pub(crate) const OPEN: Source = Source(21);
pub(crate) const DAY_GAPS: Source = Source(22);
pub(crate) const POOLS: Source = Source(23);
pub(crate) const PATIENT_POOLS: Source = Source(24);
pub(crate) const INDUCEMENTS: Source = Source(25);
pub(crate) const POWER: Source = Source(26);
pub(crate) const FAILED: Source = Source(27);
pub(crate) const REJECTIONS: Source = Source(28);
pub(crate) const PROPULSIONS: Source = Source(29);
pub(crate) const UNICORNS: Source = Source(30);
pub(crate) const SHIFTS: Source = Source(31);

/// The largest of them.
pub(crate) const SOURCES: u8 = 31;

const LEG: usize = 2;

/// One of each, in an order in which those that read others come after them.
pub(crate) fn detectors(limits: ZoneLimits) -> Vec<Box<dyn Detector>> {
    let mut all = of_structure(limits);
    all.extend(of_zones(limits));
    all.extend(of_time(limits));
    all.extend(of_liquidity(limits));
    all.extend(of_blocks(limits));
    all
}

fn of_structure(limits: ZoneLimits) -> Vec<Box<dyn Detector>> {
    let wide_bars = WideBars::Exchanged { atr_period: 6, multiple: 1.5 };
    let blocks = OrderBlockSettings { leg_size: LEG, wide_bars, limits };
    let entries = OptimalEntrySettings { leg_size: LEG, ..OptimalEntrySettings::default() };
    let leg = StrengthRule::BreakingLeg { leg_size: LEG };
    vec![
        Box::new(Structure::new(STRUCTURE, LEG).unwrap()),
        Box::new(Fractal::new(FRACTAL, 2, 2).unwrap()),
        Box::new(OrderBlocks::new(BLOCKS, STRUCTURE, blocks).unwrap()),
        Box::new(Labels::new(LABELS, STRUCTURE)),
        Box::new(DealingRanges::new(RANGES, STRUCTURE, DealingRangeSettings::default()).unwrap()),
        Box::new(Strengths::new(STRONG, STRUCTURE, StrengthRule::Trailing).unwrap()),
        Box::new(Strengths::new(PROTECTED, STRUCTURE, leg).unwrap()),
        Box::new(OptimalEntries::new(ENTRIES, STRUCTURE, entries).unwrap()),
    ]
}

fn of_zones(limits: ZoneLimits) -> Vec<Box<dyn Detector>> {
    let body = DisplacementBody::Ict {
        mean: None,
        atr: Some(AtrSize { period: 4, multiple: 0.5 }),
        body_fraction_min: 0.5,
    };
    let displaced = DisplacementSettings { body, proof: DisplacementProof::default() };
    let gaps = FairValueGapSettings { limits, ..FairValueGapSettings::default() };
    let joined = FairValueGapRules { join_consecutive: true, ..FairValueGapRules::default() };
    let balanced = BalancedRangeSettings { bars_max: 10, limits };
    let imbalances = ImbalanceSettings { limits, ..ImbalanceSettings::default() };
    let voids = VoidSources { displacements: DISPLACEMENTS, gaps: GAPS };
    vec![
        Box::new(Displacements::new(DISPLACEMENTS, displaced).unwrap()),
        Box::new(FairValueGaps::new(GAPS, gaps).unwrap()),
        Box::new(FairValueGaps::with_rules(JOINED, gaps, joined).unwrap()),
        Box::new(InverseGaps::new(INVERSE, Sources::of(&[GAPS, JOINED]), limits).unwrap()),
        Box::new(BalancedRanges::new(BALANCED, GAPS, balanced).unwrap()),
        Box::new(Imbalances::new(IMBALANCES, imbalances).unwrap()),
        Box::new(Voids::new(VOIDS, voids, VoidSettings { gaps_min: 1, limits }).unwrap()),
    ]
}

fn of_time(limits: ZoneLimits) -> Vec<Box<dyn Detector>> {
    let asia = SessionHours::daily(Zone::UTC, TimeOfDay::new(0, 0), TimeOfDay::new(4, 0));
    let hours = |start| SessionHours::daily(Zone::UTC, TimeOfDay::new(start, 0), TimeOfDay::new(12, 0));
    let power = PowerOfThreeSettings {
        range: SESSION,
        structure: STRUCTURE,
        shift: Shift::Choch,
        sweep_hours: hours(4),
        shift_hours: hours(4),
    };
    let open = OpenPriceSettings::in_new_york(TimeOfDay::MIDNIGHT).unwrap();
    let day_gaps = PeriodGapSettings { limits, ..PeriodGapSettings::cme(GapPeriod::Day).unwrap() };
    vec![
        Box::new(Session::new(SESSION, asia).unwrap()),
        Box::new(PreviousLevels::new(DAY, Period::Day(TradingDay::utc()))),
        Box::new(PreviousLevels::new(WEEK, Period::Week(TradingDay::utc()))),
        Box::new(OpenPrice::new(OPEN, open).unwrap()),
        Box::new(PeriodGaps::new(DAY_GAPS, day_gaps).unwrap()),
        Box::new(PowerOfThree::new(POWER, power).unwrap()),
    ]
}

fn of_liquidity(limits: ZoneLimits) -> Vec<Box<dyn Detector>> {
    let tolerance = Tolerance::Atr { period: 6, multiple: 0.3 };
    let equal = |rule| EqualSettings { rule, tolerance, limits };
    let inputs = [
        PoolInput { source: STRUCTURE, kind: Kind::LegPivot },
        PoolInput { source: FRACTAL, kind: Kind::FractalPivot },
        PoolInput { source: PAIRS, kind: Kind::EqualLevels },
        PoolInput { source: SESSION, kind: Kind::SessionLevels },
        PoolInput { source: DAY, kind: Kind::PreviousDay },
    ];
    let inducements = InducementSettings { limits, ..InducementSettings::default() };
    vec![
        Box::new(EqualLevels::new(PAIRS, STRUCTURE, equal(EqualRule::Pairs)).unwrap()),
        Box::new(EqualLevels::new(GROUPS, STRUCTURE, equal(EqualRule::Groups)).unwrap()),
        Box::new(Pools::new(POOLS, &inputs, PoolSettings { reclaim_bars: 0, limits }).unwrap()),
        Box::new(Pools::new(PATIENT_POOLS, &inputs, PoolSettings { reclaim_bars: 2, limits }).unwrap()),
        Box::new(Inducements::new(INDUCEMENTS, POOLS, &[BLOCKS, GAPS], inducements).unwrap()),
    ]
}

fn of_blocks(limits: ZoneLimits) -> Vec<Box<dyn Detector>> {
    let failed = FailedBlockSettings { pools: POOLS.into(), pivots: STRUCTURE.into(), limits };
    let rejections = RejectionSettings { wick_fraction_min: 0.3, mitigation: None, limits };
    let upstream = PropulsionSources { blocks: BLOCKS, displacements: DISPLACEMENTS };
    let propulsions = PropulsionSettings { limits, ..PropulsionSettings::default() };
    let unicorns = UnicornSources { breakers: FAILED, gaps: GAPS };
    let shifts = ShiftSources { structure: STRUCTURE, displacements: DISPLACEMENTS };
    let swept = SweepBefore { pools: POOLS.into(), bars_max: 20 };
    let shift = ShiftSettings { leg_size: LEG, sweep: Some(swept), ..ShiftSettings::default() };
    vec![
        Box::new(FailedBlocks::new(FAILED, BLOCKS, failed).unwrap()),
        Box::new(RejectionBlocks::new(REJECTIONS, POOLS, rejections).unwrap()),
        Box::new(PropulsionBlocks::new(PROPULSIONS, upstream, propulsions).unwrap()),
        Box::new(Unicorns::new(UNICORNS, unicorns, UnicornSettings { bars_max: 50, limits }).unwrap()),
        Box::new(StructureShifts::new(SHIFTS, shifts, shift).unwrap()),
    ]
}

/// What all of them report, bar by bar.
pub(crate) fn run(limits: ZoneLimits, bars: impl IntoIterator<Item = (Ts, Bar)>) -> Vec<Vec<Event>> {
    let (mut series, mut events, mut detectors) = (BarSeries::new(), Events::new(), detectors(limits));
    let mut of_bar = |(time, bar)| {
        let closed = series.close(time, bar).unwrap();
        events.clear();
        for detector in &mut detectors {
            detector.update(&closed, &mut events);
        }
        events.as_slice().to_vec()
    };
    bars.into_iter().map(&mut of_bar).collect()
}
