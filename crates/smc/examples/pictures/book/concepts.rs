//! The pictures of single concepts on one series.

use seawall_smc::chart::{Strength, sources};
use seawall_smc::{
    Change, ChartSettings, DealingRangeSettings, Direction, Kind, MitigationDepth, OrderBlockRules,
    RangeEnds, RangeParts, Source,
};

use super::choose::{Ask, MOMENT, Version, choose, scene, shapes_of, versions};
use super::data::Market;
use super::run::{Life, Run, settings};
use super::scene::{Ink, Note, Scene, Shape};

/// Size of the slow legs on pictures of ranges: with 50 bars a range would not fit.
const SLOW_LEG: usize = 12;

/// A concept that needs no further words: its file, title, detector, kind and what is asked of the example.
type Plain = (&'static str, &'static str, Source, Kind, Ask);

const BLOCK_END: &[Change] = &[Change::Touched, Change::Broken];
const GAP_END: &[Change] = &[Change::Touched, Change::Midpoint, Change::Filled, Change::Inverted];
const TURNED_END: &[Change] = &[Change::Retested, Change::Invalidated];

/// All of them.
pub(crate) fn scenes(market: &Market) -> Vec<Scene<'_>> {
    let full = settings();
    let euro = Run::new(&market.euro_15m, &full);
    let bitcoin = Run::new(&market.bitcoin_1h, &full);
    let fine = Run::new(&market.bitcoin_15m, &full);
    let mut scenes = structure(&bitcoin);
    scenes.extend(plain(&bitcoin, blocks()));
    scenes.extend(plain(&bitcoin, gaps()));
    scenes.extend(plain(&euro, euro_gaps()));
    scenes.extend(levels(&bitcoin));
    scenes.push(mitigated(market));
    scenes.extend(ranges(market));
    scenes.extend(hours(market, &bitcoin, &fine));
    scenes
}

fn plain<'a>(run: &Run<'a>, list: Vec<Plain>) -> Vec<Scene<'a>> {
    let draw = |(name, title, source, kind, ask): Plain| {
        scene(name, title, run, choose(run, (source, kind), &ask, |_| true))
    };
    list.into_iter().map(draw).collect()
}

fn structure<'a>(bitcoin: &Run<'a>) -> Vec<Scene<'a>> {
    let long = Ask { delay: (9, 22), ..MOMENT };
    let mut scenes = plain(
        bitcoin,
        vec![
            ("fractal-pivot", "Fractal pivot", sources::FRACTALS, Kind::FractalPivot, MOMENT),
            ("leg-pivot", "Leg pivot", sources::INTERNAL, Kind::LegPivot, MOMENT),
            ("bos", "Break of structure", sources::INTERNAL, Kind::Bos, Ask { ..long }),
            ("choch", "Change of character", sources::INTERNAL, Kind::Choch, Ask { ..long }),
            ("mss", "Market structure shift", sources::INTERNAL_SHIFTS, Kind::Mss, long),
            ("displacement", "Displacement", sources::DISPLACEMENTS, Kind::Displacement, MOMENT),
        ],
    );
    scenes.push(labels(bitcoin));
    scenes.push(two_structures(bitcoin));
    scenes
}

/// The first stretch with one pivot of each label.
fn labels<'a>(run: &Run<'a>) -> Scene<'a> {
    const KINDS: [Kind; 4] = [Kind::HigherHigh, Kind::LowerHigh, Kind::HigherLow, Kind::LowerLow];
    const BARS: usize = 60;
    let all: Vec<&Life> =
        run.lives.iter().filter(|life| life.born.id.source() == sources::INTERNAL_LABELS).collect();
    let within = |from: usize| {
        all.iter().copied().filter(move |life| life.anchor() >= from && life.known() < from + BARS)
    };
    let complete = |from: &usize| {
        KINDS.iter().all(|kind| within(from + 4).any(|life| life.born.kind == *kind))
            && within(from + 4).count() <= 7
    };
    let from = (300..).find(complete).unwrap();
    let shapes = within(from).flat_map(|life| shapes_of(life, life.end(), life.end(), Ink::Main)).collect();
    Scene {
        name: "labels",
        title: "Higher and lower highs and lows (each dotted line ends when its pivot was known)".to_owned(),
        series: run.series,
        from,
        to: from + BARS,
        delay: None,
        shapes,
        notes: Vec::new(),
        second: None,
    }
}

