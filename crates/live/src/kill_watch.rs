//! Watches the file of the kill switch and turns what it says into commands.
//!
//! Invariants: a run that starts while the switch is on starts held: entries end, nothing is closed, whatever
//! the file asked for before; a change is taken once; the file is looked at no more than once in [`POLL`]. A
//! live run that throws the switch by itself writes that into the file, so that the operator finds it there
//! and can release it, also while the run is down. Runs on paper leave the file to those with real money.

use std::path::Path;
use std::time::{Duration, Instant};

use seawall_model::{Command, KillReason, Ts};
use seawall_store::{KillOrder, KillState, KillSwitch};

/// Time between two looks at the file.
const POLL: Duration = Duration::from_millis(250);

/// The file as it was seen last.
#[derive(Debug)]
pub(crate) struct KillWatch {
    switch: KillSwitch,
    seen: KillState,
    looked: Instant,
    /// Whether what the engine does by itself is written into the file.
    keeps: bool,
}

impl KillWatch {
    /// Looks at the file in `data_dir`; where it `keeps`, writes into it what the engine does by itself.
    pub(crate) fn new(data_dir: &Path, keeps: bool) -> Self {
        let switch = KillSwitch::in_folder(data_dir);
        KillWatch { seen: switch.read(), switch, looked: Instant::now(), keeps }
    }

    /// The order under which a run starts, if the switch is on.
    pub(crate) fn order(&self) -> Option<&KillOrder> {
        match &self.seen {
            KillState::Off { .. } => None,
            KillState::On(order) => Some(order),
        }
    }

    /// The command that a starting run is given: a restart closes nothing. `killed` is why its engine, as the
    /// run before left it at `left_at`, has the switch on.
    pub(crate) fn at_start(&mut self, killed: Option<KillReason>, left_at: Ts) -> Option<Command> {
        match (&self.seen, killed) {
            (KillState::On(order), _) => Some(Command::Kill { reason: order.reason, flatten: false }),
            (KillState::Off { .. }, None) => None,
            // Released while nothing ran.
            (KillState::Off { since }, Some(_)) if !self.keeps || since.is_some_and(|at| at > left_at) => {
                Some(Command::Release)
            }
            (KillState::Off { .. }, Some(reason)) => {
                self.keep(reason, left_at);
                None
            }
        }
    }

    /// What has changed since the last look, if it is time for one; `killed` is why the engine has the switch
    /// on by now.
    pub(crate) fn poll(&mut self, killed: Option<KillReason>, now: Ts) -> Option<Command> {
        if self.looked.elapsed() < POLL {
            return None;
        }
        self.looked = Instant::now();
        let command = self.look();
        if let (None, Some(reason), KillState::Off { .. }) = (command, killed, &self.seen) {
            self.keep(reason, now);
        }
        command
    }

    /// Looks at the file without waiting for the next poll: somebody has just written it.
    pub(crate) fn look_now(&mut self) -> Option<Command> {
        self.looked = Instant::now();
        self.look()
    }

    /// Writes down that the engine has thrown the switch by itself.
    fn keep(&mut self, reason: KillReason, at: Ts) {
        if !self.keeps {
            return;
        }
        match self.switch.activate(at, reason, false, "thrown by the run itself") {
            Ok(order) => self.seen = KillState::On(order),
            Err(error) => tracing::warn!(%error, "the kill switch is on, and could not be written down"),
        }
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
        let mut watch = KillWatch::new(&folder, true);
        assert_eq!((watch.at_start(None, Ts::EPOCH), watch.look()), (None, None));
        switch.activate(at(1), KillReason::Manual, false, "").unwrap();
        assert_eq!((watch.look(), watch.look()), (kill(false), None));
        switch.activate(at(2), KillReason::Manual, true, "").unwrap();
        assert_eq!((watch.look(), watch.look()), (kill(true), None));
        // The run is started anew: it holds, and closes only what is asked for from now on.
        let mut restarted = KillWatch::new(&folder, true);
        assert_eq!((restarted.at_start(None, Ts::EPOCH), restarted.look()), (kill(false), None));
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
    fn what_the_engine_does_by_itself_is_in_the_file_and_can_be_released_while_the_run_is_down() {
        let folder = std::env::temp_dir().join(format!("seawall-keep-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let switch = KillSwitch::in_folder(&folder);
        let at = |seconds: i64| Ts::from_millis(seconds * 1_000);
        let killed = Some(KillReason::ApiError);
        let written = || match switch.read() {
            KillState::On(order) => Some(order.reason),
            KillState::Off { .. } => None,
        };
        let mut paper = KillWatch::new(&folder, false);
        paper.looked = Instant::now().checked_sub(POLL).unwrap();
        assert_eq!((paper.poll(killed, at(1)), written()), (None, None));
        assert_eq!(paper.at_start(killed, at(1)), Some(Command::Release), "nobody could release it");
        let mut live = KillWatch::new(&folder, true);
        live.looked = Instant::now().checked_sub(POLL).unwrap();
        assert_eq!((live.poll(killed, at(1)), written()), (None, killed));
        let hold = Command::Kill { reason: KillReason::ApiError, flatten: false };
        assert_eq!(KillWatch::new(&folder, true).at_start(killed, at(2)), Some(hold));
        switch.release(at(5)).unwrap();
        assert_eq!(KillWatch::new(&folder, true).at_start(killed, at(2)), Some(Command::Release));
        // Thrown after that release, and the process died before it could write it down.
        assert_eq!(KillWatch::new(&folder, true).at_start(killed, at(7)), None);
        assert_eq!(written(), killed);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_file_is_looked_at_no_more_than_once_in_a_while() {
        let folder = std::env::temp_dir().join(format!("seawall-poll-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut watch = KillWatch::new(&folder, true);
        KillSwitch::in_folder(&folder).activate(Ts::EPOCH, KillReason::Manual, false, "").unwrap();
        watch.looked = Instant::now();
        assert_eq!(watch.poll(None, Ts::EPOCH), None);
        std::thread::sleep(POLL);
        assert!(watch.poll(None, Ts::EPOCH).is_some());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
