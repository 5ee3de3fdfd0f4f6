//! The run in figures, for Prometheus.
//!
//! Labels come from closed sets (names of queues, components, severities, instruments of the run), never from
//! ids, prices or messages.

use std::collections::HashMap;
use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use seawall_live::board::{Reading, View};
use seawall_model::Money;

use crate::health::{ComponentBody, Condition};
use crate::state::App;

/// What the text is, as clients are told.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The figures of a moment.
#[derive(Debug)]
struct Figures {
    view: Option<Arc<View>>,
    run_mode: &'static str,
    components: Vec<ComponentBody>,
    steps: Reading,
    acknowledgements: Reading,
    requests: Reading,
    answers: Vec<(&'static str, u64)>,
    streams: u64,
    streams_cut: u64,
    /// Alerts that wait for their channels, by channel.
    waiting: Vec<(String, u64)>,
    uptime_s: f64,
}

/// Everything as text.
///
/// # Errors
/// None that could be mended: the text cannot be written.
pub(crate) fn text(
    app: &App,
    view: Option<Arc<View>>,
    components: Vec<ComponentBody>,
    waiting: Vec<(String, u64)>,
) -> Result<String, Error> {
    let figures = Figures {
        view,
        run_mode: app.board.about().map_or("starting", |about| about.mode),
        components,
        steps: app.board.steps().reading(),
        acknowledgements: app.board.acknowledgements().reading(),
        requests: app.requests.reading(),
        answers: app.answers().collect(),
        streams: u64::try_from(app.streams.load(Ordering::Relaxed)).unwrap_or(u64::MAX),
        streams_cut: app.streams_cut.load(Ordering::Relaxed),
        waiting,
        uptime_s: app.board.started().elapsed().as_secs_f64(),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(figures));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// Encodes one figure after the other.
struct Sheet<'a>(DescriptorEncoder<'a>);

impl Sheet<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: f64) -> Result<(), Error> {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(name, help, None, MetricType::Gauge)?)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        let counter = ConstCounter::new(value);
        counter.encode(self.0.encode_descriptor(name, help, None, MetricType::Counter)?)
    }

    /// One value for each value of a label.
    fn gauges<'n>(
        &mut self,
        (name, help, label): (&str, &str, &str),
        values: impl Iterator<Item = (&'n str, f64)>,
    ) -> Result<(), Error> {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (word, value) in values {
            let labels = [(label, word)];
            ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counters<'n>(
        &mut self,
        (name, help, label): (&str, &str, &str),
        values: impl Iterator<Item = (&'n str, u64)>,
    ) -> Result<(), Error> {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (word, value) in values {
            let labels = [(label, word)];
            ConstCounter::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, help: &str, reading: &Reading) -> Result<(), Error> {
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        buckets(encoder, reading)
    }
}

fn buckets(mut encoder: MetricEncoder<'_>, reading: &Reading) -> Result<(), Error> {
    let none: Option<&HashMap<usize, Exemplar<NoLabelSet, f64>>> = None;
    encoder.encode_histogram(reading.sum_s, reading.count, &reading.buckets, none)
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder) -> Result<(), Error> {
        let mut sheet = Sheet(encoder);
        self.process(&mut sheet)?;
        let Some(view) = &self.view else { return Ok(()) };
        account(view, &mut sheet)?;
        engine(view, &mut sheet)?;
        instruments(view, &mut sheet)
    }
}

impl Figures {
    fn process(&self, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let version = [(env!("CARGO_PKG_VERSION"), 1.0)].into_iter();
        sheet.gauges(("seawall_build_info", "The program's version", "version"), version)?;
        let mode = [(self.run_mode, 1.0)].into_iter();
        sheet.gauges(("seawall_run_mode", "Whether the run is paper, live or demo", "mode"), mode)?;
        sheet.gauge("seawall_uptime_seconds", "Time since the process began", self.uptime_s)?;
        let conditions = self.components.iter().map(|one| {
            let value = match one.condition {
                Condition::Healthy => 0.0,
                Condition::Degraded => 1.0,
                Condition::Unhealthy => 2.0,
            };
            (one.name.as_str(), value)
        });
        let help = "Condition of each component: 0 healthy, 1 degraded, 2 unhealthy";
        sheet.gauges(("seawall_component_condition", help, "component"), conditions)?;
        let waiting = self.waiting.iter().map(|(channel, count)| (channel.as_str(), *count as f64));
        let help = "Alerts that wait for their channel";
        sheet.gauges(("seawall_alerts_waiting", help, "channel"), waiting)?;
        let help = "Time that steps of the engine took";
        sheet.histogram("seawall_engine_step_seconds", help, &self.steps)?;
        let help = "Time from an order's leaving to the venue's first word about it";
        sheet.histogram("seawall_order_acknowledgement_seconds", help, &self.acknowledgements)?;
        let help = "Time that requests to the API took";
        sheet.histogram("seawall_api_request_seconds", help, &self.requests)?;
        let answers = self.answers.iter().copied();
        sheet.counters(("seawall_api_answers", "Answers by status", "status"), answers)?;
        sheet.gauge("seawall_api_streams", "Open event streams", self.streams as f64)?;
        let help = "Event streams that were cut off because they did not read";
        sheet.counter("seawall_api_streams_cut", help, self.streams_cut)
    }
}

fn account(view: &View, sheet: &mut Sheet<'_>) -> Result<(), Error> {
    if let Some(equity) = view.equity {
        let lost = |base: Money| base.minus(equity).map_or(0.0, Money::to_f64).max(0.0);
        sheet.gauge("seawall_equity", "Equity at the last prices", equity.to_f64())?;
        let help = "Change of equity since the beginning of the UTC day";
        let pnl = equity.minus(view.day_base).map_or(0.0, Money::to_f64);
        sheet.gauge("seawall_day_pnl", help, pnl)?;
        sheet.gauge("seawall_week_loss", "Loss since the beginning of the ISO week", lost(view.week_base))?;
        sheet.gauge("seawall_drawdown", "Fall from the high-water mark", lost(view.peak))?;
        let share = if view.peak > Money::ZERO { lost(view.peak) / view.peak.to_f64() } else { 0.0 };
        sheet.gauge("seawall_drawdown_ratio", "Fall from the high-water mark as a share of it", share)?;
    }
    sheet.gauge("seawall_peak_equity", "High-water mark of equity", view.peak.to_f64())?;
    sheet.gauge("seawall_cash", "Money at the venue by the books", view.cash.to_f64())
}

fn engine(view: &View, sheet: &mut Sheet<'_>) -> Result<(), Error> {
    sheet.gauge("seawall_ready", "Whether the run is ready", flag(view.ready))?;
    let mode = view.mode as u8;
    let help = "Mode: 0 normal, 1 cautious, 2 reduce only, 3 protect only, 4 flatten";
    sheet.gauge("seawall_system_mode", help, f64::from(mode))?;
    sheet.gauge("seawall_kill_switch_active", "Kill switch", flag(view.kill_switch.is_some()))?;
    sheet.gauge("seawall_positions", "Positions held", view.held().count() as f64)?;
    sheet.gauge("seawall_naked_positions", "Positions without a confirmed stop", view.naked() as f64)?;
    let help = "Longest time that any position has been without a confirmed stop";
    sheet.gauge("seawall_naked_seconds_max", help, view.naked_max_s)?;
    let help = "The bound that the settings state for it";
    sheet.gauge("seawall_naked_seconds_bound", help, view.naked_bound_s)?;
    if let Some(age) = view.oldest_proof_s() {
        let help = "Time since the stop was proven whose proof is the oldest";
        sheet.gauge("seawall_stop_proof_age_seconds_max", help, age)?;
    }
    if let Some(at) = view.market_at {
        let age = view.at.since(at).secs_f64().max(0.0);
        sheet.gauge("seawall_market_data_age_seconds", "Age of the newest market data", age)?;
    }
    if let Some(feeds) = &view.surroundings.feeds {
        sheet.gauge("seawall_feeds_live", "Whether no feed is missing", flag(feeds.live))?;
        sheet.gauge(
            "seawall_account_stream_live",
            "Whether nothing of the account can be missed",
            flag(feeds.account_live),
        )?;
    }
    let differences = view.blocks.iter().filter(|block| block.name == "difference").count();
    sheet.gauge(
        "seawall_reconcile_differences",
        "Open differences between books and venue",
        differences as f64,
    )?;
    sheet.gauge("seawall_blocks", "What keeps new risk away", view.blocks.len() as f64)?;
    for (name, help, value) in [
        ("seawall_inputs", "Inputs that the engine took", view.inputs),
        ("seawall_orders", "Orders placed", view.orders),
        ("seawall_fills", "Fills counted", view.fills),
        ("seawall_positions_opened", "Positions opened", view.positions_opened),
        ("seawall_trades_closed", "Trades completed", view.trades_closed),
        ("seawall_decisions", "Decisions taken", view.decisions),
        ("seawall_entries", "Entries among the decisions", view.entered),
        ("seawall_invariant_violations", "Broken rules", view.violations),
        ("seawall_database_rows_dropped", "Rows that did not reach the database", view.rows_dropped),
    ] {
        sheet.counter(name, help, value)?;
    }
    let alerts = ["info", "warning", "critical"].into_iter().zip(view.alerts);
    sheet.counters(("seawall_alerts", "Messages for the operator", "severity"), alerts)?;
    let queues = || view.surroundings.queues.iter();
    let now = queues().map(|queue| (queue.name, queue.waiting as f64));
    sheet.gauges(("seawall_queue_waiting", "How many wait in a queue", "queue"), now)?;
    let most = queues().map(|queue| (queue.name, queue.most as f64));
    sheet.gauges(("seawall_queue_waiting_max", "The most that has ever waited in a queue", "queue"), most)?;
    let bound = queues().map(|queue| (queue.name, queue.bound as f64));
    sheet.gauges(("seawall_queue_bound", "The most that may wait in a queue", "queue"), bound)?;
    let budgets = || view.surroundings.budgets.iter();
    let used = budgets().map(|budget| (budget.pool, budget.used as f64));
    sheet.gauges(("seawall_rate_budget_used", "Units used of a rate limit of the venue", "pool"), used)?;
    let limit = budgets().map(|budget| (budget.pool, budget.limit as f64));
    sheet.gauges(
        ("seawall_rate_budget_limit", "Units that a rate limit of the venue allows", "pool"),
        limit,
    )?;
    let reserve = budgets().map(|budget| (budget.pool, budget.reserve as f64));
    let help = "Units of a rate limit that are kept for protection and cancellations";
    sheet.gauges(("seawall_rate_budget_reserve", help, "pool"), reserve)
}

fn instruments(view: &View, sheet: &mut Sheet<'_>) -> Result<(), Error> {
    let held = || view.held();
    let protected = held().map(|row| (row.name.as_str(), flag(row.protected)));
    let help = "Whether confirmed stops cover a position";
    sheet.gauges(("seawall_position_protected", help, "instrument"), protected)?;
    let proof =
        held().filter_map(|row| Some((row.name.as_str(), view.at.since(row.proven_at?).secs_f64().max(0.0))));
    let help = "Time since the venue last proved a position's stop";
    sheet.gauges(("seawall_stop_proof_age_seconds", help, "instrument"), proof)?;
    let naked = held().filter_map(|row| Some((row.name.as_str(), row.trade.as_ref()?.naked_s)));
    let help = "Time that an open position has been without full protection";
    sheet.gauges(("seawall_naked_seconds", help, "instrument"), naked)?;
    let unrealised = held().map(|row| (row.name.as_str(), row.unrealised.to_f64()));
    sheet.gauges(("seawall_unrealised", "Profit or loss of open positions", "instrument"), unrealised)
}
