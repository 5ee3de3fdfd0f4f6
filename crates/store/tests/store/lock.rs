//! One process per account, for as long as it lives.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use seawall_store::{InstanceLock, StoreError};

/// Where [`holds_the_lock_until_killed`] finds the directory; set only in the second process.
const DIR_VARIABLE: &str = "SEAWALL_TEST_LOCK_DIR";

fn fresh_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("seawall-lock-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

#[test]
fn a_second_lock_is_refused_and_says_who_has_the_first() {
    let dir = fresh_dir("second");
    let lock = InstanceLock::acquire(&dir, "kraken-futures.main").unwrap();
    let error = InstanceLock::acquire(&dir, "kraken-futures.main").err().unwrap();
    assert!(matches!(error, StoreError::Locked { .. }));
    let text = error.to_string();
    assert!(text.contains(&format!("another seawall (pid {}, since 20", std::process::id())), "{text}");
    assert!(text.contains("stop it or use another --data-dir"), "{text}");
    let other = InstanceLock::acquire(&dir, "kraken-futures.sub").unwrap();
    assert_ne!(lock.path(), other.path());
    drop(lock);
    drop(InstanceLock::acquire(&dir, "kraken-futures.main").unwrap());
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_name_that_is_no_file_name_is_refused() {
    let dir = fresh_dir("names");
    for name in ["", "..", ".hidden", "a/b", "a b", "ü", &"x".repeat(65)] {
        assert!(matches!(InstanceLock::acquire(&dir, name), Err(StoreError::AccountName { .. })), "{name}");
    }
    assert!(!dir.exists());
}

/// Not a test: what the second process of the next test runs.
#[test]
fn holds_the_lock_until_killed() {
    let Some(dir) = std::env::var_os(DIR_VARIABLE) else { return };
    let _lock = InstanceLock::acquire(&PathBuf::from(dir), "main").unwrap();
    println!("locked");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

fn holder(dir: &PathBuf) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["lock::holds_the_lock_until_killed", "--exact", "--nocapture"])
        .env(DIR_VARIABLE, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("locked")));
    child
}

#[test]
fn a_killed_process_leaves_nothing_to_clean_up() {
    let dir = fresh_dir("killed");
    let mut child = holder(&dir);
    let text = InstanceLock::acquire(&dir, "main").err().unwrap().to_string();
    assert!(text.contains(&format!("pid {}", child.id())), "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(InstanceLock::acquire(&dir, "main").unwrap());
    std::fs::remove_dir_all(dir).unwrap();
}
