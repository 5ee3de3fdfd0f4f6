//! Commands about one position: what they need beside the instrument, and what they would do in words.

use core::str::FromStr;

use seawall_live::board::{About, InstrumentView, Order, Refusal, View};
use seawall_model::{Instrument, InstrumentId, OrderRole, PositionAction, Price, PriceUnits, Qty};

use super::commands::{CommandBody, Deal, Subject, refused};
use crate::fault::Fault;

impl CommandBody {
    /// The engine's order, where the command is about a position: whether it fits, the engine says.
    pub(super) fn about_position(&self, about: &About, view: &View) -> Result<Option<Order>, Fault> {
        let deal = match self.command.subject() {
            Subject::Position(deal) => Some(deal),
            Subject::Mode(_) | Subject::Switch => None,
        };
        if self.instrument.is_some() != deal.is_some() {
            let message = "commands about a position need an instrument, the others have none";
            return Err(Fault::bad_request("instrument", message));
        }
        if self.qty.is_some() != (deal == Some(Deal::Reduce)) {
            return Err(Fault::bad_request("qty", "`reduce` needs a qty, the others have none"));
        }
        if self.price.is_some() != matches!(deal, Some(Deal::MoveStop | Deal::MoveTarget)) {
            let message = "`move_stop` and `move_target` need a price, the others have none";
            return Err(Fault::bad_request("price", message));
        }
        if self.target.is_some() != (deal == Some(Deal::MoveTarget)) {
            let message = "`move_target` needs the number of a take-profit, the others have none";
            return Err(Fault::bad_request("target", message));
        }
        let Some(deal) = deal else { return Ok(None) };
        let name = self.instrument.as_deref().unwrap_or_default();
        let place = about.instruments.iter().position(|one| one.name().as_str() == name);
        let unknown = || Fault::not_found("the run has no such instrument");
        let (instrument, id) = place
            .and_then(|place| Some((about.instruments.get(place)?, InstrumentId(u32::try_from(place).ok()?))))
            .ok_or_else(unknown)?;
        if !view.instruments.get(id.index()).is_some_and(InstrumentView::is_held) {
            return Err(refused(Refusal::Nothing));
        }
        self.order(deal, id, instrument).map(Some)
    }

    fn order(&self, deal: Deal, id: InstrumentId, instrument: &Instrument) -> Result<Order, Fault> {
        let action = match deal {
            Deal::Close => return Ok(Order::Close(id)),
            Deal::Reduce => {
                let qty: Qty = decimal("qty", self.qty.as_deref())?;
                PositionAction::Reduce(instrument.qty_units(qty).map_err(|error| step("qty", &error))?)
            }
            Deal::MoveStop => PositionAction::MoveStop(self.new_price(instrument)?),
            Deal::MoveTarget => {
                let (number, price) = (self.target.unwrap_or_default(), self.new_price(instrument)?);
                PositionAction::MoveTarget { number, price }
            }
            Deal::BreakEven => PositionAction::BreakEven,
            Deal::Adopt => PositionAction::Adopt,
            Deal::Ignore => PositionAction::Ignore,
        };
        Ok(Order::Position(id, action))
    }

    fn new_price(&self, instrument: &Instrument) -> Result<PriceUnits, Fault> {
        let price: Price = decimal("price", self.price.as_deref())?;
        let units = instrument.price_units(price).map_err(|error| step("price", &error))?;
        if !instrument.is_on_tick(units) {
            let tick = instrument.price(instrument.tick());
            return Err(Fault::bad_request("price", format!("not a multiple of the tick, {tick}")));
        }
        Ok(units)
    }

    /// What it would do to the position.
    pub(super) fn words_of_position(&self, deal: Deal, about: &About, view: &View) -> Option<String> {
        let name = self.instrument.as_deref()?;
        let instrument = about.instruments.iter().find(|one| one.name().as_str() == name)?;
        let row = view.instruments.iter().find(|row| row.name.as_str() == name)?;
        let stop = row.stop.map_or_else(|| "nowhere".to_owned(), |stop| stop.to_string());
        let value = |field: &Option<String>| field.clone().unwrap_or_default();
        Some(match deal {
            Deal::Close => format!("closes {name} at market: {} at about {}", row.qty, row.last),
            Deal::Reduce => format!("closes {} of the {} of {name} at market", value(&self.qty), row.qty),
            Deal::MoveStop => {
                format!("moves the stop of {name} from {stop} to {}; last {}", value(&self.price), row.last)
            }
            Deal::BreakEven => {
                let entry = row.trade.as_ref().and_then(|trade| trade.entry);
                let entry = entry.map_or_else(|| "unknown".to_owned(), |entry| entry.to_string());
                format!("moves the stop of {name} from {stop} to its entry, {entry}, and the offset")
            }
            Deal::MoveTarget => {
                let number = self.target.unwrap_or_default();
                let rests = row.orders.iter().find(|order| order.role == OrderRole::Target(number));
                let from = rests.and_then(|order| order.kind.limit()).map(|price| instrument.price(price));
                let from = from.map_or_else(|| "where it is planned".to_owned(), |price| price.to_string());
                let to = value(&self.price);
                format!("moves take-profit {number} of {name} from {from} to {to}; last {}", row.last)
            }
            Deal::Adopt => format!("protects {name} with a stop and manages it from now on"),
            Deal::Ignore => {
                format!("leaves {name} alone: its stop of ours is cancelled, nothing of ours protects it")
            }
        })
    }
}

pub(super) fn decimal<T: FromStr>(field: &'static str, text: Option<&str>) -> Result<T, Fault> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| Fault::bad_request(field, "not a decimal number such as \"0.25\""))
}

pub(super) fn step(field: &'static str, error: &seawall_model::ModelError) -> Fault {
    Fault::bad_request(field, error.to_string())
}
