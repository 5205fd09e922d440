//! What is sent to which address, for every channel that is a web server. Pure.

use serde_json::json;
use ureq::http::Uri;

use super::Sending;
use crate::api::{Channel, WebMethod};
use crate::hooks::event::Signal;
use crate::hooks::failure::HookFailure;
use crate::hooks::secrets::HookKeys;

/// A call of a web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: WebMethod,
    pub(crate) address: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Discord takes messages up to this length.
const DISCORD_CHARS_MAX: usize = 2000;

/// Telegram takes messages up to this length.
const TELEGRAM_CHARS_MAX: usize = 4096;

/// Where Telegram's bots are.
const TELEGRAM: &str = "https://api.telegram.org";

const JSON: &str = "application/json";

/// The call that brings a message to its channel.
pub(crate) fn request(sending: &Sending) -> Result<Request, HookFailure> {
    let message = &sending.message;
    let text = format!("{}\n{}", message.subject, message.body);
    let post = |address: String, body: serde_json::Value| Request {
        method: WebMethod::Post,
        address,
        headers: vec![("Content-Type".to_owned(), JSON.to_owned())],
        body: body.to_string(),
    };
    Ok(match &sending.to {
        Channel::Webhook { method, content_type } => webhook(sending, *method, content_type)?,
        Channel::Healthchecks => healthchecks(sending)?,
        Channel::Slack => post(address(sending)?, json!({ "text": text })),
        Channel::Discord => {
            let content = cut(&text, DISCORD_CHARS_MAX);
            // A name such as "@everyone" in a path wakes nobody.
            let body = json!({ "content": content, "allowed_mentions": { "parse": [] } });
            post(address(sending)?, body)
        }
        Channel::Telegram { chat, server } => {
            let server = server.as_deref().unwrap_or(TELEGRAM).trim_end_matches('/');
            let address = format!("{server}/bot{}/sendMessage", token(sending, "bot token")?);
            let text = cut(&text, TELEGRAM_CHARS_MAX);
            let body = json!({
                "chat_id": chat, "text": text, "disable_web_page_preview": true
            });
            post(address, body)
        }
        Channel::Gotify { server, priority } => {
            let body = json!({
                "title": message.subject, "message": message.body, "priority": priority
            });
            let mut request = post(format!("{}/message", server.trim_end_matches('/')), body);
            let token = token(sending, "application token")?;
            request.headers.push(("X-Gotify-Key".to_owned(), token.to_owned()));
            request
        }
        Channel::Ntfy { priority } => ntfy(sending, *priority)?,
        // These are no web servers, and have been told by now.
        Channel::Command { .. } | Channel::Mail { .. } => return Err(HookFailure::AddressInvalid),
    })
}

fn webhook(
    sending: &Sending,
    method: WebMethod,
    content_type: &str,
) -> Result<Request, HookFailure> {
    let headers = sending.keys.headers.iter();
    let mut headers: Vec<(String, String)> =
        headers.map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
    let body = match method {
        WebMethod::Get => String::new(),
        WebMethod::Post | WebMethod::Put => {
            headers.push(("Content-Type".to_owned(), content_type.to_owned()));
            sending.message.body.clone()
        }
    };
    Ok(Request { method, address: address(sending)?, headers, body })
}

fn healthchecks(sending: &Sending) -> Result<Request, HookFailure> {
    let address = address(sending)?;
    let ending = match sending.signal {
        Signal::Begun => "/start",
        Signal::Good => "",
        Signal::Bad => "/fail",
        Signal::Note => "/log",
    };
    let run = sending.run.as_deref().map(|run| format!("?rid={}", run_uuid(run)));
    Ok(Request {
        method: WebMethod::Post,
        address: format!("{}{ending}{}", address.trim_end_matches('/'), run.unwrap_or_default()),
        headers: vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())],
        body: format!("{}\n{}", sending.message.subject, sending.message.body),
    })
}

/// The name of a run in the form that Healthchecks wants. Runs have names of hexadecimal digits.
fn run_uuid(run: &str) -> String {
    let digits: String = run.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    format!("00000000-0000-4000-8000-{digits:0>12}")
}

