//! A log's way out: lines wait in a bounded queue for a thread of their own, so that nobody who logs waits for a disk.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::OFlags;

/// Bytes that wait at most; lines beyond them are dropped and counted.
const MOST: usize = 8 * 1024 * 1024;
/// Of these, what only the error log may fill: a flood of requests does not silence what is said about it.
const RESERVED: usize = 1024 * 1024;
/// How long lines wait for others to be written with.
const PAUSE: Duration = Duration::from_millis(5);
/// Bytes that are written without a pause.
const ENOUGH: usize = 64 * 1024;
/// How long is waited for the queue to be written when the process ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the lines of one log go.
#[derive(Debug)]
pub(super) struct Sink {
    name: String,
    queue: Mutex<Queue>,
    filled: Condvar,
    emptied: Condvar,
    written: AtomicU64,
    dropped: AtomicU64,
    lost: AtomicU64,
}

/// What happened to the lines of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFigures {
    /// The log's place, as the settings name it.
    pub log: String,
    /// Lines that were written.
    pub written: u64,
    /// Lines that were dropped because too many waited.
    pub dropped: u64,
    /// Lines that could not be written.
    pub lost: u64,
}

#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    reopen: bool,
    /// Somebody waits until all is written.
    urgent: bool,
    /// The thread is writing what it took.
    busy: bool,
}

/// What a sink writes to.
#[derive(Debug)]
pub(super) enum Out {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, by its path.
    File(File, PathBuf),
}

impl Out {
    /// Opens a file to append to. The folder is made where it is in the prefix.
    pub(super) fn file(path: &Path, prefix: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| folder.starts_with(prefix)) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        open(path).map(|file| Self::File(file, path.to_owned()))
    }

    fn writer(&mut self) -> Box<dyn Write + '_> {
        match self {
            Self::Stdout => Box::new(io::stdout().lock()),
            Self::Stderr => Box::new(io::stderr().lock()),
            Self::File(file, _) => Box::new(file),
        }
    }
}

/// Opens a file to append to. A pipe (FIFO) is opened for reading too: that waits for no reader, and one that comes later, or goes and
/// comes back, finds the lines that wait. Nor does a write to it wait: nobody may come, and the log is to be opened again then.
fn open(path: &Path) -> io::Result<File> {
    let is_pipe = std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    let mut options = OpenOptions::new();
    options.append(true).read(is_pipe).create(!is_pipe).mode(0o640);
    if is_pipe {
        options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path);
    file.map_err(|cause| match cause.kind() {
        ErrorKind::PermissionDenied if is_pipe => io::Error::new(
            cause.kind(),
            format!("a pipe is opened for reading too, so that nobody waits for its reader: {cause}"),
        ),
        _ => cause,
    })
}

