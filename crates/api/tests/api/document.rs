//! The OpenAPI document and its copy.

use std::path::PathBuf;

use serde_json::Value;

/// With `SEAWALL_UPDATE_SAMPLES=1` the copy is written instead of compared.
#[test]
fn the_copy_of_the_document_is_fresh() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    let document = seawall_api::document();
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if std::env::var_os("SEAWALL_UPDATE_SAMPLES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let copy = std::fs::read_to_string(&path).unwrap();
    assert!(copy == text, "run this test with SEAWALL_UPDATE_SAMPLES=1");
}

#[test]
fn the_document_is_openapi_3_1_and_every_error_has_the_one_form() {
    let document = serde_json::to_value(seawall_api::document()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('4')) {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ErrorBody", "{method} {path} {status}");
            }
            let is_public = operation.get("security").is_none();
            let signs_in = matches!(path.as_str(), "/api/session" | "/api/signals") && method == "post";
            assert_eq!(responses.contains_key("401"), !is_public || signs_in, "{method} {path}");
        }
    }
    let exact = &document["components"]["schemas"]["Exact"];
    assert_eq!((exact["type"].as_str(), exact["format"].as_str()), (Some("string"), Some("decimal")));
}

#[test]
fn no_decimal_of_an_answer_is_a_float_by_its_name() {
    // Money, prices and quantities are digits; floats are measurements, scores and shares.
    const FLOATS: [&str; 25] = [
        "progress",
        "volume",
        "age_s",
        "view_age_s",
        "mean_s",
        "p50_s",
        "p99_s",
        "le_s",
        "bounds_s",
        "drawdown_pct",
        "oldest_proof_s",
        "naked_seconds_max",
        "naked_seconds_bound",
        "naked_seconds",
        "r",
        "stop_distance_pct",
        "score",
        "measured",
        "threshold",
        "points",
        "most",
        "used_pct",
        "ends_in_s",
        "confirm_within_s",
        "uptime_s",
    ];
    let document = serde_json::to_value(seawall_api::document()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let Some(fields) = schema["properties"].as_object() else { continue };
        for (field, kind) in fields {
            let is_float = match &kind["type"] {
                Value::String(kind) => kind == "number",
                Value::Array(kinds) => kinds.iter().any(|kind| kind == "number"),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
            };
            assert!(!is_float || FLOATS.contains(&field.as_str()), "{name}.{field}");
        }
    }
}
