//! Calling a web server, once.
//!
//! A server can send its callers elsewhere on the same host only: what a hook says and what lets
//! it in are for the server that the person named, and for nobody else.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Method, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::requests::Request;
use super::{ANSWER_BYTES_MAX, Trust};
use crate::api::WebMethod;
use crate::hooks::failure::HookFailure;

/// How often a server may send its callers elsewhere.
const REDIRECTS_MAX: usize = 3;

/// How much of an answer that refuses is told.
const SAID_CHARS_MAX: usize = 200;

/// Calls a server, and returns what it answered.
pub(super) fn call(
    request: &Request,
    timeout: Duration,
    trust: &Trust,
) -> Result<String, HookFailure> {
    let seconds = u16::try_from(timeout.as_secs()).unwrap_or(u16::MAX);
    let agent = agent(trust);
    let mut address: Uri = request.address.parse().map_err(|_| HookFailure::AddressInvalid)?;
    for _ in 0..=REDIRECTS_MAX {
        match call_once(&agent, request, &address, timeout).map_err(|error| of(error, seconds))? {
            Answer::Said(said) => return Ok(said),
            Answer::Refused { status, said } => return Err(HookFailure::Refused { status, said }),
            Answer::Elsewhere(to) => address = followed(&address, &to)?,
        }
    }
    Err(HookFailure::SentInCircles)
}

enum Answer {
    Said(String),
    Refused { status: u16, said: String },
    Elsewhere(String),
}

fn agent(trust: &Trust) -> Agent {
    let roots = match trust {
        Trust::Computer => RootCerts::PlatformVerifier,
        Trust::Only(certificates) => {
            RootCerts::from(certificates.iter().map(|one| Certificate::from_der(one).to_owned()))
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        // The app asks nothing of its environment; a proxy would have to be given to it.
        .proxy(None)
        .user_agent("Holdfast")
        .build()
        .new_agent()
}

fn call_once(
    agent: &Agent,
    request: &Request,
    address: &Uri,
    timeout: Duration,
) -> Result<Answer, ureq::Error> {
    let method = match request.method {
        WebMethod::Get => Method::GET,
        WebMethod::Post => Method::POST,
        WebMethod::Put => Method::PUT,
    };
    let mut asked = ureq::http::Request::builder().method(method).uri(address.clone());
    for (name, value) in &request.headers {
        asked = asked.header(name, value);
    }
    let asked = asked.body(request.body.clone())?;
    let asked = agent.configure_request(asked).timeout_global(Some(timeout)).build();
    let mut response = agent.run(asked)?;
    let status = response.status().as_u16();
    if matches!(status, 301 | 302 | 307 | 308) {
        let to = response.headers().get("location").and_then(|to| to.to_str().ok());
        return Ok(Answer::Elsewhere(to.unwrap_or_default().to_owned()));
    }
    let mut said = Vec::new();
    let most = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
    // An answer that breaks off was an answer: its first line said how it went.
    let whole = response.body_mut().as_reader().take(most).read_to_end(&mut said);
    if let Err(error) = whole
        && error.kind() == std::io::ErrorKind::TimedOut
    {
        return Err(error.into());
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    if (200..300).contains(&status) {
        return Ok(Answer::Said(said));
    }
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Answer::Refused { status, said: said.chars().take(SAID_CHARS_MAX).collect() })
}

/// The address that a server sends to, if it is on the same host and no less private.
fn followed(from: &Uri, to: &str) -> Result<Uri, HookFailure> {
    let to: Uri = to.parse().map_err(|_| HookFailure::AddressInvalid)?;
    let (scheme, authority) = match (to.scheme(), to.authority()) {
        (Some(scheme), Some(authority)) => (scheme.clone(), authority.clone()),
        _ => (
            from.scheme().cloned().ok_or(HookFailure::AddressInvalid)?,
            from.authority().cloned().ok_or(HookFailure::AddressInvalid)?,
        ),
    };
    let is_same = to.authority().is_none_or(|to| Some(to) == from.authority());
    // From port 80 to port 443 of the same host is the one change that makes it more private.
    let is_raised = from.scheme_str() == Some("http")
        && scheme.as_str() == "https"
        && authority.host() == from.host().unwrap_or_default();
    if !is_raised && (!is_same || Some(&scheme) != from.scheme()) {
        return Err(HookFailure::SentElsewhere { host: authority.host().to_owned() });
    }
    let path = to.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(path)
        .build()
        .map_err(|_| HookFailure::AddressInvalid)
}

/// What an error means. None of those that name an address is handed on.
fn of(error: ureq::Error, seconds: u16) -> HookFailure {
    match error {
        ureq::Error::Timeout(_) => HookFailure::TimedOut { seconds },
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            HookFailure::TimedOut { seconds }
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => HookFailure::AddressInvalid,
        ureq::Error::Rustls(error) => HookFailure::Untrusted { source: Arc::new(error) },
        ureq::Error::Io(error) if is_about_trust(&error) => {
            HookFailure::Untrusted { source: Arc::new(error) }
        }
        other => HookFailure::Unreachable { source: Arc::new(other) },
    }
}

fn is_about_trust(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_sent_on_within_a_host_and_nowhere_else() {
        let table = [
            ("http://a.example/x", "/y?z", Some("http://a.example/y?z")),
            ("http://a.example/x", "http://a.example/y", Some("http://a.example/y")),
            ("http://a.example/x", "https://a.example/y", Some("https://a.example/y")),
            ("https://a.example/x", "http://a.example/y", None),
            ("https://a.example/x", "https://b.example/y", None),
            ("https://a.example/x", "https://a.example:8443/y", None),
            ("https://a.example/x", "", None),
        ];
        for (from, to, expected) in table {
            let from: Uri = from.parse().expect("an address");
            let followed = followed(&from, to).ok().map(|to| to.to_string());
            assert_eq!(followed.as_deref(), expected, "{from} to {to}");
        }
    }
}
