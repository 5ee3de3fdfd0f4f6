//! What is on a picture, in bars and prices.

use seawall_smc::{Bar, Direction};

use super::data::Series;

/// Whose colour a shape has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// The thing that the picture is about.
    Main,
    /// What it comes from.
    Other,
    /// What stands in the background.
    Quiet,
}

/// Something drawn over the candles.
pub(crate) enum Shape {
    /// Prices from `top` to `bottom`: an outline from the anchor, filled from the bar at which it was known.
    Zone { anchor: usize, known: usize, end: usize, top: f64, bottom: f64, ink: Ink, label: String },
    /// A price: dotted from the anchor, solid from the bar at which it was known.
    Level { anchor: usize, known: usize, end: usize, price: f64, ink: Ink, label: String },
    /// A pivot, and when it was known.
    Pivot { anchor: usize, known: usize, price: f64, side: Direction, ink: Ink, label: String },
    /// A frame around a bar.
    Frame { bar: usize, ink: Ink, label: String },
    /// Bars in the background.
    Band { from: usize, to: usize, label: String },
    /// A leg from one bar's price to another's.
    Leg { from: (usize, f64), to: (usize, f64) },
}

/// Something that happened, told below the candles.
pub(crate) struct Note {
    pub(crate) bar: usize,
    pub(crate) text: String,
}

/// A picture.
pub(crate) struct Scene<'a> {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) series: &'a Series,
    /// First and last bar.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The bar that the thing is about and the one at whose close it was known.
    pub(crate) delay: Option<(usize, usize)>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) notes: Vec<Note>,
    /// A second market, drawn below the first one with its own prices.
    pub(crate) second: Option<(&'a Series, Vec<Shape>)>,
}

impl Scene<'_> {
    /// Prices of the window.
    pub(crate) fn bars(&self) -> &[Bar] {
        &self.series.bars[self.from..=self.to]
    }
}
