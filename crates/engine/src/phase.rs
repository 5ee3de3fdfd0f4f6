//! Start-up phases. No order but protection leaves before [`Phase::Ready`].

/// How far the start-up has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Phase {
    /// Not started.
    #[default]
    Starting,
    /// Waiting for complete reports of orders, positions and balance.
    Reconciling,
    /// Trading is possible.
    Ready,
}

impl Phase {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Reconciling => "reconciling",
            Phase::Ready => "ready",
        }
    }
}
