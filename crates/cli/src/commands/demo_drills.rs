//! What the buttons of the demo do: faults of its exchange in a box, over the box's control endpoint.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use seawall_live::board::Drills;
use seawall_testnet::control::PREFIX;
use seawall_testnet::faults::{FaultKind, FaultRule};
use serde_json::{Value, json};

/// How long the network is cut, by the wall's clock.
const CUT: Duration = Duration::from_secs(8);
/// How long stops are refused, by the wall's clock.
const REFUSED: Duration = Duration::from_secs(6);
/// The box is on this machine: longer than this it does not take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The exchange in a box of a demo.
pub(crate) struct BoxDrills {
    /// Where it listens.
    pub(crate) address: String,
    /// How often its clock passes the wall's.
    pub(crate) speed: u32,
}

impl BoxDrills {
    /// Replaces the faults in force by one that lasts `length` by the wall's clock.
    fn strike(&self, fault: FaultKind, length: Duration) -> Result<(), String> {
        let duration_s = Some(length.as_secs().saturating_mul(u64::from(self.speed)));
        // A venue that is gone at once could not answer this any more.
        let after_s = u64::from(fault == FaultKind::Kill);
        let rule = FaultRule { duration_s, after_s, ..FaultRule::new(fault) };
        self.ask("POST", "faults", &serde_json::to_value([rule]).map_err(|error| error.to_string())?)
            .map(|_| ())
    }

    /// Asks the control endpoint.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let told = self.exchange(method, path, &body.to_string()).map_err(|error| error.to_string())?;
        let (head, body) = told.split_once("\r\n\r\n").unwrap_or((&told, ""));
        let is_done = head.lines().next().is_some_and(|line| line.contains(" 200 "));
        if !is_done {
            return Err(format!("the exchange in a box says: {body}"));
        }
        serde_json::from_str(body).map_err(|error| error.to_string())
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let length = body.len();
        write!(
            stream,
            "{method} {PREFIX}{path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.address
        )?;
        let mut told = String::new();
        stream.read_to_string(&mut told)?;
        Ok(told)
    }
}

impl Drills for BoxDrills {
    fn cut_network(&self) -> Result<Duration, String> {
        self.strike(FaultKind::Kill, CUT).map(|()| CUT)
    }

    fn reject_stop(&self, client_order_id: &str) -> Result<Duration, String> {
        let state = self.ask("GET", "state?fills=no", &Value::Null)?;
        let orders =
            state.get("open_orders").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let of = |order: &&Value| order.get("client_id").and_then(Value::as_str) == Some(client_order_id);
        let order = orders.iter().find(of).and_then(|order| order.get("order_id")?.as_str());
        let order = order.ok_or("the venue has no such stop any more")?;
        // First refused, then taken away: no new one slips through between both.
        self.strike(FaultKind::RejectStops, REFUSED)?;
        self.ask("POST", "cancel", &json!({ "order_id": order })).map(|_| REFUSED)
    }
}
