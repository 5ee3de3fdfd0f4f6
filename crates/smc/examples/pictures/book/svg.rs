//! Scenes as SVG text: 720 by 360, small, readable on light and on dark pages.

use std::fmt::Write as _;

use seawall_smc::{Bar, Direction};

use super::data::Series;
use super::scene::{Ink, Scene, Shape};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 10.0;
const RIGHT: f64 = 662.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 288.0;
/// Where the notes below the candles are written.
const NOTE_ROWS: [f64; 3] = [304.0, 318.0, 332.0];
const LETTER: f64 = 5.7;

const STYLE: &str = "<style>\
text{font:11px sans-serif;fill:#24292f}.h{font-size:13px;font-weight:600}.q{fill:#6e7781}\
.bg{fill:#fff}.w{stroke:#57606a;fill:none}.u{stroke:#57606a;fill:#fff}.d{stroke:#57606a;fill:#57606a}\
.l{opacity:.35}.g{stroke:#d0d7de;fill:none}.b{fill:#818b98;fill-opacity:.14}\
.m{stroke:#0969da;fill:none}.mf{fill:#0969da;fill-opacity:.2}.mt{fill:#0969da}\
.o{stroke:#bc4c00;fill:none}.of{fill:#bc4c00;fill-opacity:.14}.ot{fill:#bc4c00}\
.n{stroke:#818b98;fill:none}.nf{fill:#818b98;fill-opacity:.16}.nt{fill:#6e7781}\
.k{stroke:#cf222e;fill:none}.kt{fill:#cf222e;font-weight:600}.dash{stroke-dasharray:2 3}\
.halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.q,.nt{fill:#9198a1}.bg{fill:#0d1117}\
.w{stroke:#b1bac4}.u{stroke:#b1bac4;fill:#0d1117}.d{stroke:#b1bac4;fill:#b1bac4}.g{stroke:#3d444d}\
.m{stroke:#58a6ff}.mf,.mt{fill:#58a6ff}.o{stroke:#f0883e}.of,.ot{fill:#f0883e}\
.k{stroke:#ff7b72}.kt{fill:#ff7b72}.halo{stroke:#0d1117}}</style>";

/// A length or place, with a decimal where it has one.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const fn class(ink: Ink) -> char {
    match ink {
        Ink::Main => 'm',
        Ink::Other => 'o',
        Ink::Quiet => 'n',
    }
}

/// Bars and prices as places on the picture.
struct Plot<'a> {
    series: &'a Series,
    from: usize,
    to: usize,
    /// The bar whose close is the newest that is known.
    known: Option<usize>,
    top: f64,
    bottom: f64,
    low: f64,
    high: f64,
    svg: String,
    /// Where something is written: left, right, base line.
    written: Vec<(f64, f64, f64)>,
}

impl<'a> Plot<'a> {
    fn new(scene: &Scene<'a>, series: &'a Series, shapes: &[Shape], (top, bottom): (f64, f64)) -> Self {
        let bars = &series.bars[scene.from..=scene.to];
        let mut low = bars.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
        let mut high = bars.iter().map(|bar| bar.high).fold(f64::NEG_INFINITY, f64::max);
        for price in shapes.iter().flat_map(prices) {
            (low, high) = (low.min(price), high.max(price));
        }
        let margin = (high - low) * 0.09;
        let known = scene.delay.map(|(_, known)| known);
        let (low, high) = (low - margin, high + margin);
        let (from, to) = (scene.from, scene.to);
        Plot { series, from, to, known, top, bottom, low, high, svg: String::new(), written: Vec::new() }
    }

    fn slot(&self) -> f64 {
        (RIGHT - LEFT) / (self.to - self.from + 1) as f64
    }

    /// The middle of a bar; bars outside the window lie at its border.
    fn x(&self, bar: usize) -> f64 {
        LEFT + (bar.clamp(self.from, self.to) - self.from) as f64 * self.slot() + self.slot() / 2.0
    }

    fn left(&self, bar: usize) -> f64 {
        self.x(bar) - self.slot() / 2.0
    }

