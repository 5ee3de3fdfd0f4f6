//! The dashboard's files: built from `web/` by `cargo xtask web`, embedded in a release binary, read from
//! `web/dist` by a debug one.
//!
//! Invariants: only what the build has put there is answered, by its exact path; a file is answered packed
//! only to who said they can unpack it; a name that carries a hash of its content may be kept for good, every
//! other one is asked for again each time, by its ETag; a path of the dashboard holds nothing secret.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::fault::Fault;

/// What the build has made; nothing where it was not run.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// The page with which everything begins.
const INDEX: &str = "index.html";
/// Names below this carry a hash of their content.
const HASHED: &str = "assets/";
/// How a packed file's name ends, and how its encoding is called; the better one first.
const PACKED: [(&str, &str); 2] = [(".br", "br"), (".gz", "gzip")];

/// Type of a file by the end of its name. What is not here is not answered: the packed ones have no path of
/// their own.
const TYPES: [(&str, &str); 7] = [
    (".html", "text/html; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".svg", "image/svg+xml"),
    (".png", "image/png"),
    (".txt", "text/plain; charset=utf-8"),
    (".webmanifest", "application/manifest+json"),
];

/// Whether `path` is a file of the dashboard; anybody may have those.
pub(crate) fn has(path: &str) -> bool {
    let name = path.trim_start_matches('/');
    content_type(name).is_some() && Files::get(name).is_some()
}

/// The first page, where the dashboard was built.
pub(crate) fn index(headers: &HeaderMap) -> Option<Response> {
    file(INDEX, headers)
}

/// The dashboard's file at a path that no route has, or that there is nothing.
pub(crate) async fn answer(request: Request) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let name = request.uri().path().trim_start_matches('/');
    let found = if reads { file(name, request.headers()) } else { None };
    found.unwrap_or_else(|| Fault::not_found("there is nothing at this path").into_response())
}

fn content_type(name: &str) -> Option<&'static str> {
    TYPES.iter().find(|(end, _)| name.ends_with(end)).map(|(_, mime)| *mime)
}

fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    let mime = content_type(name)?;
    let plain = Files::get(name)?;
    let tag = tag_of(&plain);
    let keep = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let mut response = if known.is_some_and(|tags| has_tag(tags, &tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (bytes, encoding) = packed(name, headers).unwrap_or((plain, None));
        let mut response = Body::from(bytes.data).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let answered = response.headers_mut();
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    answered.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answered.insert(header::ETAG, tag);
    }
    Some(response)
}

/// The tag of a content. It is weak: packed and plain are the same to who unpacks them.
fn tag_of(file: &EmbeddedFile) -> String {
    format!("W/\"{}\"", HEXLOWER.encode(&file.metadata.sha256_hash()))
}

fn has_tag(tags: &str, ours: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.split(',').any(|tag| tag.trim() == "*" || bare(tag) == bare(ours))
}

/// The packed form that the client takes.
fn packed(name: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let takes = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    PACKED
        .iter()
        .filter(|(_, encoding)| accepts(takes, encoding))
        .find_map(|(end, encoding)| Files::get(&format!("{name}{end}")).map(|file| (file, Some(*encoding))))
}

/// Whether `Accept-Encoding: takes` names `encoding`, and not to refuse it.
fn accepts(takes: &str, encoding: &str) -> bool {
    takes.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().trim_start_matches("q=").trim();
        let refused = weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0);
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_file_goes_to_who_names_its_encoding_and_does_not_refuse_it() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("GZIP;q=0.5", "gzip"));
        assert!(!accepts("gzip;q=0, br;q=1.0", "gzip"));
        assert!(!accepts("deflate", "br") && !accepts("", "br"));
    }

    #[test]
    fn a_tag_is_known_among_several_weak_or_strong() {
        assert!(
            has_tag("\"a\", W/\"b\"", "W/\"b\"") && has_tag("\"b\"", "W/\"b\"") && has_tag("*", "W/\"b\"")
        );
        assert!(!has_tag("\"c\"", "W/\"b\"") && !has_tag("", "W/\"b\""));
    }

    #[test]
    fn no_path_leads_out_of_the_dashboard_or_to_a_packed_file() {
        for path in ["/", "/../Cargo.toml", "/%2e%2e/LICENSE.txt", "/index.html.br", "/assets", "//"] {
            assert!(!has(path), "{path}");
        }
        assert!(!has("/../../LICENSE") && !has("/../openapi.json") && !has("/../index.html"));
    }
}
