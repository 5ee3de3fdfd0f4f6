//! The configuration in force, with the origin of each value. Secrets are no part of it.

use axum::Json;
use axum::extract::State;
use seawall_config::Source;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::take::Asked;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct SettingBody {
    /// The full key.
    key: String,
    /// The value in force.
    value: String,
    /// `file`, `environment`, `command_line` or `default`.
    origin: String,
    /// Where exactly, in words.
    origin_detail: String,
    /// The value where nothing is given.
    default: String,
    /// What may be written.
    allowed: String,
    /// What the key is for.
    doc: String,
}

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct SettingsBody {
    /// Every key, in the order of the sample file.
    settings: Vec<SettingBody>,
}

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SettingsQuery {
    /// Only those that begin with this, like `risk`.
    #[serde(default)]
    section: String,
    /// Only those whose value was given and is no default.
    #[serde(default)]
    given: bool,
}

/// The configuration in force, with the origin of each value.
#[utoipa::path(get, path = "/api/config", tag = "run", params(SettingsQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = SettingsBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub(super) async fn configuration(
    State(app): State<App>,
    Asked(SettingsQuery { section, given }): Asked<SettingsQuery>,
) -> Result<Json<SettingsBody>, Fault> {
    let rows = app.explained.iter().filter(|row| row.key.starts_with(&section));
    let settings = rows.filter(|row| !given || row.source != Source::Default).map(|row| SettingBody {
        key: row.key.clone(),
        value: without_password(&row.value),
        origin: match row.source {
            Source::File { .. } => "file",
            Source::Environment { .. } => "environment",
            Source::CommandLine { .. } => "command_line",
            Source::Default => "default",
        }
        .to_owned(),
        origin_detail: row.source.to_string(),
        default: row.default.clone(),
        allowed: row.allowed.clone(),
        doc: row.doc.clone(),
    });
    Ok(Json(SettingsBody { settings: settings.collect() }))
}

/// An address without the name and password that it may hold, as that of a proxy.
fn without_password(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_proxy_is_not_shown() {
        assert_eq!(without_password("http://me:p@ss@127.0.0.1:3128"), "http://***@127.0.0.1:3128");
        assert_eq!(without_password("https://futures.kraken.com"), "https://futures.kraken.com");
        assert_eq!(without_password("a@b"), "a@b");
    }
}
