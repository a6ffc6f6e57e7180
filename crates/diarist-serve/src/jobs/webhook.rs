//! Calls of the address that a caller named for the end of a job. Usually only public addresses are
//! called: a caller must not reach machines that only this one can reach.
//!
//! The address stays in the database until it was called, so a call that is due survives the end of
//! the process. An address whose answer is lost with the process is called twice.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::http::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::app::App;
use crate::error::{Answer, Refusal};
use crate::options::Webhooks;
use crate::store::Row;

/// Pauses before the calls.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(20)];
/// Longest call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Checks an address when it is named. The addresses that its name stands for are checked when it
/// is called.
pub(crate) fn check_address(app: &App, address: &str) -> Answer<()> {
    if app.options.webhooks == Webhooks::None {
        return Err(Refusal::impossible("no_webhooks", "this service calls no addresses")
            .hint("ask for the state of the job, or start the service with --allow-webhooks"));
    }
    let refused = || {
        Refusal::impossible("webhook", "the webhook is not an address that can be called")
            .hint("give a public address that begins with https:// or http://")
    };
    let address: Uri = address.parse().map_err(|_| refused())?;
    let is_web = matches!(address.scheme_str(), Some("http" | "https"));
    let has_user = address.authority().is_none_or(|authority| authority.as_str().contains('@'));
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_private = host.parse::<IpAddr>().is_ok_and(|address| !is_public(address));
    let is_allowed = app.options.webhooks == Webhooks::All || !is_private;
    if is_web && !has_user && !host.is_empty() && is_allowed { Ok(()) } else { Err(refused()) }
}

/// Calls the address of a recording whose work is over, if it has one, on a thread of its own.
pub(super) fn send(app: &Arc<App>, row: Row) {
    spawn(app, vec![row]);
}

/// Calls the addresses that an earlier process had to call, one after the other, on a thread of
/// their own.
pub(crate) fn send_due(app: &Arc<App>) -> rusqlite::Result<()> {
    spawn(app, app.store.due_webhooks()?);
    Ok(())
}

fn spawn(app: &Arc<App>, mut rows: Vec<Row>) {
    rows.retain(|row| row.webhook.is_some());
    if rows.is_empty() || app.options.webhooks == Webhooks::None {
        return;
    }
    // The thread does not keep the state, so that a service that stops does not wait for it.
    let app = Arc::downgrade(app);
    std::thread::spawn(move || rows.iter().for_each(|row| deliver(&app, row)));
}

/// Calls the address of a recording until it answers, or too often.
fn deliver(app: &Weak<App>, row: &Row) {
    let (Some(address), id) = (&row.webhook, &row.id) else { return };
    let clear = |app: &App| {
        if let Err(error) = app.store.clear_webhook(id) {
            tracing::error!("{id}: the call of its webhook cannot be noted: {error}");
        }
    };
    for pause in PAUSES {
        std::thread::sleep(pause);
        let Some((job, webhooks)) =
            app.upgrade().map(|app| (crate::http::pyannote::job(&app, row), app.options.webhooks))
        else {
            return;
        };
        let body = match job {
            Ok(body) => body.to_string(),
            Err(refusal) => {
                tracing::error!("{id}: its result cannot be sent: {}", refusal.reason.message);
                break;
            }
        };
        match call(address, &body, webhooks) {
            Ok(()) => return app.upgrade().iter().for_each(|app| clear(app)),
            Err(error) => tracing::warn!("{id}: the webhook failed: {error}"),
        }
    }
    tracing::error!("{id}: the webhook is not called again");
    app.upgrade().iter().for_each(|app| clear(app));
}

fn call(address: &str, body: &str, webhooks: Webhooks) -> Result<(), ureq::Error> {
    // A proxy would resolve the name itself, and an answer could lead elsewhere.
    let config = Config::builder().proxy(None).max_redirects(0).timeout_global(Some(TIMEOUT)).build();
    let agent = match webhooks {
        Webhooks::All => ureq::Agent::with_parts(config, DefaultConnector::default(), DefaultResolver::default()),
        Webhooks::None | Webhooks::Public => {
            ureq::Agent::with_parts(config, DefaultConnector::default(), PublicResolver)
        }
    };
    agent.post(address).header("content-type", "application/json").send(body)?;
    Ok(())
}

/// Finds only public addresses. The connection goes to the address that was checked.
#[derive(Debug)]
struct PublicResolver;

impl Resolver for PublicResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut public = self.empty();
        for address in found.iter().filter(|address: &&SocketAddr| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(public) }
    }
}

/// Whether an address belongs to the public internet, by the registries of special addresses of
/// IANA.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // An IPv4 address inside counts as such: mapped, NAT64, 6to4.
    let inner = match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some((high, low))
        }
        _ => None,
    };
    if let Some((high, low)) = inner {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only 2000::/3 is in public use; 2001::/23 and 2001:db8::/32 are special, 3fff::/20 as well.
    let is_unicast = segments[0] & 0xe000 == 0x2000;
    let is_special = segments[0] == 0x2001 && (segments[1] < 0x200 || segments[1] == 0xdb8)
        || segments[0] == 0x3fff && segments[1] < 0x1000;
    is_unicast && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called() {
        let public = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"];
        let special = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "::127.0.0.1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in special {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_name_of_this_machine_is_not_called() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        for host in ["localhost", "127.0.0.1"] {
            let error = call(&format!("http://{host}:{port}/"), "{}", Webhooks::Public).unwrap_err();
            assert!(matches!(error, ureq::Error::HostNotFound), "{error}");
        }
        assert!(listener.accept().is_err(), "nothing was sent");
    }
}