/// A break of the slow structure with the breaks of the fast one inside.
fn two_structures<'a>(run: &Run<'a>) -> Scene<'a> {
    let ask = Ask { delay: (55, 85), ..MOMENT };
    let inner = |life: &Life| -> Vec<&Life> {
        run.lives
            .iter()
            .filter(|inner| {
                inner.born.id.source() == sources::INTERNAL
                    && inner.born.kind.is_break()
                    && inner.anchor() >= life.anchor()
                    && inner.known() <= life.known() + 8
            })
            .collect()
    };
    let swing = choose(run, (sources::SWING, Kind::Bos), &ask, |life| (3..=6).contains(&inner(life).len()));
    let mut scene =
        scene("internal-and-swing", "Swing break (blue) and internal breaks (orange)", run, swing);
    for life in inner(swing) {
        scene.shapes.extend(shapes_of(life, life.end(), life.end(), Ink::Other));
    }
    scene
}

fn blocks() -> Vec<Plain> {
    let broken = |life| Ask { changes: BLOCK_END, life, steps: 3, ..Ask::default() };
    let near = Ask { rest: 1, height: 0.05, ..broken((8, 34)) };
    let turned =
        |height| Ask { changes: TURNED_END, life: (8, 34), rest: 2, steps: 2, height, ..Ask::default() };
    vec![
        ("order-block", "Order block", sources::INTERNAL_BLOCKS, Kind::OrderBlock, broken((14, 34))),
        ("breaker-block", "Breaker block", sources::INTERNAL_FAILED, Kind::BreakerBlock, turned(0.08)),
        (
            "mitigation-block",
            "Mitigation block",
            sources::INTERNAL_FAILED,
            Kind::MitigationBlock,
            turned(0.08),
        ),
        ("rejection-block", "Rejection block", sources::REJECTIONS, Kind::RejectionBlock, broken((8, 34))),
        ("propulsion-block", "Propulsion block", sources::PROPULSIONS, Kind::PropulsionBlock, near),
        ("unicorn", "Unicorn", sources::UNICORNS, Kind::Unicorn, turned(0.05)),
    ]
}

fn gaps() -> Vec<Plain> {
    let gap = || Ask { changes: GAP_END, life: (10, 34), steps: 3, ..Ask::default() };
    let small = || Ask { height: 0.04, rest: 2, steps: 2, ..gap() };
    let turned = Ask { changes: TURNED_END, life: (8, 34), rest: 3, height: 0.06, delay: (3, 20), steps: 2 };
    let void = Ask {
        changes: &[Change::Touched, Change::Midpoint, Change::Filled],
        life: (6, 60),
        rest: 2,
        height: 0.1,
        delay: (1, 6),
        steps: 0,
    };
    vec![
        ("fair-value-gap", "Fair value gap", sources::GAPS, Kind::FairValueGap, gap()),
        ("inverse-gap", "Inverse fair value gap", sources::INVERSE_GAPS, Kind::InverseFairValueGap, turned),
        (
            "balanced-range",
            "Balanced price range",
            sources::BALANCED_RANGES,
            Kind::BalancedPriceRange,
            small(),
        ),
        ("liquidity-void", "Liquidity void", sources::VOIDS, Kind::LiquidityVoid, void),
    ]
}

fn euro_gaps() -> Vec<Plain> {
    let gap = |height, life| Ask { changes: GAP_END, height, rest: 1, steps: 2, life, ..Ask::default() };
    vec![
        (
            "volume-imbalance",
            "Volume imbalance",
            sources::IMBALANCES,
            Kind::VolumeImbalance,
            gap(0.035, (3, 40)),
        ),
        ("opening-gap", "Opening gap", sources::IMBALANCES, Kind::OpeningGap, gap(0.05, (3, 60))),
        ("week-gap", "New week opening gap", sources::WEEK_GAPS, Kind::NewWeekOpeningGap, gap(0.05, (3, 60))),
    ]
}