    /// The end of a bar, its close.
    fn right(&self, bar: usize) -> f64 {
        self.x(bar) + self.slot() / 2.0
    }

    fn y(&self, price: f64) -> f64 {
        self.bottom - (price - self.low) / (self.high - self.low) * (self.bottom - self.top)
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(short);
        let _ = write!(self.svg, "<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>");
    }

    fn rect(&mut self, class: &str, (left, right): (f64, f64), (top, bottom): (f64, f64)) {
        let [x, y, width, height] = [left, top, right - left, bottom - top].map(short);
        let _ = write!(
            self.svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
        );
    }

    /// Writes at the first of some places, or a little above or below it, where the text covers no candle and
    /// nothing that is written; if there is none, near the first place, over candles.
    fn write(&mut self, class: &str, places: &[(f64, f64)], text: &str) {
        let Some(&first) = places.first().filter(|_| !text.is_empty()) else { return };
        let width = text.chars().count() as f64 * LETTER;
        let left = |x: f64| x.clamp(LEFT + 2.0, RIGHT - width);
        let free = |(x, y): (f64, f64)| {
            let apart = |&(from, to, base): &(f64, f64, f64)| {
                from >= x + width + 4.0 || x >= to + 4.0 || (base - y).abs() >= 12.0
            };
            self.written.iter().all(apart) && y > self.top - 2.0 && y < self.bottom - 1.0
        };
        let moved = |(x, y): (f64, f64), step: u8| {
            let away = f64::from(step) * 6.0;
            [(left(x), y - away), (left(x), y + away)]
        };
        let near = (0..4).flat_map(|step| places.iter().flat_map(move |&place| moved(place, step)));
        let far = (0..12).flat_map(|step| moved(first, step));
        let clear = near.clone().find(|&place| free(place) && !self.covers(place, width));
        let (x, y) = clear.or_else(|| far.clone().find(|&place| free(place))).unwrap_or(first);
        self.written.push((x, x + width, y));
        let [x, y] = [x, y].map(short);
        let _ = write!(self.svg, "<text class=\"{class} halo\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(text));
    }

    /// Whether a text at a place would cover a candle.
    fn covers(&self, (x, y): (f64, f64), width: f64) -> bool {
        (self.from..=self.to).any(|bar| {
            let Bar { high, low, .. } = self.series.bars[bar];
            let beside = self.right(bar) <= x || self.left(bar) >= x + width;
            !beside && self.y(high) < y + 2.0 && self.y(low) > y - 9.0
        })
    }

    fn candles(&mut self) {
        let newest = self.known.unwrap_or(self.to);
        for (first, last, group) in
            [(self.from, newest.min(self.to), "<g>"), (newest + 1, self.to, "<g class=\"l\">")]
        {
            if first > last {
                continue;
            }
            let (mut wicks, mut up, mut down) = (String::new(), String::new(), String::new());
            for index in first..=last {
                let Bar { open, high, low, close } = self.series.bars[index];
                let body = (self.slot() * 0.6).max(1.5);
                let x = short(self.x(index));
                let (upper, lower) = (self.y(open.max(close)), self.y(open.min(close)));
                let _ = write!(wicks, "M{x} {}V{}", short(self.y(high)), short(upper));
                let _ = write!(wicks, "M{x} {}V{}", short(lower), short(self.y(low)));
                let path = if close >= open { &mut up } else { &mut down };
                let [left, width] = [self.x(index) - body / 2.0, body].map(short);
                let height = short((lower - upper).max(0.5));
                let _ = write!(path, "M{left} {}h{width}v{height}h-{width}z", short(upper));
            }
            let _ = write!(
                self.svg,
                "{group}<path class=\"w\" d=\"{wicks}\"/><path class=\"u\" d=\"{up}\"/>\
                 <path class=\"d\" d=\"{down}\"/></g>"
            );
        }
    }

    fn axis(&mut self) {
        let raw = (self.high - self.low) / 5.0;
        let mut step = 10f64.powi(-6);
        for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
            if step >= raw {
                break;
            }
            step *= factor;
        }
        let decimals = self.series.decimals;
        let mut price = (self.low / step).ceil() * step;
        while price <= self.high {
            let y = self.y(price);
            self.line("g", (LEFT, y), (RIGHT, y));
            let y = short(y + 4.0);
            let _ = write!(self.svg, "<text class=\"q\" x=\"668\" y=\"{y}\">{price:.decimals$}</text>");
            price += step;
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Zone { anchor, known, end, top, bottom, ink, label } => {
                let (edges, class) = ((self.y(*top), self.y(*bottom)), class(*ink));
                let (start, known, end) = (self.left(*anchor), self.right(*known), self.right(*end));
                if known > start + 0.1 {
                    self.rect(&format!("{class} dash"), (start, known), edges);
                }
                if end > known {
                    self.rect(&format!("{class}f"), (known, end), edges);
                }
                self.rect(&class.to_string(), (known.min(end), end.max(known)), edges);
                let beside = (end.max(known) + 4.0, f64::midpoint(edges.0, edges.1) + 4.0);
                let places = [(start, edges.0 - 4.0), (start, edges.1 + 12.0), beside];
                self.write(&format!("{class}t"), &places, label);
            }
            Shape::Level { anchor, known, end, price, ink, label } => {
                let (y, class) = (self.y(*price), class(*ink));
                let (start, known, end) = (self.x(*anchor), self.right(*known), self.right(*end));
                self.line(&format!("{class} dash"), (start, y), (known, y));
                self.line(&class.to_string(), (known, y), (end.max(known), y));
                // On the side of the line where price was not.
                let above = self.series.bars[*anchor].close < *price;
                let (base, other) = if above { (y - 4.0, y + 12.0) } else { (y + 12.0, y - 4.0) };
                let places = [(start, base), (end.max(known) + 4.0, y + 4.0), (start, other)];
                self.write(&format!("{class}t"), &places, label);
            }
            Shape::Pivot { anchor, known, price, side, ink, label } => {
                let (x, y, class) = (self.x(*anchor), self.y(*price), class(*ink));
                let away = match side {
                    Direction::Bullish => -1.0,
                    Direction::Bearish => 1.0,
                };
                let [x1, x2, tip, base] =
                    [x - 4.0, x + 4.0, 3.0f64.mul_add(away, y), 10.0f64.mul_add(away, y)].map(short);
                let x0 = short(x);
                let _ = write!(
                    self.svg,
                    "<path class=\"{class}f {class}\" d=\"M{x0} {tip}L{x1} {base}H{x2}z\"/>"
                );
                if *known > *anchor {
                    let known = self.right(*known);
                    self.line(&format!("{class} dash"), (x, y), (known, y));
                    self.line(&class.to_string(), (known, y - 4.0), (known, y + 4.0));
                }
                let base = if away < 0.0 { y - 14.0 } else { y + 21.0 };
                let start = x - label.len() as f64 * LETTER / 2.0;
                self.write(&format!("{class}t"), &[(start, base)], label);
            }
            Shape::Frame { bar, ink, label } => {
                let Bar { high, low, .. } = self.series.bars[*bar];
                let edges = (self.y(high) - 3.0, self.y(low) + 3.0);
                let class = class(*ink);
                self.rect(&class.to_string(), (self.left(*bar), self.right(*bar)), edges);
                let places = [(self.left(*bar), edges.1 + 12.0), (self.left(*bar), edges.0 - 4.0)];
                self.write(&format!("{class}t"), &places, label);
            }
            Shape::Band { from, to, label } => {
                self.rect("b", (self.left(*from) + 1.0, self.right(*to) - 1.0), (self.top, self.bottom));
                self.write("q", &[(self.left(*from) + 2.0, self.bottom - 5.0)], label);
            }
            Shape::Leg { from, to } => {
                let (start, end) = ((self.x(from.0), self.y(from.1)), (self.x(to.0), self.y(to.1)));
                self.line("o dash", start, end);
            }
        }
    }

