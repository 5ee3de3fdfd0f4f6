//! Numbers for eyes: rounded, never NaN, `n/a` where there is none.

use rust_decimal::Decimal;
use seawall_model::Money;

/// What stands where there is no value.
pub(crate) const NONE: &str = "n/a";

/// How money is shown in one report: its currency, and decimals enough for the size of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MoneyFormat {
    pub(crate) currency: String,
    pub(crate) decimals: u32,
}

impl MoneyFormat {
    pub(crate) fn new(currency: String, initial: Money) -> Self {
        let size = initial.get().abs();
        let decimals = if size >= Decimal::ONE_HUNDRED {
            2
        } else if size >= Decimal::ONE {
            4
        } else {
            8
        };
        MoneyFormat { currency, decimals }
    }

    /// `-12.30`
    pub(crate) fn plain(&self, money: Money) -> String {
        let rounded = money.get().round_dp(self.decimals);
        // Zero has no sign.
        let rounded = if rounded.is_zero() { Decimal::ZERO } else { rounded };
        format!("{rounded:.*}", self.decimals as usize)
    }

    /// `-12.30 USDT`
    pub(crate) fn with_currency(&self, money: Money) -> String {
        format!("{} {}", self.plain(money), self.currency)
    }

    /// A mean of money: a statistic, hence a float.
    pub(crate) fn mean(&self, value: Option<f64>) -> String {
        match value {
            Some(value) => format!("{} {}", fixed(value, self.decimals as usize), self.currency),
            None => NONE.to_owned(),
        }
    }
}

/// A float with a fixed number of decimals.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| NONE.to_owned(), |value| fixed(value, decimals))
}

/// `12.34%`
pub(crate) fn percent(value: Option<f64>) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or_else(|| NONE.to_owned(), |value| format!("{}%", fixed(value, 2)))
}

/// `3d 04:05`, `04:05:06`, or `0.250 s`.
pub(crate) fn duration(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds.filter(|seconds| seconds.is_finite()) else { return NONE.to_owned() };
    if seconds < 10.0 {
        return format!("{seconds:.3} s");
    }
    let whole = seconds.round();
    let days = (whole / 86_400.0).floor();
    let rest = whole - days * 86_400.0;
    let hours = (rest / 3_600.0).floor();
    let minutes = ((rest - hours * 3_600.0) / 60.0).floor();
    let left = rest - hours * 3_600.0 - minutes * 60.0;
    if days > 0.0 {
        format!("{days:.0}d {hours:02.0}:{minutes:02.0}")
    } else {
        format!("{hours:02.0}:{minutes:02.0}:{left:02.0}")
    }
}

/// A float with a fixed number of decimals and no sign on zero.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_rounded_to_the_size_of_the_account_and_zero_has_no_sign() {
        let large = MoneyFormat::new("USDT".to_owned(), "10000".parse().unwrap());
        assert_eq!(large.with_currency("-12.345".parse().unwrap()), "-12.34 USDT");
        assert_eq!(large.plain("-0.001".parse().unwrap()), "0.00");
        assert_eq!(large.plain("5".parse().unwrap()), "5.00");
        let small = MoneyFormat::new("BTC".to_owned(), "0.5".parse().unwrap());
        assert_eq!(small.plain("0.000123456".parse().unwrap()), "0.00012346");
        assert_eq!(large.mean(None), "n/a");
    }

    #[test]
    fn floats_without_a_value_are_named_so() {
        assert_eq!(number(Some(f64::NAN), 2), "n/a");
        assert_eq!(percent(None), "n/a");
        assert_eq!(percent(Some(-0.001)), "0.00%");
        assert_eq!(percent(Some(-1.005)), "-1.00%");
    }

    #[test]
    fn durations_read_like_clocks() {
        assert_eq!(duration(Some(0.25)), "0.250 s");
        assert_eq!(duration(Some(3_725.0)), "01:02:05");
        assert_eq!(duration(Some(3.0 * 86_400.0 + 3_600.0 + 59.6)), "3d 01:01");
        assert_eq!(duration(None), "n/a");
    }
}
