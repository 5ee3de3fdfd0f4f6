//! What the venue lists, told to the engine on a schedule: volumes and spreads decide over entries.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::prelude::ToPrimitive;
use seawall_model::{Coverage, Input, ListingRow, Report};
use seawall_venues::query::Ticker;
use seawall_venues::{Answer, ListedInstrument, Market, Markets, News, Query};

use crate::net::{Delivery, Inbox, VenueHandle};
use crate::wall_clock::WallClock;

/// After a failure it is tried again after this.
const PAUSE: Duration = Duration::from_secs(60);

/// Asks for prices and instruments every `every`, for as long as the venue's task lives.
pub(super) async fn follow(
    venue: VenueHandle,
    inbox: Arc<Inbox>,
    clock: Arc<WallClock>,
    mut markets: Markets,
    every: Duration,
) {
    loop {
        let tickers = match venue.ask(Query::Tickers).await {
            Ok(Answer::Tickers(tickers)) => Some(tickers),
            Ok(_) | Err(_) => None,
        };
        let complete = tickers.is_some();
        let rows = tickers.iter().flatten().filter_map(|ticker| row(ticker, &markets)).collect();
        let coverage = if complete { Coverage::Complete } else { Coverage::Failed };
        let input = Input::Listing(Report { coverage, taken_at: clock.now(), rows });
        inbox.deliver(&mut [Delivery::News(News::Engine(input))].into()).await;
        if let Ok(Answer::Instruments { listed, .. }) = venue.ask(Query::Instruments).await {
            markets = refreshed(&markets, &listed);
            venue.set_markets(markets.clone()).await;
        }
        tokio::time::sleep(if complete { every } else { PAUSE }).await;
    }
}

fn row(ticker: &Ticker, markets: &Markets) -> Option<ListingRow> {
    let instrument = &markets.get(ticker.instrument).ok()?.instrument;
    let price = ticker.last.or(ticker.mark).map(|price| instrument.price(price).get());
    let volume = ticker.volume_24h.zip(price).and_then(|(volume, price)| volume.checked_mul(price));
    Some(ListingRow {
        name: instrument.name().clone(),
        kind: instrument.spec().kind.into(),
        volume_24h: volume.and_then(|volume| volume.to_f64()),
        bid: ticker.bid.map(|bid| instrument.price(bid)),
        ask: ticker.ask.map(|ask| instrument.price(ask)),
    })
}

/// The markets of the run as they are listed now. What the engine reckons with (tick, lot, minima) stays as
/// it was at the start; where the venue has changed that, the operator is told to start anew.
fn refreshed(markets: &Markets, listed: &[ListedInstrument]) -> Markets {
    let again = markets.iter().map(|market| {
        let row = listed.iter().find(|row| row.symbol == market.listed.symbol);
        let listed = row.unwrap_or(&market.listed).clone();
        let (new, old) = (&listed.spec, &market.listed.spec);
        if (new.tick, new.lot, new.min_qty) != (old.tick, old.lot, old.min_qty) {
            tracing::warn!(
                instrument = %market.instrument.name(),
                "the venue has changed tick, lot or minimum: start anew to take them over"
            );
        }
        Market { listed, instrument: market.instrument.clone() }
    });
    Markets::new(again).unwrap_or_else(|_| markets.clone())
}
