//! What has happened, from the database, in pages.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use seawall_model::Ts;
use seawall_store::db::Filter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::take::Asked;
use crate::body::{AlertBody, At, DecisionBody, Exact, FillBody, OrderBody, TradeBody};
use crate::books::ask;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// Rows of a page at most.
pub(super) const ROWS_MAX: u32 = 1_000;
/// Rows of a page where nothing is said.
pub(super) const ROWS: u32 = 100;
/// Rows that are looked through for those that match a filter of ours.
pub(super) const LOOKED_AT_MAX: u32 = 10_000;
/// Points of equity that are looked through for a coarser curve: those of five weeks.
const EQUITY_LOOKED_AT_MAX: u32 = 50_000;

/// Which rows.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Only of this instrument, by its full name.
    pub(super) instrument: Option<String>,
    /// Only at this instant or after it.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) since: Option<Ts>,
    /// Only at this instant or before it.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) until: Option<Ts>,
    /// No more rows than so many: the newest of them.
    #[param(minimum = 1, maximum = 1000)]
    pub(super) limit: Option<u32>,
    /// The page before one that was answered: its `next`.
    #[param(value_type = Option<String>)]
    pub(super) cursor: Option<Cursor>,
}

/// Where a page begins: an instant, and how many rows of that instant were told already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    at: Ts,
    told: u32,
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        let (at, told) = text.split_once('.')?;
        let told = told.parse().ok().filter(|told| *told <= LOOKED_AT_MAX)?;
        Some(Cursor { at: Ts::from_nanos(at.parse().ok()?), told })
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let problem = || serde::de::Error::custom("cursor: it is none that a page has given as `next`");
        Cursor::read(&text).ok_or_else(problem)
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.{}", self.at.nanos(), self.told))
    }
}

impl PageQuery {
    /// The number of rows that are wanted.
    pub(super) fn limit(&self) -> Result<u32, Fault> {
        let limit = self.limit.unwrap_or(ROWS);
        if (1..=ROWS_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(Fault::bad_request("limit", format!("limit {limit}: allowed are 1 to {ROWS_MAX}")))
    }

    /// One row more than is wanted tells whether there are more.
    pub(super) fn filter(&self, limit: u32) -> Filter<'_> {
        Filter {
            run: None,
            instrument: self.instrument.as_deref(),
            since: self.since,
            until: self.cursor.map(|cursor| cursor.at).into_iter().chain(self.until).min(),
            limit: limit.saturating_add(1).saturating_add(self.cursor.map_or(0, |cursor| cursor.told)),
        }
    }
}

/// A page of rows, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    pub(super) rows: Vec<T>,
    /// Whether there are older ones: ask for them with `until` at the first row's instant.
    pub(super) more: bool,
    /// The `cursor` for them; null where there are none.
    #[schema(value_type = Option<String>)]
    pub(super) next: Option<Cursor>,
}

/// A row with the instant that pages go by.
pub(super) trait Timed {
    /// That instant.
    fn at(&self) -> Ts;
}

impl<T: Timed> Page<T> {
    pub(super) fn of<R: Into<T>>(rows: Vec<R>, limit: u32, cursor: Option<Cursor>) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut rows: Vec<T> = rows.into_iter().map(Into::into).collect();
        // What was told already is the newest of its instant.
        let told = cursor.map_or(0, |cursor| {
            let told = usize::try_from(cursor.told).unwrap_or(usize::MAX);
            rows.iter().rev().take_while(|row| row.at() == cursor.at).count().min(told)
        });
        rows.truncate(rows.len().saturating_sub(told));
        let surplus = rows.len().saturating_sub(limit);
        rows.drain(..surplus);
        let next = rows.first().filter(|_| surplus > 0).map(|first| {
            let at = first.at();
            let here = rows.iter().take_while(|row| row.at() == at).count();
            let before = if cursor.is_some_and(|cursor| cursor.at == at) { told } else { 0 };
            Cursor { at, told: u32::try_from(here.saturating_add(before)).unwrap_or(u32::MAX) }
        });
        Page { rows, more: surplus > 0, next }
    }
}

impl Timed for OrderBody {
    fn at(&self) -> Ts {
        self.at.0
    }
}

impl Timed for FillBody {
    fn at(&self) -> Ts {
        self.at.0
    }
}

impl Timed for AlertBody {
    fn at(&self) -> Ts {
        self.at.0
    }
}

impl Timed for TradeBody {
    fn at(&self) -> Ts {
        self.entry_at.0
    }
}

impl Timed for DecisionBody {
    fn at(&self) -> Ts {
        self.at.0
    }
}

impl Timed for EquityBody {
    fn at(&self) -> Ts {
        self.at.0
    }
}

/// Orders in their latest state, by their last change.
#[utoipa::path(get, path = "/api/orders", tag = "books", params(PageQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = Page<OrderBody>), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn orders(
    State(app): State<App>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<Page<OrderBody>>, Fault> {
    let (limit, cursor) = (page.limit()?, page.cursor);
    let rows = ask(&app, move |reader| reader.orders(&page.filter(limit))).await?;
    Ok(Json(Page::of(rows, limit, cursor)))
}

