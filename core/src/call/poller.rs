//! Looking at something again and again until it is decided.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::call::{Answer, Call};
use crate::error::{Cause, Error, Result};
use crate::machine::{Action, Event, Machine};
use crate::operation::Operation;
use crate::session::Session;
use crate::session::call_options::CallOptions;
use crate::transport::Now;

/// Something that is looked at again until it is decided. It may switch what it reads, it has memory, and it
/// sees refusals: that an object is gone can be what was waited for.
pub trait Awaited {
    /// What one look reads.
    type Read: Operation;
    /// What there is in the end.
    type Ready;

    /// The next look.
    fn read(&self) -> Self::Read;

    /// Judges what a look showed. An error that is handed back ends the wait, unless it is one that passes.
    ///
    /// `now` is when the look began: what it showed is at least as new, whereas the answer may have been long
    /// under way.
    ///
    /// # Errors
    /// The goal cannot be reached any more, or the look failed.
    fn judge(
        &mut self,
        seen: Result<<Self::Read as Operation>::Output>,
        now: Now,
    ) -> Result<Progress<Self::Ready>>;
}

/// What a caller cannot go below: a loop without rest would use up the tenant's limits for everybody.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What the last look of a wait is given, however little time is left.
const LAST_LOOK: Duration = Duration::from_secs(30);

/// What a look has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// Not decided. The time until the next look, where one is known.
    Pending(Option<Duration>),
    /// Decided.
    Ready(T),
}

/// How often to look and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// Pause after the first look; each later one is half as long again. 1 s unless set.
    pub first: Duration,
    /// Longest pause; 30 s unless set.
    pub longest: Duration,
    /// The whole wait; two hours unless set.
    pub deadline: Duration,
    /// Looks that may fail one after the other, for reasons that pass; 10 unless set.
    pub failed_looks: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            deadline: Duration::from_secs(2 * 60 * 60),
            failed_looks: 10,
        }
    }
}

impl Pace {
    /// Pauses from `first` up to `longest`; none is shorter than 100 ms.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, ..Self::default() }
    }

    /// Gives up after this time.
    #[must_use]
    pub fn deadline(mut self, span: Duration) -> Self {
        self.deadline = span;
        self
    }

    /// Looks that may fail one after the other.
    #[must_use]
    pub fn failed_looks(mut self, looks: u32) -> Self {
        self.failed_looks = looks;
        self
    }
}

/// A [`Machine`] that takes one look each time it is driven, after the pause that is due.
///
/// The caller sees every status without a callback, and may keep the watch as text
/// ([`to_text`](Self::to_text)) for another process to take up.
pub struct Watch<A: Awaited> {
    session: Session,
    options: CallOptions,
    awaited: A,
    pace: Pace,
    pause: Duration,
    waited_before: Duration,
    started: Option<Now>,
    next_look: Option<Now>,
    failures: u32,
    under_way: Option<(Now, Call<A::Read>)>,
    over: bool,
}

impl<A: Awaited> Watch<A> {
    /// Nothing is read before it is driven.
    pub fn new(session: &Session, awaited: A, pace: Pace) -> Self {
        Self {
            session: session.clone(),
            options: CallOptions::default(),
            awaited,
            pace,
            pause: pace.first,
            waited_before: Duration::ZERO,
            started: None,
            next_look: None,
            failures: 0,
            under_way: None,
            over: false,
        }
    }

    /// What is awaited, with what it remembers of the last look.
    pub fn awaited(&self) -> &A {
        &self.awaited
    }

    /// A machine that goes on until it is decided.
    pub fn to_end(self) -> ToEnd<A> {
        ToEnd(self)
    }

    fn waited(&self, now: Now) -> Duration {
        let since = self.started.map_or(Duration::ZERO, |started| started.until(now));
        self.waited_before.saturating_add(since)
    }

