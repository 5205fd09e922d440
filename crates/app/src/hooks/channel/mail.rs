//! A mail, handed to a mail server once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::SmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message as Mail, Transport as _};

use super::{Sending, Trust};
use crate::api::{Channel, MailSecurity};
use crate::hooks::failure::HookFailure;

/// Sends a mail, and returns what the server answered.
pub(super) fn send(sending: &Sending, trust: &Trust) -> Result<String, HookFailure> {
    let Channel::Mail { from, to, server, port, security, user } = &sending.to else {
        return Err(HookFailure::AddressInvalid);
    };
    let mail = written(sending, from, to)?;
    let untrusted = |error| HookFailure::Untrusted { source: Arc::new(error) };
    let parameters = || parameters(server, trust).map_err(untrusted);
    let tls = match security {
        MailSecurity::Tls => Tls::Wrapper(parameters()?),
        MailSecurity::StartTls => Tls::Required(parameters()?),
        MailSecurity::None => Tls::None,
    };
    let mut transport = SmtpTransport::builder_dangerous(server.as_str())
        .port(*port)
        .tls(tls)
        // Names of computers hold letters that servers refuse; an address always passes.
        .hello_name(ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST))
        .timeout(Some(sending.timeout));
    if let Some(user) = user {
        let password = sending.keys.token.as_ref();
        let password = password.ok_or(HookFailure::SecretMissing { what: "password" })?;
        let credentials = Credentials::new(user.clone(), password.expose().to_owned());
        transport = transport.credentials(credentials);
    }
    let seconds = u16::try_from(sending.timeout.as_secs()).unwrap_or(u16::MAX);
    let answer = transport.build().send(&mail).map_err(|error| of(error, seconds))?;
    Ok(answer.message().collect::<Vec<_>>().join(" "))
}

/// Refuses what is no e-mail address.
pub(crate) fn mailbox(address: &str) -> Result<Mailbox, HookFailure> {
    let refused = |_| HookFailure::MailAddress { address: address.to_owned() };
    address.trim().parse().map_err(refused)
}

fn written(sending: &Sending, from: &str, to: &[String]) -> Result<Mail, HookFailure> {
    let millis = u64::try_from(sending.now.as_millisecond()).unwrap_or(0);
    let mut mail = Mail::builder()
        .from(mailbox(from)?)
        .subject(&sending.message.subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .header(ContentType::TEXT_PLAIN);
    for address in to {
        mail = mail.to(mailbox(address)?);
    }
    let nobody = |_| HookFailure::MailAddress { address: to.join(", ") };
    mail.body(sending.message.body.clone()).map_err(nobody)
}

fn parameters(
    server: &str,
    trust: &Trust,
) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut parameters = TlsParameters::builder(server.to_owned());
    if let Trust::Only(certificates) = trust {
        parameters = parameters.certificate_store(CertificateStore::None);
        for certificate in certificates.iter() {
            parameters =
                parameters.add_root_certificate(Certificate::from_der(certificate.to_vec())?);
        }
    }
    parameters.build_rustls()
}

fn of(error: lettre::transport::smtp::Error, seconds: u16) -> HookFailure {
    if error.is_timeout() {
        return HookFailure::TimedOut { seconds };
    }
    if error.is_tls() {
        return HookFailure::Untrusted { source: Arc::new(error) };
    }
    let may_pass = error.is_transient();
    if may_pass || error.is_permanent() || error.is_client() {
        let mut said = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            said = cause.to_string();
        }
        return HookFailure::MailRefused { said, may_pass };
    }
    HookFailure::Unreachable { source: Arc::new(error) }
}
