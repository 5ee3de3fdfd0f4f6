//! Which detectors another one listens to.

use crate::event::Source;

/// A set of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sources([u64; 4]);

impl Sources {
    /// No source.
    pub const NONE: Sources = Sources([0; 4]);

    /// The sources given.
    #[must_use]
    pub fn of(sources: &[Source]) -> Self {
        sources.iter().fold(Sources::NONE, |set, &source| set.with(source))
    }

    /// With one source more.
    #[must_use]
    pub fn with(mut self, source: Source) -> Self {
        let (word, bit) = Self::place(source);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
        self
    }

    /// Whether `source` is one of them.
    #[must_use]
    pub fn contains(&self, source: Source) -> bool {
        let (word, bit) = Self::place(source);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Sources::NONE
    }

    fn place(source: Source) -> (usize, u64) {
        (usize::from(source.0 / 64), 1 << (source.0 % 64))
    }
}

impl From<Source> for Sources {
    fn from(source: Source) -> Self {
        Sources::NONE.with(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set = Sources::of(&[Source(0), Source(63), Source(64), Source(255)]);
        let held: Vec<u8> = (0..=u8::MAX).filter(|&source| set.contains(Source(source))).collect();
        assert_eq!(held, [0, 63, 64, 255]);
        assert!(Sources::NONE.is_empty() && !set.is_empty());
        assert_eq!(Sources::from(Source(7)), Sources::of(&[Source(7)]));
    }
}
