//! What each venue can do, as data: one row a venue, checked at start against what the configuration needs.
//!
//! Sources: the venues' documentation, one page a venue. The engine sees of all this only
//! [`seawall_model::Capabilities`]; everything else is for codecs, drivers and the start-up check.

use arrayvec::ArrayVec;
use seawall_model::{Capabilities, Span, Timeframe, TriggerSource};
use thiserror::Error;

/// Where positions come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    /// The venue reports them.
    Reported,
    /// There are only balances: what is held of the base currency is the position, its entry price unknown.
    FromBalances,
}

/// How a stop that becomes a market order is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMarket {
    /// The venue has it.
    Native,
    /// The venue has stops with a limit only: the limit is put this far through the trigger.
    AsStopLimit {
        /// Basis points beyond the trigger, to the worse side.
        through_bps: u32,
    },
}

/// How an open order is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amend {
    /// In place, orders and conditional orders alike.
    Everything,
    /// In place, limit orders only: a stop is replaced (the new one before the old one goes).
    LimitOrders,
    /// Not at all.
    Nothing,
}

/// For how long the venue refuses a client order id that it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdMemory {
    /// Among open orders only: an order that filled at once can be placed again under its id, so a
    /// placement must never be repeated blindly.
    OpenOrders,
    /// For good, and a repetition answers with the first order.
    ReturnsTheFirst,
}

/// Our names for orders at a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIds {
    /// Characters allowed.
    pub length_max: usize,
    /// For how long an id is refused again.
    pub memory: IdMemory,
    /// Whether conditional orders carry one; if not, they are recognised by their terms.
    pub on_conditional: bool,
    /// Whether one order can be asked for by it.
    pub query: bool,
    /// Whether one order can be cancelled by it; if not, the venue's id is used.
    pub cancel: bool,
}

/// How many id spaces orders have, see [`crate::orders::IdSpace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdSpaces {
    /// One.
    One,
    /// Conditional orders have their own, with endpoints of their own.
    ConditionalApart,
}

/// The unit that the venue counts quantities in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QtyUnit {
    /// Base currency.
    Base,
    /// Whole lots; the contract size is the base currency of one lot.
    Lots,
}

/// Long and short at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionMode {
    /// There is one net position.
    OneWay,
    /// The account can be switched to hold both sides; that is refused at start.
    CanHedge,
    /// Holding both sides is the account's default: it is read at start and refused until switched.
    HedgesByDefault,
    /// There are no positions.
    None,
}

/// The venue's switch that cancels everything when we fall silent. It takes the stops too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadMan {
    /// There is none.
    None,
    /// For the whole account.
    Account,
    /// For each instrument.
    Instrument,
}

/// How a book on the stream proves that it is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookProof {
    /// Each message has the next number.
    Sequence,
    /// Each message has a checksum of the best levels.
    Checksum,
    /// Each message names the one before it, and the first must join a snapshot asked for.
    Chained,
}

/// A venue's abilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The name in configuration and instrument names.
    pub venue: &'static str,
    /// Whether leverage and short positions exist.
    pub derivatives: bool,
    /// Where positions come from.
    pub positions: Positions,
    /// How a stop-market order is placed.
    pub stop_market: StopMarket,
    /// What may trigger a stop, the preferred one first.
    pub stop_triggers: &'static [TriggerSource],
    /// How an open order is changed.
    pub amend: Amend,
    /// Whether an order can be marked as reducing only.
    pub reduce_only: bool,
    /// Whether the venue cancels reduce-only orders without a position by itself.
    pub cancels_orphaned_reduce_only: bool,
    /// Whether a stop can be attached to an entry.
    pub attached_stop: bool,
    /// Our names for orders.
    pub client_ids: ClientIds,
    /// The venue's names for orders.
    pub id_spaces: IdSpaces,
    /// The unit of quantities.
    pub qty_unit: QtyUnit,
    /// Long and short at once.
    pub position_mode: PositionMode,
    /// Cancels everything when we fall silent.
    pub dead_man: DeadMan,
    /// How a book proves itself.
    pub book_proof: BookProof,
    /// Whether executions on the stream come with their fee.
    pub fee_on_stream: bool,
    /// Candles in one answer.
    pub candles_max: u32,
    /// Timeframes of candles.
    pub timeframes: &'static [Timeframe],
    /// A placement carries the instant after which the venue must not take it.
    pub placement_expires: Option<Span>,
    /// A placement that the venue has not shown after this was never taken.
    pub acceptance_horizon: Span,
}

