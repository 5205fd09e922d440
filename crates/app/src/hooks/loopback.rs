//! Hooks against real servers on this computer's own address.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::secret::Password;
use holdfast_testkit::loopback::{HttpServer, MailReply, MailSafety, Reply, SmtpServer};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::HookFailure;
use super::channel::{Sending, Trust, send};
use super::event::Signal;
use super::message::Message;
use super::secrets::HookKeys;
use crate::api::{Channel, MailSecurity, WebMethod};

const SOON: Duration = Duration::from_secs(10);
const AT_ONCE: Duration = Duration::from_secs(1);

fn said(status: u16, text: &str) -> Reply {
    Reply::Text(status, text.to_owned())
}

fn sending(to: Channel, address: &str) -> Sending {
    let keys = HookKeys {
        address: Some(Password::new(address)),
        token: Some(Password::new("s3cret-token")),
        headers: [("X-Key".to_owned(), Password::new("k3y-of-the-header"))].into(),
    };
    let message =
        Message { subject: "\"Photos\" waits…".to_owned(), body: "Eins\nZwei: ä".to_owned() };
    Sending {
        to,
        keys,
        message,
        signal: Signal::Bad,
        run: None,
        variables: vec![("HOLDFAST_TITLE", "$(touch /tmp/never); `id`".to_owned())],
        timeout: SOON,
        now: Timestamp::UNIX_EPOCH,
    }
}

fn webhook() -> Channel {
    Channel::Webhook { method: WebMethod::Post, content_type: "text/plain".to_owned() }
}

fn call(server: &HttpServer, timeout: Duration) -> Result<String, HookFailure> {
    let address = format!("{}/hook/a1b2c3d4", server.address());
    send(&Sending { timeout, ..sending(webhook(), &address) }, &Trust::Computer)
}

fn believing(certificate: Vec<u8>) -> Trust {
    Trust::Only(Arc::new(vec![CertificateDer::from(certificate)]))
}

fn mail(server: &SmtpServer, security: MailSecurity) -> Sending {
    let to = Channel::Mail {
        from: "Holdfast <holdfast@example.org>".to_owned(),
        to: vec!["anna@example.org".to_owned(), "ben@example.org".to_owned()],
        server: "localhost".to_owned(),
        port: server.port(),
        security,
        user: Some("anna".to_owned()),
    };
    sending(to, "")
}

#[test]
fn a_webhook_arrives_as_it_was_sent() {
    let server = HttpServer::new([said(200, "thanks")]);
    assert_eq!(call(&server, SOON).expect("it arrives"), "thanks");
    let request = server.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook/a1b2c3d4"));
    assert_eq!(request.body, "Eins\nZwei: ä");
    assert_eq!(request.header("x-key"), Some("k3y-of-the-header"));
    assert_eq!(request.header("content-type"), Some("text/plain"));
}

#[test]
fn a_webhook_can_be_called_without_a_message() {
    let server = HttpServer::new([said(204, "")]);
    let to = Channel::Webhook { method: WebMethod::Get, content_type: String::new() };
    send(&sending(to, &server.address()), &Trust::Computer).expect("it arrives");
    let request = server.requests().remove(0);
    assert_eq!((request.method.as_str(), request.body.as_str()), ("GET", ""));
}

#[test]
fn every_channel_of_the_web_reaches_its_server() {
    let server = HttpServer::new([said(200, "ok")]);
    let own = server.address();
    let channels = [
        (Channel::Healthchecks, "/hook/fail"),
        (Channel::Slack, "/hook"),
        (Channel::Discord, "/hook"),
        (Channel::Ntfy { priority: 4 }, "/"),
        (Channel::Gotify { server: own.clone(), priority: 5 }, "/message"),
        (
            Channel::Telegram { chat: "42".to_owned(), server: Some(own.clone()) },
            "/bots3cret-token/sendMessage",
        ),
    ];
    for (to, expected) in channels {
        let sent = send(&sending(to.clone(), &format!("{own}/hook")), &Trust::Computer);
        sent.expect("it arrives");
        let request = server.requests().pop().expect("a request");
        assert_eq!(request.path, expected, "{to:?}");
        assert!(request.body.contains("ä"), "{to:?}: {}", request.body);
    }
}

