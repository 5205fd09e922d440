//! Servers on this computer's own address, scripted: of the web and of mail.
//!
//! They are real ones, over real sockets and real TLS; only what they answer was written before.

mod http;
mod smtp;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub use http::{HttpServer, Received, Reply};
pub use smtp::{MailReply, MailSafety, SmtpServer};

/// An authority that only tests believe, and a server's certificate of it for `localhost`.
pub struct TestAuthority {
    /// The authority's own certificate.
    pub certificate: Vec<u8>,
    config: Arc<ServerConfig>,
}

impl Default for TestAuthority {
    fn default() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate").der().to_vec();
        let issuer = Issuer::new(params, key);
        let server_key = KeyPair::generate().expect("a key");
        let named = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let signed = named.signed_by(&server_key, &issuer).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(server_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(signed.der().to_vec())], key)
            .expect("the key is that of the certificate");
        Self { certificate, config: Arc::new(config) }
    }
}

/// A connection, private or not.
trait Connection: Read + Write + Send {}

impl<T: Read + Write + Send> Connection for T {}

fn in_private(plain: TcpStream, authority: &TestAuthority) -> Box<dyn Connection> {
    let connection = ServerConnection::new(authority.config.clone()).expect("a connection");
    Box::new(StreamOwned::new(connection, plain))
}

/// What takes connections, each on a thread of its own, until it is dropped.
struct Listener {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    fn new(serve: impl Fn(TcpStream, &AtomicBool) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, serve) = (is_over.clone(), Arc::new(serve));
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                // Nothing in a test takes longer; a client that is gone holds no thread for ever.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
                let _ = stream.set_write_timeout(Some(Duration::from_secs(30)));
                let (over, serve) = (over.clone(), serve.clone());
                std::thread::spawn(move || serve(stream, &over));
            }
        });
        Self { address, is_over, thread: Some(thread) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // It waits for a connection, so it is given one.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits until the client is gone.
fn until_gone(connection: &mut dyn Connection) {
    let mut rest = [0; 512];
    while matches!(connection.read(&mut rest), Ok(1..)) {}
}