use Timeframe::{D1, H1, H2, H4, H6, H8, H12, M1, M3, M5, M15, M30, W1};

/// Kraken Futures: linear perpetuals on one multi-collateral account.
pub const KRAKEN_FUTURES: Profile = Profile {
    venue: "kraken-futures",
    derivatives: true,
    positions: Positions::Reported,
    stop_market: StopMarket::Native,
    stop_triggers: &[TriggerSource::Mark, TriggerSource::Last, TriggerSource::Index],
    amend: Amend::Everything,
    reduce_only: true,
    cancels_orphaned_reduce_only: false,
    attached_stop: false,
    client_ids: ClientIds {
        length_max: 100,
        memory: IdMemory::OpenOrders,
        on_conditional: true,
        query: true,
        cancel: true,
    },
    id_spaces: IdSpaces::One,
    qty_unit: QtyUnit::Base,
    position_mode: PositionMode::OneWay,
    dead_man: DeadMan::Account,
    book_proof: BookProof::Sequence,
    fee_on_stream: true,
    candles_max: 2_000,
    timeframes: &[M1, M5, M15, M30, H1, H4, H12, D1, W1],
    placement_expires: Some(Span::from_secs(10)),
    acceptance_horizon: Span::from_secs(15),
};

/// Kraken spot.
pub const KRAKEN_SPOT: Profile = Profile {
    venue: "kraken",
    derivatives: false,
    positions: Positions::FromBalances,
    stop_market: StopMarket::Native,
    stop_triggers: &[TriggerSource::Last, TriggerSource::Index],
    amend: Amend::Everything,
    reduce_only: false,
    cancels_orphaned_reduce_only: false,
    attached_stop: true,
    client_ids: ClientIds {
        length_max: 18,
        memory: IdMemory::OpenOrders,
        on_conditional: true,
        query: true,
        cancel: true,
    },
    id_spaces: IdSpaces::One,
    qty_unit: QtyUnit::Base,
    position_mode: PositionMode::None,
    dead_man: DeadMan::Account,
    book_proof: BookProof::Checksum,
    fee_on_stream: true,
    candles_max: 720,
    timeframes: &[M1, M5, M15, M30, H1, H4, D1, W1],
    placement_expires: Some(Span::from_secs(10)),
    acceptance_horizon: Span::from_secs(15),
};

/// Coinbase Advanced, spot.
pub const COINBASE: Profile = Profile {
    venue: "coinbase",
    derivatives: false,
    positions: Positions::FromBalances,
    stop_market: StopMarket::AsStopLimit { through_bps: 500 },
    stop_triggers: &[TriggerSource::Last],
    amend: Amend::LimitOrders,
    reduce_only: false,
    cancels_orphaned_reduce_only: false,
    attached_stop: true,
    client_ids: ClientIds {
        length_max: 36,
        memory: IdMemory::ReturnsTheFirst,
        on_conditional: true,
        query: false,
        cancel: false,
    },
    id_spaces: IdSpaces::One,
    qty_unit: QtyUnit::Base,
    position_mode: PositionMode::None,
    dead_man: DeadMan::None,
    book_proof: BookProof::Sequence,
    fee_on_stream: false,
    candles_max: 350,
    timeframes: &[M1, M5, M15, M30, H1, H2, H4, H6, D1],
    placement_expires: None,
    acceptance_horizon: Span::from_secs(60),
};

