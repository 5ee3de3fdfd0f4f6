//! Ctrl-C and SIGTERM turn a switch; the signals are caught from the moment [`catch`] returns.

use std::pin::pin;
use std::sync::mpsc::sync_channel;

use seawall_live::StopSwitch;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Failure;

/// A runtime that turns `switch` at the first of both signals.
pub(crate) fn catch(switch: StopSwitch) -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Failure::work)?;
    let (ready, is_ready) = sync_channel::<()>(1);
    runtime.spawn(async move {
        // The handler is installed when the signal is asked for.
        let terminate = signal(SignalKind::terminate());
        let mut interrupt = pin!(tokio::signal::ctrl_c());
        let early = tokio::select! {
            biased;
            caught = &mut interrupt => Some(caught.is_ok()),
            () = std::future::ready(()) => None,
        };
        let _ = ready.send(());
        let caught = match (early, terminate) {
            (Some(caught), _) => caught,
            (None, Ok(mut terminate)) => tokio::select! {
                caught = &mut interrupt => caught.is_ok(),
                caught = terminate.recv() => caught.is_some(),
            },
            (None, Err(_)) => interrupt.await.is_ok(),
        };
        if caught {
            switch.stop();
        }
    });
    is_ready.recv().map_err(Failure::work)?;
    Ok(runtime)
}
