//! A small server on this machine, written by hand: what it says is what the test says.

use std::sync::{Arc, Mutex};

use seawall_model::{
    ClientOrderId, Instrument, InstrumentId, InstrumentSpec, OrderKind, OrderRef, OrderRequest, OrderRole,
    PriceUnits, QtyUnits, Side, TimeInForce,
};
use seawall_venues::{ListedInstrument, Market, Markets};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
pub(crate) enum Say {
    /// Status, further header lines, body.
    Answer(u16, &'static str, String),
    /// The connection ends without a word.
    HangUp,
    /// No word and no end.
    Silence,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) body: String,
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(say: impl Fn(&Seen) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (say, log) = (Arc::new(say), seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, say.clone(), log.clone()));
            }
        });
        Server { address, seen }
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.body.clone()).collect()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.target.clone()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    say: Arc<dyn Fn(&Seen) -> Say + Send + Sync>,
    log: Arc<Mutex<Vec<Seen>>>,
) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let target = head.split(' ').nth(1).unwrap().to_owned();
        let seen = Seen { target, body: String::from_utf8(body).unwrap() };
        log.lock().unwrap().push(seen.clone());
        match say(&seen) {
            Say::Answer(status, headers, body) => {
                let text = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Say::HangUp => return,
            Say::Silence => std::future::pending::<()>().await,
        }
    }
}

pub(crate) fn ok(body: &str) -> Say {
    Say::Answer(200, "", body.to_owned())
}

pub(crate) const BTC: InstrumentId = InstrumentId(0);

pub(crate) fn markets() -> Markets {
    let mut spec = InstrumentSpec::new("kraken-futures:BTC/USD:USD".parse().unwrap());
    spec.tick = Some("0.5".parse().unwrap());
    spec.lot = "0.0001".parse().unwrap();
    let instrument = Instrument::new(BTC, spec.clone(), 1).unwrap();
    let listed = ListedInstrument {
        symbol: "PF_XBTUSD".to_owned(),
        stream_symbol: "PF_XBTUSD".to_owned(),
        aliases: Vec::new(),
        spec,
        tradeable: true,
        post_only: false,
        price_decimals: 1,
        qty_decimals: 4,
    };
    Markets::new([Market { listed, instrument }]).unwrap()
}

pub(crate) fn order(sequence: u32, role: OrderRole) -> OrderRequest {
    OrderRequest {
        order: OrderRef { instrument: BTC, id: ClientOrderId { run: 7, sequence } },
        role,
        side: Side::Buy,
        qty: QtyUnits::new(10_000),
        kind: OrderKind::Limit {
            price: PriceUnits::new(600_000),
            time_in_force: TimeInForce::GoodTilCancelled,
        },
        reduce_only: false,
    }
}
