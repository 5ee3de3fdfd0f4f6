//! The network between a run and the exchange: a proxy on loopback that can be cut, held, made deaf, slow and
//! ragged.
//!
//! Invariants: bytes of a connection are never reordered or changed; what is held is delivered once the
//! network is back (as packets are that are sent again), also if that is long after.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::dice::Dice;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Network {
    /// Carries everything.
    Up,
    /// Every connection breaks, and new ones are turned away.
    Cut,
    /// Connections stay, new ones are taken, and no byte passes until it is up again.
    Held,
    /// Half open: what the run sends arrives, what the exchange answers does not, and is lost when it ends.
    Deaf,
    /// Bytes pass a few at a time, so that messages arrive in pieces.
    Slow,
    /// Each connection breaks after some kilobytes, in the middle of whatever passes.
    Ragged,
}

impl Network {
    /// Every one.
    pub(crate) const ALL: [Network; 6] =
        [Network::Up, Network::Cut, Network::Held, Network::Deaf, Network::Slow, Network::Ragged];

    /// For lines and reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Network::Up => "up",
            Network::Cut => "cut",
            Network::Held => "held",
            Network::Deaf => "deaf",
            Network::Slow => "slow",
            Network::Ragged => "ragged",
        }
    }

    fn number(self) -> u8 {
        let place = Network::ALL.iter().position(|one| *one == self);
        place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default()
    }
}

/// How often a waiting connection looks at the network.
const LOOK: Duration = Duration::from_millis(10);
/// Bytes that pass at a time while it is slow, and the pause after them.
const CRUMB: (usize, Duration) = (211, Duration::from_millis(1));
/// A direction of a ragged connection breaks after so many bytes at most.
const RAGGED_MAX: u64 = 24 * 1024;

#[derive(Debug, Default)]
struct Shared {
    network: AtomicU8,
    /// Rises with each change: connections of a deaf time end with it.
    epoch: AtomicU64,
    over: AtomicBool,
    /// What chance follows from, and how many directions have drawn.
    seed: u64,
    draws: AtomicU64,
}

impl Shared {
    /// After how many bytes a direction breaks.
    fn allowance(&self) -> u64 {
        let number = self.draws.fetch_add(1, Ordering::SeqCst);
        1 + Dice::new(self.seed ^ number.rotate_left(32)).below(RAGGED_MAX)
    }

    fn network(&self) -> Network {
        let number = usize::from(self.network.load(Ordering::SeqCst));
        Network::ALL.get(number).copied().unwrap_or(Network::Cut)
    }
}

/// The proxy.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Carries everything that comes to a new port on to `target`; what is random follows from `seed`.
    ///
    /// # Errors
    /// No port.
    pub(crate) fn start(target: SocketAddr, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { seed, ..Shared::default() });
        let known = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if known.over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(client) = client else { continue };
                match known.network() {
                    // Dropping it turns it away.
                    Network::Cut => {}
                    Network::Up | Network::Held | Network::Deaf | Network::Slow | Network::Ragged => {
                        carry(&client, target, &known);
                    }
                }
            }
        });
        Ok(Proxy { address, shared })
    }

    /// From now on the network is like that.
    pub(crate) fn set(&self, network: Network) {
        self.shared.network.store(network.number(), Ordering::SeqCst);
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the listener so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Whose bytes a direction carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToExchange,
    ToRun,
}

