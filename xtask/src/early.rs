//! What later steps wait for, begun while earlier ones compile: packages from the network, and the optimised
//! build of the storm, which fills the time in which tests wait for sockets and clocks.
//!
//! Nothing depends on it: a step does what is missing itself and tells what fails. So what is begun here
//! stays silent about failures, and a machine without the network or `nice` only takes longer.

use std::cell::RefCell;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use crate::{ccxt, fuzz, prerequisites, steps, storm, web};

/// What will be asked for besides the database's server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// ccxt's packages.
    pub(crate) ccxt: bool,
    /// Those that fuzz the API.
    pub(crate) fuzz: bool,
    /// The dashboard, built, and a browser.
    pub(crate) web: bool,
}

/// Packages that are being installed.
pub(crate) struct Installs {
    /// Closed once the database's server and promtool are there, or cannot be.
    postgres: Receiver<()>,
    /// Ends when all that is wanted is there, or cannot be.
    thread: RefCell<Option<JoinHandle<()>>>,
}

impl Installs {
    /// Installs the database's server, promtool, and then what is wanted: one after the other, since all may
    /// need apt.
    pub(crate) fn begin(root: &Path, wanted: Wanted) -> Self {
        let (done, postgres) = mpsc::channel::<()>();
        let root = root.to_path_buf();
        let thread = std::thread::spawn(move || {
            prerequisites::offer_postgres();
            prerequisites::offer_promtool(&root);
            drop(done);
            // The steps try again and say what is missing.
            if wanted.ccxt {
                let _ = ccxt::prepare(&root);
            }
            if wanted.fuzz {
                let _ = fuzz::prepare(&root);
            }
            if wanted.web {
                let _ = web::prepare(&root);
            }
        });
        Self { postgres, thread: RefCell::new(Some(thread)) }
    }

    /// Waits for the database's server and promtool.
    pub(crate) fn wait_for_postgres(&self) {
        // Nothing is ever sent: the end of the channel is the news.
        let _ = self.postgres.recv();
    }

    /// Waits for all the others.
    pub(crate) fn wait(&self) {
        if let Some(thread) = self.thread.borrow_mut().take() {
            let _ = thread.join();
        }
    }
}

/// Begins the builds of the storm, with what no other process wants of the machine. They have a folder and a
/// lock of their own, so cargo's other builds go on beside them, and the storm's step waits for their end.
pub(crate) fn build_storm(root: &Path) {
    let root = root.to_path_buf();
    std::thread::spawn(move || {
        for words in storm::builds() {
            let mut command = Command::new("nice");
            command.args(["-n", "19"]).arg(steps::cargo().get_program()).args(words).arg("--quiet");
            command.current_dir(&root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            steps::forget_ourselves(&mut command);
            let _ = command.status();
        }
    });
}