/// Fills, by the venue's time.
#[utoipa::path(get, path = "/api/fills", tag = "books", params(PageQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = Page<FillBody>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn fills(
    State(app): State<App>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<Page<FillBody>>, Fault> {
    let (limit, cursor) = (page.limit()?, page.cursor);
    let rows = ask(&app, move |reader| reader.fills(&page.filter(limit))).await?;
    Ok(Json(Page::of(rows, limit, cursor)))
}

/// Messages for the operator.
#[utoipa::path(get, path = "/api/alerts", tag = "books", params(PageQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = Page<AlertBody>), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn alerts(
    State(app): State<App>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<Page<AlertBody>>, Fault> {
    let (limit, cursor) = (page.limit()?, page.cursor);
    let rows = ask(&app, move |reader| reader.alerts(&page.filter(limit))).await?;
    Ok(Json(Page::of(rows, limit, cursor)))
}

/// A point of the equity curve.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct EquityBody {
    /// When.
    at: At,
    /// How much.
    equity: Exact,
}

/// Which part of the equity curve.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EquityQuery {
    /// Only at this instant or after it.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Ts>,
    /// Only at this instant or before it.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Ts>,
    /// No more points than so many, a minute apart: the newest.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The page before one that was answered: its `next`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    /// In place of `limit`: the whole stretch in no more than so many points, evenly chosen, with its first
    /// and its last one.
    #[param(minimum = 2, maximum = 1000)]
    points: Option<u32>,
}

/// The equity curve, a point a minute or coarser.
#[utoipa::path(get, path = "/api/equity", tag = "books", params(EquityQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = Page<EquityBody>), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn equity(
    State(app): State<App>,
    Asked(asked): Asked<EquityQuery>,
) -> Result<Json<Page<EquityBody>>, Fault> {
    let EquityQuery { since, until, limit, cursor, points } = asked;
    let page = PageQuery { instrument: None, since, until, limit, cursor };
    let limit = page.limit()?;
    if points.is_some_and(|points| !(2..=ROWS_MAX).contains(&points)) {
        return Err(Fault::bad_request("points", format!("points: allowed are 2 to {ROWS_MAX}")));
    }
    let wanted = if points.is_some() { EQUITY_LOOKED_AT_MAX } else { limit };
    let rows = ask(&app, move |reader| reader.equity(&page.filter(wanted))).await?;
    let rows = rows.into_iter().map(|row| EquityBody { at: At(row.at), equity: Exact::of(row.equity) });
    let mut page = Page::of(rows.collect::<Vec<EquityBody>>(), wanted, cursor);
    if let Some(points) = points {
        page.rows = thinned(page.rows, usize::try_from(points).unwrap_or(usize::MAX));
    }
    Ok(Json(page))
}

/// At most `points` of the rows, evenly chosen, with the first and the last.
fn thinned<T>(rows: Vec<T>, points: usize) -> Vec<T> {
    let (last, steps) = (rows.len().saturating_sub(1), points.saturating_sub(1).max(1));
    if rows.len() <= points {
        return rows;
    }
    let mut chosen = (0..=steps).map(|step| step.saturating_mul(last) / steps).peekable();
    let keep = |(place, row)| chosen.next_if_eq(&place).map(|_| row);
    rows.into_iter().enumerate().filter_map(keep).collect()
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    /// JSON.
    #[default]
    Json,
    /// A table for spreadsheets.
    Csv,
}

/// Which trades.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TradesQuery {
    /// Only of this instrument, by its full name.
    instrument: Option<String>,
    /// Only those that were entered at this instant or after it.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Ts>,
    /// Only those that were entered at this instant or before it.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Ts>,
    /// No more than so many: the newest of them.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The page before one that was answered: its `next`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    /// Only those that were closed at this instant or after it.
    #[param(value_type = Option<String>, format = DateTime)]
    closed_since: Option<Ts>,
    /// Only those that were closed at this instant or before it.
    #[param(value_type = Option<String>, format = DateTime)]
    closed_until: Option<Ts>,
    /// Only `long` or `short`.
    side: Option<String>,
    /// Only of this setup.
    setup: Option<String>,
    /// Only those whose last part was closed for this reason.
    exit: Option<String>,
    /// JSON, or a table for spreadsheets.
    #[serde(default)]
    #[param(inline)]
    format: Form,
}

