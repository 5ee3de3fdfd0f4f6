//! `kill -9` at any point of a busy session, with nothing left but what the journal had synced: no order
//! lost, none doubled, every position protected, books equal to the venue's, plans and loss windows as they
//! were.

use crate::restart_common::{Point, Random, Session};
use seawall_engine::{Carry, Phase};
use seawall_model::{InstrumentId, PositionSide, PriceUnits, Span, Ts};

const IDS: [InstrumentId; 2] = [InstrumentId(0), InstrumentId(1)];

/// Time from a start to the protection of everything, where the venue answers: reports, the second look at
/// what differs, the question for an order whose outcome is unknown, and one round of the ladder.
const PROTECTED_WITHIN: Span = Span::from_secs(20);

/// The plan of a position: the trade, its setup, what is held, its stop.
type Plan = (u32, seawall_model::Setup, i64, Option<PriceUnits>);

fn plans(session: &Session) -> Vec<Option<Plan>> {
    let plan = |id| {
        let (trade, position) = (session.engine.open_trade(id)?, session.engine.position(id)?);
        Some((trade.id, trade.setup, position.qty.get(), position.stop))
    };
    IDS.map(plan).to_vec()
}

/// What is held keeps its plan: no fallback stop, no new trade, the stop where it was or better.
fn keeps_plans(session: &Session, before: &[Option<Plan>]) {
    for (then, now) in before.iter().zip(plans(session)) {
        let (Some((trade, setup, qty, stop)), Some((trade_now, setup_now, qty_now, stop_now))) = (*then, now)
        else {
            continue;
        };
        if trade_now != trade {
            continue;
        }
        assert_eq!(setup_now, setup, "seed {}", session.seed);
        if qty_now != qty {
            continue;
        }
        let (stop, stop_now) = (stop.unwrap(), stop_now.unwrap());
        let kept = match PositionSide::of(seawall_model::QtyUnits::new(qty)) {
            PositionSide::Long => stop_now >= stop,
            PositionSide::Short => stop_now <= stop,
            PositionSide::Flat => true,
        };
        assert!(kept, "seed {}: stop {stop:?} became {stop_now:?}", session.seed);
    }
}

fn point(random: &mut Random) -> Point {
    match random.range(0, 5) {
        0 => Point::BeforeSync { bytes_kept: 0 },
        1 => Point::BeforeSync { bytes_kept: usize::try_from(random.range(1, 6_000)).unwrap() },
        2 => Point::BeforeSend,
        3 => Point::AfterFirst,
        _ => Point::AfterSend,
    }
}

fn comes_back(session: &mut Session, venue_dies: bool) {
    let carry: Option<Carry> = session.restart(venue_dies);
    if let Some(carry) = &carry {
        let account = session.engine.carry_account();
        assert_eq!(account.marks_of_losses(), carry.account.marks_of_losses(), "seed {}", session.seed);
    }
    let before = plans(session);
    let since = session.now;
    let mut protected_at: Option<Ts> = None;
    for _ in 0..6 {
        session.tick();
        if session.dead.is_some() {
            return;
        }
        let naked = IDS.iter().filter_map(|id| session.engine.position(*id));
        let naked = naked.filter(|position| !position.qty.is_zero() && !position.protected).count();
        if naked == 0 && session.engine.phase() == Phase::Ready {
            protected_at.get_or_insert(session.now);
        }
    }
    let at = protected_at.unwrap_or_else(|| panic!("seed {}: not protected after 30 s", session.seed));
    assert!(
        at.since(since) <= PROTECTED_WITHIN,
        "seed {}: after {} s",
        session.seed,
        at.since(since).secs_f64()
    );
    keeps_plans(session, &before);
}

fn lives(seed: u64, venue_dies: bool) -> (u64, u32) {
    let mut random = Random::new(seed, 91);
    let mut session = Session::new(seed);
    let mut crashes = 0;
    session.start();
    for _ in 0..4 {
        let dies_after = session.inputs + u64::try_from(random.range(1, 150)).unwrap();
        session.crash = Some((dies_after, point(&mut random)));
        for _ in 0..120 {
            session.tick();
            if session.dead.is_some() {
                break;
            }
        }
        if session.dead.is_none() {
            continue;
        }
        crashes += 1;
        if !venue_dies {
            for _ in 0..random.range(0, 8) {
                session.tick();
            }
        }
        comes_back(&mut session, venue_dies);
    }
    // Quiet at the end: the last life holds what it has.
    session.crash = Some((session.inputs + 1, Point::AfterSend));
    session.tick();
    session.trades = false;
    comes_back(&mut session, venue_dies);
    crashes += 1;
    for _ in 0..40 {
        session.tick();
    }
    session.settle();
    agree(&session);
    (session.fills, crashes)
}

fn agree(session: &Session) {
    let seed = session.seed;
    assert_eq!(session.engine.phase(), Phase::Ready, "seed {seed}");
    let account = session.exchange.account();
    for id in IDS {
        let theirs = account.positions.iter().find(|row| row.instrument == id).map(|row| row.qty);
        let ours = session.engine.position(id).unwrap();
        assert_eq!(ours.qty, theirs.unwrap_or_default(), "seed {seed}");
        assert!(ours.qty.is_zero() || ours.protected, "seed {seed}");
    }
    let mut ours: Vec<_> =
        IDS.iter().flat_map(|id| session.engine.live_orders(*id).map(|order| order.order)).collect();
    let mut theirs = session.open_orders();
    ours.sort();
    theirs.sort();
    let known: Vec<_> = IDS.iter().flat_map(|id| session.engine.live_orders(*id)).collect();
    assert_eq!(ours, theirs, "seed {seed}: orders, the engine has {known:?}");
    assert_eq!(session.engine.ledger().cash(), account.cash, "seed {seed}: cash");
    assert!(session.engine.ledger().total().unwrap().is_zero(), "seed {seed}");
    let twice = session.placed.iter().find(|(_, count)| **count > 1);
    assert_eq!(twice, None, "seed {seed}: placed twice");
}

/// I-10, I-32, I-67: nothing is sent twice, a stop that rests is known again and gets no second one beside
/// it. I-51: what losses and the fall are measured from is what it was.
#[test]
fn a_killed_process_comes_back_to_a_venue_that_went_on() {
    let (mut fills, mut crashes) = (0, 0);
    for seed in 0..200 {
        let (more_fills, more_crashes) = lives(seed, false);
        (fills, crashes) = (fills + more_fills, crashes + more_crashes);
    }
    assert!(fills > 1_500 && crashes > 600, "{fills} fills, {crashes} crashes: not a busy session");
}

#[test]
fn a_killed_paper_run_comes_back_with_the_exchange_that_died_with_it() {
    let (mut fills, mut crashes) = (0, 0);
    for seed in 1_000..1_100 {
        let (more_fills, more_crashes) = lives(seed, true);
        (fills, crashes) = (fills + more_fills, crashes + more_crashes);
    }
    assert!(fills > 700 && crashes > 300, "{fills} fills, {crashes} crashes: not a busy session");
}
