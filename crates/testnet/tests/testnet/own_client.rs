//! Our own codec and sessions against the exchange in a box, without a socket on either side: what the live
//! runtime does, in one thread and with a clock of its own.

use crate::common::{START, settings};
use seawall_model::{
    ClientOrderId, Input, Instrument, InstrumentId, OrderKind, OrderRef, OrderRequest, OrderRole, PriceUnits,
    QtyUnits, Side, Span, TimeInForce, Timeframe, Trigger, TriggerSource, Ts, VenueEvent, VenueRequest,
};
use seawall_testnet::faults::{FaultKind, FaultRule};
use seawall_testnet::{Answer as NetAnswer, ConnectionId, Frame, HttpRequest, Protocol, Setup, Testnet};
use seawall_venues::http::Response;
use seawall_venues::kraken_futures::market_session::Wanted;
use seawall_venues::kraken_futures::{AccountSession, KrakenFutures, MarketSession};
use seawall_venues::session::Scope;
use seawall_venues::{
    Adapter, Answer, Codec, Command, Credentials, Dispatch, Market, Markets, News, Query, Reply, Request,
    Secret, Session, TransportFailure,
};

/// One socket of ours.
struct Line {
    session: Box<dyn Session>,
    connection: Option<ConnectionId>,
}

struct Client {
    testnet: Testnet,
    now: Ts,
    credentials: Credentials,
    adapter: Adapter<KrakenFutures>,
    lines: Vec<Line>,
    connections: u64,
    inputs: Vec<Input>,
    sequence: u32,
}

impl Client {
    fn new(rules: Vec<FaultRule>) -> Self {
        let mut setup = Setup::new(settings());
        setup.faults = rules;
        let testnet = setup.build(START).unwrap();
        let secret = Secret::from_base64("test", &setup.secret).unwrap();
        let credentials = Credentials { key: setup.key, secret, passphrase: None };
        let adapter = Adapter::new(KrakenFutures, Markets::new([]).unwrap());
        let mut client = Client {
            testnet,
            now: START,
            credentials,
            adapter,
            lines: Vec::new(),
            connections: 0,
            inputs: Vec::new(),
            sequence: 0,
        };
        let Answer::Instruments { listed, excluded } = client.ask(&Query::Instruments).unwrap() else {
            panic!("no instruments")
        };
        assert!(excluded.is_empty(), "{excluded:?}");
        let numbered = listed.into_iter().zip(0_u32..);
        let markets = numbered.map(|(listed, id)| {
            let decimals = listed.price_decimals;
            let instrument = Instrument::new(InstrumentId(id), listed.spec.clone(), decimals).unwrap();
            Market { listed, instrument }
        });
        client.adapter.set_markets(Markets::new(markets.collect::<Vec<_>>()).unwrap());
        let ids: Vec<InstrumentId> = client.adapter.markets().iter().map(Market::id).collect();
        let wanted = Wanted { quotes: ids.clone(), books: vec![ids[0]] };
        let account = AccountSession::new(client.credentials.clone(), START, 1);
        for session in [Box::new(MarketSession::new(wanted, 2)) as Box<dyn Session>, Box::new(account)] {
            client.lines.push(Line { session, connection: None });
        }
        client
    }

