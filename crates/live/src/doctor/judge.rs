//! What an answer of the venue means: pure functions, for the doctor and for the start of a run alike.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use seawall_model::{Candle, OrderKind, Qty, Side, Span, Timeframe, Ts, VenueOrder, VenuePosition};
use seawall_venues::query::{AccountState, KeyProblem, Permissions, Ticker, clock_skew};
use seawall_venues::{Failure, Market, Markets, Problem};

use super::Check;

/// Maintenance margin in percent of equity from which on a liquidation is near.
const MARGIN_PCT_MAX: i64 = 50;
/// A wider spread is no market, in basis points of the bid.
const SPREAD_BPS_MAX: i64 = 200;
/// Candles that may be missing: an interval has to pass before there is a newer one, and a quiet market may
/// leave one out.
const CANDLES_LATE: i64 = 3;

/// The venue's clock against ours; `most` is what the configuration allows.
pub(crate) fn clock(sent_at: Ts, received_at: Ts, theirs: Ts, most: Span) -> Check {
    let (skew, doubt) = clock_skew(sent_at, received_at, theirs);
    let measured = format!("{:+.3} s (±{:.3} s)", skew.secs_f64(), doubt.secs_f64());
    let check = if skew.nanos().saturating_abs() > most.nanos().saturating_add(doubt.nanos()) {
        let way = if skew.is_negative() { "behind" } else { "ahead of" };
        let finding = format!("the venue's clock is {way} this machine's");
        Check::fail("clock", finding, "set the clock of this machine (NTP)")
    } else {
        Check::ok("clock", "the venue's clock and this machine's agree")
    };
    check.measured(measured).against(format!("{:.3} s (venue.clock_skew_max_ms)", most.secs_f64()))
}

/// What a key may do.
pub(crate) fn permissions(rights: Permissions) -> Check {
    match rights.check() {
        Ok(()) => Check::ok("permissions", "the key reads and trades, and cannot withdraw"),
        Err(problem @ (KeyProblem::CanWithdraw | KeyProblem::CannotRead | KeyProblem::CannotTrade)) => {
            let remedy = "make a key with exactly the rights to read and to trade";
            Check::fail("permissions", problem.to_string(), remedy)
        }
    }
}

/// Which check a refused question for the key's rights belongs to: the key itself, or a right.
pub(super) const fn refused_key(problem: Problem) -> &'static str {
    match problem {
        Problem::MissingPermission | Problem::Account => "permissions",
        Problem::WrongKey
        | Problem::WrongSignature
        | Problem::Refused
        | Problem::ClockSkew
        | Problem::Nonce
        | Problem::RateLimited
        | Problem::Lockout
        | Problem::Rejected(_)
        | Problem::BadRequest
        | Problem::Unavailable
        | Problem::Transport
        | Problem::Unreadable
        | Problem::Unlisted => "keys",
    }
}

/// A question that was not answered. Its message says what to do for what only the operator can mend.
pub(crate) fn failed(name: &'static str, failure: &Failure) -> Check {
    let remedy = match failure.problem {
        Problem::WrongKey | Problem::WrongSignature | Problem::Refused | Problem::MissingPermission => {
            "correct the key at the venue, or its variables here"
        }
        Problem::Account => "look at the account at the venue",
        Problem::ClockSkew => "set the clock of this machine (NTP)",
        Problem::Nonce => "stop the other process, or give it a key of its own",
        Problem::RateLimited | Problem::Lockout => "wait, then try again",
        Problem::Rejected(_) | Problem::BadRequest => "look whether there is a newer version of this program",
        Problem::Unavailable | Problem::Transport | Problem::Unreadable | Problem::Unlisted => {
            "try again; look at the venue's status page, venue.rest and the network"
        }
    };
    let check = Check::fail(name, failure.to_string(), remedy);
    if failure.problem.is_fatal() { check } else { check.passing() }
}

/// An answer to another question: nothing is known.
pub(crate) fn odd(name: &'static str) -> Check {
    Check::fail(name, "the venue answered another question", "try again").passing()
}

/// Equity and margin. An account without money is told, and a run starts with it: there may be something to
/// protect.
pub(crate) fn account(state: &AccountState) -> Check {
    let (equity, margin) = (state.equity.get(), state.maintenance_margin.get());
    let measured = format!(
        "balance {}, equity {equity}, available {}, maintenance margin {margin}",
        state.balance, state.available
    );
    let most = equity.checked_mul(Decimal::new(MARGIN_PCT_MAX, 2));
    let check = if equity <= Decimal::ZERO {
        let finding = "there is no equity to trade with";
        Check::fail("account", finding, "transfer money to this account").started_with()
    } else if most.is_none_or(|most| margin > most) {
        let remedy = "make positions smaller, or add money";
        Check::warn("account", "the maintenance margin uses much of the equity", remedy)
    } else {
        Check::ok("account", "there is equity, and margin to spare")
    };
    check.measured(measured).against(format!("margin up to {MARGIN_PCT_MAX} % of equity"))
}

