//! Our own spot codec and sessions against the exchange in a box, without a socket on either side.

use seawall_model::{
    ClientOrderId, Input, Instrument, InstrumentId, OrderKind, OrderRef, OrderRequest, OrderRole, PriceUnits,
    QtyUnits, Side, Span, TimeInForce, Timeframe, Trigger, TriggerSource, Ts, VenueEvent, VenueRequest,
};
use seawall_testnet::world::VenueKind;
use seawall_testnet::{
    Answer as NetAnswer, ConnectionId, Frame, HttpRequest, Protocol, Setup, Testnet, WorldSettings,
};
use seawall_venues::codec::Tables;
use seawall_venues::http::Response;
use seawall_venues::kraken_spot::market_session::Wanted;
use seawall_venues::kraken_spot::{AccountSession, KrakenSpot, MarketSession};
use seawall_venues::session::Scope;
use seawall_venues::{
    Adapter, Answer, Codec, Command, Credentials, Dispatch, Market, Markets, News, Query, Reply, Request,
    Secret, Session, TransportFailure,
};

const START: Ts = Ts::from_millis(1_767_323_045_000);

struct Client {
    testnet: Testnet,
    now: Ts,
    nonce: u64,
    credentials: Credentials,
    adapter: Adapter<KrakenSpot>,
    lines: Vec<(Box<dyn Session>, Option<ConnectionId>)>,
    connections: u64,
    inputs: Vec<Input>,
    tops: usize,
    sequence: u32,
}

impl Client {
    fn new() -> Self {
        let mut world = WorldSettings::new(VenueKind::Kraken);
        world.history_days = 3;
        let setup = Setup::new(world);
        let secret = Secret::from_base64("test", &setup.secret).unwrap();
        let mut client = Client {
            testnet: setup.build(START).unwrap(),
            now: START,
            nonce: 1,
            credentials: Credentials { key: setup.key, secret, passphrase: None },
            adapter: Adapter::new(KrakenSpot, Markets::new([]).unwrap()),
            lines: Vec::new(),
            connections: 0,
            inputs: Vec::new(),
            tops: 0,
            sequence: 0,
        };
        let Answer::Instruments { listed, excluded } = client.ask(&Query::Instruments).unwrap() else {
            panic!("no instruments")
        };
        assert!(excluded.is_empty(), "{excluded:?}");
        let mut listed = listed;
        // Bitcoin first, as the world numbers them.
        listed.sort_by_key(|listed| !listed.stream_symbol.starts_with("BTC"));
        let markets = listed.into_iter().zip(0_u32..).map(|(listed, id)| {
            let decimals = listed.price_decimals;
            let instrument = Instrument::new(InstrumentId(id), listed.spec.clone(), decimals).unwrap();
            Market { listed, instrument }
        });
        client.adapter.set_markets(Markets::new(markets.collect::<Vec<_>>()).unwrap());
        let id = InstrumentId(0);
        let from = Timeframe::M1.floor(START.minus(Span::from_secs(3_600)));
        let wanted = Wanted { quotes: vec![id], books: vec![id], candles: vec![(id, Timeframe::M1, from)] };
        client.lines.push((Box::new(MarketSession::new(wanted, 2)), None));
        client.lines.push((Box::new(AccountSession::new(START, 1)), None));
        client
    }

    fn exchange(&mut self, request: &Request) -> Reply {
        self.nonce += 1;
        let credentials = request.signed.then_some(&self.credentials);
        let signed = KrakenSpot.sign(request, credentials, self.nonce).unwrap();
        let headers = signed.headers.iter();
        let request = HttpRequest {
            method: signed.method.name().to_owned(),
            target: signed.target.clone(),
            headers: headers.map(|h| (h.name.to_ascii_lowercase(), h.value.clone())).collect(),
            body: signed.body.clone().into_bytes(),
        };
        match self.testnet.request(self.now, &request) {
            NetAnswer::Reply { reply, .. } => Ok(Response {
                status: reply.status,
                retry_after_s: None,
                body: reply.body.into_bytes(),
                received_at: self.now,
            }),
            NetAnswer::Nothing { .. } => Err(TransportFailure::MaybeSent),
        }
    }

    fn ask(&mut self, query: &Query) -> Result<Answer, seawall_venues::Failure> {
        let request = KrakenSpot.ask(self.now, query, self.adapter.markets()).unwrap();
        let reply = self.exchange(&request);
        let (markets, orders) = self.adapter.orders_mut();
        KrakenSpot.answer(query, &reply, Tables { markets, orders })
    }

    fn request(&mut self, request: VenueRequest) -> Vec<VenueEvent> {
        let mut dispatch = self.adapter.send(self.now, request);
        loop {
            match dispatch {
                Dispatch::Ended(outcome) => {
                    let event = |input: &Input| match input {
                        Input::Venue(event) => Some(event.clone()),
                        _ => None,
                    };
                    let events = outcome.inputs.iter().filter_map(event).collect();
                    self.pump();
                    return events;
                }
                Dispatch::Send(ticket, request) => {
                    let reply = self.exchange(&request);
                    dispatch = self.adapter.on_reply(ticket, self.now, &reply).unwrap();
                }
            }
        }
    }

