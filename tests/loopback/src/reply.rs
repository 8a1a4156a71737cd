//! Answers.

use axum::body::Body;
use axum::response::Response;
use serde_json::Value;

/// An answer of JSON.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Response {
    text(status, headers, body.to_string())
}

/// An answer of JSON with status 200.
pub fn ok(body: Value) -> Response {
    answer(200, &[], &body)
}

/// An answer of any text, said to be JSON unless `headers` say otherwise.
pub fn text(status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> Response {
    bytes(status, headers, body.into().into_bytes())
}

/// An answer of any bytes, said to be JSON unless `headers` say otherwise.
pub fn bytes(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
    let mut response = Response::builder().status(status);
    if headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
        response = response.header("content-type", "application/json");
    }
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body)).unwrap()
}

/// An answer whose connection ends in the middle of its body.
pub fn cut() -> Response {
    let parts: [Result<&str, std::io::Error>; 2] = [Ok("{\"data\":"), Err(std::io::Error::other("cut"))];
    Response::new(Body::from_stream(futures_util::stream::iter(parts)))
}
