//! What ails the run, component by component.

use std::time::Duration;

use seawall_live::board::{About, View};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::At;
use crate::books;
use crate::state::App;

/// An engine that has shown nothing for so long, although it was asked, is taken for hanging.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(10);
/// A database that has not answered after this is taken for away.
const PING_WITHIN: Duration = Duration::from_secs(2);

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    /// Nothing is known against it.
    Healthy,
    /// Something is wrong, and what is held is protected.
    Degraded,
    /// Somebody has to look now.
    Unhealthy,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ComponentBody {
    /// Its stable name.
    pub(crate) name: String,
    /// How well it is.
    pub(crate) condition: Condition,
    /// Why it is not healthy, or the figure that says so; empty where there is nothing to say.
    pub(crate) cause: String,
}

/// The health of the run: as bad as its worst component.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct HealthBody {
    /// As bad as the worst.
    pub(crate) condition: Condition,
    /// `paper`, `live` or `demo`; null while the run starts.
    pub(crate) run_mode: Option<String>,
    /// As of when, on the run's clock.
    pub(crate) at: Option<At>,
    /// Seconds since the process began.
    pub(crate) uptime_s: u64,
    /// The program's version.
    pub(crate) version: String,
    /// Each component.
    pub(crate) components: Vec<ComponentBody>,
}

