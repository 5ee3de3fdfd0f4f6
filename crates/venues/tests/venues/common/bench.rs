//! A session with a driver of paper around it.

use rust_decimal::Decimal;
use seawall_model::{Input, VenueEvent, VenueRequest};
use seawall_venues::orders::OrderIndex;
use seawall_venues::session::{Feed, Scope};
use seawall_venues::{Answer, Command, Markets, News, Query, Session};

use super::{at, fixtures, text};

/// A session with its surroundings and everything it said.
pub struct Bench<S> {
    pub session: S,
    pub markets: Markets,
    pub orders: OrderIndex,
    pub now: i64,
    pub sent: Vec<String>,
    pub asked: Vec<Query>,
    pub requested: Vec<VenueRequest>,
    pub news: Vec<News>,
    pub connects: usize,
    pub closes: usize,
}

impl<S: Session> Bench<S> {
    pub fn new(markets: Markets, session: S) -> Self {
        let mut bench = Bench {
            session,
            markets,
            orders: OrderIndex::default(),
            now: 1_000_000,
            sent: Vec::new(),
            asked: Vec::new(),
            requested: Vec::new(),
            news: Vec::new(),
            connects: 0,
            closes: 0,
        };
        bench.wait(0);
        bench
    }

    pub fn drain(&mut self) {
        while let Some(command) = self.session.command() {
            match command {
                Command::Connect(_) => self.connects += 1,
                Command::Send(text) => self.sent.push(text.0),
                Command::Ping => {}
                Command::Close => self.closes += 1,
                Command::Ask(query) => self.asked.push(query),
                Command::Request(request) => self.requested.push(request),
                Command::Emit(news) => self.news.push(news),
            }
        }
    }

    pub fn wait(&mut self, ms: i64) {
        self.now += ms;
        let mut scope = Scope { markets: &self.markets, orders: &mut self.orders };
        self.session.on_time(at(self.now), &mut scope);
        self.drain();
    }

    pub fn open(&mut self) {
        self.session.on_open(at(self.now));
        self.wait(0);
    }

    pub fn text(&mut self, text: &str) {
        self.now += 1;
        let mut scope = Scope { markets: &self.markets, orders: &mut self.orders };
        self.session.on_text(at(self.now), text, &mut scope);
        self.drain();
    }

    pub fn answer(&mut self, query: Query, answer: Answer) {
        let mut scope = Scope { markets: &self.markets, orders: &mut self.orders };
        self.session.on_answer(at(self.now), &query, Ok(answer), &mut scope);
        self.drain();
    }

    pub fn fail(&mut self, query: Query, failure: seawall_venues::Failure) {
        let mut scope = Scope { markets: &self.markets, orders: &mut self.orders };
        self.session.on_answer(at(self.now), &query, Err(failure), &mut scope);
        self.drain();
    }

    pub fn events(&mut self) -> Vec<VenueEvent> {
        let news = std::mem::take(&mut self.news);
        let event = |news| match news {
            News::Engine(Input::Venue(event)) => Some(event),
            _ => None,
        };
        news.into_iter().filter_map(event).collect()
    }

    pub fn is_feed_live(&self, feed: Feed) -> Option<bool> {
        let state = |news: &News| match news {
            News::Feed { feed: found, live, .. } if *found == feed => Some(*live),
            _ => None,
        };
        self.news.iter().rev().find_map(state)
    }
}

/// The cases of the fixtures: id, messages as texts with their own digits, what is expected.
pub fn cases(venue: &str) -> Option<Vec<(String, Vec<String>, serde_json::Value)>> {
    #[derive(serde::Deserialize)]
    struct Case {
        id: String,
        messages: Vec<Box<serde_json::value::RawValue>>,
        expected: serde_json::Value,
    }
    let folder = fixtures(venue)?;
    let cases: Vec<Case> = serde_json::from_str(&text(&folder, "own/ws_cases.json")).unwrap();
    let read = |case: Case| {
        (case.id, case.messages.iter().map(|message| message.get().to_owned()).collect(), case.expected)
    };
    Some(cases.into_iter().map(read).collect())
}

pub fn levels(value: &serde_json::Value) -> Vec<(Decimal, Decimal)> {
    let number = |value: &serde_json::Value| seawall_model::parse_decimal(&value.to_string()).unwrap();
    value.as_array().unwrap().iter().map(|level| (number(&level[0]), number(&level[1]))).collect()
}