#[test]
fn what_a_server_refuses_is_told_in_its_words_and_tried_again_if_that_may_help() {
    let table = [(400, false), (401, false), (404, false), (408, true), (429, true), (503, true)];
    for (code, expected) in table {
        let server = HttpServer::new([said(code, "try\n later")]);
        let failure = call(&server, SOON).expect_err("it is refused");
        assert_eq!(failure.to_string(), format!("the server answered {code}: try later"));
        assert_eq!(failure.may_pass(), expected, "{code}");
    }
}

#[test]
fn a_server_that_is_silent_is_given_up_in_time() {
    let server = HttpServer::new([Reply::Silence]);
    let failure = call(&server, AT_ONCE).expect_err("it is given up");
    assert!(matches!(failure, HookFailure::TimedOut { seconds: 1 }), "{failure:?}");
    assert!(failure.may_pass());
}

#[test]
fn of_an_answer_without_end_only_the_beginning_is_read() {
    let server = HttpServer::new([Reply::Endless]);
    let answer = call(&server, SOON).expect("it was said to be fine");
    assert_eq!(answer.len(), super::channel::ANSWER_BYTES_MAX);
}

#[test]
fn a_connection_that_is_torn_or_not_there_may_pass() {
    let torn = HttpServer::new([Reply::Torn]);
    let failure = call(&torn, SOON).expect_err("it fails");
    assert!(matches!(failure, HookFailure::Unreachable { .. }), "{failure:?}");
    let gone = HttpServer::new([]);
    let address = gone.address();
    drop(gone);
    let failure = send(&sending(webhook(), &address), &Trust::Computer).expect_err("it fails");
    assert!(matches!(failure, HookFailure::Unreachable { .. }) && failure.may_pass());
}

#[test]
fn a_server_can_send_on_within_itself_with_the_message() {
    let server = HttpServer::new([Reply::Elsewhere(308, "/new?x=1".to_owned()), said(200, "ok")]);
    call(&server, SOON).expect("it arrives");
    let request = server.requests().pop().expect("a request");
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/new?x=1"));
    assert_eq!(request.body, "Eins\nZwei: ä");
}

#[test]
fn nothing_is_told_to_a_server_that_nobody_named() {
    let other = HttpServer::new([said(200, "ok")]);
    let there = format!("{}/collect", other.address());
    let server = HttpServer::new([Reply::Elsewhere(307, there)]);
    let failure = call(&server, SOON).expect_err("it is refused");
    assert!(matches!(failure, HookFailure::SentElsewhere { .. }), "{failure:?}");
    assert!(other.requests().is_empty());
}

#[test]
fn a_server_that_sends_in_circles_is_left() {
    let server = HttpServer::new([Reply::Elsewhere(302, "/again".to_owned())]);
    let failure = call(&server, SOON).expect_err("it is left");
    assert!(matches!(failure, HookFailure::SentInCircles) && server.requests().len() == 4);
}

#[test]
fn a_private_server_is_believed_only_with_a_certificate_that_is() {
    let server = HttpServer::private([said(200, "ok")]);
    let sending = sending(webhook(), &server.address());
    let believed = send(&sending, &believing(server.certificate()));
    assert_eq!(believed.expect("it arrives"), "ok");
    let failure = send(&sending, &Trust::Computer).expect_err("nobody knows that authority");
    assert!(matches!(failure, HookFailure::Untrusted { .. }), "{failure:?}");
    assert!(!failure.may_pass());
}

