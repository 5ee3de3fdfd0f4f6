//! The formulas, on plain numbers. Each gives `None` where it has no meaning (too few values, no variance, a
//! division by zero): a report never shows NaN or infinity.

/// Days of a year in rates per year: crypto trades on all of them.
const DAYS_A_YEAR: f64 = 365.0;

/// `value`, if it is a number.
#[must_use]
pub fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// `part / whole`, if that is a number.
#[must_use]
pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    finite(part / whole)
}

/// Arithmetic mean.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    ratio(values.iter().sum(), values.len() as f64)
}

/// Sample standard deviation (divisor n - 1); `None` for fewer than two values.
#[must_use]
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() > 1).then(|| (squares / (values.len() as f64 - 1.0)).sqrt()).and_then(finite)
}

/// The middle value, or the mean of the two in the middle.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.len() / 2;
    let middle = sorted.get(upper).copied()?;
    if sorted.len() % 2 == 1 {
        return finite(middle);
    }
    let below = sorted.get(upper.checked_sub(1)?).copied()?;
    finite(f64::midpoint(below, middle))
}

/// `mean / deviation`, with a deviation that is only noise of the arithmetic taken as none.
fn mean_to_deviation(values: &[f64]) -> Option<f64> {
    let (mean, deviation) = (mean(values)?, deviation(values)?);
    let noise = mean.abs() * 1e-12;
    if deviation <= noise { None } else { ratio(mean, deviation) }
}

/// Sharpe ratio per year of daily returns without a riskless rate: `mean / deviation * sqrt(365)`.
#[must_use]
pub fn sharpe(daily: &[f64]) -> Option<f64> {
    mean_to_deviation(daily).map(|ratio| ratio * DAYS_A_YEAR.sqrt())
}

/// Sortino ratio per year of daily returns with a target of zero:
/// `mean / sqrt(mean(min(return, 0)^2)) * sqrt(365)`, the downside taken over all days. `None` without a
/// losing day.
#[must_use]
pub fn sortino(daily: &[f64]) -> Option<f64> {
    if daily.len() < 2 {
        return None;
    }
    let squares: Vec<f64> = daily.iter().map(|value| value.min(0.0) * value.min(0.0)).collect();
    let downside = mean(&squares)?.sqrt();
    ratio(mean(daily)?, downside).map(|ratio| ratio * DAYS_A_YEAR.sqrt())
}

/// System quality number of profits per trade: `sqrt(n) * mean / deviation`.
#[must_use]
pub fn system_quality(profits: &[f64]) -> Option<f64> {
    mean_to_deviation(profits).map(|ratio| ratio * (profits.len() as f64).sqrt())
}

/// Compound annual growth in percent: `((last / first)^(365 / days) - 1) * 100`; `None` for less than a day
/// and where nothing is left.
#[must_use]
pub fn growth_a_year_pct(first: f64, last: f64, days: f64) -> Option<f64> {
    if days < 1.0 || first <= 0.0 || last <= 0.0 {
        return None;
    }
    finite((libm::pow(last / first, DAYS_A_YEAR / days) - 1.0) * 100.0)
}

/// Expectancy as a ratio to the average loss: `(1 + average win / average loss) * win rate - 1`; `None`
/// without a loss.
#[must_use]
pub fn expectancy_ratio(profits: &[f64]) -> Option<f64> {
    let wins: Vec<f64> = profits.iter().copied().filter(|profit| *profit > 0.0).collect();
    let losses: Vec<f64> = profits.iter().copied().filter(|profit| *profit < 0.0).collect();
    let average_loss = mean(&losses)?.abs();
    let win_rate = ratio(wins.len() as f64, profits.len() as f64)?;
    let reward = ratio(mean(&wins).unwrap_or(0.0), average_loss)?;
    finite((1.0 + reward) * win_rate - 1.0)
}

/// The longest unbroken runs of profits above and below zero.
#[must_use]
pub fn longest_runs(profits: impl Iterator<Item = core::cmp::Ordering>) -> (u64, u64) {
    let (mut wins, mut losses) = ((0, 0), (0, 0));
    for sign in profits {
        wins = step(wins, sign.is_gt());
        losses = step(losses, sign.is_lt());
    }
    (wins.1, losses.1)
}

fn step((run, longest): (u64, u64), goes_on: bool) -> (u64, u64) {
    let run = if goes_on { run + 1 } else { 0 };
    (run, longest.max(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAILY: [f64; 7] = [0.011, -0.004, 0.0, 0.0072, -0.0131, 0.02, -0.0009];
    const PROFITS: [f64; 6] = [120.5, -80.25, 42.0, -10.0, 0.0, 33.3];

    fn close(value: Option<f64>, expected: f64) {
        let value = value.unwrap();
        assert!((value - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{value} is not {expected}");
    }

    #[test]
    fn the_formulas_agree_with_numpy() {
        // numpy: d.mean(), d.std(ddof=1), np.median(d)
        close(mean(&DAILY), 0.002_885_714_285_714_285_7);
        close(deviation(&DAILY), 0.010_824_113_292_617_949);
        close(median(&DAILY), 0.0);
        close(median(&PROFITS), 16.65);
        // numpy: d.mean()/d.std(ddof=1)*365**.5, d.mean()/((np.minimum(d,0)**2).mean())**.5*365**.5
        close(sharpe(&DAILY), 5.093_395_877_107_65);
        close(sortino(&DAILY), 10.626_378_524_325_848);
        // numpy: len(p)**.5*p.mean()/p.std(ddof=1)
        close(system_quality(&PROFITS), 0.648_490_273_953_266_4);
        // (1 + (195.8/3)/(90.25/2)) * 3/6 - 1
        close(expectancy_ratio(&PROFITS), 0.223_176_361_957_525_33);
        // (11234.5/10000)**(365/91.25) - 1 = 1.12345**4 - 1
        close(growth_a_year_pct(10_000.0, 11_234.5, 91.25), 59.299_713_348_270_98);
    }

    #[test]
    fn without_meaning_there_is_no_number() {
        assert_eq!(mean(&[]), None);
        assert_eq!(median(&[]), None);
        assert_eq!(deviation(&[1.0]), None);
        assert_eq!(sharpe(&[0.01]), None);
        assert_eq!(sharpe(&[0.1, 0.1, 0.1]), None);
        assert_eq!(sharpe(&[0.0, 0.0]), None);
        assert_eq!(sortino(&[0.0, 0.01]), None);
        assert_eq!(sortino(&[-0.01]), None);
        assert_eq!(system_quality(&[5.0]), None);
        assert_eq!(expectancy_ratio(&[5.0]), None);
        assert_eq!(growth_a_year_pct(100.0, 0.0, 30.0), None);
        assert_eq!(growth_a_year_pct(100.0, 110.0, 0.5), None);
        assert_eq!(growth_a_year_pct(1.0, 1e300, 1.0), None);
        assert_eq!(ratio(1.0, 0.0), None);
    }

    #[test]
    fn runs_are_broken_by_the_other_sign_and_by_zero() {
        let signs = |values: &[i32]| values.iter().map(|value| value.cmp(&0)).collect::<Vec<_>>();
        assert_eq!(longest_runs(signs(&[1, 1, -1, 1, 0, 1, -1, -1, -1]).into_iter()), (2, 3));
        assert_eq!(longest_runs(signs(&[]).into_iter()), (0, 0));
    }
}
