//! Sends prepared requests over keep-alive connections and looks at every answer.

use std::error::Error;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What a run amounts to. Latencies are in microseconds.
pub(crate) struct Figures {
    requests: usize,
    failed: usize,
    seconds: f64,
    latencies: Vec<u32>,
    first_failure: Option<String>,
}

/// The requests that are left, and when each is due.
struct Queue {
    requests: Vec<Vec<u8>>,
    started: Instant,
    taken: u32,
    /// Between two requests; zero for none.
    pause: Duration,
}

impl Queue {
    fn next(&mut self) -> Option<(Vec<u8>, Instant)> {
        let due = self.started + self.pause * self.taken;
        self.taken += 1;
        Some((self.requests.pop()?, due))
    }
}

/// Sends every request once, `connections` at a time, `rate` a second; an answer other than 200, or none, is a failure.
pub(crate) fn all(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: usize,
    rate: f64,
) -> Result<Figures, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let count = requests.len();
        let started = Instant::now();
        let pause = if rate > 0.0 { Duration::from_secs_f64(rate.recip()) } else { Duration::ZERO };
        let queue = Arc::new(Mutex::new(Queue { requests, started, taken: 0, pause }));
        let mut running = JoinSet::new();
        for _ in 0..connections {
            running.spawn(connection(address, Arc::clone(&queue)));
        }
        let mut figures =
            Figures { requests: count, failed: 0, seconds: 0.0, latencies: Vec::new(), first_failure: None };
        while let Some(done) = running.join_next().await {
            let (latencies, failures) = done?;
            figures.latencies.extend(latencies);
            figures.failed += failures.len();
            figures.first_failure = figures.first_failure.or(failures.into_iter().next());
        }
        figures.seconds = started.elapsed().as_secs_f64();
        figures.latencies.sort_unstable();
        Ok(figures)
    })
}

/// Opens a connection for each request, sends it and waits for the answer; the connections stay open.
pub(crate) fn hold(
    address: SocketAddr,
    requests: &[Vec<u8>],
) -> Result<Vec<std::net::TcpStream>, Box<dyn Error>> {
    let mut held = Vec::with_capacity(requests.len());
    let mut buffer = [0; 16 * 1024];
    for request in requests {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(request)?;
        let mut filled = 0;
        loop {
            filled += match stream.read(buffer.get_mut(filled..).unwrap_or_default())? {
                0 => return Err("the connection was closed".into()),
                more => more,
            };
            let answer = buffer.get(..filled).unwrap_or_default();
            if length(answer).map_err(|fault| fault.to_string())?.is_some_and(|whole| filled >= whole) {
                break;
            }
        }
        held.push(stream);
    }
    Ok(held)
}

/// One connection at a time, a new one after a failure, until the queue is empty.
///
/// With a rate, a request that is sent late because the one before it was not answered yet counts from when it was due: a
/// slow answer is not allowed to hide those that wait behind it.
async fn connection(address: SocketAddr, queue: Arc<Mutex<Queue>>) -> (Vec<u32>, Vec<String>) {
    let (mut latencies, mut failures) = (Vec::new(), Vec::new());
    let mut stream = None;
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let next = queue.lock().ok().and_then(|mut queue| Some((queue.next()?, queue.pause)));
        let Some(((request, due), pause)) = next else { return (latencies, failures) };
        let mut started = Instant::now();
        if !pause.is_zero() {
            if started < due {
                tokio::time::sleep_until(due.into()).await;
                started = Instant::now();
            } else {
                started = due;
            }
        }
        match exchange(&mut stream, address, &request, &mut buffer).await {
            Ok(()) => latencies.push(started.elapsed().as_micros().try_into().unwrap_or(u32::MAX)),
            Err(fault) => {
                failures.push(fault.to_string());
                stream = None;
            }
        }
    }
}

async fn exchange(
    stream: &mut Option<TcpStream>,
    address: SocketAddr,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let stream = match stream {
        Some(open) => open,
        None => {
            let open = TcpStream::connect(address).await?;
            open.set_nodelay(true)?;
            stream.insert(open)
        }
    };
    stream.write_all(request).await?;
    buffer.clear();
    let mut whole = None;
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection was closed".into());
        }
        if whole.is_none() {
            whole = length(buffer)?;
        }
        if whole.is_some_and(|whole| buffer.len() >= whole) {
            break;
        }
    }
    if buffer.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    let shown = buffer.get(..buffer.len().min(400)).unwrap_or_default();
    Err(String::from_utf8_lossy(shown).replace("\r\n", " | ").into())
}

/// The length of head and body, once the head is whole.
fn length(buffer: &[u8]) -> Result<Option<usize>, Box<dyn Error + Send + Sync>> {
    let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?;
    let body = text
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("an answer without Content-Length")?
        .1;
    Ok(Some(head + 4 + body.trim().parse::<usize>()?))
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(failure) = &self.first_failure {
            writeln!(f, "first failure: {failure}")?;
        }
        let at = |percent: usize| {
            let index = self.latencies.len().saturating_sub(1) * percent / 100;
            self.latencies.get(index).copied().unwrap_or(0)
        };
        write!(
            f,
            "requests={} failed={} seconds={:.3} p50={} p99={}",
            self.requests,
            self.failed,
            self.seconds,
            at(50),
            at(99)
        )
    }
}
