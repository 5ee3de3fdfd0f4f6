//! The OpenAPI document, made from the routes and the types themselves.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::guard::COOKIE;
use crate::routes;

/// What is said about the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seawall",
        description = "A run, looked at and commanded. Decimals are strings, instants are RFC 3339 in UTC. \
                       An error has a stable code, a message and what to do about it.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Security),
    tags(
        (name = "health", description = "Whether the run lives, is ready, and what ails it"),
        (name = "session", description = "Signing in"),
        (name = "run", description = "What the engine knows now"),
        (name = "chart", description = "Candles, and what belongs on them"),
        (name = "books", description = "What has happened, from the database"),
        (name = "alerts", description = "How people are told: channels, messages, tests"),
        (name = "commands", description = "What an operator can do"),
        (name = "backtests", description = "Tests on candles of the past, each in a process of its own"),
        (name = "signals", description = "Advice from outside"),
        (name = "demo", description = "What can be made to go wrong, in the demo only"),
    )
)]
pub(crate) struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        components.add_security_scheme("token", bearer);
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE)));
        components.add_security_scheme("session", cookie);
    }
}

/// The document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    routes::routes().split_for_parts().1
}