/// Looks at everything.
pub(crate) async fn look(app: &App) -> HealthBody {
    let now = app.now().await.ok();
    let components = match &now {
        None => vec![component("engine", Condition::Unhealthy, "the run has not begun".to_owned())],
        Some((about, view)) => {
            let mut components = of_view(about, view, app.settings.tick_age_max_s);
            components.push(database(app).await);
            components
        }
    };
    HealthBody {
        condition: components.iter().map(|one| one.condition).max().unwrap_or(Condition::Unhealthy),
        run_mode: now.as_ref().map(|(about, _)| about.mode.to_owned()),
        at: now.as_ref().map(|(_, view)| At(view.at)),
        uptime_s: app.board.started().elapsed().as_secs(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        components,
    }
}

fn component(name: &str, condition: Condition, cause: String) -> ComponentBody {
    ComponentBody { name: name.to_owned(), condition, cause }
}

/// Whether the engine has answered lately.
pub(crate) fn is_stale(view: &View) -> bool {
    view.made.elapsed() >= STALE_AFTER
}

/// What the view says.
pub(crate) fn of_view(about: &About, view: &View, tick_age_max_s: u32) -> Vec<ComponentBody> {
    use Condition::{Degraded, Healthy, Unhealthy};
    let judge = |bad: bool, condition: Condition| if bad { condition } else { Healthy };
    let silence = view.made.elapsed();
    let engine = format!("silent for {} s", silence.as_secs());
    let tick_age = view.market_at.map(|at| view.at.since(at).secs_f64().max(0.0));
    let market =
        tick_age.map_or("none has come in".to_owned(), |age| format!("the newest is {age:.0} s old"));
    let is_old = tick_age.is_none_or(|age| age > f64::from(tick_age_max_s));
    let naked: Vec<&str> =
        view.instruments.iter().filter(|row| row.is_naked()).map(|row| row.name.as_str()).collect();
    let protection = if naked.is_empty() {
        format!("all of {} protected; longest without a stop {:.3} s", view.held().count(), view.naked_max_s)
    } else {
        format!("without a confirmed stop: {}", naked.join(", "))
    };
    let of = |differs: bool| {
        let blocks = view.blocks.iter().filter(move |block| (block.name == "difference") == differs);
        blocks
            .map(|block| match &block.instrument {
                Some(name) => format!("{name}: {}", block.words),
                None => block.words.clone(),
            })
            .collect::<Vec<_>>()
            .join("; ")
    };
    let (differences, others) = (of(true), of(false));
    let start = if view.ready { others } else { format!("{}: {others}", view.phase) };
    let mut components = vec![
        component("engine", judge(silence >= STALE_AFTER, Unhealthy), engine),
        component("start", judge(!view.ready, Degraded), start),
        component("market_data", judge(is_old, Degraded), market),
        component("protection", judge(!naked.is_empty(), Unhealthy), protection),
        component("reconciliation", judge(!differences.is_empty(), Degraded), differences),
        component(
            "kill_switch",
            judge(view.kill_switch.is_some(), Degraded),
            view.kill_switch.map_or(String::new(), |reason| format!("on: {}", reason.name())),
        ),
        component(
            "invariants",
            judge(view.violations > 0, Unhealthy),
            if view.violations > 0 { format!("{} are broken", view.violations) } else { String::new() },
        ),
        component(
            "database_queue",
            judge(view.rows_dropped > 0, Degraded),
            match view.rows_dropped {
                0 => String::new(),
                rows => format!("{rows} rows were dropped; `seawall journal rebuild` puts them back"),
            },
        ),
    ];
    if let Some(feeds) = &view.surroundings.feeds {
        // A run that is blind to its own orders cannot know what it holds.
        let condition = if feeds.account_live { judge(!feeds.live, Degraded) } else { Unhealthy };
        components.push(component("feeds", condition, feeds.missing.clone()));
    }
    if about.instruments.is_empty() {
        components.push(component("instruments", Degraded, "there are none".to_owned()));
    }
    components
}

/// Whether the database answers. The run goes on without it; what people are shown does not.
async fn database(app: &App) -> ComponentBody {
    let asked = std::time::Instant::now();
    let pinged = tokio::time::timeout(PING_WITHIN, books::ask(app, |reader| reader.newest_run())).await;
    match pinged {
        Ok(Ok(_)) => {
            let words = format!("answers within {} ms", asked.elapsed().as_millis());
            component("database", Condition::Healthy, words)
        }
        Ok(Err(fault)) => component("database", Condition::Unhealthy, fault.message),
        Err(_) => component("database", Condition::Unhealthy, "it does not answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_live::board::Surroundings;
    use seawall_model::{KillReason, Money, Span, SystemMode, Ts};
    use std::time::Instant;

    fn view() -> View {
        let at = Ts::from_millis(1_000_000);
        View {
            made: Instant::now(),
            at,
            seq: 0,
            phase: "ready",
            ready: true,
            blocks: Vec::new(),
            locks: Vec::new(),
            mode: SystemMode::Normal,
            kill_switch: None,
            equity: None,
            day_base: Money::ZERO,
            week_base: Money::ZERO,
            peak: Money::ZERO,
            cash: Money::ZERO,
            naked_max_s: 0.0,
            naked_bound_s: 1.0,
            market_at: Some(at.minus(Span::from_secs(60))),
            inputs: 0,
            orders: 0,
            fills: 0,
            positions_opened: 0,
            trades_closed: 0,
            decisions: 0,
            entered: 0,
            alerts: [0; 3],
            violations: 0,
            rows_dropped: 0,
            instruments: Vec::new(),
            surroundings: Surroundings::default(),
        }
    }

    fn condition(view: &View, tick_age_max_s: u32, name: &str) -> Condition {
        let about = About { mode: "paper", folder: "/".into(), run: 1, instruments: Vec::new() };
        let components = of_view(&about, view, tick_age_max_s);
        components.iter().find(|one| one.name == name).unwrap().condition
    }

    /// Effect of `api.tick_age_max_s`.
    /// [I-8], [D-36]: see docs/incidents.md.
    #[test]
    fn market_data_that_are_too_old_are_reported() {
        assert_eq!(condition(&view(), 60, "market_data"), Condition::Healthy);
        assert_eq!(condition(&view(), 59, "market_data"), Condition::Degraded);
        let never = View { market_at: None, ..view() };
        assert_eq!(condition(&never, 60, "market_data"), Condition::Degraded);
    }

    /// [I-36], [D-36]: see docs/incidents.md.
    #[test]
    fn each_component_says_what_ails_it() {
        let killed = View { kill_switch: Some(KillReason::Manual), ..view() };
        assert_eq!(condition(&killed, 60, "kill_switch"), Condition::Degraded);
        let broken = View { violations: 1, ..view() };
        assert_eq!(condition(&broken, 60, "invariants"), Condition::Unhealthy);
        let starting = View { ready: false, ..view() };
        assert_eq!(condition(&starting, 60, "start"), Condition::Degraded);
        let silent = Instant::now().checked_sub(STALE_AFTER).unwrap();
        assert_eq!(condition(&View { made: silent, ..view() }, 60, "engine"), Condition::Unhealthy);
        let feeds =
            seawall_live::board::FeedsView { live: false, account_live: false, missing: "all".to_owned() };
        let blind =
            View { surroundings: Surroundings { feeds: Some(feeds), ..Surroundings::default() }, ..view() };
        assert_eq!(condition(&blind, 60, "feeds"), Condition::Unhealthy);
        assert_eq!(condition(&view(), 60, "database_queue"), Condition::Healthy);
        let dropped = View { rows_dropped: 1, ..view() };
        assert_eq!(condition(&dropped, 60, "database_queue"), Condition::Degraded);
    }
}
