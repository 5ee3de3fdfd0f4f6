//! Equity by UTC day and month.
//!
//! The equity of a day is the last sample up to and including its end at 24:00; a day without a sample keeps
//! the equity before it. The first day is measured against the initial equity, the last day may be a part of
//! one. Where equity is sampled less than once a day there are no daily values.

use seawall_model::{ModelError, Money, Span, Timeframe, Ts};
use serde::Serialize;

use super::ratios::ratio;
use crate::collect::EquityPoint;

/// One UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// `2023-03-24`.
    pub date: String,
    /// What the day added to equity.
    pub profit: Money,
    /// Equity at its end.
    #[serde(skip)]
    pub equity: Money,
    #[serde(skip)]
    before: Money,
}

impl Day {
    /// What the day added, as a fraction of the equity before it.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        let before = self.before.to_f64();
        if before > 0.0 { ratio(self.profit.to_f64(), before) } else { None }
    }
}

/// One month of the equity curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Month {
    /// `2023-03`.
    pub month: String,
    /// What the month added to equity.
    pub profit: Money,
    /// The same in percent of the equity before it.
    pub profit_pct: Option<f64>,
}

/// Days of the run in order of time.
///
/// # Errors
/// [`ModelError::Overflow`] where a profit does not fit into 28 digits.
pub fn days(
    initial: Money,
    equity: &[EquityPoint],
    span: (Ts, Ts),
    interval: Timeframe,
) -> Result<Vec<Day>, ModelError> {
    let mut days = Vec::new();
    if interval > Timeframe::D1 {
        return Ok(days);
    }
    let day_length = Timeframe::D1.span();
    let (mut before, mut samples) = (initial, equity.iter().peekable());
    let mut start = Timeframe::D1.floor(span.0);
    while start < span.1 {
        let end = start.plus(day_length);
        let mut last = before;
        while let Some(point) = samples.next_if(|point| point.at <= end) {
            last = point.equity;
        }
        days.push(Day { date: date(start), profit: last.minus(before)?, equity: last, before });
        before = last;
        start = end;
    }
    Ok(days)
}

/// Months of the run in order of time.
///
/// # Errors
/// [`ModelError::Overflow`] where a profit does not fit into 28 digits.
pub fn months(days: &[Day]) -> Result<Vec<Month>, ModelError> {
    days.chunk_by(|one, next| month_of(one) == month_of(next))
        .filter_map(|month| Some((month.first()?, month.last()?)))
        .map(|(first, last)| {
            let profit = last.equity.minus(first.before)?;
            let before = first.before.to_f64();
            let profit_pct = if before > 0.0 { ratio(profit.to_f64() * 100.0, before) } else { None };
            Ok(Month { month: month_of(first).to_owned(), profit, profit_pct })
        })
        .collect()
}

/// The UTC date of an instant: `2023-03-24`.
#[must_use]
pub fn date(at: Ts) -> String {
    let mut text = at.to_string();
    text.truncate(10);
    text
}

/// An instant to the second, as people read it: `2023-03-24 12:35:00`.
#[must_use]
pub fn stamp(at: Ts) -> String {
    let second = Span::from_secs(1).nanos();
    let whole = Ts::from_nanos(at.nanos() - at.nanos().rem_euclid(second));
    let mut text = whole.to_string().replace('T', " ");
    text.truncate(19);
    text
}

fn month_of(day: &Day) -> &str {
    day.date.get(..7).unwrap_or(&day.date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn point(at: &str, equity: &str) -> EquityPoint {
        EquityPoint { at: at.parse().unwrap(), equity: money(equity) }
    }

    fn three_days() -> Vec<Day> {
        let equity = [
            point("2023-01-30T23:59:59.8Z", "1000"),
            point("2023-01-31T12:00:00Z", "1200"),
            // Midnight ends the day before.
            point("2023-02-01T00:00:00Z", "1100"),
            point("2023-02-03T06:00:00Z", "990"),
        ];
        let span = ("2023-01-31".parse().unwrap(), "2023-02-03T06:00:00Z".parse().unwrap());
        days(money("1000"), &equity, span, Timeframe::H1).unwrap()
    }

    #[test]
    fn a_day_ends_at_midnight_and_a_day_without_samples_adds_nothing() {
        let found: Vec<_> = three_days().into_iter().map(|day| (day.date, day.profit.to_string())).collect();
        let expected =
            [("2023-01-31", "100"), ("2023-02-01", "0"), ("2023-02-02", "0"), ("2023-02-03", "-110")];
        let expected: Vec<_> =
            expected.iter().map(|(day, profit)| ((*day).to_owned(), (*profit).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn months_compound_from_the_equity_before_them() {
        let found = months(&three_days()).unwrap();
        assert_eq!(found.len(), 2);
        // 1000 -> 1100 is 10 %, 1100 -> 990 is -10 %.
        for (month, (name, profit, pct)) in
            found.iter().zip([("2023-01", "100", 10.0), ("2023-02", "-110", -10.0)])
        {
            assert_eq!((month.month.as_str(), month.profit), (name, money(profit)));
            assert!((month.profit_pct.unwrap() - pct).abs() < 1e-12);
        }
    }

    #[test]
    fn weekly_samples_give_no_days() {
        let span = ("2023-01-31".parse().unwrap(), "2023-02-03".parse().unwrap());
        assert_eq!(days(money("1"), &[], span, Timeframe::W1).unwrap(), []);
    }

    #[test]
    fn stamps_are_cut_to_the_second() {
        assert_eq!(stamp("2023-01-31T12:00:00.999Z".parse().unwrap()), "2023-01-31 12:00:00");
        assert_eq!(date("2023-01-31T12:00:00Z".parse().unwrap()), "2023-01-31");
    }
}
