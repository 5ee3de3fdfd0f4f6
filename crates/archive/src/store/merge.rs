//! New rows among stored ones.

use seawall_model::Candle;

use super::change::Change;
use super::month::Month;
use crate::error::ArchiveError;
use crate::series::RawSeries;
use crate::text;

/// What to do where a new row has the time of a stored one and other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConflictPolicy {
    /// Refuse the whole change.
    #[default]
    Refuse,
    /// Let the new row take the stored one's place.
    Overwrite,
}

/// How the rows of a change relate to those stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Effect {
    pub(crate) added: u64,
    pub(crate) same: u64,
    pub(crate) replaced: u64,
}

/// Stages `new` for `month`, together with what is stored there already.
pub(crate) fn stage(
    change: &mut Change<'_>,
    month: Month,
    mut new: RawSeries,
    policy: ConflictPolicy,
) -> Result<Effect, ArchiveError> {
    let Some(mut stored) = change.stored(month)? else {
        change.stage(month, &new)?;
        return Ok(Effect { added: count(new.candles()), ..Effect::default() });
    };
    let decimals = stored.decimals().max(new.decimals());
    stored.rescale(decimals)?;
    new.rescale(decimals)?;
    let (merged, effect, conflict) = merge(&stored, &new)?;
    if let (Some((before, after)), ConflictPolicy::Refuse) = (conflict, policy) {
        return Err(ArchiveError::Conflict {
            path: change.path(month),
            at: after.open_time,
            stored: values(&before, decimals),
            new: values(&after, decimals),
            conflicts: effect.replaced,
        });
    }
    if effect.added > 0 || effect.replaced > 0 {
        change.stage(month, &merged)?;
    }
    Ok(effect)
}

type Merged = (RawSeries, Effect, Option<(Candle, Candle)>);

/// Both series in one, new rows winning, and the first pair that differs.
fn merge(stored: &RawSeries, new: &RawSeries) -> Result<Merged, ArchiveError> {
    let mut merged = RawSeries::new(stored.timeframe());
    merged.rescale(stored.decimals())?;
    let mut effect = Effect::default();
    let mut conflict = None;
    let mut olds = stored.candles().iter().peekable();
    for candle in new.candles() {
        while let Some(old) = olds.next_if(|old| old.open_time < candle.open_time) {
            merged.push(*old);
        }
        match olds.next_if(|old| old.open_time == candle.open_time) {
            None => effect.added += 1,
            Some(old) if same(old, candle) => effect.same += 1,
            Some(old) => {
                effect.replaced += 1;
                conflict.get_or_insert((*old, *candle));
            }
        }
        merged.push(*candle);
    }
    for old in olds {
        merged.push(*old);
    }
    Ok((merged, effect, conflict))
}

fn same(left: &Candle, right: &Candle) -> bool {
    let prices = |candle: &Candle| (candle.open, candle.high, candle.low, candle.close);
    prices(left) == prices(right) && left.volume.to_bits() == right.volume.to_bits()
}

fn values(candle: &Candle, decimals: u32) -> String {
    let [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close]
        .map(|price| text::fixed_text(price.get(), decimals));
    format!("open {open} high {high} low {low} close {close} volume {}", candle.volume)
}

fn count(candles: &[Candle]) -> u64 {
    u64::try_from(candles.len()).unwrap_or(u64::MAX)
}
