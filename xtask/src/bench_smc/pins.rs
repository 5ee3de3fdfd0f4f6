//! What the package's Python has installed.

/// Without anything else: `numba`, which the package asks for, is never imported by it. The versions are
/// those that pip resolves for the package on 2026-11-21; they need Python 3.11.
pub(super) const PINS: [&str; 5] = [
    "smartmoneyconcepts==0.0.27",
    "pandas==3.1.1",
    "numpy==2.4.6",
    "python-dateutil==4.0.0",
    "tzdata==2026.6",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned() {
        assert!(PINS.iter().all(|pin| pin.contains("==")));
    }
}
