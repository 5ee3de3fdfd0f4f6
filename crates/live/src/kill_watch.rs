//! Watches the file of the kill switch and turns what it says into commands.
//!
//! Invariants: a run that starts while the switch is on starts held: entries end, nothing is closed, whatever
//! the file asked for before; a change is taken once; the file is looked at no more than once in [`POLL`].

use std::path::Path;
use std::time::{Duration, Instant};

use seawall_model::Command;
use seawall_store::{KillOrder, KillState, KillSwitch};

/// Time between two looks at the file.
const POLL: Duration = Duration::from_millis(250);

/// The file as it was seen last.
#[derive(Debug)]
pub(crate) struct KillWatch {
    switch: KillSwitch,
    seen: KillState,
    looked: Instant,
}

impl KillWatch {
    /// Looks at the file in `data_dir`.
    pub(crate) fn new(data_dir: &Path) -> Self {
        let switch = KillSwitch::in_folder(data_dir);
        KillWatch { seen: switch.read(), switch, looked: Instant::now() }
    }

    /// The order under which a run starts, if the switch is on.
    pub(crate) fn order(&self) -> Option<&KillOrder> {
        match &self.seen {
            KillState::Off { .. } => None,
            KillState::On(order) => Some(order),
        }
    }

    /// The command that a starting run is given: a restart closes nothing.
    pub(crate) fn at_start(&self) -> Option<Command> {
        self.order().map(|order| Command::Kill { reason: order.reason, flatten: false })
    }

    /// What has changed since the last look, if it is time for one.
    pub(crate) fn poll(&mut self) -> Option<Command> {
        if self.looked.elapsed() < POLL {
            return None;
        }
        self.looked = Instant::now();
        self.look()
    }

    fn look(&mut self) -> Option<Command> {
        let now = self.switch.read();
        if now == self.seen {
            return None;
        }
        let before = std::mem::replace(&mut self.seen, now);
        match (&before, &self.seen) {
            (KillState::Off { .. }, KillState::Off { .. }) => None,
            (KillState::On(_), KillState::Off { .. }) => Some(Command::Release),
            (KillState::Off { .. }, KillState::On(order)) => {
                Some(Command::Kill { reason: order.reason, flatten: order.flatten })
            }
            (KillState::On(before), KillState::On(order)) => {
                let asked = order.flatten && (!before.flatten || order.asked_at != before.asked_at);
                asked.then_some(Command::Kill { reason: order.reason, flatten: true })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{KillReason, Ts};

    #[test]
    fn each_change_is_one_command_and_i_86_a_start_while_on_closes_nothing() {
        let folder = std::env::temp_dir().join(format!("seawall-watch-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let switch = KillSwitch::in_folder(&folder);
        let at = |seconds: i64| Ts::from_millis(seconds * 1_000);
        let kill = |flatten| Some(Command::Kill { reason: KillReason::Manual, flatten });
        let mut watch = KillWatch::new(&folder);
        assert_eq!((watch.at_start(), watch.look()), (None, None));
        switch.activate(at(1), KillReason::Manual, false, "").unwrap();
        assert_eq!((watch.look(), watch.look()), (kill(false), None));
        switch.activate(at(2), KillReason::Manual, true, "").unwrap();
        assert_eq!((watch.look(), watch.look()), (kill(true), None));
        // The run is started anew: it holds, and closes only what is asked for from now on.
        let mut restarted = KillWatch::new(&folder);
        assert_eq!((restarted.at_start(), restarted.look()), (kill(false), None));
        switch.activate(at(3), KillReason::Manual, true, "").unwrap();
        assert_eq!((restarted.look(), restarted.look()), (kill(true), None));
        switch.release(at(4)).unwrap();
        assert_eq!((restarted.look(), restarted.look()), (Some(Command::Release), None));
        std::fs::write(switch.path(), "nonsense").unwrap();
        let corrupt = Command::Kill { reason: KillReason::CorruptState, flatten: false };
        assert_eq!(restarted.look(), Some(corrupt));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_file_is_looked_at_no_more_than_once_in_a_while() {
        let folder = std::env::temp_dir().join(format!("seawall-poll-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut watch = KillWatch::new(&folder);
        KillSwitch::in_folder(&folder).activate(Ts::EPOCH, KillReason::Manual, false, "").unwrap();
        watch.looked = Instant::now();
        assert_eq!(watch.poll(), None);
        std::thread::sleep(POLL);
        assert!(watch.poll().is_some());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
