//! The streams of HTTP/2 connections: each is a task of its own, which ends early when its client does not take the answer.
//!
//! A client says how much of each stream it takes. One that takes nothing blocks no write, so that nothing but this would end its
//! streams; each holds what the upstream has sent so far, and the upstream's connection.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::activity::Activity;
use super::worker::Worker;

/// The streams of a worker that are open.
#[derive(Default)]
pub(crate) struct Streams {
    open: RefCell<HashMap<u64, Rc<Stream>>>,
    next: Cell<u64>,
}

struct Stream {
    worker: Rc<Worker>,
    number: u64,
    /// Since when there is something that the client does not take, in the worker's ticks; 0: there is not.
    full_since: Cell<u64>,
    ended: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// A request of an HTTP/2 connection up to its answer. Dropped before that, the client has given it up.
#[derive(Debug)]
pub(crate) struct Turn {
    activity: Activity,
    answered: bool,
}

/// Runs the streams of a client's connection on its worker's thread.
#[derive(Clone)]
pub(crate) struct StreamTasks(Rc<Worker>);

thread_local! {
    /// The stream whose task is running.
    static CURRENT: RefCell<Option<Rc<Stream>>> = const { RefCell::new(None) };
}

/// Notes for the stream whose task is running, if it is one: whether the next step is the client's. It is while there is
/// something for it, and not while there is nothing yet.
pub(crate) fn offers(something: bool) {
    CURRENT.with_borrow(|current| {
        if let Some(stream) = current {
            stream.full_since.set(if something { stream.worker.ticks.now() } else { 0 });
        }
    });
}

impl Streams {
    /// Ends the streams whose clients have taken nothing for so many milliseconds.
    pub(crate) fn end_stuck(&self, now: u64, limit: u128) {
        for stream in self.open.borrow().values() {
            let since = stream.full_since.get();
            if since > 0 && u128::from(now.saturating_sub(since)) > limit {
                stream.ended.set(true);
                if let Some(waker) = stream.waker.borrow().as_ref() {
                    waker.wake_by_ref();
                }
            }
        }
    }

    fn open(worker: &Rc<Worker>) -> Place {
        let streams = &worker.streams;
        let number = streams.next.get();
        streams.next.set(number.wrapping_add(1));
        let stream = Rc::new(Stream {
            worker: Rc::clone(worker),
            number,
            full_since: Cell::new(0),
            ended: Cell::new(false),
            waker: RefCell::new(None),
        });
        streams.open.borrow_mut().insert(number, Rc::clone(&stream));
        Place(stream)
    }
}

/// A stream's place among those of its worker; leaves it when dropped.
struct Place(Rc<Stream>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.worker.streams.open.borrow_mut().remove(&self.0.number);
    }
}

impl StreamTasks {
    pub(crate) fn new(worker: &Rc<Worker>) -> Self {
        Self(Rc::clone(worker))
    }
}

impl<F: Future + 'static> hyper::rt::Executor<F> for StreamTasks {
    fn execute(&self, future: F) {
        let place = Streams::open(&self.0);
        tokio::task::spawn_local(async move {
            let stream = &place.0;
            let mut future = pin!(future);
            poll_fn(|context| {
                if stream.ended.get() {
                    return Poll::Ready(());
                }
                // A task's waker stays the same; a task moves to no other.
                if stream.waker.borrow().is_none() {
                    *stream.waker.borrow_mut() = Some(context.waker().clone());
                }
                let before = CURRENT.replace(Some(Rc::clone(stream)));
                let polled = future.as_mut().poll(context);
                CURRENT.set(before);
                polled.map(drop)
            })
            .await;
        });
    }
}

impl Turn {
    pub(crate) fn new(activity: &Activity) -> Self {
        Self { activity: activity.clone(), answered: false }
    }

    /// The answer is there; the client's next step is to take it.
    pub(crate) fn answered(mut self) {
        self.answered = true;
        offers(true);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.answered {
            self.activity.given_up();
        }
    }
}

impl std::fmt::Debug for StreamTasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamTasks")
    }
}
