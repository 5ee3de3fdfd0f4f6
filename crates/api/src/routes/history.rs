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
use crate::body::{AlertBody, At, Exact, FillBody, OrderBody, TradeBody};
use crate::books::ask;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// Rows of a page at most.
pub(super) const ROWS_MAX: u32 = 1_000;
/// Rows of a page where nothing is said.
pub(super) const ROWS: u32 = 100;
/// Rows that are looked through for those that match a filter of ours.
const LOOKED_AT_MAX: u32 = 10_000;

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
            until: self.until,
            limit: limit.saturating_add(1),
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
}

impl<T> Page<T> {
    pub(super) fn of<R: Into<T>>(mut rows: Vec<R>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let surplus = rows.len().saturating_sub(limit);
        rows.drain(..surplus);
        Page { rows: rows.into_iter().map(Into::into).collect(), more: surplus > 0 }
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
    let limit = page.limit()?;
    let rows = ask(&app, move |reader| reader.orders(&page.filter(limit))).await?;
    Ok(Json(Page::of(rows, limit)))
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
    let limit = page.limit()?;
    let rows = ask(&app, move |reader| reader.fills(&page.filter(limit))).await?;
    Ok(Json(Page::of(rows, limit)))
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
    let limit = page.limit()?;
    let rows = ask(&app, move |reader| reader.alerts(&page.filter(limit))).await?;
    Ok(Json(Page::of(rows, limit)))
}

/// A point of the equity curve.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct EquityBody {
    /// When.
    at: At,
    /// How much.
    equity: Exact,
}

/// The equity curve, a point a minute.
#[utoipa::path(get, path = "/api/equity", tag = "books", params(PageQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = Page<EquityBody>), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn equity(
    State(app): State<App>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<Page<EquityBody>>, Fault> {
    let limit = page.limit()?;
    if page.instrument.is_some() {
        return Err(Fault::bad_request("query", "equity is that of the account, not of an instrument"));
    }
    let rows = ask(&app, move |reader| reader.equity(&page.filter(limit))).await?;
    let rows = rows.into_iter().map(|row| EquityBody { at: At(row.at), equity: Exact::of(row.equity) });
    Ok(Json(Page::of(rows.collect::<Vec<EquityBody>>(), limit)))
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
    let TradesQuery { instrument, since, until, limit, side, setup, exit, format } = asked;
    let page = PageQuery { instrument, since, until, limit };
    let limit = page.limit()?;
    let filters = side.is_some() || setup.is_some() || exit.is_some();
    let looked_at = if filters { LOOKED_AT_MAX } else { limit };
    let rows = ask(&app, move |reader| reader.trades(&page.filter(looked_at))).await?;
    let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
    let rows: Vec<TradeBody> = rows
        .into_iter()
        .map(TradeBody::from)
        .filter(|row| fits(&side, &row.side) && fits(&setup, &row.setup))
        .filter(|row| fits(&exit, row.exit_reason.as_deref().unwrap_or_default()))
        .collect();
    let page = Page::<TradeBody>::of(rows, limit);
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
