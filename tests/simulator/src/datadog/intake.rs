//! `POST /api/v2/series`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;

use super::access;
use super::decode;
use super::decode::Undecodable;
use super::payload;
use super::replies::error;
use super::store::IntakeRequest;
use super::store::Store;

/// Points in one payload. The API states no such limit; the vendor's own agent keeps to it.
const MOST_POINTS: usize = 10_000;

/// Takes a payload in.
pub(super) async fn submit(State(store): State<Arc<Store>>, headers: HeaderMap, body: Bytes) -> Response {
    let encoding = header(&headers, "content-encoding").unwrap_or_default();
    let mut request = IntakeRequest { encoding, wire_bytes: body.len(), raw_bytes: 0, points: 0, status: 0 };
    let mut breaches = Vec::new();
    let mut series = Vec::new();
    let reply = if access::has_api_key(&store, &headers) {
        if !header(&headers, "content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            breaches.push("the content type is not application/json".to_owned());
        }
        match decode::decode(&request.encoding, &body) {
            Err(Undecodable::TooLarge) => {
                breaches.push(format!(
                    "a payload of {} bytes on the wire is over {} bytes, or over {} bytes decompressed",
                    body.len(),
                    decode::LARGEST_ON_THE_WIRE,
                    decode::LARGEST_DECOMPRESSED
                ));
                error(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large")
            }
            Err(Undecodable::Broken(reason)) => refused(reason, &mut breaches),
            Ok(raw) => {
                request.raw_bytes = raw.len();
                match payload::parse(&raw) {
                    Err(reason) => refused(reason, &mut breaches),
                    Ok(payload) => {
                        request.points = payload.points();
                        if request.points > MOST_POINTS {
                            breaches.push(format!("{} points in one payload, over {MOST_POINTS}", request.points));
                        }
                        breaches.extend(payload.remarks);
                        series = payload.series;
                        (StatusCode::ACCEPTED, Json(json!({ "errors": [] }))).into_response()
                    }
                }
            }
        }
    } else {
        access::forbidden()
    };
    request.status = reply.status().as_u16();
    store.take(request, series, breaches);
    reply
}

fn refused(reason: String, breaches: &mut Vec<String>) -> Response {
    breaches.push(reason.clone());
    error(StatusCode::BAD_REQUEST, reason)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_lowercase)
}