/// Whether what is configured is traded at the moment. What is listed and halted does not keep a run from
/// starting: it enters nothing there.
pub(super) fn tradable(market: &Market, is_listed: bool) -> Check {
    let name = market.instrument.name().to_string();
    let check = if !is_listed {
        let finding = "something is held on it, and it is not listed any more: a run looks after it";
        Check::warn("instruments", finding, "close it at the venue, if it can be closed")
    } else if !market.listed.tradeable {
        Check::fail("instruments", "it is listed, and not traded at the moment", "wait, or remove it")
            .started_with()
    } else if market.listed.post_only {
        Check::warn("instruments", "only orders that rest are taken at the moment", "wait")
    } else {
        let spec = market.instrument.spec();
        let least = market.instrument.qty(market.instrument.min_qty());
        let finding = format!("it is listed and traded; lot {}, least {least}", spec.lot);
        Check::ok("instruments", finding)
    };
    check.of(name)
}

/// Whether an instrument has a market: a bid, an ask above it, no halt, not too far apart.
pub(super) fn quote(market: &Market, ticker: Option<&Ticker>) -> Check {
    let name = market.instrument.name().to_string();
    let fail = |finding: &str| {
        Check::fail("quotes", finding, "wait, or remove the instrument").passing().started_with()
    };
    let check = match ticker {
        None => fail("the venue quotes nothing for it"),
        Some(ticker) if ticker.suspended => fail("the venue has suspended it"),
        Some(Ticker { bid: Some(bid), ask: Some(ask), .. }) if bid.get() > 0 && ask > bid => {
            let bps = ask.minus(*bid).get().saturating_mul(10_000) / bid.get();
            let (bid, ask) = (market.instrument.price(*bid), market.instrument.price(*ask));
            let check = if bps > SPREAD_BPS_MAX {
                Check::warn("quotes", "bid and ask are far apart", "wait, or remove the instrument")
            } else {
                Check::ok("quotes", "there is a bid and an ask")
            };
            check.measured(format!("{bid} / {ask}, {bps} bps")).against(format!("{SPREAD_BPS_MAX} bps"))
        }
        Some(_) => fail("there is no bid, or no ask above it"),
    };
    check.of(name)
}

/// How old the newest closed candle is.
pub(super) fn candles(market: &Market, timeframe: Timeframe, closed: &[Candle], now: Ts) -> Check {
    let most = Span::from_nanos(timeframe.span().nanos().saturating_mul(CANDLES_LATE));
    let remedy = "wait, or remove the instrument";
    let check = match closed.last() {
        None => Check::fail("candles", "there are no recent candles", remedy).started_with(),
        Some(candle) => {
            let age = now.since(candle.known_at);
            let check = if age > most {
                Check::fail("candles", "its newest closed candle is old", remedy).started_with()
            } else {
                Check::ok("candles", "it has fresh candles")
            };
            check.measured(format!("{:.0} s old", age.secs_f64()))
        }
    };
    check.against(format!("{:.0} s", most.secs_f64())).of(market.instrument.name().to_string())
}

/// Whether stops that reduce it cover each position. Where the venue has orders that only reduce
/// (`has_reduce_only`), another one protects by luck: it opens a position when this one is gone already. A
/// start protects before anything else, so it is not refused for that.
pub(super) fn stops(
    markets: &Markets,
    held: &[VenuePosition],
    orders: &[VenueOrder],
    has_reduce_only: bool,
) -> Vec<Check> {
    let mut checks = Vec::new();
    for position in held {
        let Ok(market) = markets.get(position.instrument) else { continue };
        let reduces = if position.qty.get() < 0 { Side::Buy } else { Side::Sell };
        let covers = |order: &&VenueOrder| {
            let is_stop = matches!(order.kind, OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. });
            let only_reduces = order.reduce_only || !has_reduce_only;
            order.instrument == position.instrument && is_stop && order.side == reduces && only_reduces
        };
        let rests = orders.iter().filter(covers).map(|order| order.qty.minus(order.filled));
        let covered = rests.fold(seawall_model::QtyUnits::ZERO, seawall_model::QtyUnits::plus);
        let shown = |units| market.instrument.qty(units).to_string();
        let check = if covered >= position.qty.abs() {
            Check::ok("stops", "stops at the venue cover the position")
        } else {
            let remedy = "start the run, which protects it before anything else; or place a stop by hand";
            let kind = if has_reduce_only { "reduce-only stop" } else { "stop" };
            let finding = format!("no {kind} at the venue covers all of the position");
            Check::fail("stops", finding, remedy).started_with()
        };
        let of = market.instrument.name().to_string();
        checks.push(check.measured(shown(covered)).against(shown(position.qty.abs())).of(of));
    }
    if checks.is_empty() {
        checks.push(Check::ok("stops", "there is no position to protect"));
    }
    checks
}

