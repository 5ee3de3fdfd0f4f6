//! Every path, with what it takes and answers.
#![allow(unused_qualifications, reason = "the macro that documents a path qualifies what it is given")]

pub(crate) mod alerts;
mod backtests;
mod by_hand;
mod chart;
pub(crate) mod commands;
mod decisions;
mod demo;
mod figures;
mod history;
mod incidents;
mod logs;
mod now;
mod overlays;
mod risk;
mod session;
mod settings;
pub(crate) mod signals;
mod stream;
mod system;
mod take;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Router, middleware};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::fault::Fault;
use crate::guard::guard;
use crate::openapi::Document;
use crate::state::App;

/// The paths with their documentation.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(system::page))
        .routes(routes!(system::livez))
        .routes(routes!(system::readyz))
        .routes(routes!(system::health))
        .routes(routes!(system::metrics))
        .routes(routes!(system::openapi))
        .routes(routes!(session::sign_in, session::who, session::sign_out))
        .routes(routes!(now::status))
        .routes(routes!(now::positions))
        .routes(routes!(risk::risk))
        .routes(routes!(settings::configuration))
        .routes(routes!(chart::candles))
        .routes(routes!(chart::markers))
        .routes(routes!(overlays::overlays))
        .routes(routes!(history::orders))
        .routes(routes!(history::fills))
        .routes(routes!(history::trades))
        .routes(routes!(history::equity))
        .routes(routes!(history::alerts))
        .routes(routes!(incidents::incidents))
        .routes(routes!(figures::figures))
        .routes(routes!(logs::logs))
        .routes(routes!(alerts::channels))
        .routes(routes!(alerts::messages))
        .routes(routes!(alerts::test))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(decisions::decisions))
        .routes(routes!(decisions::decision))
        .routes(routes!(decisions::matrix))
        .routes(routes!(commands::preview))
        .routes(routes!(commands::command))
        .routes(routes!(backtests::list, backtests::start))
        .routes(routes!(backtests::data))
        .routes(routes!(backtests::one, backtests::remove))
        .routes(routes!(backtests::report))
        .routes(routes!(signals::signal))
        .routes(routes!(demo::drills))
        .routes(routes!(demo::cut_network))
        .routes(routes!(demo::reject_my_stop))
        .routes(routes!(stream::stream))
}

/// The service: routes behind the guard.
pub(crate) fn router(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(crate::assets::answer)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

async fn no_method() -> impl IntoResponse {
    let fix = "see /api/openapi.json for what this path takes";
    Fault::new(StatusCode::METHOD_NOT_ALLOWED, "method", "the path does not take this method", fix)
}