/// A message for ntfy, as JSON to the server, for headers hold no other letters than ASCII.
fn ntfy(sending: &Sending, priority: u8) -> Result<Request, HookFailure> {
    let address = address(sending)?;
    let address = address.trim_end_matches('/');
    let (server, topic) = address.rsplit_once('/').ok_or(HookFailure::AddressInvalid)?;
    if topic.is_empty() || server.ends_with('/') {
        return Err(HookFailure::AddressInvalid);
    }
    let mut headers = vec![("Content-Type".to_owned(), JSON.to_owned())];
    if let Some(token) = &sending.keys.token {
        headers.push(("Authorization".to_owned(), format!("Bearer {}", token.expose())));
    }
    let body = json!({
        "topic": topic,
        "title": sending.message.subject,
        "message": sending.message.body,
        "priority": priority,
    });
    let address = format!("{server}/");
    Ok(Request { method: WebMethod::Post, address, headers, body: body.to_string() })
}

fn address(sending: &Sending) -> Result<String, HookFailure> {
    let secret = sending.keys.address.as_ref();
    let address = secret.ok_or(HookFailure::SecretMissing { what: "address" })?;
    Ok(address.expose().trim().to_owned())
}

fn token<'a>(sending: &'a Sending, what: &'static str) -> Result<&'a str, HookFailure> {
    let secret = sending.keys.token.as_ref();
    Ok(secret.ok_or(HookFailure::SecretMissing { what })?.expose().trim())
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max - 1).collect();
    format!("{kept}…")
}

/// True if a webhook's message is JSON.
pub(crate) fn says_json(to: &Channel) -> bool {
    matches!(to, Channel::Webhook { content_type, .. } if content_type.contains("json"))
}

/// The server that an address names, if it is one of the web.
pub(crate) fn host_of(address: &str) -> Option<String> {
    let address: Uri = address.trim().parse().ok()?;
    let is_web = matches!(address.scheme_str(), Some("https" | "http"));
    address.host().filter(|host| is_web && !host.is_empty()).map(str::to_owned)
}