    /// A request on the wire and its answer.
    fn exchange(&mut self, request: &Request) -> Reply {
        let credentials = request.signed.then_some(&self.credentials);
        let signed = KrakenFutures.sign(request, credentials, 0).unwrap();
        let header =
            |header: &seawall_venues::http::Header| (header.name.to_ascii_lowercase(), header.value.clone());
        let request = HttpRequest {
            method: signed.method.name().to_owned(),
            target: signed.target.clone(),
            headers: signed.headers.iter().map(header).collect(),
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
        let request = KrakenFutures.ask(self.now, query, self.adapter.markets()).unwrap();
        let reply = self.exchange(&request);
        let (markets, orders) = self.adapter.orders_mut();
        KrakenFutures.answer(query, &reply, seawall_venues::codec::Tables { markets, orders })
    }

    /// Carries an operation through to its end.
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
                    self.inputs.extend(outcome.inputs);
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

    /// Everything that either side has to say, until neither has.
    fn pump(&mut self) {
        for _ in 0..10_000 {
            let mut is_quiet = true;
            while let Some(outgoing) = self.testnet.next_outgoing() {
                is_quiet = false;
                let at = self.now;
                let (markets, orders) = self.adapter.orders_mut();
                let line = self.lines.iter_mut().find(|line| line.connection == Some(outgoing.connection));
                let Some(line) = line else { continue };
                match outgoing.frame {
                    Frame::Text(text) => line.session.on_text(at, &text, &mut Scope { markets, orders }),
                    Frame::Ping => {}
                    Frame::Close => {
                        line.connection = None;
                        line.session.on_closed(at);
                    }
                }
            }
            for number in 0..self.lines.len() {
                while let Some(command) = self.lines[number].session.command() {
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
                if self.testnet.open(self.now, connection, "/ws/v1") {
                    self.lines[number].connection = Some(connection);
                    self.lines[number].session.on_open(self.now);
                } else {
                    self.lines[number].session.on_closed(self.now);
                }
            }
            Command::Send(text) => {
                if let Some(connection) = self.lines[number].connection {
                    self.testnet.text(self.now, connection, &text.0);
                }
            }
            Command::Ping => self.lines[number].session.on_pong(self.now),
            Command::Close => {
                if let Some(connection) = self.lines[number].connection.take() {
                    self.testnet.closed(self.now, connection);
                }
            }
            Command::Ask(query) => {
                let answer = self.ask(&query);
                let (markets, orders) = self.adapter.orders_mut();
                let scope = &mut Scope { markets, orders };
                self.lines[number].session.on_answer(self.now, &query, answer, scope);
            }
            Command::Request(request) => {
                self.request(request);
            }
            Command::Emit(News::Engine(input)) => self.inputs.push(input),
            Command::Emit(_) => {}
        }
    }

    fn wait(&mut self, ms: i64) {
        let end = self.now.plus(Span::from_millis(ms));
        while self.now < end {
            self.now = self.now.plus(Span::from_millis(250)).min(end);
            self.testnet.advance(self.now);
            for number in 0..self.lines.len() {
                let (markets, orders) = self.adapter.orders_mut();
                self.lines[number].session.on_time(self.now, &mut Scope { markets, orders });
            }
            self.pump();
        }
    }

    fn is_live(&self) -> bool {
        self.lines.iter().all(|line| line.session.is_live())
    }

    fn become_live(&mut self) {
        for _ in 0..240 {
            if self.is_live() {
                return;
            }
            self.wait(1_000);
        }
        panic!("not live");
    }

    fn order(&mut self, role: OrderRole, side: Side, qty: i64, kind: OrderKind) -> OrderRequest {
        self.sequence += 1;
        let id = ClientOrderId { run: 9, sequence: self.sequence };
        let reduce_only = role != OrderRole::Entry;
        let order = OrderRef { instrument: InstrumentId(0), id };
        OrderRequest { order, role, side, qty: QtyUnits::new(qty), kind, reduce_only }
    }

    fn filled(&self) -> i64 {
        let qty = |input: &Input| match input {
            Input::Venue(VenueEvent::Filled(fill)) => fill.side.signed(fill.qty).get(),
            _ => 0,
        };
        self.inputs.iter().map(qty).sum()
    }

    fn price(&self, percent: i64) -> PriceUnits {
        let market = &self.testnet.world().markets()[0];
        let tick = market.instrument.tick().get();
        PriceUnits::new(market.mark.get() / 100 * (100 + percent) / tick * tick)
    }
}

fn stop(price: PriceUnits) -> OrderKind {
    OrderKind::StopMarket { trigger: Trigger { price, source: TriggerSource::Mark } }
}

#[test]
fn an_entry_its_stop_an_amendment_and_the_fill_are_told_once_and_equal_the_venues_books() {
    let mut client = Client::new(Vec::new());
    client.become_live();
    let entry = client.order(OrderRole::Entry, Side::Buy, 2_000, OrderKind::Market);
    let events = client.request(VenueRequest::Place(entry));
    assert!(matches!(events[0], VenueEvent::Accepted { .. }), "{events:?}");
    client.wait(1_000);
    assert_eq!(client.filled(), 2_000);
    let protection = client.order(OrderRole::Stop, Side::Sell, 2_000, stop(client.price(-6)));
    client.request(VenueRequest::Place(protection));
    let events = client.request(VenueRequest::QueryOpenOrders);
    let VenueEvent::OpenOrders(report) = &events[0] else { panic!("{events:?}") };
    assert_eq!((report.rows[0].order, report.rows[0].kind), (Some(protection.order), protection.kind));
    let kind = stop(client.price(-5));
    let qty = protection.qty;
    let events = client.request(VenueRequest::Amend { order: protection.order, qty, kind });
    assert!(matches!(events[0], VenueEvent::Amended { kind: now, .. } if now == kind), "{events:?}");
    // Moved above the market it fires.
    let kind = stop(client.price(5));
    client.request(VenueRequest::Amend { order: protection.order, qty, kind });
    client.wait(3_000);
    assert_eq!(client.filled(), 0);
    let events = client.request(VenueRequest::QueryPositions);
    assert!(matches!(&events[0], VenueEvent::Positions(report) if report.rows.is_empty()), "{events:?}");
    let events = client.request(VenueRequest::QueryOrder { order: protection.order });
    assert!(matches!(&events[0], VenueEvent::Order { report, .. } if report.rows.len() == 1), "{events:?}");
    let events = client.request(VenueRequest::QueryBalance);
    let VenueEvent::Balance { amount, .. } = events[0] else { panic!("{events:?}") };
    let wallet = client.testnet.world().worth().wallet;
    assert!((amount.get() - wallet).abs() < "0.000001".parse().unwrap(), "{amount:?} {wallet}");
}

#[test]
fn a_lost_answer_is_resolved_by_asking_and_fills_of_an_outage_are_read_back() {
    let mut drop = FaultRule::new(FaultKind::DropReply);
    drop.target = Some("sendorder".to_owned());
    drop.count = Some(1);
    let mut close = FaultRule::new(FaultKind::CloseSockets);
    close.after_s = 120;
    let mut client = Client::new(vec![drop, close]);
    client.become_live();
    let order = client.order(
        OrderRole::Entry,
        Side::Buy,
        1_000,
        OrderKind::Limit { price: client.price(-3), time_in_force: TimeInForce::GoodTilCancelled },
    );
    let events = client.request(VenueRequest::Place(order));
    assert!(events.is_empty(), "nobody knows: {events:?}");
    let events = client.request(VenueRequest::QueryOrder { order: order.order });
    let VenueEvent::Order { report, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(report.rows[0].order, Some(order.order));
    while client.now < START.plus(Span::from_secs(119)) {
        client.wait(1_000);
    }
    // The sockets are cut, and while they are, the order fills.
    client.now = START.plus(Span::from_secs(120));
    client.testnet.advance(client.now);
    let kind = OrderKind::Limit { price: client.price(1), time_in_force: TimeInForce::GoodTilCancelled };
    let name = order.order;
    client.request(VenueRequest::Amend { order: name, qty: order.qty, kind });
    assert_eq!(client.testnet.world().account().fills().count(), 1);
    client.wait(5_000);
    client.become_live();
    client.wait(5_000);
    assert_eq!(client.filled(), 1_000, "once, and once only");
}

#[test]
fn candles_are_read_back_and_the_last_one_is_not_closed() {
    let mut client = Client::new(Vec::new());
    client.wait(20_000);
    let from = START.minus(Span::from_secs(7_200));
    let query = Query::Candles { instrument: InstrumentId(1), timeframe: Timeframe::M5, from };
    let Answer::Candles(page) = client.ask(&query).unwrap() else { panic!("no candles") };
    assert!(page.closed.len() >= 20, "{page:?}");
    let last = page.closed.last().unwrap();
    assert!(last.known_at <= client.now);
}