/// Binance USDT-M.
pub const BINANCE_USDM: Profile = Profile {
    venue: "binance-usdm",
    derivatives: true,
    positions: Positions::Reported,
    stop_market: StopMarket::Native,
    stop_triggers: &[TriggerSource::Mark, TriggerSource::Last],
    amend: Amend::LimitOrders,
    reduce_only: true,
    cancels_orphaned_reduce_only: false,
    attached_stop: false,
    client_ids: ClientIds {
        length_max: 36,
        memory: IdMemory::OpenOrders,
        on_conditional: true,
        query: true,
        cancel: true,
    },
    id_spaces: IdSpaces::ConditionalApart,
    qty_unit: QtyUnit::Base,
    position_mode: PositionMode::CanHedge,
    dead_man: DeadMan::Instrument,
    book_proof: BookProof::Chained,
    fee_on_stream: true,
    candles_max: 1_500,
    timeframes: &[M1, M3, M5, M15, M30, H1, H2, H4, H6, H8, H12, D1, W1],
    placement_expires: Some(Span::from_secs(10)),
    acceptance_horizon: Span::from_secs(30),
};

/// KuCoin Futures, classic account.
pub const KUCOIN_FUTURES: Profile = Profile {
    venue: "kucoin-futures",
    derivatives: true,
    positions: Positions::Reported,
    stop_market: StopMarket::Native,
    stop_triggers: &[TriggerSource::Mark, TriggerSource::Last, TriggerSource::Index],
    amend: Amend::Nothing,
    reduce_only: true,
    cancels_orphaned_reduce_only: false,
    attached_stop: true,
    client_ids: ClientIds {
        length_max: 40,
        memory: IdMemory::OpenOrders,
        on_conditional: true,
        query: true,
        cancel: true,
    },
    id_spaces: IdSpaces::One,
    qty_unit: QtyUnit::Lots,
    position_mode: PositionMode::CanHedge,
    dead_man: DeadMan::None,
    book_proof: BookProof::Sequence,
    fee_on_stream: false,
    candles_max: 500,
    timeframes: &[M1, M5, M15, M30, H1, H2, H4, H8, H12, D1, W1],
    placement_expires: None,
    acceptance_horizon: Span::from_secs(60),
};

/// BingX perpetual swaps.
pub const BINGX_SWAP: Profile = Profile {
    venue: "bingx",
    derivatives: true,
    positions: Positions::Reported,
    stop_market: StopMarket::Native,
    stop_triggers: &[TriggerSource::Mark, TriggerSource::Last],
    amend: Amend::Nothing,
    reduce_only: true,
    cancels_orphaned_reduce_only: true,
    attached_stop: true,
    client_ids: ClientIds {
        length_max: 40,
        memory: IdMemory::OpenOrders,
        on_conditional: false,
        query: true,
        cancel: true,
    },
    id_spaces: IdSpaces::One,
    qty_unit: QtyUnit::Base,
    position_mode: PositionMode::HedgesByDefault,
    dead_man: DeadMan::Account,
    book_proof: BookProof::Sequence,
    fee_on_stream: true,
    candles_max: 1_440,
    timeframes: &[M1, M3, M5, M15, M30, H1, H2, H4, H6, H8, H12, D1, W1],
    placement_expires: Some(Span::from_secs(5)),
    acceptance_horizon: Span::from_secs(60),
};

/// Every venue.
pub const ALL: [&Profile; 6] =
    [&KRAKEN_FUTURES, &KRAKEN_SPOT, &COINBASE, &BINANCE_USDM, &KUCOIN_FUTURES, &BINGX_SWAP];

/// Something that a configuration needs of its venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Short positions or leverage.
    Derivatives,
    /// A stop that is triggered by this price.
    Trigger(TriggerSource),
    /// A stop that becomes a market order, not one with a limit far through.
    NativeStopMarket,
    /// Stops that are moved in place.
    AmendStops,
    /// Orders that only reduce.
    ReduceOnly,
    /// A switch that cancels everything when we fall silent.
    DeadMan,
    /// Candles of this length.
    Candles(Timeframe),
}

