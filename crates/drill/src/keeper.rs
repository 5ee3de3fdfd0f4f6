//! Ends what the drill has started when the drill itself is ended, by whatever signal, `kill -9` too.
//!
//! A shell reads the ids of processes from a pipe of which only the drill has the other end. When the drill
//! is gone, that end is closed, and the shell kills what is left. It is in a process group of its own, so
//! that Ctrl-C does not reach it before it has done so. No signal is handled in the drill, whose threads stop
//! wherever they are.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;

const SCRIPT: &str = r#"
trap '' HUP INT TERM
ids=
while read -r word id; do
    case "$word" in
    started) ids="$ids $id" ;;
    ended)
        rest=
        for one in $ids; do
            [ "$one" = "$id" ] || rest="$rest $one"
        done
        ids=$rest
        ;;
    esac
done
for id in $ids; do
    kill -KILL "$id" 2>/dev/null
done
"#;

static KEEPER: Mutex<Option<Keeper>> = Mutex::new(None);

/// The shell, for as long as its input is open.
struct Keeper {
    input: ChildStdin,
}

impl Keeper {
    fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "keeper"]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = command.spawn().context("cannot run /bin/sh")?;
        Ok(Keeper { input: shell.stdin.take().context("the shell has no input")? })
    }

    fn tell(&mut self, word: &str, process: u32) -> std::io::Result<()> {
        // One write, so that no line is ever half there.
        self.input.write_all(format!("{word} {process}\n").as_bytes())
    }
}

/// The process is killed when the drill ends, unless it has ended before.
///
/// # Errors
/// There is no shell that would do it.
pub(crate) fn started(process: u32) -> anyhow::Result<()> {
    let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    let keeper = match &mut *keeper {
        Some(keeper) => keeper,
        none => none.insert(Keeper::start()?),
    };
    keeper.tell("started", process).context("the shell that ends processes is gone")
}

/// The process has ended and its id may be another one's.
pub(crate) fn ended(process: u32) {
    if let Some(keeper) = &mut *KEEPER.lock().unwrap_or_else(PoisonError::into_inner) {
        // A shell that is gone kills nothing.
        let _ = keeper.tell("ended", process);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn what_was_started_ends_with_the_pipe_and_what_has_ended_is_not_asked_for() {
        let mut sleep = Command::new("sleep");
        let mut kept = sleep.arg("1000").spawn().unwrap();
        let mut let_go = sleep.spawn().unwrap();
        let mut keeper = Keeper::start().unwrap();
        for process in [kept.id(), let_go.id()] {
            keeper.tell("started", process).unwrap();
        }
        keeper.tell("ended", let_go.id()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert!(kept.try_wait().unwrap().is_none(), "as long as the pipe is open");
        drop(keeper);
        let began = Instant::now();
        while kept.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(20), "it lives on");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(let_go.try_wait().unwrap().is_none());
        let_go.kill().unwrap();
        let_go.wait().unwrap();
    }
}