impl Sink {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// The system has no thread to give.
    ///
    /// `voice` says what is wrong with it, where it is not what is wrong itself.
    pub(super) fn start(name: String, out: Out, voice: Option<Arc<Self>>) -> io::Result<Arc<Self>> {
        let sink = Arc::new(Self {
            name,
            queue: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            written: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let own = Arc::clone(&sink);
        let writer = Writer { sink: own, out, voice, is_torn: false, fails: false };
        std::thread::Builder::new().name("keybound-log".to_owned()).spawn(move || writer.run())?;
        Ok(sink)
    }

    /// Takes a line of an access log, or drops it when too much waits. Never waits for the disk.
    pub(super) fn push(&self, line: &[u8]) {
        self.take(line, MOST - RESERVED);
    }

    /// Takes a line of the error log.
    pub(super) fn push_error(&self, line: &[u8]) {
        self.take(line, MOST);
    }

    fn take(&self, line: &[u8], most: usize) {
        let mut queue = self.lock();
        let before = queue.lines.len();
        if before + line.len() > most {
            drop(queue);
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        queue.lines.extend_from_slice(line);
        let after = queue.lines.len();
        drop(queue);
        if before == 0 || (before < ENOUGH && after >= ENOUGH) {
            self.filled.notify_one();
        }
    }

    /// Has the file opened again by its path: what was taken before is written to the old one.
    pub(super) fn reopen(&self) {
        self.lock().reopen = true;
        self.filled.notify_one();
    }

    /// Waits until everything that was taken is written, or for some seconds.
    pub(super) fn flush(&self) {
        let mut queue = self.lock();
        queue.urgent = true;
        self.filled.notify_one();
        let unwritten = |queue: &mut Queue| queue.busy || queue.reopen || !queue.lines.is_empty();
        drop(self.emptied.wait_timeout_while(queue, PATIENCE, unwritten));
        self.lock().urgent = false;
    }

    pub(super) fn figures(&self) -> LogFigures {
        LogFigures {
            log: self.name.clone(),
            written: self.written.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            lost: self.lost.load(Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that writes.
struct Writer {
    sink: Arc<Sink>,
    out: Out,
    voice: Option<Arc<Sink>>,
    /// Whether the last line in the file is not whole.
    is_torn: bool,
    /// Whether the last write failed.
    fails: bool,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let reopen = self.next(&mut batch);
            let reopened = self.write(&batch, reopen);
            batch.clear();
            batch.shrink_to(2 * ENOUGH);
            if reopen && !reopened && self.reopen() {
                self.is_torn = false;
            }
        }
    }

    /// Waits for lines, and for some more that may come with them. Answers whether the file is to be opened again.
    fn next(&self, batch: &mut Vec<u8>) -> bool {
        let sink = &*self.sink;
        let mut queue = sink.lock();
        queue.busy = false;
        if queue.lines.is_empty() {
            sink.emptied.notify_all();
        }
        while queue.lines.is_empty() && !queue.reopen {
            queue = sink.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let more = |queue: &mut Queue| queue.lines.len() < ENOUGH && !queue.urgent && !queue.reopen;
        let waited = sink.filled.wait_timeout_while(queue, PAUSE, more);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        std::mem::swap(&mut queue.lines, batch);
        queue.busy = true;
        std::mem::take(&mut queue.reopen)
    }

    /// Writes lines. A pipe that is full is opened again at once when that is asked for: whoever read it may be gone, and what is left
    /// goes to the one that stands there now. Answers whether that was so.
    fn write(&mut self, batch: &[u8], mut reopen: bool) -> bool {
        let (mut rest, mut fault, mut reopened) = (batch, None, false);
        while !rest.is_empty() {
            let torn: &[u8] = if self.is_torn { b"\n" } else { b"" };
            let ended = {
                let mut out = self.out.writer();
                let sink = &*self.sink;
                let waits = || !reopen && !sink.lock().reopen;
                match put(&mut *out, torn, waits) {
                    Ok(()) => put(&mut *out, rest, waits),
                    Err(Cut { cause, .. }) => Err(Cut { left: rest.len(), cause }),
                }
            };
            let left = ended.as_ref().err().map_or(0, |cut| cut.left);
            let (done, unwritten) =
                rest.split_at_checked(rest.len().saturating_sub(left)).unwrap_or((rest, &[]));
            if let Some(last) = done.last() {
                self.is_torn = *last != b'\n';
            }
            self.sink.written.fetch_add(lines(done), Relaxed);
            rest = match ended {
                Ok(()) => &[],
                Err(Cut { cause, .. }) if cause.kind() == ErrorKind::WouldBlock => {
                    (reopen, reopened) = (false, true);
                    self.sink.lock().reopen = false;
                    self.reopen();
                    // It may be the same pipe. A line that was cut goes on nowhere.
                    let cut = if self.is_torn { after_line(unwritten) } else { 0 };
                    let (cut, whole) = unwritten.split_at_checked(cut).unwrap_or((unwritten, &[]));
                    self.sink.lost.fetch_add(lines(cut), Relaxed);
                    whole
                }
                Err(Cut { cause, .. }) => {
                    self.sink.lost.fetch_add(lines(unwritten), Relaxed);
                    fault = Some(cause);
                    &[]
                }
            };
        }
        if !batch.is_empty() {
            self.tell(fault);
        }
        reopened
    }

    /// Says that the log fails, or that it does no more.
    fn tell(&mut self, fault: Option<io::Error>) {
        match (fault, self.fails) {
            (Some(cause), false) => {
                self.fails = true;
                self.say(&format!("the log cannot be written, and lines are lost: {cause}"));
            }
            (None, true) => {
                self.fails = false;
                let lost = self.sink.lost.load(Relaxed);
                self.say(&format!("the log can be written again; {lost} lines were lost so far"));
            }
            _ => {}
        }
    }

    /// Answers whether it could.
    fn reopen(&mut self) -> bool {
        let Out::File(_, path) = &self.out else { return false };
        let path = path.clone();
        match open(&path) {
            Ok(file) => {
                self.out = Out::File(file, path);
                true
            }
            Err(cause) => {
                self.say(&format!("the log cannot be opened again, and the old file is kept: {cause}"));
                false
            }
        }
    }

    /// Says something about the log elsewhere: the log itself may be what does not work. Nobody waits for whoever reads there.
    fn say(&self, text: &str) {
        if let Some(voice) = &self.voice {
            voice.push_error(format!("keybound: {}: {text}\n", self.sink.name).as_bytes());
        }
    }
}

/// Where the next line begins.
fn after_line(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1)
}

fn lines(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u64::MAX)
}

/// A write that did not come to its end.
struct Cut {
    /// Bytes that were not written.
    left: usize,
    cause: io::Error,
}

/// Writes all of it. A pipe that is full is waited for as long as somebody `waits`.
fn put(out: &mut dyn Write, mut bytes: &[u8], waits: impl Fn() -> bool) -> Result<(), Cut> {
    while !bytes.is_empty() {
        let cut = |cause| Cut { left: bytes.len(), cause };
        match out.write(bytes) {
            Ok(0) => return Err(cut(ErrorKind::WriteZero.into())),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A pipe whose reader is slow.
            Err(error) if error.kind() == ErrorKind::WouldBlock && waits() => {
                std::thread::park_timeout(PAUSE)
            }
            Err(error) => return Err(cut(error)),
        }
    }
    out.flush().map_err(|cause| Cut { left: bytes.len(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn sink(path: &Path) -> Arc<Sink> {
        Sink::start("test".to_owned(), Out::file(path, path.parent().unwrap()).unwrap(), None).unwrap()
    }

    #[test]
    fn a_file_that_was_moved_away_is_opened_again_and_no_line_is_lost() {
        let folder = folder();
        let (path, old) = (folder.path().join("logs/access.log"), folder.path().join("old"));
        let sink = Sink::start("test".to_owned(), Out::file(&path, folder.path()).unwrap(), None).unwrap();
        sink.push(b"one\n");
        std::fs::rename(&path, &old).unwrap();
        sink.push(b"two\n");
        sink.reopen();
        sink.flush();
        sink.push(b"three\n");
        sink.flush();
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(sink.figures().written, 3);
    }

    #[test]
    fn a_disk_without_room_loses_lines_and_counts_them() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let folder = folder();
        let voice = sink(&folder.path().join("error.log"));
        let out = Out::File(full, PathBuf::from("/dev/full"));
        let sink = Sink::start("test".to_owned(), out, Some(Arc::clone(&voice))).unwrap();
        sink.push(b"one\ntwo\n");
        sink.flush();
        voice.flush();
        assert_eq!(voice.figures().written, 1);
        let figures = sink.figures();
        assert_eq!((figures.written, figures.lost), (0, 2));
    }

    #[test]
    fn a_named_pipe_is_opened_before_anybody_reads_it_and_a_reader_that_comes_finds_the_lines() {
        let folder = folder();
        let path = folder.path().join("access.pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let (opened_in, opened) = std::sync::mpsc::channel();
        let place = path.clone();
        std::thread::spawn(move || opened_in.send(sink(&place)));
        let sink = opened.recv_timeout(Duration::from_secs(30)).expect("it waits for a reader");
        sink.push(b"one\n");
        sink.reopen();
        sink.push(b"two\n");
        sink.flush();
        let mut reader = io::BufReader::new(File::open(&path).unwrap());
        let mut lines = String::new();
        for _ in 0..2 {
            assert_eq!(io::BufRead::read_line(&mut reader, &mut lines).unwrap(), 4);
        }
        assert_eq!(lines, "one\ntwo\n");
    }

    #[test]
    fn a_full_pipe_that_nobody_reads_any_more_is_left_for_the_one_that_stands_there_when_it_is_opened_again()
    {
        let folder = folder();
        let path = folder.path().join("access.pipe");
        let make = || assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        make();
        let sink = sink(&path);
        let (long, count) = (format!("{}\n", "x".repeat(999)), 200);
        sink.push(long.repeat(count).as_bytes());
        std::fs::remove_file(&path).unwrap();
        make();
        sink.reopen();
        let (read_in, read) = std::sync::mpsc::channel();
        let place = path.clone();
        std::thread::spawn(move || {
            for line in io::BufRead::lines(io::BufReader::new(File::open(&place).unwrap())) {
                read_in.send(line.unwrap()).unwrap();
            }
        });
        sink.push(b"after\n");
        let lines: Vec<String> = std::iter::from_fn(|| read.recv_timeout(Duration::from_secs(30)).ok())
            .take_while(|line| line != "after")
            .collect();
        // What went into the old pipe, and the line that was cut then, is gone; the rest came, line by line.
        assert!((1..count).contains(&lines.len()), "{}", lines.len());
        assert!(lines.iter().all(|line| line.is_empty() || line.len() == 999));
        assert!(sink.figures().lost <= 1);
    }

    #[test]
    fn nobody_waits_for_a_pipe_that_nobody_reads_and_what_is_dropped_is_counted() {
        let (reader, writer) = io::pipe().unwrap();
        let pipe =
            || Out::File(File::from(std::os::fd::OwnedFd::from(writer.try_clone().unwrap())), PathBuf::new());
        let voice = Sink::start("voice".to_owned(), pipe(), None).unwrap();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let out = Out::File(full, PathBuf::from("/dev/full"));
        let speaking = Sink::start("test".to_owned(), out, Some(Arc::clone(&voice))).unwrap();
        let line = [vec![b'x'; ENOUGH - 1], vec![b'\n']].concat();
        let mut pushed = 0;
        while voice.figures().dropped == 0 {
            voice.push_error(&line);
            pushed += 1;
            assert!(pushed < 1000, "the pipe takes everything");
        }
        // A log that has to say something goes on too.
        speaking.push(b"one\n");
        speaking.flush();
        assert_eq!(speaking.figures().lost, 1);
        drop(reader);
        voice.flush();
        let figures = voice.figures();
        assert_eq!(figures.written + figures.lost + figures.dropped, pushed + 1);
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted_and_the_error_log_has_room_left() {
        let folder = folder();
        let sink = sink(&folder.path().join("access.log"));
        let long = vec![b'x'; MOST - RESERVED + 1];
        sink.push(&long);
        assert_eq!(sink.figures().dropped, 1);
        sink.push_error(&long);
        sink.flush();
        assert_eq!(sink.figures().dropped, 1);
    }
}