/// Refuses a channel that lacks what it needs.
pub(crate) fn check(to: &Channel, keys: &HookKeys) -> Result<(), HookFailure> {
    let is_web = |address: &str| host_of(address).map(drop).ok_or(HookFailure::AddressInvalid);
    let address = || {
        let address = keys.address.as_ref();
        is_web(address.ok_or(HookFailure::SecretMissing { what: "address" })?.expose())
    };
    let token = |what| match &keys.token {
        Some(_) => Ok(()),
        None => Err(HookFailure::SecretMissing { what }),
    };
    match to {
        Channel::Webhook { .. }
        | Channel::Healthchecks
        | Channel::Slack
        | Channel::Discord
        | Channel::Ntfy { .. } => address(),
        Channel::Telegram { server, .. } => {
            server.as_deref().map_or(Ok(()), is_web).and_then(|()| token("bot token"))
        }
        Channel::Gotify { server, .. } => is_web(server).and_then(|()| token("application token")),
        Channel::Mail { user: Some(_), .. } => token("password"),
        Channel::Mail { user: None, .. } | Channel::Command { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use holdfast_engine::secret::Password;
    use jiff::Timestamp;

    use super::*;
    use crate::hooks::message::Message;

    const SECRET: &str = "https://example.org/a1b2";

    fn sending(to: Channel, signal: Signal) -> Sending {
        let keys = HookKeys {
            address: Some(Password::new(SECRET)),
            token: Some(Password::new("t0ken")),
            headers: [("X-Key".to_owned(), Password::new("k3y"))].into(),
        };
        let (subject, body) = ("A \"title\"".to_owned(), "One\nTwo".to_owned());
        Sending {
            to,
            keys,
            message: Message { subject, body },
            signal,
            run: Some("019d2a5b7c31".to_owned()),
            variables: Vec::new(),
            timeout: Duration::from_secs(30),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn in_words(request: &Request) -> String {
        let method = serde_json::to_value(request.method).expect("a word");
        let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        let headers: String = headers.collect();
        let method = method.as_str().unwrap_or_default();
        format!("{method} {}\n{headers}{}", request.address, request.body)
    }

    fn check_request(to: Channel, signal: Signal, expected: &str) {
        let request = request(&sending(to, signal)).expect("a request");
        assert_eq!(in_words(&request), expected);
    }

    #[test]
    fn a_webhook_gets_the_message_as_it_is_and_the_headers() {
        let content_type = "text/plain".to_owned();
        let to = Channel::Webhook { method: WebMethod::Put, content_type };
        let expected = "PUT https://example.org/a1b2\nX-Key: k3y\nContent-Type: text/plain\n\
                        One\nTwo";
        check_request(to, Signal::Good, expected);
        let content_type = "application/json".to_owned();
        let to = Channel::Webhook { method: WebMethod::Get, content_type };
        check_request(to, Signal::Good, "GET https://example.org/a1b2\nX-Key: k3y\n");
    }

    #[test]
    fn healthchecks_are_told_how_it_went_and_of_which_run() {
        let signals = [
            (Signal::Begun, "/start"),
            (Signal::Good, ""),
            (Signal::Bad, "/fail"),
            (Signal::Note, "/log"),
        ];
        for (signal, ending) in signals {
            let expected = format!(
                "POST https://example.org/a1b2{ending}\
                 ?rid=00000000-0000-4000-8000-019d2a5b7c31\n\
                 Content-Type: text/plain; charset=utf-8\nA \"title\"\nOne\nTwo"
            );
            check_request(Channel::Healthchecks, signal, &expected);
        }
    }

    #[test]
    fn chats_get_title_and_message_as_they_want_them() {
        let json = "Content-Type: application/json\n";
        let table = [
            (
                Channel::Slack,
                format!("POST {SECRET}\n{json}{}", r#"{"text":"A \"title\"\nOne\nTwo"}"#),
            ),
            (
                Channel::Discord,
                format!(
                    "POST {SECRET}\n{json}{}",
                    r#"{"allowed_mentions":{"parse":[]},"content":"A \"title\"\nOne\nTwo"}"#
                ),
            ),
            (
                Channel::Telegram { chat: "-42".to_owned(), server: None },
                format!(
                    "POST https://api.telegram.org/bott0ken/sendMessage\n{json}{}{}",
                    r#"{"chat_id":"-42","disable_web_page_preview":true,"#,
                    r#""text":"A \"title\"\nOne\nTwo"}"#
                ),
            ),
            (
                Channel::Gotify { server: "https://gotify.example/".to_owned(), priority: 7 },
                format!(
                    "POST https://gotify.example/message\n{json}X-Gotify-Key: t0ken\n{}",
                    r#"{"message":"One\nTwo","priority":7,"title":"A \"title\""}"#
                ),
            ),
            (
                Channel::Ntfy { priority: 4 },
                format!(
                    "POST https://example.org/\n{json}Authorization: Bearer t0ken\n{}",
                    r#"{"message":"One\nTwo","priority":4,"title":"A \"title\"","topic":"a1b2"}"#
                ),
            ),
        ];
        for (to, expected) in table {
            check_request(to, Signal::Bad, &expected);
        }
    }

    #[test]
    fn a_long_message_is_cut_where_a_chat_would_refuse_it() {
        let mut long = sending(Channel::Discord, Signal::Bad);
        long.message.body = "ä".repeat(5000);
        let body = request(&long).expect("a request").body;
        let value: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
        let content = value["content"].as_str().unwrap_or_default();
        assert_eq!(content.chars().count(), DISCORD_CHARS_MAX);
        assert!(content.ends_with('…'));
    }

    #[test]
    fn a_channel_without_its_secret_or_with_another_address_than_of_the_web_is_refused() {
        let with = |address: &str| HookKeys {
            address: Some(Password::new(address)),
            ..HookKeys::default()
        };
        assert!(check(&Channel::Slack, &with(SECRET)).is_ok());
        for address in ["", "example.org", "ftp://example.org/x", "file:///etc/passwd", "https://"]
        {
            assert!(check(&Channel::Slack, &with(address)).is_err(), "{address}");
        }
        let gotify = Channel::Gotify { server: "https://gotify.example".to_owned(), priority: 5 };
        let none = check(&gotify, &HookKeys::default());
        assert!(matches!(none, Err(HookFailure::SecretMissing { what: "application token" })));
    }
}
