//! A drill that is ended from outside takes along what it has started.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Waits until there is something.
fn wait<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn nothing_outlives_a_drill_that_is_terminated_interrupted_or_killed() {
    for signal in ["-TERM", "-INT", "-KILL"] {
        let folder = std::env::temp_dir().join(format!("seawall-drill-signals-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // In the exchange's place something that never says a word and lets no signal but the last one end
        // it.
        let (binary, id) = (folder.join("exchange"), folder.join("id"));
        let script = format!("#!/bin/sh\ntrap '' INT TERM\necho $$ > {}\nexec sleep 1000\n", id.display());
        std::fs::write(&binary, script).unwrap();
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_seawall-drill"));
        command.args(["two-starts", "--times", "1", "--binary"]).arg(&binary);
        command.arg("--keep").arg(folder.join("kept")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut drill = command.spawn().unwrap();
        let exchange = wait("the exchange is not started", || {
            std::fs::read_to_string(&id).ok()?.trim().parse::<u32>().ok()
        });
        // It is told to the keeper a moment after it was started.
        std::thread::sleep(Duration::from_millis(300));
        assert!(Path::new(&format!("/proc/{exchange}")).exists());
        assert!(Command::new("kill").args([signal, &drill.id().to_string()]).status().unwrap().success());
        assert!(!drill.wait().unwrap().success());
        wait(&format!("the exchange lives on after {signal}"), || {
            // One that has ended and was not waited for by its new parent yet is a zombie.
            let status = std::fs::read_to_string(format!("/proc/{exchange}/status")).unwrap_or_default();
            (status.is_empty() || status.contains("State:\tZ")).then_some(())
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