    fn pump(&mut self) {
        for _ in 0..10_000 {
            let mut is_quiet = true;
            while let Some(outgoing) = self.testnet.next_outgoing() {
                is_quiet = false;
                let (markets, orders) = self.adapter.orders_mut();
                let line = self.lines.iter_mut().find(|(_, known)| *known == Some(outgoing.connection));
                let Some((session, connection)) = line else { continue };
                match outgoing.frame {
                    Frame::Text(text) => session.on_text(self.now, &text, &mut Scope { markets, orders }),
                    Frame::Ping => {}
                    Frame::Close => {
                        *connection = None;
                        session.on_closed(self.now);
                    }
                }
            }
            for number in 0..self.lines.len() {
                while let Some(command) = self.lines[number].0.command() {
                    is_quiet = false;
                    self.carry_out(number, command);
                }
            }
            if is_quiet {
                return;
            }
        }
        panic!("they never stop talking");
    }

    fn carry_out(&mut self, number: usize, command: Command) {
        match command {
            Command::Connect(_) => {
                self.connections += 1;
                let connection = ConnectionId(self.connections);
                assert!(self.testnet.open(self.now, connection, "/v2"));
                self.lines[number].1 = Some(connection);
                self.lines[number].0.on_open(self.now);
            }
            Command::Send(text) => {
                if let Some(connection) = self.lines[number].1 {
                    self.testnet.text(self.now, connection, &text.0);
                }
            }
            Command::Ping => self.lines[number].0.on_pong(self.now),
            Command::Close => panic!("a session gave up"),
            Command::Ask(query) => {
                let answer = self.ask(&query);
                let (markets, orders) = self.adapter.orders_mut();
                self.lines[number].0.on_answer(self.now, &query, answer, &mut Scope { markets, orders });
            }
            Command::Request(request) => {
                self.request(request);
            }
            Command::Emit(News::Engine(input)) => self.inputs.push(input),
            Command::Emit(News::Top { .. }) => self.tops += 1,
            Command::Emit(_) => {}
        }
    }

    fn wait(&mut self, seconds: i64) {
        for _ in 0..seconds * 4 {
            self.now = self.now.plus(Span::from_millis(250));
            self.testnet.advance(self.now);
            for number in 0..self.lines.len() {
                let (markets, orders) = self.adapter.orders_mut();
                self.lines[number].0.on_time(self.now, &mut Scope { markets, orders });
            }
            self.pump();
        }
    }

    fn order(&mut self, side: Side, qty: i64, kind: OrderKind) -> OrderRequest {
        self.sequence += 1;
        let id = ClientOrderId { run: 9, sequence: self.sequence };
        let order = OrderRef { instrument: InstrumentId(0), id };
        let role = OrderRole::Entry;
        OrderRequest { order, role, side, qty: QtyUnits::new(qty), kind, reduce_only: false }
    }

    fn price(&self, percent: i64) -> PriceUnits {
        PriceUnits::new(self.testnet.world().markets()[0].last.get() / 100 * (100 + percent))
    }

    fn filled(&self) -> i64 {
        let qty = |input: &Input| match input {
            Input::Venue(VenueEvent::Filled(fill)) => fill.side.signed(fill.qty).get(),
            _ => 0,
        };
        self.inputs.iter().map(qty).sum()
    }
}

/// The book is followed for a minute: every checksum is the one that our own book has, or the session would
/// give up its book and ask again.
#[test]
fn our_own_sessions_become_live_and_every_book_has_its_checksum() {
    let mut client = Client::new();
    client.wait(10);
    assert!(client.lines.iter().all(|(session, _)| session.is_live()));
    let before = client.tops;
    client.wait(60);
    assert!(client.tops >= before + 50, "{}", client.tops);
    assert!(client.lines.iter().all(|(session, _)| session.is_live()));
    let candles = client.inputs.iter().filter(|input| matches!(input, Input::Candle { .. }));
    assert!(candles.count() > 50, "an hour of candles and the new one");
}

#[test]
fn our_own_codec_places_amends_asks_and_cancels_and_fills_are_told_once() {
    let mut client = Client::new();
    client.wait(10);
    let entry = client.order(Side::Buy, 100, OrderKind::Market);
    let events = client.request(VenueRequest::Place(entry));
    assert!(matches!(events[0], VenueEvent::Accepted { .. }), "{events:?}");
    client.wait(1);
    assert_eq!(client.filled(), 100);
    let trigger = Trigger { price: client.price(-6), source: TriggerSource::Last };
    let stop = client.order(Side::Sell, 100, OrderKind::StopMarket { trigger });
    client.request(VenueRequest::Place(stop));
    let events = client.request(VenueRequest::QueryOpenOrders);
    let VenueEvent::OpenOrders(report) = &events[0] else { panic!("{events:?}") };
    assert_eq!((report.rows[0].order, report.rows[0].kind), (Some(stop.order), stop.kind));
    let kind = OrderKind::StopMarket { trigger: Trigger { price: client.price(-5), ..trigger } };
    let events = client.request(VenueRequest::Amend { order: stop.order, qty: stop.qty, kind });
    assert!(matches!(events[0], VenueEvent::Amended { kind: now, .. } if now == kind), "{events:?}");
    let events = client.request(VenueRequest::Cancel { order: stop.order });
    assert!(matches!(events[0], VenueEvent::Cancelled { .. }), "{events:?}");
    let events = client.request(VenueRequest::QueryPositions);
    let VenueEvent::Positions(report) = &events[0] else { panic!("{events:?}") };
    assert_eq!(report.rows[0].qty.get(), 100);
    let limit = OrderKind::Limit { price: client.price(1), time_in_force: TimeInForce::PostOnly };
    let post = client.order(Side::Buy, 100, limit);
    let events = client.request(VenueRequest::Place(post));
    assert!(matches!(events[0], VenueEvent::Rejected { .. }), "{events:?}");
    client.wait(2);
    assert_eq!(client.filled(), 100, "once, and once only");
}