    fn draw(&mut self, shapes: &[Shape]) {
        for band in shapes.iter().filter(|shape| matches!(shape, Shape::Band { .. })) {
            self.shape(band);
        }
        self.axis();
        self.candles();
        for shape in shapes.iter().filter(|shape| !matches!(shape, Shape::Band { .. })) {
            self.shape(shape);
        }
    }
}

/// The prices that have to be in view.
fn prices(shape: &Shape) -> Vec<f64> {
    match shape {
        Shape::Zone { top, bottom, .. } => vec![*top, *bottom],
        Shape::Level { price, .. } | Shape::Pivot { price, .. } => vec![*price],
        Shape::Leg { from, to } => vec![from.1, to.1],
        Shape::Frame { .. } | Shape::Band { .. } => Vec::new(),
    }
}

/// The picture.
pub(crate) fn draw(scene: &Scene<'_>) -> String {
    let area = if scene.second.is_some() { (TOP + 14.0, 168.0) } else { (TOP, BOTTOM) };
    let mut plot = Plot::new(scene, scene.series, &scene.shapes, area);
    let _ = write!(
        plot.svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"360\" viewBox=\"0 0 720 360\">\
         <title>{title}</title>{STYLE}<rect class=\"bg\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\
         <text class=\"h\" x=\"10\" y=\"18\">{title}</text>",
        title = escaped(&scene.title)
    );
    plot.draw(&scene.shapes);
    if let Some((series, shapes)) = &scene.second {
        let mut second = Plot::new(scene, series, shapes, (182.0, BOTTOM));
        second.draw(shapes);
        second.write("q", &[(LEFT + 2.0, 196.0)], series.name);
        plot.write("q", &[(LEFT + 2.0, TOP + 28.0)], scene.series.name);
        plot.svg.push_str(&second.svg);
    }
    delay(&mut plot, scene);
    notes(&mut plot, scene);
    let _ = write!(
        plot.svg,
        "<text class=\"q\" x=\"10\" y=\"352\">{}, {} bars from {} UTC. Dotted: not known yet. Pale: later.</text></svg>",
        scene.series.name,
        scene.bars().len(),
        scene.series.when(scene.from)
    );
    plot.svg.push('\n');
    plot.svg
}

