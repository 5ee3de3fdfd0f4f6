//! Every bound of the engine, with the action taken when it is reached.

/// Ended orders remembered per instrument for late fills and repeated facts. Reached: the oldest is
/// forgotten; a fill for it is then counted as one of an unknown order and reported.
pub const ENDED_ORDERS_REMEMBERED: usize = 16;

/// Live orders per instrument at which entries are refused, leaving room for protection.
pub const LIVE_ORDERS_FOR_ENTRY_MAX: usize = 16;

/// Ids of fills, and of foreign orders, remembered per instrument to recognise repetitions. Reached: the
/// oldest is forgotten.
pub const VENUE_IDS_REMEMBERED: usize = 128;

/// Stops in a row that the venue may end by itself soon after it took them. Reached: the position is closed.
pub const STOPS_LOST_MAX: u32 = 3;

/// Closing fills kept in a trade record. Reached: further ones are added to the last record's quantity.
pub const EXITS_PER_TRADE_MAX: usize = 256;

/// Queries for one order of unknown outcome before the pause between them stops growing.
pub const QUERY_BACKOFF_STEPS_MAX: u32 = 5;

/// Refused plans followed at a time per instrument. Reached: a further one is not followed; its record stands
/// without an outcome.
pub const SHADOWS_PER_INSTRUMENT_MAX: usize = 8;

/// Instruments in one engine. Reached: the engine does not start.
pub const INSTRUMENTS_MAX: usize = 4_096;

/// Losses of one instrument remembered for its pause. Reached: the oldest is forgotten; `risk.cooldown` asks
/// for at most so many.
pub const LOSSES_REMEMBERED: usize = 32;

/// Stop-outs of one instrument remembered for its strategy. Reached: the oldest is forgotten.
pub const STOP_OUTS_REMEMBERED: usize = seawall_strategy::STOP_OUTS_MAX;

/// Orders of others kept per instrument. Reached: further ones are not seen; a stop among them protects
/// nothing, and one of our own is placed.
pub const FOREIGN_ORDERS_KEPT: usize = 32;

/// Failures in a row of one report that are tolerated. Reached: an alert, and no new risk until it has come
/// in.
pub const REPORT_FAILURES_TOLERATED: u32 = 3;

/// Failures in a row of one report before the pause between two questions stops growing (at 32 seconds).
pub const REPORT_BACKOFF_STEPS_MAX: u32 = 5;

/// Lines of the venue's account log remembered to count each once. Reached: the oldest is forgotten; a venue
/// that tells one again after so many others would be counted twice, which the comparison of balances finds.
pub const BOOKINGS_REMEMBERED: usize = 512;

/// Accepted differences of the balance remembered for a reason that is told later. Reached: the oldest stays
/// an adjustment.
pub const ADJUSTMENTS_REMEMBERED: usize = 8;

/// Pause before an exit is tried again where the venue has refused a stop because the market is closed.
pub const CLOSED_RETRY: seawall_model::Span = seawall_model::Span::from_secs(10);

/// Pause before a stop is placed again where the last two never left the process.
pub const UNSENT_RETRY: seawall_model::Span = seawall_model::Span::from_secs(2);

/// Pause before a stop is tried again where the venue says that it takes no orders on the instrument at all.
pub const UNLISTED_RETRY: seawall_model::Span = seawall_model::Span::from_secs(60);
