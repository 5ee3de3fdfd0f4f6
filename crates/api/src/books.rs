//! The database of the run, read beside its writer.
//!
//! Invariants: readers are opened read-only and are at most [`READERS_MAX`] at once; a question runs on a
//! thread that may wait, never on one that carries connections; a server that is away is an error of the
//! question, not of the run.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use seawall_live::board::About;
use seawall_store::StoreError;
use seawall_store::db::{DatabaseUrl, Place, Reader};
use tokio::sync::Semaphore;

use crate::fault::Fault;
use crate::state::App;

/// Readers at once; further questions wait.
pub(crate) const READERS_MAX: usize = 4;

/// The way to the database.
pub(crate) struct Books {
    url: Option<DatabaseUrl>,
    idle: Mutex<Vec<Reader>>,
    places: Semaphore,
}

impl Books {
    pub(crate) fn new(url: Option<DatabaseUrl>) -> Self {
        Books { url, idle: Mutex::new(Vec::new()), places: Semaphore::new(READERS_MAX) }
    }

    fn open(&self, folder: &Path, run: u32) -> Result<Reader, StoreError> {
        Reader::of_run(Place::of_run(folder, self.url.as_ref())?, run)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the database something.
pub(crate) async fn ask<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Fault> {
    let About { folder, run, .. } = app.about()?;
    let (folder, run) = (folder.clone(), *run);
    let Ok(_place) = app.books.places.acquire().await else { return Err(Fault::starting()) };
    let inner = app.clone();
    let answered = tokio::task::spawn_blocking(move || {
        let idle = inner.books.idle().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => inner.books.open(&folder, run)?,
        };
        let answer = question(&reader)?;
        // One that has failed is not used again: its connection may be gone.
        inner.books.idle().push(reader);
        Ok::<T, StoreError>(answer)
    })
    .await;
    match answered {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database was not read");
            let fix = "the run goes on without it; /health says more, and the log has the cause";
            Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, "database", "the database cannot be read", fix))
        }
        Err(_) => {
            let fix = "the log has the cause";
            Err(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the question ended early", fix))
        }
    }
}