/// The line at which the thing was known, and how long after its bar.
fn delay(plot: &mut Plot<'_>, scene: &Scene<'_>) {
    let Some((anchor, known)) = scene.delay else { return };
    let (start, end) = (plot.x(anchor), plot.right(known));
    plot.line("k", (end, 40.0), (end, BOTTOM));
    let bars = known - anchor;
    let text = match bars {
        0 => "known at its own close".to_owned(),
        1 => "known 1 bar later".to_owned(),
        _ => format!("known {bars} bars later"),
    };
    if bars > 0 {
        plot.line("k dash", (start, 40.0), (end, 40.0));
        plot.line("k", (start, 36.0), (start, 46.0));
    }
    let width = text.len() as f64 * (LETTER + 0.5);
    let x = short((end - width).max(LEFT));
    let _ = write!(plot.svg, "<text class=\"kt\" x=\"{x}\" y=\"34\">{text}</text>");
}

/// What happened, below the candles: first the lines, so that none runs through a word.
fn notes(plot: &mut Plot<'_>, scene: &Scene<'_>) {
    let mut ends = [f64::NEG_INFINITY; NOTE_ROWS.len()];
    let mut texts = String::new();
    for note in &scene.notes {
        let x = plot.x(note.bar);
        let width = note.text.chars().count() as f64 * LETTER;
        let left = (x - 3.0).min(RIGHT - width);
        let row = ends.iter().position(|&end| left > end + 6.0).unwrap_or(NOTE_ROWS.len() - 1);
        ends[row] = left + width;
        plot.line("n dash", (x, BOTTOM - 8.0), (x, NOTE_ROWS[row] - 10.0));
        let [left, base] = [left, NOTE_ROWS[row]].map(short);
        let text = escaped(&note.text);
        let _ = write!(texts, "<text class=\"halo\" x=\"{left}\" y=\"{base}\">{text}</text>");
    }
    plot.svg.push_str(&texts);
}