/// Trades, by their entry.
#[utoipa::path(get, path = "/api/trades", tag = "books", params(TradesQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, content((Page<TradeBody> = "application/json"), (String = "text/csv"))),
    (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn trades(
    State(app): State<App>,
    Asked(asked): Asked<TradesQuery>,
) -> Result<Response, Fault> {
    let TradesQuery { instrument, since, until, limit, cursor, side, setup, exit, format, .. } = asked;
    let (closed_since, closed_until) = (asked.closed_since, asked.closed_until);
    let page = PageQuery { instrument, since, until, limit, cursor };
    let limit = page.limit()?;
    let closed = closed_since.is_some() || closed_until.is_some();
    let filters = closed || side.is_some() || setup.is_some() || exit.is_some();
    let looked_at = if filters { LOOKED_AT_MAX } else { limit };
    let rows = ask(&app, move |reader| reader.trades(&page.filter(looked_at))).await?;
    let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
    let rows: Vec<TradeBody> = rows
        .into_iter()
        .map(TradeBody::from)
        .filter(|row| fits(&side, &row.side) && fits(&setup, &row.setup))
        .filter(|row| fits(&exit, row.exit_reason.as_deref().unwrap_or_default()))
        .filter(|row| !closed || row.closed_at.is_some_and(|at| was_within(at.0, closed_since, closed_until)))
        .collect();
    let page = Page::<TradeBody>::of(rows, limit, cursor);
    Ok(match format {
        Form::Json => Json(page).into_response(),
        Form::Csv => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"trades.csv\""),
            ];
            (headers, table(&page.rows)).into_response()
        }
    })
}

fn was_within(at: Ts, since: Option<Ts>, until: Option<Ts>) -> bool {
    since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until)
}

/// Trades as a table. Every cell is a number, an instant or a word of ours, so none needs quotes.
fn table(rows: &[TradeBody]) -> String {
    let mut text = String::from(
        "id,instrument,side,setup,decided_at,entry_at,closed_at,entry_qty,entry_value,decision_price,\
         initial_stop,exit_reason,fees,funding,pnl,risk,r,worst_price,best_price,naked_seconds\n",
    );
    for row in rows {
        let exact =
            |number: &Option<Exact>| number.as_ref().map(|number| number.0.clone()).unwrap_or_default();
        let cells = [
            row.id.to_string(),
            row.instrument.clone(),
            row.side.clone(),
            row.setup.clone(),
            row.decided_at.0.to_string(),
            row.entry_at.0.to_string(),
            row.closed_at.map(|at| at.0.to_string()).unwrap_or_default(),
            row.entry_qty.0.clone(),
            row.entry_value.0.clone(),
            row.decision_price.0.clone(),
            exact(&row.initial_stop),
            row.exit_reason.clone().unwrap_or_default(),
            row.fees.0.clone(),
            row.funding.0.clone(),
            row.pnl.0.clone(),
            row.risk.0.clone(),
            row.r.map(|r| r.to_string()).unwrap_or_default(),
            row.worst_price.0.clone(),
            row.best_price.0.clone(),
            row.naked_seconds.to_string(),
        ];
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Row(i64, u32);

    impl Timed for Row {
        fn at(&self) -> Ts {
            Ts::from_nanos(self.0)
        }
    }

    /// The rows that the database would give for a page.
    fn asked(all: &[Row], limit: u32, cursor: Option<Cursor>) -> Page<Row> {
        let page = PageQuery { limit: Some(limit), cursor, ..PageQuery::default() };
        let filter = page.filter(limit);
        let until = filter.until.unwrap_or(Ts::FAR_FUTURE);
        let mut rows: Vec<Row> = all.iter().copied().filter(|row| row.at() <= until).collect();
        rows.drain(..rows.len().saturating_sub(usize::try_from(filter.limit).unwrap()));
        Page::of(rows, limit, cursor)
    }

    #[test]
    fn pages_by_cursor_give_each_row_once_also_where_many_share_an_instant() {
        let all: Vec<Row> =
            [1, 1, 2, 2, 2, 2, 2, 3, 4, 4].into_iter().zip(0..).map(|(at, id)| Row(at, id)).collect();
        for limit in 1..=11 {
            let (mut told, mut cursor) = (Vec::new(), None);
            loop {
                let page = asked(&all, limit, cursor);
                assert_eq!(page.more, page.next.is_some());
                told.splice(0..0, page.rows);
                let Some(next) = page.next else { break };
                let text = serde_json::to_value(next).unwrap();
                cursor = Cursor::read(text.as_str().unwrap());
                assert_eq!(cursor, Some(next));
            }
            assert_eq!(told, all, "{limit} a page");
        }
        for bad in ["", "1", "1.", ".1", "a.1", "1.-1", "1.10001", "1.1.1"] {
            assert_eq!(Cursor::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_thinned_curve_has_its_ends_and_no_more_points_than_wanted() {
        let of = |count: usize, points| thinned((0..count).collect::<Vec<usize>>(), points);
        assert_eq!(of(5, 10), [0, 1, 2, 3, 4]);
        assert_eq!(of(11, 3), [0, 5, 10]);
        assert_eq!(of(1_000, 7).len(), 7);
        assert_eq!((of(1_000, 2), of(0, 2)), (vec![0, 999], vec![]));
    }
}
