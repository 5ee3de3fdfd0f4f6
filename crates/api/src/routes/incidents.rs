//! What went wrong and what was done about it, as a timeline: alerts that belong together, and commands.
//!
//! Invariants: an incident is made of alerts of one kind about one instrument, none further than
//! [`TOGETHER`] from the one before; it goes on only where the run says so now.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use seawall_live::board::{EVENTS_KEPT, Told, View};
use seawall_model::{Span, SystemMode};
use serde::Serialize;
use utoipa::ToSchema;

use super::history::{PageQuery, ROWS_MAX};
use super::take::Asked;
use crate::body::{AlertBody, At};
use crate::books::ask;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// Alerts of one kind that are not further apart belong together.
const TOGETHER: Span = Span::from_secs(600);

/// What went wrong, or was commanded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct IncidentBody {
    /// The kind of its alerts, or `command`.
    kind: String,
    /// The worst of its alerts: `info`, `warning` or `critical`; `info` for a command.
    severity: String,
    /// The instrument it is about, if one.
    instrument: Option<String>,
    /// When it began.
    started_at: At,
    /// When it was heard of last; null while it goes on.
    ended_at: Option<At>,
    /// How many alerts it is made of.
    count: u64,
    /// What the first alert says: the cause. Of a command, which.
    cause: String,
    /// What the newest alert says. Of a command, why.
    newest: String,
    /// Who gave a command; null for an alert.
    who: Option<String>,
}

/// A timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct IncidentsBody {
    /// As of when, on the run's clock.
    at: At,
    /// By their beginning, oldest first.
    incidents: Vec<IncidentBody>,
    /// Whether there are older ones: ask for them with `until` at the first one's beginning.
    more: bool,
}

/// Alerts that belong together as one, and the commands of this process among them.
#[utoipa::path(get, path = "/api/incidents", tag = "books", params(PageQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = IncidentsBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn incidents(
    State(app): State<App>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<IncidentsBody>, Fault> {
    let limit = usize::try_from(page.limit()?).unwrap_or(usize::MAX);
    let (_, view) = app.now().await?;
    let (since, until, instrument) = (page.since, page.until, page.instrument.clone());
    let alerts = ask(&app, move |reader| reader.alerts(&page.filter(ROWS_MAX))).await?;
    let cut = alerts.len() > usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
    let mut incidents = together(alerts.into_iter().map(AlertBody::from));
    for incident in &mut incidents {
        if goes_on(incident, &view) && until.is_none() {
            incident.ended_at = None;
        }
    }
    if instrument.is_none() {
        incidents.extend(commands(&app));
    }
    incidents.retain(|one| {
        since.is_none_or(|since| one.started_at.0 >= since || one.ended_at.is_none())
            && until.is_none_or(|until| one.started_at.0 <= until)
    });
    incidents.sort_by_key(|one| one.started_at.0);
    let surplus = incidents.len().saturating_sub(limit);
    incidents.drain(..surplus);
    Ok(Json(IncidentsBody { at: At(view.at), incidents, more: cut || surplus > 0 }))
}

/// Alerts that belong together, by their beginning.
fn together(alerts: impl Iterator<Item = AlertBody>) -> Vec<IncidentBody> {
    let mut incidents: Vec<IncidentBody> = Vec::new();
    let mut newest: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    for alert in alerts {
        let key = (alert.kind.clone(), alert.instrument.clone());
        let open = newest.get(&key).and_then(|place| incidents.get_mut(*place));
        if let Some(incident) = open
            && incident.ended_at.is_some_and(|last| alert.at.0.since(last.0) <= TOGETHER)
        {
            incident.ended_at = Some(alert.at);
            incident.count += 1;
            incident.severity = worse(&incident.severity, &alert.severity);
            incident.newest = alert.detail;
            continue;
        }
        newest.insert(key, incidents.len());
        incidents.push(IncidentBody {
            kind: alert.kind,
            severity: alert.severity,
            instrument: alert.instrument,
            started_at: alert.at,
            ended_at: Some(alert.at),
            count: 1,
            cause: alert.detail.clone(),
            newest: alert.detail,
            who: None,
        });
    }
    incidents
}

fn worse(one: &str, other: &str) -> String {
    let rank = |severity: &str| ["info", "warning", "critical"].iter().position(|known| *known == severity);
    if rank(other) > rank(one) { other.to_owned() } else { one.to_owned() }
}

/// Whether the run says that what the incident is about still holds.
fn goes_on(incident: &IncidentBody, view: &View) -> bool {
    match incident.kind.as_str() {
        "position_unprotected" | "stop_refused" | "stop_missing" => {
            let mut naked = view.instruments.iter().filter(|row| row.is_naked());
            naked.any(|row| incident.instrument.as_deref() == Some(row.name.as_str()))
        }
        "kill_switch" => view.kill_switch.is_some(),
        "mode_changed" => view.mode != SystemMode::Normal,
        "stream" => view.surroundings.feeds.as_ref().is_some_and(|feeds| !feeds.account_live),
        "not_ready" => !view.ready,
        _ => false,
    }
}

/// The commands that are still in the ring of events.
fn commands(app: &App) -> Vec<IncidentBody> {
    let newest = app.board.last_event();
    let first = newest.saturating_sub(u64::try_from(EVENTS_KEPT).unwrap_or(u64::MAX));
    let events = app.board.events_after(first, EVENTS_KEPT).unwrap_or_default();
    let command = |event: &std::sync::Arc<seawall_live::board::Event>| match &event.told {
        Told::Command { who, command, why } => Some(IncidentBody {
            kind: "command".to_owned(),
            severity: "info".to_owned(),
            instrument: None,
            started_at: At(event.at),
            ended_at: Some(At(event.at)),
            count: 1,
            cause: command.clone(),
            newest: why.clone(),
            who: Some(who.clone()),
        }),
        Told::Decision(_) | Told::Order(_) | Told::Fill(_) | Told::Trade(_) | Told::Alert(_) => None,
    };
    events.iter().filter_map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::Ts;

    fn alert(second: i64, kind: &str, severity: &str, instrument: Option<&str>) -> AlertBody {
        AlertBody {
            at: At(Ts::from_millis(second * 1_000)),
            severity: severity.to_owned(),
            kind: kind.to_owned(),
            instrument: instrument.map(str::to_owned),
            detail: format!("at {second}"),
        }
    }

    #[test]
    fn alerts_of_one_kind_and_instrument_within_ten_minutes_are_one_incident() {
        let alerts = [
            alert(0, "stop_refused", "warning", Some("A")),
            alert(5, "stop_refused", "warning", Some("B")),
            alert(600, "stop_refused", "critical", Some("A")),
            alert(700, "data_hole", "info", Some("A")),
            alert(1_201, "stop_refused", "warning", Some("A")),
        ];
        let made = together(alerts.into_iter());
        let told: Vec<(i64, i64, u64, &str)> = made
            .iter()
            .map(|one| {
                let end = one.ended_at.unwrap().0.millis() / 1_000;
                (one.started_at.0.millis() / 1_000, end, one.count, one.severity.as_str())
            })
            .collect();
        let expected = [
            (0, 600, 2, "critical"),
            (5, 5, 1, "warning"),
            (700, 700, 1, "info"),
            (1_201, 1_201, 1, "warning"),
        ];
        assert_eq!(told, expected);
        assert_eq!((made[0].cause.as_str(), made[0].newest.as_str()), ("at 0", "at 600"));
    }
}
