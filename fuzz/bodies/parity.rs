//! Columns of any bits and any parameters through the eight functions of parity mode.

use seawall_model::Ts;
use seawall_smc::parity::{
    ClockTime, Columns, InputZone, Session, TimeFrame, bos_choch, fvg, liquidity, ob, previous_high_low,
    retracements, sessions, swing_highs_lows,
};

use super::input::Input;

struct Parameters<'a> {
    swing_length: usize,
    range_percent: f64,
    flags: u8,
    time_frame: &'a str,
    session: &'a str,
    from_to: [&'a str; 2],
    zone: &'a str,
}

fn parameters<'a>(input: &mut Input<'a>) -> Option<Parameters<'a>> {
    let swing_length = match input.small()? {
        255 => usize::MAX,
        254 => usize::MAX / 2,
        byte => byte % 12,
    };
    Some(Parameters {
        swing_length,
        range_percent: input.float()?,
        flags: input.byte()?,
        time_frame: input.text(6)?,
        session: input.text(24)?,
        from_to: [input.text(5)?, input.text(5)?],
        zone: input.text(6)?,
    })
}

/// Runs everything; each column must be as long as the input.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let Some(parameters) = parameters(&mut input) else { return };
    let (mut times, mut cells, mut time): (Vec<Ts>, [Vec<f64>; 5], i64) = Default::default();
    'rows: while times.len() < 2_000 {
        let mut row = [0.0; 5];
        let Some(step) = input.byte() else { break };
        for cell in &mut row {
            let Some(value) = input.float() else { break 'rows };
            *cell = value;
        }
        time = match step {
            0..=199 => time.saturating_add(i64::from(step) * 60_000_000_000),
            200..=239 => time.saturating_add(i64::from(step) * 3_600_000_000_000),
            240..=251 => time.saturating_sub(i64::from(step) * 60_000_000_000),
            252..=255 => input.integer().unwrap_or(i64::MIN),
        };
        times.push(Ts::from_nanos(time));
        for (column, cell) in cells.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    if parameters.flags & 128 != 0 {
        // A table whose columns differ in length is refused.
        cells[0].push(1.0);
    }
    let [open, high, low, close, volume] = &cells;
    let Ok(columns) = Columns::new(&times, open, high, low, close, volume) else {
        assert!(parameters.flags & 128 != 0, "refused without a reason");
        return;
    };
    all_eight(&columns, &parameters);
}

fn all_eight(columns: &Columns<'_>, parameters: &Parameters<'_>) {
    let rows = columns.len();
    let flag = |bit: u8| parameters.flags & bit != 0;
    assert_eq!(fvg(columns, flag(1)).mitigated_index.len(), rows);
    let swings = swing_highs_lows(columns, parameters.swing_length);
    assert_eq!(swings.level.len(), rows);
    assert_eq!(bos_choch(columns, &swings, flag(2)).unwrap().broken_index.len(), rows);
    assert_eq!(ob(columns, &swings, flag(4)).unwrap().percentage.len(), rows);
    assert_eq!(liquidity(columns, &swings, parameters.range_percent).unwrap().swept.len(), rows);
    assert_eq!(retracements(columns, &swings).unwrap().direction.len(), rows);
    if let Ok(time_frame) = parameters.time_frame.parse::<TimeFrame>() {
        assert_eq!(previous_high_low(columns, time_frame).broken_low.len(), rows);
    }
    let zone = parameters.zone.parse().unwrap_or(InputZone::Utc);
    let [start, end] = parameters.from_to.map(|text| text.parse::<ClockTime>().ok());
    let custom = start.zip(end).map(|(start, end)| Session::Custom { start, end });
    if let Some(session) = custom.or_else(|| parameters.session.parse().ok()) {
        assert_eq!(sessions(columns, session, zone).active.len(), rows);
    }
}