/// A need that the venue does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Lack {
    /// See [`Need::Derivatives`].
    #[error("{venue} is a spot venue: it has no short positions and no leverage")]
    Derivatives {
        /// The venue.
        venue: &'static str,
    },
    /// See [`Need::Trigger`].
    #[error("{venue} cannot trigger a stop on the {} price", source_price.name())]
    Trigger {
        /// The venue.
        venue: &'static str,
        /// The wanted price.
        source_price: TriggerSource,
    },
    /// See [`Need::NativeStopMarket`].
    #[error("{venue} has no stop-market orders: its stops have a limit")]
    NativeStopMarket {
        /// The venue.
        venue: &'static str,
    },
    /// See [`Need::AmendStops`].
    #[error("{venue} cannot change a stop in place")]
    AmendStops {
        /// The venue.
        venue: &'static str,
    },
    /// See [`Need::ReduceOnly`].
    #[error("{venue} has no reduce-only orders")]
    ReduceOnly {
        /// The venue.
        venue: &'static str,
    },
    /// See [`Need::DeadMan`].
    #[error("{venue} has no dead man's switch")]
    DeadMan {
        /// The venue.
        venue: &'static str,
    },
    /// See [`Need::Candles`].
    #[error("{venue} has no {timeframe} candles")]
    Candles {
        /// The venue.
        venue: &'static str,
        /// The wanted length.
        timeframe: Timeframe,
    },
}

impl Profile {
    /// The needs that this venue does not meet: a configuration with one does not start.
    #[must_use]
    pub fn lacks(&self, needs: &[Need]) -> Vec<Lack> {
        let venue = self.venue;
        let lack = |need: &Need| match *need {
            Need::Derivatives => (!self.derivatives).then_some(Lack::Derivatives { venue }),
            Need::Trigger(source) => (!self.stop_triggers.contains(&source))
                .then_some(Lack::Trigger { venue, source_price: source }),
            Need::NativeStopMarket => {
                (self.stop_market != StopMarket::Native).then_some(Lack::NativeStopMarket { venue })
            }
            Need::AmendStops => (self.amend != Amend::Everything).then_some(Lack::AmendStops { venue }),
            Need::ReduceOnly => (!self.reduce_only).then_some(Lack::ReduceOnly { venue }),
            Need::DeadMan => (self.dead_man == DeadMan::None).then_some(Lack::DeadMan { venue }),
            Need::Candles(timeframe) => {
                (!self.timeframes.contains(&timeframe)).then_some(Lack::Candles { venue, timeframe })
            }
        };
        needs.iter().filter_map(lack).collect()
    }

    /// What the engine plans within.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            amend: self.amend == Amend::Everything,
            stop_triggers: self.stop_triggers.iter().copied().collect::<ArrayVec<_, 3>>(),
            lossless_order_stream: false,
            reduce_only: self.reduce_only,
            cancels_orphaned_reduce_only: self.cancels_orphaned_reduce_only,
            balance_is_wallet: self.positions == Positions::Reported,
            acceptance_horizon: self.acceptance_horizon,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::ClientOrderId;

    #[test]
    fn our_order_ids_fit_every_venue() {
        let id = ClientOrderId { run: u32::MAX, sequence: u32::MAX }.wire();
        for profile in ALL {
            assert!(id.len() <= profile.client_ids.length_max, "{}", profile.venue);
            assert!(!profile.stop_triggers.is_empty() && profile.stop_triggers.len() <= 3);
        }
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    }

    #[test]
    fn a_configuration_that_needs_what_a_venue_lacks_is_told_each_lack() {
        let needs = [
            Need::Derivatives,
            Need::Trigger(TriggerSource::Mark),
            Need::NativeStopMarket,
            Need::AmendStops,
            Need::ReduceOnly,
            Need::DeadMan,
            Need::Candles(M3),
        ];
        assert_eq!(COINBASE.lacks(&needs).len(), needs.len());
        assert_eq!(KRAKEN_FUTURES.lacks(&needs), [Lack::Candles { venue: "kraken-futures", timeframe: M3 }]);
        let text = KRAKEN_SPOT.lacks(&needs[1..2])[0].to_string();
        assert_eq!(text, "kraken cannot trigger a stop on the mark price");
    }

    #[test]
    fn a_remote_stream_is_never_taken_for_lossless() {
        for profile in ALL {
            let seen = profile.capabilities();
            assert!(!seen.lossless_order_stream);
            let expires = profile.placement_expires.unwrap_or(Span::ZERO);
            assert!(seen.acceptance_horizon > expires, "{}", profile.venue);
        }
    }
}