fn levels<'a>(run: &Run<'a>) -> Vec<Scene<'a>> {
    let pool =
        |change: &'static [Change]| Ask { changes: change, life: (8, 30), height: 0.0, ..Ask::default() };
    let mut scenes = plain(
        run,
        vec![
            ("sweep", "Pool that is swept", sources::INTERNAL_POOLS, Kind::Pool, pool(&[Change::Swept])),
            ("run", "Pool that is run", sources::INTERNAL_POOLS, Kind::Pool, pool(&[Change::Run])),
        ],
    );
    let inducement = Ask { delay: (5, 20), ..MOMENT };
    let untouched = |life: &Life| {
        let zone = run.parents(life)[1];
        zone.anchor() + 28 >= life.anchor()
            && zone.first(Change::Touched).is_some_and(|at| at <= life.known() + 14)
    };
    let found = choose(run, (sources::INDUCEMENTS, Kind::Inducement), &inducement, untouched);
    let mut trap = scene("inducement", "Inducement in front of a zone", run, found);
    let zone = run.parents(found)[1];
    let touched = zone.first(Change::Touched).unwrap();
    trap.shapes.retain(|shape| !matches!(shape, Shape::Zone { .. }));
    trap.shapes.extend(shapes_of(zone, found.known(), touched, Ink::Other));
    trap.notes.push(Note { bar: touched, text: "zone touched".to_owned() });
    trap.to = trap.to.max(touched + 8);
    scenes.push(trap);
    let group =
        Ask { changes: &[Change::Swept], delay: (3, 3), life: (6, 30), steps: 1, rest: 4, height: 0.0 };
    let apart = |life: &Life| {
        let parents = run.parents(life);
        (8..=28).contains(&(life.anchor() - parents[0].anchor()))
    };
    let equal = choose(run, (sources::EQUAL_LEVELS, Kind::EqualLevels), &group, apart);
    let mut scene = scene("equal-levels", "", run, equal);
    scene.title = match equal.born.direction {
        Direction::Bullish => "Equal highs (EQH), a pool until they are swept",
        Direction::Bearish => "Equal lows (EQL), a pool until they are swept",
    }
    .to_owned();
    scenes.push(scene);
    scenes
}

/// An order block with mitigation at half its height.
fn mitigated(market: &Market) -> Scene<'_> {
    let block_rules =
        OrderBlockRules { mitigation: Some(MitigationDepth::Half), ..OrderBlockRules::default() };
    let run = Run::new(&market.bitcoin_1h, &ChartSettings { block_rules, ..settings() });
    let ask = Ask {
        changes: &[Change::Touched, Change::Mitigated, Change::Broken],
        life: (18, 36),
        rest: 5,
        ..Ask::default()
    };
    let apart = |life: &Life| {
        let at = |change| life.first(change).unwrap();
        at(Change::Touched) + 2 <= at(Change::Mitigated) && at(Change::Mitigated) + 3 <= at(Change::Broken)
    };
    let found = choose(&run, (sources::INTERNAL_BLOCKS, Kind::OrderBlock), &ask, apart);
    scene("mitigated-order-block", "Order block, mitigated at its mean threshold", &run, found)
}

fn ranges(market: &Market) -> Vec<Scene<'_>> {
    let base = ChartSettings { swing_leg: SLOW_LEG, ..settings() };
    let halves = Run::new(&market.bitcoin_1h, &base);
    let twentieths = DealingRangeSettings { ends: RangeEnds::Trailing, parts: RangeParts::TWENTIETHS };
    let outer = Run::new(&market.bitcoin_1h, &ChartSettings { range: twentieths, ..base.clone() });
    let ict = Run::new(&market.bitcoin_1h, &ChartSettings { strength: Strength::BreakingLeg, ..base });
    let whole =
        Ask { changes: &[Change::Replaced], delay: (14, 40), life: (14, 34), rest: 0, height: 0.5, steps: 0 };
    let range = choose(&halves, (sources::RANGE, Kind::DealingRange), &whole, |life| {
        parts_during(&halves, life, &[Kind::Premium, Kind::Discount]).len() >= 3
    });
    let mut scenes =
        vec![range_scene("dealing-range", "Dealing range: premium and discount", &halves, range)];
    let trailing = Ask { changes: &[], ..whole };
    let range = choose(&outer, (sources::RANGE, Kind::DealingRange), &trailing, |life| {
        !parts_during(&outer, life, &[Kind::Equilibrium]).is_empty()
            && !parts_during(&outer, life, &[Kind::Premium, Kind::Discount]).is_empty()
    });
    scenes.push(range_scene("equilibrium", "Equilibrium, LuxAlgo's parts", &outer, range));
    scenes.push(strength(&ict));
    let entry = Ask {
        changes: &[Change::Touched, Change::Midpoint, Change::Replaced],
        life: (12, 30),
        delay: (6, 24),
        rest: 1,
        height: 0.06,
        steps: 0,
    };
    let steady = |life: &Life| {
        let moves = life.events.iter().filter(|event| event.change == Change::Extended).count();
        (1..=3).contains(&moves)
    };
    let found = choose(&halves, (sources::OPTIMAL_ENTRY, Kind::OptimalTradeEntry), &entry, steady);
    scenes.push(entry_scene(&halves, found));
    scenes
}

