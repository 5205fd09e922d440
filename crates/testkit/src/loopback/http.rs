//! A web server that answers as it was told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Connection, Listener, TestAuthority, in_private, until_gone};

/// What it answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status and a text.
    Text(u16, String),
    /// A status and another place.
    Elsewhere(u16, String),
    /// A text that holds all it was asked, path and headers and all.
    Echo(u16),
    /// Nothing, until the client is gone.
    Silence,
    /// A text that never ends.
    Endless,
    /// Half an answer, and the connection is torn down.
    Torn,
}

/// What was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// `POST`, and so on.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub body: String,
}

impl Received {
    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A web server. Dropped, it is gone.
pub struct HttpServer {
    listener: Listener,
    requests: Arc<Mutex<Vec<Received>>>,
    authority: Option<Arc<TestAuthority>>,
}

impl HttpServer {
    /// One that answers this, one after the other, and the last of it from then on.
    #[must_use]
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(replies, None)
    }

    /// The same in private.
    #[must_use]
    pub fn private(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(replies, Some(Arc::default()))
    }

    fn with(
        replies: impl IntoIterator<Item = Reply>,
        authority: Option<Arc<TestAuthority>>,
    ) -> Self {
        let replies: Mutex<VecDeque<Reply>> = Mutex::new(replies.into_iter().collect());
        let requests: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (noted, believed) = (requests.clone(), authority.clone());
        let serve = move |stream: TcpStream, is_over: &AtomicBool| {
            let connection: Box<dyn Connection> = match &believed {
                Some(authority) => in_private(stream, authority),
                None => Box::new(stream),
            };
            serve(connection, &replies, &noted, is_over);
        };
        Self { listener: Listener::new(serve), requests, authority }
    }

    /// Its address, without a path.
    #[must_use]
    pub fn address(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.listener.address.port())
    }

    /// The certificate of the authority behind it.
    ///
    /// # Panics
    /// If it is not private.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        self.authority.as_ref().expect("it is private").certificate.clone()
    }

    /// What was asked so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(
    connection: Box<dyn Connection>,
    replies: &Mutex<VecDeque<Reply>>,
    noted: &Mutex<Vec<Received>>,
    is_over: &AtomicBool,
) {
    let mut connection = BufReader::new(connection);
    let Some(received) = received(&mut connection) else { return };
    let reply = {
        let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
        let first = replies.front().cloned();
        if replies.len() > 1 {
            replies.pop_front();
        }
        first.unwrap_or(Reply::Silence)
    };
    let echo = format!("{received:?}");
    noted.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    let connection = connection.get_mut();
    let whole = |status: u16, extra: &str, text: &str| {
        let length = text.len();
        format!(
            "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{extra}\r\n\
             {text}"
        )
    };
    let answer = match reply {
        Reply::Text(status, text) => whole(status, "", &text),
        Reply::Elsewhere(status, to) => whole(status, &format!("Location: {to}\r\n"), ""),
        Reply::Echo(status) => whole(status, "", &echo),
        Reply::Silence => return until_gone(connection),
        Reply::Endless => return say_for_ever(connection, is_over),
        // What was promised does not come.
        Reply::Torn => "HTTP/1.1 200 Said\r\nContent-".to_owned(),
    };
    // A client that is gone wants no answer.
    let _ = connection.write_all(answer.as_bytes()).and_then(|()| connection.flush());
}

fn say_for_ever(connection: &mut dyn Connection, is_over: &AtomicBool) {
    let mut said = connection.write_all(b"HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n");
    while said.is_ok() && !is_over.load(Ordering::Acquire) {
        said = connection.write_all(&[b'x'; 4096]);
    }
}

fn received(connection: &mut BufReader<Box<dyn Connection>>) -> Option<Received> {
    let mut line = String::new();
    connection.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
