use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Version, header};
use hyper::ext::ReasonPhrase;
use keybound_plugins::contract::BodySource as _;
use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::head::{self, Framing};
use super::*;
use crate::proxy::request_body::RequestBody;
use crate::upstream::timed_io::{Stream, WriteTimeout};

fn read(text: &str, method: &Method) -> Result<Option<head::Answer>, Failed> {
    HeadReader::default().read(&mut BytesMut::from(text), method)
}

#[test]
fn a_head_is_the_same_however_its_bytes_are_cut_and_what_follows_is_kept() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let text = format!("{interim}HTTP/1.1 200 Fine\r\nContent-Length: 3\r\nX-A: 1\r\nX-A: \r\n\r\nabc");
    let whole = text.len() - 3;
    for cut in 0..text.len() {
        let (mut reader, mut input) = (HeadReader::default(), BytesMut::from(&text[..cut]));
        let early = reader.read(&mut input, &Method::GET).unwrap();
        assert_eq!(early.is_some(), cut >= whole, "{cut}");
        let answer = early.unwrap_or_else(|| {
            input.extend_from_slice(&text.as_bytes()[cut..]);
            reader.read(&mut input, &Method::GET).unwrap().unwrap()
        });
        assert_eq!(answer.parts.status, 200);
        assert_eq!(answer.parts.extensions.get::<ReasonPhrase>().unwrap().as_bytes(), b"Fine");
        assert_eq!(answer.parts.headers.get_all("x-a").iter().count(), 2);
        assert_eq!(answer.framing, Framing::Length(3));
        assert!(answer.persists);
        let rest = if cut >= whole { &text[whole..cut] } else { "abc" };
        assert_eq!(input, rest, "{cut}");
    }
}

#[rstest]
#[case::length("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Framing::Length(3), true)]
#[case::chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", Framing::Chunked, true)]
#[case::neither("HTTP/1.1 200 OK\r\n\r\n", Framing::Close, false)]
#[case::another_coding("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Framing::Close, false)]
#[case::no_content("HTTP/1.1 204 No Content\r\n\r\n", Framing::Length(0), true)]
#[case::not_modified("HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", Framing::Length(0), true)]
#[case::close(
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: a, Close\r\n\r\n",
    Framing::Length(3),
    false
)]
#[case::old("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", Framing::Length(3), false)]
#[case::old_but_kept(
    "HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n",
    Framing::Length(3),
    true
)]
fn a_body_ends_where_the_head_says(#[case] text: &str, #[case] framing: Framing, #[case] persists: bool) {
    let answer = read(text, &Method::GET).unwrap().unwrap();
    assert_eq!((answer.framing, answer.persists), (framing, persists));
}

#[test]
fn an_answer_to_head_has_no_body_whatever_it_says() {
    for field in ["Content-Length: 3", "Transfer-Encoding: chunked", "A: b"] {
        let answer = read(&format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n"), &Method::HEAD).unwrap().unwrap();
        assert_eq!((answer.framing, answer.persists), (Framing::Length(0), true));
    }
}

#[test]
fn what_is_no_head_is_refused() {
    for text in [
        "HTTP/2.0 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ] {
        assert!(read(text, &Method::GET).is_err(), "{text:?}");
    }
    let many = |count| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(count));
    for count in [100, 101, 1000] {
        let answer = read(&many(count), &Method::HEAD).unwrap().unwrap();
        assert_eq!(answer.parts.headers.get_all("a").iter().count(), count);
    }
    let too_many = read(&many(1001), &Method::GET);
    assert!(matches!(too_many, Err(Failed::Head(httparse::Error::TooManyHeaders))), "{too_many:?}");
    let long = format!("HTTP/1.1 200 OK\r\nA: {}", "b".repeat(200_000));
    assert!(matches!(read(&long, &Method::GET), Err(Failed::HeadLength)));
    assert!(matches!(read(&format!("{long}\r\n\r\n"), &Method::GET), Err(Failed::HeadLength)));
}

#[test]
fn what_is_no_head_is_refused_without_waiting_for_its_end() {
    for start in ["SSH-2.0-OpenSSH", "HTTP/2.0 200", "HTTP/1.1 2x", "\0"] {
        assert!(read(start, &Method::GET).is_err(), "{start:?}");
    }
    for start in ["H", "HTTP/1.1 200 OK\r\nA", ""] {
        assert!(read(start, &Method::GET).unwrap().is_none(), "{start:?}");
    }
}

#[test]
fn interim_responses_are_bounded_however_they_come() {
    for at_once in [1, 100] {
        let (mut reader, mut input) = (HeadReader::default(), BytesMut::new());
        let failed = (0..2000).find_map(|count| {
            input.extend_from_slice("HTTP/1.1 102 Processing\r\n\r\n".repeat(at_once).as_bytes());
            reader.read(&mut input, &Method::GET).err().map(|failed| (count, failed))
        });
        let (count, failed) = failed.unwrap();
        assert!(matches!(failed, Failed::Interim) && count * at_once >= 900, "{count}: {failed}");
    }
}

#[test]
fn an_old_version_is_told() {
    let answer = read("HTTP/1.0 200 OK\r\n\r\n", &Method::GET).unwrap().unwrap();
    assert_eq!(answer.parts.version, Version::HTTP_10);
    assert!(answer.parts.extensions.get::<ReasonPhrase>().is_none());
}