fn carry(client: &TcpStream, target: SocketAddr, shared: &Arc<Shared>) {
    let Ok(server) = TcpStream::connect(target) else { return };
    let pairs = [
        (client.try_clone(), server.try_clone(), Direction::ToExchange),
        (server.try_clone(), client.try_clone(), Direction::ToRun),
    ];
    for (from, to, direction) in pairs {
        let (Ok(from), Ok(to)) = (from, to) else { return };
        let shared = shared.clone();
        std::thread::spawn(move || {
            pump(&from, &to, direction, &shared);
            // One direction that ends takes the other one along.
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

fn pump(mut from: &TcpStream, mut to: &TcpStream, direction: Direction, shared: &Shared) {
    if from.set_read_timeout(Some(LOOK)).is_err() || to.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut deaf_since: Option<u64> = None;
    // What a ragged time leaves of the connection, and which time that was.
    let mut left: Option<(u64, u64)> = None;
    while !shared.over.load(Ordering::SeqCst) {
        let epoch = shared.epoch.load(Ordering::SeqCst);
        match shared.network() {
            Network::Cut => return,
            Network::Held => {
                std::thread::sleep(LOOK);
                continue;
            }
            Network::Deaf if direction == Direction::ToRun => {
                deaf_since.get_or_insert(epoch);
            }
            // Answers were lost: the connection is of no use any more.
            Network::Up | Network::Deaf | Network::Slow | Network::Ragged
                if deaf_since.is_some_and(|since| since != epoch) =>
            {
                return;
            }
            Network::Ragged if left.is_none_or(|(_, since)| since != epoch) => {
                left = Some((shared.allowance(), epoch));
            }
            Network::Up | Network::Deaf | Network::Slow | Network::Ragged => {}
        }
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                // The network may have changed while they were waited for.
                if !passes(direction, shared, &mut deaf_since) {
                    return;
                }
                if deaf_since.is_none() && !write(&mut to, bytes, &mut left, shared) {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock || error.kind() == ErrorKind::TimedOut => {}
            Err(_) => return,
        }
    }
}

/// Holds what was read for as long as the network does; `false` where it is cut.
fn passes(direction: Direction, shared: &Shared, deaf_since: &mut Option<u64>) -> bool {
    while !shared.over.load(Ordering::SeqCst) {
        match shared.network() {
            Network::Cut => return false,
            Network::Held => std::thread::sleep(LOOK),
            Network::Deaf if direction == Direction::ToRun => {
                deaf_since.get_or_insert_with(|| shared.epoch.load(Ordering::SeqCst));
                return true;
            }
            Network::Up | Network::Deaf | Network::Slow | Network::Ragged => return true,
        }
    }
    false
}

/// Passes bytes on; `false` where the connection has come to its end.
fn write(to: &mut &TcpStream, bytes: &[u8], left: &mut Option<(u64, u64)>, shared: &Shared) -> bool {
    let network = shared.network();
    if let (Network::Ragged, Some((left, _))) = (network, left.as_mut()) {
        let all = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let some = usize::try_from((*left).min(all)).unwrap_or(usize::MAX);
        *left -= (*left).min(all);
        let written = to.write_all(bytes.get(..some).unwrap_or(bytes)).is_ok();
        return written && *left > 0;
    }
    if network != Network::Slow {
        return to.write_all(bytes).is_ok();
    }
    for crumb in bytes.chunks(CRUMB.0) {
        if to.write_all(crumb).is_err() {
            return false;
        }
        if shared.network() == Network::Slow {
            std::thread::sleep(CRUMB.1);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Answers each byte with the next one.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok() {
                        stream.write_all(&[byte[0] + 1]).unwrap();
                    }
                });
            }
        });
        address
    }

    fn ask(stream: &mut TcpStream, byte: u8) -> Option<u8> {
        let mut answer = [0];
        stream.write_all(&[byte]).ok()?;
        stream.read_exact(&mut answer).ok().map(|()| answer[0])
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        stream
    }

    #[test]
    fn a_cut_ends_connections_and_what_comes_after_it_works_again() {
        let proxy = Proxy::start(echo(), 1).unwrap();
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream, 1), Some(2));
        proxy.set(Network::Cut);
        assert_eq!(ask(&mut stream, 3), None);
        assert_eq!(ask(&mut connect(&proxy), 3), None);
        proxy.set(Network::Up);
        assert_eq!(ask(&mut connect(&proxy), 3), Some(4));
    }

    #[test]
    fn what_is_held_arrives_late_and_what_is_not_heard_is_lost() {
        let proxy = Proxy::start(echo(), 1).unwrap();
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream, 1), Some(2));
        proxy.set(Network::Held);
        assert_eq!(ask(&mut stream, 3), None);
        proxy.set(Network::Up);
        let mut answer = [0];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer[0], 4);
        proxy.set(Network::Deaf);
        assert_eq!(ask(&mut stream, 5), None);
        proxy.set(Network::Up);
        assert_eq!(ask(&mut stream, 7), None, "the connection ended with what was lost");
        assert_eq!(ask(&mut connect(&proxy), 7), Some(8));
    }

    #[test]
    fn slow_bytes_all_arrive_and_a_ragged_connection_breaks_in_the_middle() {
        let proxy = Proxy::start(echo(), 1).unwrap();
        let mut stream = connect(&proxy);
        proxy.set(Network::Slow);
        let sent = [1_u8; 3_000];
        stream.write_all(&sent).unwrap();
        let mut back = [0_u8; 3_000];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(back, [2_u8; 3_000]);
        proxy.set(Network::Ragged);
        let mut arrived: u64 = 0;
        let mut answer = [0_u8; 512];
        while stream.write_all(&sent[..512]).is_ok() && stream.read_exact(&mut answer).is_ok() {
            arrived += 512;
            assert!(arrived <= RAGGED_MAX, "it never broke");
        }
        proxy.set(Network::Up);
        assert_eq!(ask(&mut connect(&proxy), 7), Some(8));
    }
}
