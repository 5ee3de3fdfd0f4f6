//! The numbers of orders: schema 1.

use minicbor::Decoder;
use seawall_model::{
    ClientOrderId, OrderKind, OrderRef, OrderRequest, OrderRole, OrderState, Side, TimeInForce, Trigger,
    TriggerSource, VenueId, VenueRequest,
};

use super::{
    Out, Put, Taken, Wire, array_length, expect_length, one, unknown, wire_codes, wire_struct, wire_variants,
};

wire_codes!(Side { 0 = Buy, 1 = Sell });

wire_codes!(TriggerSource { 0 = Mark, 1 = Last, 2 = Index });

wire_codes!(TimeInForce { 0 = GoodTilCancelled, 1 = ImmediateOrCancel, 2 = PostOnly });

wire_codes!(OrderState {
    0 = Intended,
    1 = InFlight,
    2 = Unknown,
    3 = Open,
    4 = Triggered,
    5 = Filled,
    6 = Cancelled,
    7 = Rejected,
    8 = Expired,
    9 = NotSent,
});

wire_struct!(ClientOrderId { run, sequence });

wire_struct!(OrderRef { instrument, id });

wire_struct!(Trigger { price, source });

wire_variants!(VenueId { 0 = Number(number), 1 = Text(text) });

wire_variants!(OrderKind {
    0 = Market,
    1 = Limit { price, time_in_force },
    2 = StopMarket { trigger },
    3 = StopLimit { trigger, limit },
    4 = TakeProfitMarket { trigger },
    5 = TakeProfitLimit { trigger, limit },
});

wire_variants!(OrderRole {
    0 = Entry,
    1 = Stop,
    2 = Target(number),
    3 = Exit,
    4 = Emergency,
});

wire_struct!(OrderRequest { order, role, side, qty, kind, reduce_only });

wire_variants!(VenueRequest {
    0 = Place(request),
    1 = Amend { order, qty, kind },
    2 = Cancel { order },
    3 = QueryOrder { order },
    4 = QueryOpenOrders,
    5 = QueryPositions,
    6 = QueryBalance,
});