fn parts_during<'r>(run: &'r Run<'_>, range: &Life, kinds: &[Kind]) -> Vec<&'r Life> {
    run.lives
        .iter()
        .filter(|life| {
            life.born.id.source() == sources::RANGE
                && kinds.contains(&life.born.kind)
                && life.known() >= range.known()
                && life.known() < range.end()
        })
        .collect()
}

fn range_scene<'a>(name: &'static str, title: &str, run: &Run<'a>, range: &Life) -> Scene<'a> {
    let mut scene = scene(name, title, run, range);
    let end = range.end();
    for (number, version) in versions(range, end, end).iter().enumerate() {
        let Version { event, known, end, .. } = *version;
        let label = if number == 0 { "middle".to_owned() } else { String::new() };
        scene.shapes.push(Shape::Level {
            anchor: known,
            known,
            end,
            price: event.middle(),
            ink: Ink::Main,
            label,
        });
    }
    scene.notes.retain(|note| !note.text.starts_with("extended") || note.bar == end);
    for part in parts_during(run, range, &[Kind::Premium, Kind::Equilibrium, Kind::Discount]) {
        let text = super::choose::word(part.born.kind, part.born.direction).to_owned();
        scene.notes.push(Note { bar: part.known(), text });
    }
    scene.notes.sort_by_key(|note| note.bar);
    scene
}

/// Strong and weak level of one break.
fn strength<'a>(run: &Run<'a>) -> Scene<'a> {
    let ask = Ask {
        changes: &[Change::Invalidated],
        delay: (6, 30),
        life: (12, 40),
        rest: 0,
        steps: 0,
        height: 0.0,
    };
    let strong = choose(run, (sources::STRENGTH, Kind::StrongLevel), &ask, |_| true);
    let weak = run
        .of(sources::STRENGTH, Kind::WeakLevel)
        .find(|life| life.known() == strong.known() && life.born.parents == strong.born.parents)
        .unwrap();
    let mut scene = scene("strong-and-weak", "Strong low and weak high (or the reverse)", run, strong);
    let side = match strong.born.direction {
        Direction::Bullish => "Strong high and weak low",
        Direction::Bearish => "Strong low and weak high",
    };
    scene.title = format!("{side} of a breaking leg");
    scene.shapes.extend(shapes_of(weak, strong.end(), strong.end(), Ink::Quiet));
    scene
}

fn entry_scene<'a>(run: &Run<'a>, found: &Life) -> Scene<'a> {
    let mut scene = scene("optimal-trade-entry", "Optimal trade entry", run, found);
    let zone = found.born;
    let furthest = |bar: usize| match zone.direction {
        Direction::Bullish => run.series.bars[bar].high,
        Direction::Bearish => -run.series.bars[bar].low,
    };
    // The leg as it was when price came back to the zone.
    let touched = found.first(Change::Touched).unwrap();
    let end = (found.known()..touched).max_by(|a, b| furthest(*a).total_cmp(&furthest(*b))).unwrap();
    let start = run.series.bars[found.anchor()];
    let (low, high) = match zone.direction {
        Direction::Bullish => (start.low, furthest(end)),
        Direction::Bearish => (start.high, -furthest(end)),
    };
    scene.shapes.push(Shape::Leg { from: (found.anchor(), low), to: (end, high) });
    scene
}