#[test]
fn a_server_that_repeats_what_it_was_told_gives_no_secret_away() {
    for status in [200, 500] {
        let server = HttpServer::new([Reply::Echo(status)]);
        let told = match call(&server, SOON) {
            Ok(answer) => answer,
            Err(failure) => crate::error::chain(&failure),
        };
        for secret in ["a1b2c3d4", "k3y-of-the-header", "s3cret-token"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[test]
fn a_mail_arrives_in_each_way_of_keeping_it_private() {
    let table = [
        (MailSafety::None, MailSecurity::None),
        (MailSafety::StartTls, MailSecurity::StartTls),
        (MailSafety::Tls, MailSecurity::Tls),
    ];
    for (safety, security) in table {
        let server = SmtpServer::new(safety, MailReply::Takes);
        let sent = send(&mail(&server, security), &believing(server.certificate()));
        sent.unwrap_or_else(|failure| panic!("{security:?}: {failure:?}"));
        let said = server.said();
        let has = |line: &str| said.iter().any(|known| known == line);
        assert!(
            has("MAIL FROM:<holdfast@example.org> BODY=8BITMIME")
                || has("MAIL FROM:<holdfast@example.org>"),
            "{said:?}"
        );
        assert!(has("RCPT TO:<anna@example.org>") && has("RCPT TO:<ben@example.org>"));
        assert!(has("Date: Thu, 01 Jan 1970 00:00:00 +0000"), "{said:?}");
    }
}

#[test]
fn nothing_is_mailed_in_the_open_if_it_was_to_be_private() {
    let server = SmtpServer::new(MailSafety::None, MailReply::Takes);
    send(&mail(&server, MailSecurity::StartTls), &Trust::Computer).expect_err("it is refused");
    assert!(!server.said().iter().any(|line| line.starts_with("AUTH")), "{:?}", server.said());
}

#[test]
fn what_a_mail_server_refuses_is_told_and_tried_again_if_it_says_so() {
    let table = [
        ("RCPT", "550 no such person", false),
        ("AUTH", "535 wrong password", false),
        ("MAIL", "451 not now", true),
    ];
    for (command, words, expected) in table {
        let server = SmtpServer::new(MailSafety::None, MailReply::Refuses(command, words));
        let sent = send(&mail(&server, MailSecurity::None), &Trust::Computer);
        let failure = sent.expect_err("it is refused");
        assert_eq!(failure.may_pass(), expected, "{failure:?}");
        let said = failure.to_string();
        assert!(said.contains(&words[4..]), "{said}");
    }
}

#[test]
fn a_mail_server_that_is_silent_or_never_ends_is_given_up_in_time() {
    for reply in [MailReply::Silence, MailReply::Endless] {
        let server = SmtpServer::new(MailSafety::None, reply);
        let sending = Sending { timeout: AT_ONCE, ..mail(&server, MailSecurity::None) };
        let failure = super::delivery::within(sending, Trust::Computer, &|| true);
        let failure = failure.expect_err("it is given up");
        assert!(failure.may_pass(), "{failure:?}");
    }
}

#[cfg(unix)]
mod programs {
    use super::*;

    fn run(script: &str, timeout: Duration) -> Result<String, HookFailure> {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let program = "/bin/sh".to_owned();
        let to = Channel::Command { program, arguments, folder: Some("/".to_owned()) };
        send(&Sending { timeout, ..sending(to, "") }, &Trust::Computer)
    }

    #[test]
    fn a_program_gets_the_message_as_its_input_and_facts_in_its_environment() {
        let said = run("cat; echo; echo \"$HOLDFAST_TITLE in $PWD\"", SOON).expect("it runs");
        assert_eq!(said, "Eins\nZwei: ä\n$(touch /tmp/never); `id` in /\n");
    }

    #[test]
    fn a_program_need_not_read_its_input_and_may_print_much() {
        let said = run("yes | head -c 1000000; echo; echo end", SOON).expect("it runs");
        assert!(said.len() <= super::super::channel::ANSWER_BYTES_MAX && said.ends_with("end\n"));
    }

    #[test]
    fn a_program_that_fails_is_told_by_its_last_words() {
        let failure = run("echo one; echo 'no such host s3cret-token' >&2; exit 3", SOON);
        let said = failure.expect_err("it fails").to_string();
        assert_eq!(said, "the program ended with exit status: 3: no such host (hidden)");
    }

    #[test]
    fn a_program_that_is_not_there_is_not_tried_again() {
        let program = "/nowhere/at/all".to_owned();
        let to = Channel::Command { program, arguments: Vec::new(), folder: None };
        let failure = send(&sending(to, ""), &Trust::Computer).expect_err("it fails");
        assert!(matches!(failure, HookFailure::NotStarted { .. }) && !failure.may_pass());
    }

    #[test]
    fn a_program_whose_time_is_up_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let late = folder.path().join("late");
        let script = format!("(sleep 2; touch {}) & sleep 60", late.display());
        let failure = run(&script, AT_ONCE).expect_err("it is ended");
        assert!(matches!(failure, HookFailure::TimedOut { .. }), "{failure:?}");
        // Who would still have written it ended before this does.
        std::process::Command::new("sleep").arg("1.5").status().expect("it waits");
        assert!(!late.exists());
    }
}
