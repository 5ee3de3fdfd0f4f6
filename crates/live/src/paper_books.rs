//! The simulated exchange of a paper run dies with its process: its books are taken from the engine's.
//!
//! What was on its way to the exchange never arrived there. The engine holds such orders for unknown, asks,
//! hears that they are absent, and goes on from that, as it would with a venue.

use seawall_engine::{Account, Engine};
use seawall_model::{Instrument, OrderRequest, OrderState, OrderUpdate};
use seawall_simulator::{Books, BooksOrder, BooksPosition};

/// What the exchange of a resumed paper run begins with.
#[must_use]
pub fn paper_books(engine: &Engine) -> Books {
    let ids = || engine.instruments().map(Instrument::id);
    let held = |id| {
        let qty = engine.position(id)?.qty;
        let cost = engine.ledger().balance(Account::Position(id));
        (!qty.is_zero()).then_some(BooksPosition { instrument: id, qty, cost })
    };
    let orders = ids().flat_map(|id| engine.live_orders(id).collect::<Vec<_>>());
    let known = orders.filter(|order| order.state.is_confirmed());
    let working = |update: OrderUpdate| {
        let OrderUpdate { order, role, side, qty, filled, kind, reduce_only, state, .. } = update;
        let request = OrderRequest { order, role, side, qty, kind, reduce_only };
        BooksOrder { request, filled, triggered: state == OrderState::Triggered }
    };
    Books {
        cash: engine.ledger().cash(),
        positions: ids().filter_map(held).collect(),
        orders: known.map(working).collect(),
    }
}