/// Positions that are named in one line.
const NAMED_MAX: usize = 8;

/// Positions in words: names, signed quantities, and what they cost where the venue knows it.
pub(super) fn listed(markets: &Markets, held: &[VenuePosition]) -> String {
    let shown = held.iter().filter_map(|position| {
        let instrument = &markets.get(position.instrument).ok()?.instrument;
        let qty = instrument.qty(position.qty);
        let cost = match position.entry_price.is_zero() {
            true => String::new(),
            false => format!(" at {}", instrument.price(position.entry_price)),
        };
        Some(format!("{} {qty}{cost}", instrument.name()))
    });
    let shown: Vec<String> = shown.take(NAMED_MAX).collect();
    let rest = held.len().saturating_sub(shown.len());
    match (shown.is_empty(), rest) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", shown.join(", ")),
        (false, rest) => format!(": {}, and {rest} more", shown.join(", ")),
    }
}

/// Quantities by instrument.
pub(super) type Held = BTreeMap<String, Qty>;

/// The venue's positions against those of the engine's books and of the database, as the last start left
/// them. Any difference fails; a start settles it by the policies of `reconcile`, so it is not refused.
pub(super) fn sync(venue: &Held, engine: &Held, database: Option<&Held>) -> Vec<Check> {
    let mut names: BTreeSet<&String> = venue.keys().chain(engine.keys()).collect();
    names.extend(database.iter().flat_map(|known| known.keys()));
    let mut checks = Vec::new();
    for name in names {
        let of = |known: &Held| known.get(name).copied().unwrap_or_default();
        let (theirs, ours) = (of(venue), of(engine));
        let written = database.map(of);
        if theirs == ours && written.is_none_or(|written| written == theirs) {
            continue;
        }
        let written = written.map_or_else(|| "not known".to_owned(), |written| written.to_string());
        let measured = format!("venue {theirs}, engine {ours}, database {written}");
        let remedy = "a run settles it by the policies of `reconcile`; look at the venue's history";
        let finding = "the venue's position differs from what the last start has left";
        checks.push(Check::fail("position_sync", finding, remedy).started_with().measured(measured).of(name));
    }
    if checks.is_empty() {
        let with = if database.is_some() { "engine and database" } else { "the engine's books" };
        let finding = format!("the venue and {with} of the last start agree on {} positions", venue.len());
        checks.push(Check::ok("position_sync", finding));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use seawall_model::Money;

    #[test]
    fn a_clock_fails_only_beyond_what_the_measurement_can_be_wrong_by() {
        let at = Ts::from_millis;
        let most = Span::from_millis(2_000);
        assert_eq!(clock(at(0), at(100), at(2_100), most).verdict, Verdict::Ok);
        assert_eq!(clock(at(0), at(1_000), at(2_900), most).verdict, Verdict::Ok, "half a second of doubt");
        let ahead = clock(at(0), at(100), at(2_200), most);
        assert_eq!((ahead.verdict, ahead.measured.as_deref()), (Verdict::Fail, Some("+2.150 s (±0.050 s)")));
        assert!(clock(at(9_000), at(9_100), at(0), most).finding.contains("behind"));
    }

    #[test]
    fn an_account_without_money_fails_and_one_near_its_margin_is_warned_of() {
        let state = |equity: i64, margin: i64| AccountState {
            equity: Money::new(equity.into()),
            maintenance_margin: Money::new(margin.into()),
            ..AccountState::default()
        };
        assert_eq!(account(&state(100, 50)).verdict, Verdict::Ok);
        assert_eq!(account(&state(100, 51)).verdict, Verdict::Warn);
        let none = account(&state(0, 0));
        assert!(none.verdict == Verdict::Fail && !none.refuses_start());
    }

    #[test]
    fn a_position_that_one_of_the_three_does_not_know_is_a_difference() {
        let held = |rows: &[(&str, &str)]| -> Held {
            rows.iter().map(|(name, qty)| ((*name).to_owned(), qty.parse().unwrap())).collect()
        };
        let both = held(&[("BTC", "0.5"), ("ETH", "-2")]);
        assert_eq!(sync(&both, &both, Some(&both))[0].verdict, Verdict::Ok);
        let less = held(&[("BTC", "0.5")]);
        for (venue, engine, database) in [(&less, &both, &both), (&both, &less, &both), (&both, &both, &less)]
        {
            let checks = sync(venue, engine, Some(database));
            assert_eq!((checks.len(), checks[0].of.as_deref()), (1, Some("ETH")), "{checks:?}");
            assert!(checks[0].verdict == Verdict::Fail && !checks[0].refuses_start());
        }
        assert!(sync(&held(&[]), &held(&[]), None)[0].finding.contains("engine's books"));
    }
}
