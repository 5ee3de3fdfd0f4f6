//! What came out, as tables.

use std::collections::BTreeMap;

use seawall_backtest::Outcome;
use seawall_model::Trade;

/// The result of one run.
pub(crate) struct Tally {
    /// Closed trades in multiples of their risk, costs included.
    multiples: Vec<f64>,
    gained: f64,
    lost: f64,
    fees: f64,
    funding: f64,
    return_pct: f64,
    drawdown_pct: f64,
    exits: BTreeMap<&'static str, u32>,
    setups: BTreeMap<&'static str, (u32, f64)>,
}

impl Tally {
    pub(crate) fn new(outcome: &Outcome) -> Self {
        let start = outcome.initial_equity.to_f64();
        let mut tally = Tally {
            multiples: Vec::new(),
            gained: 0.0,
            lost: 0.0,
            fees: 0.0,
            funding: 0.0,
            return_pct: (outcome.final_equity.to_f64() / start - 1.0) * 100.0,
            drawdown_pct: outcome.drawdown_worst_pct,
            exits: BTreeMap::new(),
            setups: BTreeMap::new(),
        };
        for trade in outcome.trades.iter().filter(|trade| trade.closed_at.is_some()) {
            tally.add(trade);
        }
        tally
    }

    fn add(&mut self, trade: &Trade) {
        let pnl = trade.pnl.to_f64();
        self.gained += pnl.max(0.0);
        self.lost -= pnl.min(0.0);
        self.fees += trade.fees.to_f64();
        self.funding += trade.funding.to_f64();
        let stop = trade.initial_stop.map(|stop| stop.get() as f64);
        let entry = trade.decision_price.get() as f64;
        let risk = stop.map_or(f64::NAN, |stop| (stop / entry - 1.0).abs() * trade.entry_value.to_f64());
        let multiple = pnl / risk;
        self.multiples.push(multiple);
        for exit in &trade.exits {
            *self.exits.entry(exit.reason.name()).or_default() += 1;
        }
        let setup = self.setups.entry(trade.setup.name()).or_default();
        setup.0 += 1;
        setup.1 += multiple;
    }

    pub(crate) fn trades(&self) -> usize {
        self.multiples.len()
    }

    fn won_pct(&self) -> f64 {
        let won = self.multiples.iter().filter(|multiple| **multiple > 0.0).count();
        won as f64 / self.trades() as f64 * 100.0
    }

    fn mean(&self) -> f64 {
        self.multiples.iter().sum::<f64>() / self.trades() as f64
    }

    fn factor(&self) -> f64 {
        self.gained / self.lost
    }
}

pub(crate) fn print_results(tallies: &[(&str, Tally)]) {
    println!(
        "| toggle | trades | won | mean R | profit factor | return | deepest drawdown | fees | funding |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (name, tally) in tallies {
        println!(
            "| {name} | {} | {:.0} % | {:+.2} | {:.2} | {:+.1} % | {:.1} % | {:.0} | {:+.0} |",
            tally.trades(),
            tally.won_pct(),
            tally.mean(),
            tally.factor(),
            tally.return_pct,
            tally.drawdown_pct,
            tally.fees,
            tally.funding
        );
    }
}

pub(crate) fn print_exits(tallies: &[(&str, Tally)]) {
    let mut names: Vec<&str> = tallies.iter().flat_map(|(_, tally)| tally.exits.keys().copied()).collect();
    names.sort_unstable();
    names.dedup();
    println!("\n| closing fills by reason | {} |", names.join(" | "));
    println!("|---{}|", "|---:".repeat(names.len()));
    for (name, tally) in tallies {
        let counts: Vec<String> = names
            .iter()
            .map(|reason| tally.exits.get(reason).map_or(String::new(), |count| count.to_string()))
            .collect();
        println!("| {name} | {} |", counts.join(" | "));
    }
}

pub(crate) fn print_setups(tallies: &[(&str, Tally)]) {
    let mut names: Vec<&str> = tallies.iter().flat_map(|(_, tally)| tally.setups.keys().copied()).collect();
    names.sort_unstable();
    names.dedup();
    println!("\n| trades (mean R) by setup | {} |", names.join(" | "));
    println!("|---{}|", "|---:".repeat(names.len()));
    for (name, tally) in tallies {
        let cells: Vec<String> = names
            .iter()
            .map(|setup| {
                tally.setups.get(setup).map_or(String::new(), |(count, sum)| {
                    format!("{count} ({:+.2})", sum / f64::from(*count))
                })
            })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// How the run stands among random ones.
pub(crate) fn print_baseline(mine: &Tally, random: &[Tally]) {
    println!(
        "\n| {} random runs | 5 % | median | 95 % | this run | random runs at least as good |",
        random.len()
    );
    println!("|---|---:|---:|---:|---:|---:|");
    let line = |name: &str, of: fn(&Tally) -> f64| {
        let mut values: Vec<f64> = random.iter().map(of).filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let Some(last) = values.len().checked_sub(1) else { return };
        let at = |share: f64| values[(last as f64 * share).round() as usize];
        let own = of(mine);
        let better = values.iter().filter(|value| **value >= own).count();
        let share = better as f64 / values.len() as f64 * 100.0;
        println!("| {name} | {:.2} | {:.2} | {:.2} | {own:.2} | {share:.0} % |", at(0.05), at(0.5), at(0.95));
    };
    line("trades", |tally| tally.trades() as f64);
    line("won, %", Tally::won_pct);
    line("mean R", Tally::mean);
    line("profit factor", Tally::factor);
    line("return, %", |tally| tally.return_pct);
}