    fn looked(
        &mut self,
        seen: Result<Answer<<A::Read as Operation>::Output>>,
        began: Now,
        now: Now,
    ) -> Action<Progress<A::Ready>> {
        let failed = seen.is_err();
        let judged = self.awaited.judge(seen.map(Answer::into_inner), began);
        let hint = match judged {
            Ok(Progress::Ready(ready)) => {
                self.over = true;
                return Action::Done(Ok(Progress::Ready(ready)));
            }
            Ok(Progress::Pending(hint)) => {
                self.failures = if failed { self.failures.saturating_add(1) } else { 0 };
                hint
            }
            Err(error) if failed && error.is_retryable() && self.failures < self.pace.failed_looks => {
                self.failures += 1;
                error.retry_after()
            }
            Err(error) => {
                self.over = true;
                return Action::Done(Err(error));
            }
        };
        let pause = self.pause.max(hint.unwrap_or_default()).max(SHORTEST_PAUSE);
        self.pause = self.pause.saturating_mul(3).checked_div(2).unwrap_or(self.pause).min(self.pace.longest);
        let left = self.pace.deadline.saturating_sub(self.waited(now));
        let pause = pause.min(left);
        self.next_look = Some(now + pause);
        Action::Done(Ok(Progress::Pending(Some(pause))))
    }
}

impl<A: Awaited> Machine for Watch<A> {
    type Output = Progress<A::Ready>;

    fn step(&mut self, event: Event, now: Now) -> Action<Self::Output> {
        if self.over {
            return Action::Done(Err(Error::failed("this watch is over: it was decided or has failed")));
        }
        self.started.get_or_insert(now);
        let (began, mut call) = match self.under_way.take() {
            Some(look) => look,
            None => {
                if let Some(next_look) = self.next_look.filter(|next_look| now < *next_look) {
                    return Action::Wait(next_look);
                }
                if self.next_look.is_some() && self.waited(now) >= self.pace.deadline {
                    self.over = true;
                    let what = "not decided within the time for the whole wait";
                    return Action::Done(Err(Cause::Deadline { what: what.into() }.into()));
                }
                let left = self.pace.deadline.saturating_sub(self.waited(now)).max(LAST_LOOK);
                let span = self.session.timing().with(&self.options).deadline.min(left);
                let options = self.options.clone().deadline(span);
                (now, Call::with(&self.session, self.awaited.read(), &options))
            }
        };
        match call.step(event, now) {
            Action::Send(request, limits) => {
                self.under_way = Some((began, call));
                Action::Send(request, limits)
            }
            Action::Wait(until) => {
                self.under_way = Some((began, call));
                Action::Wait(until)
            }
            Action::Done(seen) => self.looked(seen, began, now),
        }
    }
}

/// A [`Watch`] that is driven to its decision in one go.
pub struct ToEnd<A: Awaited>(Watch<A>);

impl<A: Awaited> Machine for ToEnd<A> {
    type Output = A::Ready;

    fn step(&mut self, mut event: Event, now: Now) -> Action<A::Ready> {
        loop {
            match self.0.step(event, now) {
                Action::Done(Ok(Progress::Pending(Some(pause)))) if pause > Duration::ZERO => {
                    event = Event::Tick;
                }
                Action::Done(Ok(Progress::Pending(_))) => return Action::Wait(now),
                Action::Done(Ok(Progress::Ready(ready))) => return Action::Done(Ok(ready)),
                Action::Done(Err(error)) => return Action::Done(Err(error)),
                Action::Send(request, limits) => return Action::Send(request, limits),
                Action::Wait(until) => return Action::Wait(until),
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Kept<A> {
    awaited: A,
    waited_ms: u64,
    pause_ms: u64,
    failures: u32,
}

impl<A: Awaited + Serialize + DeserializeOwned> Watch<A> {
    /// The watch as JSON text, for another process. It holds no token.
    ///
    /// # Errors
    /// What is awaited cannot be written.
    pub fn to_text(&self, now: Now) -> Result<String> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let kept = Kept {
            awaited: &self.awaited,
            waited_ms: millis(self.waited(now)),
            pause_ms: millis(self.pause),
            failures: self.failures,
        };
        serde_json::to_string(&kept).map_err(|error| Error::invalid("watch", error.to_string()))
    }

    /// Takes up a watch that was kept. The time it has waited counts on; the next look is due at once.
    ///
    /// # Errors
    /// Text that [`to_text`](Self::to_text) did not write.
    pub fn from_text(session: &Session, text: &str, pace: Pace) -> Result<Self> {
        let kept: Kept<A> =
            serde_json::from_str(text).map_err(|error| Error::unreadable("watch", error.to_string()))?;
        Ok(Self {
            pause: Duration::from_millis(kept.pause_ms),
            waited_before: Duration::from_millis(kept.waited_ms),
            failures: kept.failures,
            ..Self::new(session, kept.awaited, pace)
        })
    }
}
