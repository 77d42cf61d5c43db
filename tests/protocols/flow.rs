//! Bodies on their way: each piece at once, never more of them in memory than fits.

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::wire::{accept, connect};
use crate::{played, stage};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", stage().authority())
}

/// Runs a conversation over HTTP/2 on this thread.
fn over_http2<T>(path: &str, talk: impl AsyncFnOnce(hyper::Response<Incoming>) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(stage().gateway.plain).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get(stage().url(path)).body(Empty::<Bytes>::new()).unwrap();
        talk(sender.send_request(request).await.unwrap()).await
    })
}

const EVENTS: [&str; 3] = ["data: one\n\n", "id: 2\ndata: two\n\n", "data: three\n\n"];

const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn an_event_arrives_before_the_upstream_sends_the_next() {
    let listener = played("sse");
    let mut client = connect(stage().gateway.plain);
    client.send(get("/sse"));
    let mut upstream = accept(&listener);
    upstream.head();
    upstream.send(STREAM);
    let head = client.head();
    assert!(
        head.contains("\r\ncontent-type: text/event-stream\r\n") && !head.contains("content-length"),
        "{head}"
    );
    for event in EVENTS {
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        upstream.send(&chunk);
        client.expect(&chunk);
    }
}

#[test]
fn an_event_arrives_before_the_upstream_sends_the_next_over_http_2() {
    let listener = played("sse-h2");
    let (said, next) = mpsc::channel();
    thread::spawn(move || {
        let mut upstream = accept(&listener);
        upstream.head();
        upstream.send(STREAM);
        for event in EVENTS {
            next.recv().unwrap();
            upstream.send(format!("{:x}\r\n{event}\r\n", event.len()));
        }
        next.recv().unwrap();
    });
    over_http2("/sse-h2", async |answer| {
        let mut body = answer.into_body();
        for event in EVENTS {
            said.send(()).unwrap();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), event);
        }
    });
}

/// Sends a download of so many bytes; says once how many went before nobody took any more.
fn download(name: &str, size: usize) -> mpsc::Receiver<usize> {
    let listener = played(name);
    let (say, held) = mpsc::channel();
    thread::spawn(move || {
        let mut upstream = accept(&listener);
        upstream.head();
        upstream.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"));
        let block = vec![b'x'; 256 * 1024];
        let mut sent = 0;
        upstream.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        while sent < size {
            match upstream.stream.write(&block[..block.len().min(size - sent)]) {
                Ok(count) => sent += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    // Said again while nobody listens any more.
                    let _ = say.send(sent);
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
    held
}

#[test]
fn a_long_download_waits_for_a_slow_reader_and_takes_no_memory() {
    const SIZE: usize = 200 << 20;
    let held = download("download", SIZE);
    let before = stage().gateway.resident_kib();
    let mut client = connect(stage().gateway.plain);
    client.send(get("/download"));
    let sent = held.recv().unwrap();
    assert!(sent < SIZE / 4, "{sent} bytes were taken from the upstream though the client read none");
    let after = stage().gateway.resident_kib();
    client.head();
    let left = SIZE - client.take_pending();
    assert_eq!(read(&mut client.stream, left), 0);
    let at_end = stage().gateway.resident_kib();
    let most = after.max(at_end).saturating_sub(before);
    assert!(most < 64 * 1024, "{most} KiB more");
}

/// Reads so many bytes; what is missing at the end.
fn read(stream: &mut TcpStream, mut left: usize) -> usize {
    let mut buffer = vec![0; 256 * 1024];
    while left > 0 {
        match std::io::Read::read(stream, &mut buffer).unwrap() {
            0 => break,
            count => left -= count,
        }
    }
    left
}

#[test]
fn a_long_download_waits_for_a_slow_reader_of_http_2_and_takes_no_memory() {
    const SIZE: usize = 64 << 20;
    let held = download("download-h2", SIZE);
    let before = stage().gateway.resident_kib();
    over_http2("/download-h2", async |answer| {
        let sent = held.recv().unwrap();
        assert!(sent < SIZE / 2, "{sent} bytes were taken from the upstream though the client read none");
        let most = stage().gateway.resident_kib().saturating_sub(before);
        assert!(most < 64 * 1024, "{most} KiB more");
        let (mut body, mut left) = (answer.into_body(), SIZE);
        while let Some(frame) = body.frame().await {
            left -= frame.unwrap().into_data().unwrap().len();
        }
        assert_eq!(left, 0);
    });
}
