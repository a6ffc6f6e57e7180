//! Routes: the service's own interface, and the shapes that callers of other services know.

mod audio;
pub(crate) mod corrections;
mod embeddings;
mod events;
mod file;
mod form;
mod live;
mod local_ai;
mod once;
mod openai;
mod page;
mod people;
pub(crate) mod pyannote;
mod recordings;
mod results;
mod service;
mod session;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, MatchedPath, Request, State};
use axum::http::{Method, StatusCode, request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use serde::de::DeserializeOwned;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::app::App;
use crate::error::Refusal;

/// Largest request other than uploads.
const MAX_JSON: usize = 256 * 1024;

/// A path, its methods, and their handler.
type Route = (&'static str, &'static [Method], MethodRouter<Arc<App>>);

/// All routes. `openapi.json` describes the same ones.
fn routes() -> Vec<Route> {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    vec![
        ("/", &[GET], get(page::index)),
        ("/assets/{name}", &[GET], get(page::asset)),
        ("/healthz", &[GET], get(service::health)),
        ("/readyz", &[GET], get(service::ready)),
        ("/metrics", &[GET], get(service::metrics)),
        ("/openapi.json", &[GET], get(service::openapi)),
        ("/v1/session", &[POST], post(session::open)),
        ("/v1/recordings", &[GET, POST], get(recordings::list).post(recordings::add)),
        ("/v1/recordings/{id}", &[GET, DELETE], get(recordings::show).delete(recordings::remove)),
        ("/v1/recordings/{id}/cancel", &[POST], post(recordings::cancel)),
        ("/v1/recordings/{id}/events", &[GET], get(events::of_one)),
        ("/v1/recordings/{id}/audio", &[GET], get(audio::original)),
        ("/v1/recordings/{id}/audio.wav", &[GET], get(audio::wav)),
        ("/v1/recordings/{id}/peaks", &[GET], get(audio::peaks)),
        ("/v1/recordings/{id}/result", &[GET], get(results::show)),
        ("/v1/recordings/{id}/corrections", &[POST], post(corrections::add)),
        ("/v1/recordings/{id}/undo", &[POST], post(corrections::undo)),
        ("/v1/recordings/{id}/redo", &[POST], post(corrections::redo)),
        ("/v1/recordings/{id}/export", &[GET], get(results::export)),
        ("/v1/recordings/{id}/words", &[PUT, DELETE], put(results::set_words).delete(results::remove_words)),
        ("/v1/recordings/{id}/teach", &[POST], post(people::teach)),
        ("/v1/people", &[GET, POST], get(people::list).post(people::add)),
        ("/v1/people/identify", &[POST], post(people::identify)),
        ("/v1/people/{name}", &[PATCH, DELETE], axum::routing::patch(people::rename).delete(people::remove)),
        ("/v1/events", &[GET], get(events::all)),
        ("/v1/live", &[GET], get(live::live)),
        ("/v1/live/{id}", &[GET], get(live::watch)),
        ("/v1/listen", &[GET], get(live::listen)),
        ("/v1/audio/diarization", &[POST], post(local_ai::diarize)),
        ("/v1/audio/transcriptions", &[POST], post(openai::transcribe)),
        ("/v1/audio/speech/embedding", &[POST], post(embeddings::speech)),
        ("/embed_window", &[POST], post(embeddings::window)),
        ("/v1/diarize", &[POST], post(pyannote::add)),
        ("/v1/jobs/{id}", &[GET], get(pyannote::show)),
        ("/v1/jobs/{id}/cancel", &[POST], post(pyannote::cancel)),
    ]
}

/// The service for connections.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for (path, _, handler) in routes() {
        router = router.route(path, handler);
    }
    let layers = ServiceBuilder::new()
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Refusal::internal("a request failed").into_response()
        }))
        .layer(RequestBodyTimeoutLayer::new(app.options.timeout))
        .map_request(|request: Request<_>| request.map(axum::body::Body::new))
        .layer(middleware::from_fn_with_state(Arc::clone(app), crate::security::guard));
    router
        .fallback(|| async { Refusal::not_found("path").hint("/openapi.json lists the paths") })
        .method_not_allowed_fallback(|| async {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the path has other methods")
                .hint("/openapi.json lists them")
        })
        .layer(DefaultBodyLimit::max(MAX_JSON))
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), count))
        .with_state(Arc::clone(app))
        .layer(layers)
}

/// Counts answers.
async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let clock = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or(String::new(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    app.metrics.request(&method, &route, response.status().as_u16(), clock.elapsed());
    response
}

/// A body of JSON, whose faults are answered as all others.
struct Json<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => too_large(MAX_JSON as u64),
                _ => Refusal::invalid(json_fault(&rejection)).hint("send JSON with content-type: application/json"),
            }),
        }
    }
}

fn json_fault(rejection: &JsonRejection) -> String {
    match rejection {
        JsonRejection::JsonDataError(error) => error.body_text(),
        other => other.body_text(),
    }
}

/// The query of an address, whose faults are answered as all others.
struct Query<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Self, Refusal> {
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let fault = |rejection: QueryRejection| Refusal::invalid(rejection.body_text());
        found.map(|axum::extract::Query(value)| Self(value)).map_err(fault)
    }
}

/// A request that is larger than allowed.
fn too_large(max: u64) -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("the request has more than {max} bytes"))
        .hint("send less, or in parts")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_describes_every_route() {
        let document: Value = serde_json::from_str(service::OPENAPI).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                described.insert((path.clone(), method.to_uppercase()));
                assert!(operation["summary"].is_string() && operation["responses"].is_object(), "{method} {path}");
                for part in path.split(['{']).skip(1) {
                    let name = part.split('}').next().unwrap();
                    let has = |parameter: &Value| parameter["name"] == name && parameter["in"] == "path";
                    assert!(operation["parameters"].as_array().unwrap().iter().any(has), "{method} {path}: {name}");
                }
            }
        }
        let ours: BTreeSet<(String, String)> = routes()
            .iter()
            .flat_map(|(path, methods, _)| methods.iter().map(|method| ((*path).to_owned(), method.to_string())))
            .collect();
        assert_eq!(described, ours);
    }
}