#[test]
fn a_request_is_written_line_by_line() {
    let request =
        Request::get("/a?b=c").header(header::HOST, "a.test").header("x-empty", "").body(()).unwrap();
    let mut output = Vec::new();
    head::write(&mut output, &request.into_parts().0);
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "GET /a?b=c HTTP/1.1\r\nhost: a.test\r\nx-empty: \r\n\r\n"
    );
}

/// A connection and its other side.
async fn pair() -> (Connection, TcpStream) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let write_timeout = WriteTimeout::default();
    write_timeout.set(Duration::from_secs(60));
    let (other, _) = listener.accept().await.unwrap();
    (Connection::new(TimedIo::new(Stream::Plain(stream), write_timeout)), other)
}

/// Sends a request without a body, has the other side answer, and reads all of it.
async fn exchange(
    connection: &mut Connection,
    other: &mut TcpStream,
    answer: &str,
) -> Result<String, Failed> {
    let parts = Request::get("/").header(header::HOST, "a").body(()).unwrap().into_parts().0;
    connection.begin(&parts, RequestBody::empty());
    poll_fn(|context| connection.poll_send(context)).await?;
    let mut request = vec![0; 27];
    other.read_exact(&mut request).await.unwrap();
    assert_eq!(request, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    other.write_all(answer.as_bytes()).await.unwrap();
    poll_fn(|context| connection.poll_head(context)).await?;
    let mut content = Vec::new();
    while let Some(frame) = poll_fn(|context| connection.poll_frame(context)).await {
        if let Ok(data) = frame?.into_data() {
            content.extend_from_slice(&data);
        }
    }
    Ok(String::from_utf8(content).unwrap())
}

#[tokio::test]
async fn a_connection_serves_one_exchange_after_the_other() {
    let (mut connection, mut other) = pair().await;
    for (answer, content) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nX: y\r\n\r\n",
            "abc",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
    ] {
        assert!(connection.is_open());
        assert_eq!(exchange(&mut connection, &mut other, answer).await.unwrap(), content);
        assert!(connection.is_reusable(), "{answer:?}");
    }
}

#[rstest]
#[case::more_than_was_asked_for("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n")]
#[case::more_than_its_chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP")]
#[case::close("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na")]
#[tokio::test]
async fn a_connection_that_says_too_much_or_ends_serves_nobody_after(#[case] answer: &str) {
    let (mut connection, mut other) = pair().await;
    assert_eq!(exchange(&mut connection, &mut other, answer).await.unwrap(), "a");
    assert!(!connection.is_reusable());
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_or_spoken_on_is_not_open() {
    for said in ["", "HTTP/1.1 408 Request Timeout\r\n\r\n"] {
        let (mut connection, mut other) = pair().await;
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
        exchange(&mut connection, &mut other, answer).await.unwrap();
        assert!(connection.is_open());
        other.write_all(said.as_bytes()).await.unwrap();
        drop(other);
        // The system tells of it in its time.
        while connection.is_open() {
            tokio::task::yield_now().await;
        }
    }
}

#[rstest]
#[case::before_the_head("")]
#[case::within_the_head("HTTP/1.1 200 OK\r\nContent-")]
#[case::within_a_length("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")]
#[case::within_chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
#[case::within_the_last_chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n")]
#[tokio::test]
async fn a_part_does_not_pass_for_the_whole(#[case] answer: &'static str) {
    let (mut connection, mut other) = pair().await;
    let parts = Request::get("/").body(()).unwrap().into_parts().0;
    connection.begin(&parts, RequestBody::empty());
    poll_fn(|context| connection.poll_send(context)).await.unwrap();
    other.write_all(answer.as_bytes()).await.unwrap();
    other.shutdown().await.unwrap();
    let failed = match poll_fn(|context| connection.poll_head(context)).await {
        Err(failed) => failed,
        Ok(_) => loop {
            match poll_fn(|context| connection.poll_frame(context)).await {
                Some(Ok(_)) => {}
                Some(Err(failed)) => break failed,
                None => panic!("the part passed for the whole"),
            }
        },
    };
    let expected = if answer.is_empty() { "before a response came" } else { "within the response" };
    assert!(failed.to_string().ends_with(expected), "{failed}");
    assert!(!connection.is_reusable());
}

#[tokio::test]
async fn a_closed_connection_is_not_open_either_when_the_task_has_used_up_its_turn() {
    let (mut connection, other) = pair().await;
    drop(other);
    // The system tells of it in its time.
    for _ in 0..10_000 {
        let open = poll_fn(|context| {
            // So much a task may do in one go, and more.
            for _ in 0..200 {
                let _ = pin!(tokio::task::consume_budget()).poll(context);
            }
            Poll::Ready(connection.is_open())
        });
        if !open.await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it was closed, and not looked at");
}

#[tokio::test]
async fn a_body_that_is_there_as_a_whole_is_on_its_way_until_the_upstream_has_taken_it() {
    let (mut connection, mut other) = pair().await;
    let content = vec![b'a'; 32 * 1024 * 1024];
    let parts =
        Request::post("/").header(header::CONTENT_LENGTH, content.len()).body(()).unwrap().into_parts().0;
    let mut body = RequestBody::empty();
    body.replace(Bytes::from(content));
    connection.begin(&parts, body);
    assert!(poll_fn(|context| Poll::Ready(connection.poll_send(context))).await.is_pending());
    assert!(!connection.is_sent());
    let taken = tokio::spawn(async move { tokio::io::copy(&mut other, &mut tokio::io::sink()).await });
    poll_fn(|context| connection.poll_send(context)).await.unwrap();
    assert!(connection.is_sent());
    drop(connection);
    assert!(taken.await.unwrap().unwrap() > 32 * 1024 * 1024);
}
