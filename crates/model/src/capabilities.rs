//! What a venue can do, as far as the engine must know to choose its orders.

use arrayvec::ArrayVec;

use crate::order::TriggerSource;
use crate::time::Span;

/// A venue's abilities. The engine plans within them; it never asks for what is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether an open order's quantity and trigger can be changed in place.
    pub amend: bool,
    /// Prices that can trigger a stop, the preferred one first. The protection ladder goes through them.
    pub stop_triggers: ArrayVec<TriggerSource, 3>,
    /// Whether every change of an order is pushed without loss, so that resting stops need no proving by
    /// query. True only for a simulated venue inside the process.
    pub lossless_order_stream: bool,
    /// Whether an order can be bound to only ever reduce a position. Where it can't, two stops of the whole
    /// size could turn it.
    pub reduce_only: bool,
    /// Whether the venue itself cancels reduce-only orders when their position is gone.
    pub cancels_orphaned_reduce_only: bool,
    /// Whether the balance that it reports is a margin wallet, out of which a position takes nothing but its
    /// fees and what it has realised. Where it is not, what a position cost has left the balance.
    pub balance_is_wallet: bool,
    /// A placement that the venue has not shown after this time will never be accepted.
    pub acceptance_horizon: Span,
}
