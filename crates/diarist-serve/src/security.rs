//! Rules about who may call: the token, and requests that pages of other sites make a browser send.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::options::Options;

/// Name of the cookie of the page.
const COOKIE: &str = "diarist_session";
/// Most sessions at the same time; an older one ends.
const MAX_SESSIONS: usize = 1000;
/// Wait after a wrong token.
const WRONG_TOKEN_WAIT: Duration = Duration::from_millis(500);
/// Paths that need no token: the page, which asks for it, and the state of the service.
const OPEN_PATHS: [&str; 5] = ["/", "/healthz", "/readyz", "/openapi.json", "/v1/session"];

/// Policy for pages: nothing runs or loads but the service's own files.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      media-src 'self' blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The token and the sessions of pages that sent it.
#[derive(Debug)]
pub(crate) struct Access {
    token: Option<String>,
    sessions: Mutex<VecDeque<String>>,
}

impl Access {
    pub(crate) fn new(options: &Options) -> diarist::Result<Self> {
        Ok(Self { token: options.token()?, sessions: Mutex::default() })
    }

    /// Whether callers need a token.
    pub(crate) fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    fn is_token(&self, given: &str) -> bool {
        self.token.as_ref().is_none_or(|token| token.as_bytes().ct_eq(given.as_bytes()).into())
    }

    /// The cookie for a page whose user knows the token.
    pub(crate) async fn open_session(&self, token: &str) -> Answer<String> {
        if !self.is_token(token) {
            tokio::time::sleep(WRONG_TOKEN_WAIT).await;
            return Err(unauthorized("the token is wrong"));
        }
        let session = crate::ids::random()?;
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.push_back(session.clone());
        while sessions.len() > MAX_SESSIONS {
            sessions.pop_front();
        }
        Ok(format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict"))
    }

    fn allows(&self, headers: &HeaderMap) -> bool {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        // Clients of Deepgram call the scheme `Token`.
        let given = text(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then(|| token.trim())
        });
        if let Some(token) = given {
            return self.is_token(token);
        }
        let cookies = text(header::COOKIE).unwrap_or_default().split(';');
        let mut given = cookies.filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        given.any(|given| sessions.iter().any(|session| session.as_bytes().ct_eq(given.as_bytes()).into()))
    }
}

fn unauthorized(message: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
        .hint("send the token as `Authorization: Bearer TOKEN`")
}

/// Refuses requests that may not be made, and adds the headers of every answer.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match check(&app.access, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn check(access: &Access, request: &Request) -> Answer<()> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"));
    // HTTP/1.1 requires the header; a target with a host of its own must not replace it.
    let Some(host) = text("host") else {
        return Err(Refusal::invalid("the request has no Host header"));
    };
    // With a token, a page under another name has no cookie and so no access.
    if !access.needs_token() && !is_local(host) {
        return Err(cross_site(format!("this service is not called {host:?}"))
            .hint("call it by localhost or 127.0.0.1, or start it with --token-file"));
    }
    let is_page = request.uri().path() == "/" && request.method() == Method::GET;
    if let Some(site) = text("sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
        && !(is_page && text("sec-fetch-mode") == Some("navigate"))
    {
        return Err(cross_site("pages of other sites may not call this service".to_owned()));
    }
    if let Some(origin) = text("origin")
        && origin.split_once("://").map(|(_, authority)| authority) != Some(host)
    {
        return Err(cross_site("pages of other sites may not call this service".to_owned()));
    }
    let path = request.uri().path();
    let is_open = OPEN_PATHS.contains(&path) || path.starts_with("/assets/");
    if access.needs_token() && !is_open && !access.allows(headers) {
        return Err(unauthorized("this service needs a token"));
    }
    Ok(())
}

fn cross_site(message: String) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "cross_site", message)
}

/// Whether `host`, with or without a port, is a name of this machine that nobody can register.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    let is_name = name.eq_ignore_ascii_case("localhost");
    is_name || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:8642", "127.0.0.1", "127.0.0.1:80", "[::1]:8642", "[::1]", "127.9.9.9"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["example.org", "localhost.example.org", "127.0.0.1.nip.io:8642", "10.0.0.1", "", "\u{fffd}"] {
            assert!(!is_local(host), "{host}");
        }
    }
}
