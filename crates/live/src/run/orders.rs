//! The board of a run: what it is shown, and the commands that come from there.

use std::path::Path;
use std::sync::Arc;

use seawall_model::Ts;
use seawall_store::db::DatabaseUrl;
use seawall_venues::budget::PoolReading;

use super::engine_loop::Core;
use super::{Mode, Run};
use crate::board::{About, Board, BoardWriter, BudgetView, FeedsView, QueueView, Surroundings, obey, table};
use crate::error::LiveError;
use crate::watermarks::Mark;

impl Run {
    /// Shows the run on `board`, and takes commands from there.
    pub fn attach(&mut self, board: Arc<Board>, mode: Mode) {
        let about = About {
            mode: mode.name(),
            folder: self.folder.clone(),
            run: self.core.recorder.journal.info().run,
            instruments: table(&self.core.engine),
        };
        let writer = BoardWriter::new(board, about, Some(self.inbox.clone()));
        self.core.recorder.readers.board = Some(writer);
    }

    /// Listens to the chats from which `notify` takes commands: what is asked there is answered from `board`.
    ///
    /// # Errors
    /// [`LiveError::Notify`].
    pub fn listen(
        &mut self,
        board: &Arc<Board>,
        data_dir: &Path,
        database: Option<&DatabaseUrl>,
    ) -> Result<(), LiveError> {
        self.core.recorder.teller.listen(board, data_dir, database)
    }

    /// Shows the engine where somebody has asked.
    pub(super) fn show(&mut self, now: Ts) {
        let Run { core: Core { engine, recorder, .. }, feeds, inbox, .. } = self;
        recorder.show(now, engine, || Surroundings {
            feeds: Some(FeedsView {
                live: feeds.are_live(),
                account_live: feeds.orders_are_live(),
                missing: if feeds.are_live() { String::new() } else { feeds.missing() },
            }),
            queues: {
                let marks = inbox.watermarks().marks().into_iter();
                let queue = |mark: Mark| QueueView {
                    name: mark.queue,
                    waiting: mark.waiting,
                    most: mark.most,
                    bound: mark.bound,
                };
                marks.map(queue).collect()
            },
            budgets: {
                let readings = inbox.watermarks().budgets().into_iter();
                let budget = |reading: PoolReading| BudgetView {
                    pool: reading.pool.name(),
                    used: reading.used,
                    limit: u64::from(reading.limit),
                    reserve: u64::from(reading.reserve),
                };
                readings.map(budget).collect()
            },
        });
    }

    /// Carries out what was commanded.
    pub(super) fn obey(&mut self) -> Result<(), LiveError> {
        for ask in self.core.recorder.commands() {
            let now = self.clock.now().max(self.core.engine.now());
            self.core.run_until(now)?;
            let Run { core: Core { engine, port, recorder, pump }, kill, .. } = self;
            obey(now, ask, recorder, engine, kill, |recorder, engine, input| {
                pump.feed(engine, port, recorder, now, input)
            })?;
        }
        Ok(())
    }
}
