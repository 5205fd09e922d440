//! A mail server that takes mails, or refuses as it was told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Connection, Listener, TestAuthority, in_private, until_gone};

/// How connections to it are kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSafety {
    /// Not.
    None,
    /// After the client asked for it.
    StartTls,
    /// From the first byte.
    Tls,
}

/// What it does.
#[derive(Debug, Clone)]
pub enum MailReply {
    /// It takes every mail of this user.
    Takes,
    /// It answers a command that begins like this with these words.
    Refuses(&'static str, &'static str),
    /// It says nothing at all.
    Silence,
    /// Its greeting never ends.
    Endless,
}

/// A mail server. Dropped, it is gone.
pub struct SmtpServer {
    listener: Listener,
    said: Arc<Mutex<Vec<String>>>,
    authority: Arc<TestAuthority>,
}

impl SmtpServer {
    /// A server.
    #[must_use]
    pub fn new(safety: MailSafety, reply: MailReply) -> Self {
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let authority: Arc<TestAuthority> = Arc::default();
        let (noted, believed) = (said.clone(), authority.clone());
        let listener = Listener::new(move |stream: TcpStream, _| {
            serve(stream, safety, &reply, &believed, &noted);
        });
        Self { listener, said, authority }
    }

    /// Its port on `localhost`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.address.port()
    }

    /// The certificate of the authority behind it.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        self.authority.certificate.clone()
    }

    /// Every line that clients said so far, those of mails among them.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(
    stream: TcpStream,
    safety: MailSafety,
    reply: &MailReply,
    authority: &TestAuthority,
    said: &Mutex<Vec<String>>,
) {
    let Ok(plain) = stream.try_clone() else { return };
    let connection: Box<dyn Connection> = match safety {
        MailSafety::Tls => in_private(stream, authority),
        MailSafety::None | MailSafety::StartTls => Box::new(stream),
    };
    let mut connection = BufReader::new(connection);
    match reply {
        MailReply::Silence => return until_gone(connection.get_mut()),
        MailReply::Endless => {
            while connection.get_mut().write_all(b"220-and so on\r\n").is_ok() {}
            return;
        }
        MailReply::Takes | MailReply::Refuses(..) => {}
    }
    if answer(&mut connection, "220 localhost").is_none() {
        return;
    }
    let mut talk = Talk { safety, reply, is_private: safety == MailSafety::Tls, is_mail: false };
    loop {
        let mut line = String::new();
        if !matches!(connection.read_line(&mut line), Ok(1..)) {
            return;
        }
        let line = line.trim_end().to_owned();
        said.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        let Some(words) = talk.answer(&line) else { continue };
        if answer(&mut connection, &words).is_none() {
            return;
        }
        if line == "STARTTLS" && words.starts_with("220") {
            let Ok(plain) = plain.try_clone() else { return };
            connection = BufReader::new(in_private(plain, authority));
            talk.is_private = true;
        }
    }
}

fn answer(connection: &mut BufReader<Box<dyn Connection>>, words: &str) -> Option<()> {
    let connection = connection.get_mut();
    connection.write_all(format!("{words}\r\n").as_bytes()).ok()?;
    connection.flush().ok()
}

struct Talk<'a> {
    safety: MailSafety,
    reply: &'a MailReply,
    is_private: bool,
    is_mail: bool,
}

impl Talk<'_> {
    fn answer(&mut self, line: &str) -> Option<String> {
        if let MailReply::Refuses(begins, words) = self.reply
            && line.starts_with(begins)
        {
            return Some((*words).to_owned());
        }
        if self.is_mail {
            self.is_mail = line != ".";
            return (line == ".").then(|| "250 taken".to_owned());
        }
        let command = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        Some(match command.as_str() {
            "EHLO" if self.safety == MailSafety::StartTls && !self.is_private => {
                "250-localhost\r\n250 STARTTLS".to_owned()
            }
            "EHLO" => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".to_owned(),
            "STARTTLS" => "220 go on".to_owned(),
            "AUTH" => "235 welcome".to_owned(),
            "MAIL" | "RCPT" => "250 fine".to_owned(),
            "DATA" => {
                self.is_mail = true;
                "354 go on".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "500 what".to_owned(),
        })
    }
}