fn hours<'a>(market: &'a Market, hourly: &Run<'a>, fine: &Run<'a>) -> Vec<Scene<'a>> {
    let full = settings();
    let (slow, daily) = (Run::new(&market.bitcoin_4h, &full), Run::new(&market.bitcoin_1d, &full));
    let period =
        |delay, life| Ask { changes: &[Change::Replaced], delay, life, rest: 2, height: 0.3, steps: 0 };
    let broken =
        |life: &Life| life.first(Change::HighBroken).is_some() != life.first(Change::LowBroken).is_some();
    let day = (sources::PREVIOUS_DAY, Kind::PreviousDay);
    let week = (sources::PREVIOUS_WEEK, Kind::PreviousWeek);
    let month = (sources::PREVIOUS_MONTH, Kind::PreviousMonth);
    let found = choose(hourly, day, &period((24, 24), (24, 24)), broken);
    let mut scenes = vec![scene("previous-day", "High and low of the day before", hourly, found)];
    let found = slow
        .of(week.0, week.1)
        .find(|life| life.anchor() > 60 && life.last() == Change::Replaced && broken(life));
    scenes.push(scene("previous-week", "High and low of the week before", &slow, found.unwrap()));
    let found = daily
        .of(month.0, month.1)
        .find(|life| life.anchor() > 20 && life.last() == Change::Replaced && broken(life));
    scenes.push(scene("previous-month", "High and low of the month before", &daily, found.unwrap()));
    scenes.push(kill_zones(fine));
    scenes.push(open_price(fine));
    let gap = Ask { changes: GAP_END, height: 0.05, rest: 2, steps: 3, life: (8, 44), ..Ask::default() };
    let found = choose(fine, (sources::DAY_GAPS, Kind::NewDayOpeningGap), &gap, |_| true);
    scenes.push(scene("day-gap", "New day opening gap", fine, found));
    scenes.push(power_of_three(fine));
    scenes
}

/// A day of kill zones, with what became of the levels of Asia.
fn kill_zones<'a>(run: &Run<'a>) -> Scene<'a> {
    let asia = sources::session(0);
    let levels = run
        .of(asia, Kind::SessionLevels)
        .find(|life| {
            life.anchor() > 600
                && life.end() - life.anchor() <= 112
                && (life.first(Change::HighBroken).is_some() != life.first(Change::LowBroken).is_some())
                && life.events.get(1).is_some_and(|event| event.known_at > life.born.known_at + 4)
        })
        .unwrap();
    let mut scene = scene("kill-zones", "Kill zones and the levels of Asia", run, levels);
    scene.title = "Kill zones of a day, and the levels that Asia leaves".to_owned();
    scene.from = levels.anchor() - 4;
    scene.to = levels.anchor() + 88;
    scene.shapes.retain(|shape| !matches!(shape, Shape::Band { .. }));
    scene.notes.retain(|note| note.bar <= scene.to);
    for (position, name) in
        ["Asia", "London", "NY morning", "London close", "NY afternoon"].iter().enumerate()
    {
        let session = run
            .of(sources::session(position), Kind::Session)
            .find(|life| life.anchor() >= levels.anchor())
            .unwrap();
        let (from, to) = (session.anchor(), session.end() - 1);
        scene.shapes.push(Shape::Band { from, to, label: (*name).to_owned() });
    }
    scene
}

fn open_price<'a>(run: &Run<'a>) -> Scene<'a> {
    let life = run
        .of(sources::open_price(0), Kind::OpenPrice)
        .find(|life| life.anchor() > 600 && life.last() == Change::Replaced)
        .unwrap();
    let mut scene = scene("open-price", "Opening price of midnight, New York", run, life);
    scene.title = "Opening price of midnight in New York".to_owned();
    (scene.from, scene.to) = (life.anchor() - 20, life.anchor() + 60);
    scene.notes.retain(|note| note.bar <= scene.to);
    scene
}

fn power_of_three<'a>(run: &Run<'a>) -> Scene<'a> {
    let ask = Ask { delay: (4, 30), life: (2, 60), rest: 1, height: 0.1, changes: &[], steps: 0 };
    let reached = |life: &Life| {
        life.first(Change::HighBroken).or(life.first(Change::LowBroken)).is_some_and(|at| at < life.end())
    };
    let found = choose(run, (sources::POWER_OF_THREE, Kind::PowerOfThree), &ask, reached);
    let target = found.events[1].known_at;
    let target = usize::try_from(target).unwrap();
    let mut scene = scene("power-of-three", "Power of three", run, found);
    let levels = run.parents(found)[0];
    scene.from = levels.anchor() - 6;
    scene.to = (target + 10).max(found.known() + 12);
    scene.notes.retain(|note| note.bar <= scene.to);
    scene.notes.insert(0, Note { bar: found.anchor(), text: "manipulation".to_owned() });
    let session = run.life(levels.born.parents[0].unwrap());
    let (from, to) = (session.anchor(), session.end() - 1);
    scene.shapes.push(Shape::Band { from, to, label: "Asia: accumulation".to_owned() });
    scene
}
