//! A log of the events that a session reports, with one line for each event.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use zuora_core::observer::{CallEvent, CallEventKind, CallId, RetryDecision};

/// The events of all calls that were reported so far.
#[derive(Clone, Debug, Default)]
pub struct EventLog(Arc<Mutex<Vec<(Option<CallId>, String)>>>);

impl EventLog {
    /// Returns the observer that writes the log.
    pub fn observer(&self) -> impl Fn(&CallEvent<'_>) + Send + Sync + 'static {
        let log = Arc::clone(&self.0);
        move |event| log.lock().unwrap().push((event.call.map(|call| call.id), line(&event.kind)))
    }

    /// Returns all lines, and empties the log.
    pub fn take(&self) -> Vec<String> {
        self.0.lock().unwrap().drain(..).map(|(_, line)| line).collect()
    }

    /// Returns the lines of all abandoned calls.
    pub fn abandoned(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().map(|(_, line)| line).filter(|line| line.starts_with("abandoned")).cloned().collect()
    }

    /// Describes the first fault of the log: each call begins with its start and has exactly one end, an attempt has at
    /// most one classification, and each failed attempt has a decision.
    pub fn fault(&self) -> Option<String> {
        let mut calls = BTreeMap::<CallId, Vec<String>>::new();
        for (call, line) in self.0.lock().unwrap().iter() {
            if let Some(call) = call {
                calls.entry(*call).or_default().push(line.clone());
            }
        }
        calls.values().find_map(|lines| fault_of(lines).map(|fault| format!("{fault}: {lines:#?}")))
    }
}

fn fault_of(lines: &[String]) -> Option<&'static str> {
    let is_end = |line: &String| line.starts_with("ended") || line.starts_with("abandoned");
    let count = |prefix: &str| lines.iter().filter(|line| line.starts_with(prefix)).count();
    if lines.first().is_none_or(|line| line != "started") || count("started") != 1 {
        return Some("a call begins with its start");
    }
    if !lines.last().is_some_and(is_end) || lines.iter().filter(|line| is_end(line)).count() != 1 {
        return Some("a call has one end, which is its last event");
    }
    let mut in_flight = false;
    for line in lines {
        match line.split(' ').next().unwrap_or_default() {
            "sent" if in_flight => return Some("one attempt is in flight at a time"),
            "sent" => in_flight = true,
            "classified" if !in_flight => return Some("an attempt is sent before its result"),
            "classified" => in_flight = false,
            "decided" if in_flight => return Some("a decision follows the result"),
            _ => {}
        }
    }
    let successes = count("classified success");
    if count("classified") - successes != count("decided") {
        return Some("each failed attempt has one decision");
    }
    None
}

fn line(kind: &CallEventKind<'_>) -> String {
    match kind {
        CallEventKind::Started => "started".to_owned(),
        CallEventKind::TokenRequested { attempt, .. } => format!("token {attempt}"),
        CallEventKind::AttemptSent { attempt, body_bytes, timeout, .. } => {
            format!("sent {attempt}: {body_bytes} bytes, at most {timeout:?}")
        }
        CallEventKind::AttemptClassified { classification, status, body_bytes, request_id, .. } => {
            let status = status.map_or(0, |status| status.as_u16());
            let id = request_id.as_deref().unwrap_or("-");
            format!("classified {} {status}: {body_bytes} bytes, id {id}", classification.name())
        }
        CallEventKind::RetryDecided { attempt, because, decision, .. } => {
            let decision = match decision {
                RetryDecision::Retry { has_new_key: false, .. } => "retry".to_owned(),
                RetryDecision::Retry { .. } => "retry with a new key".to_owned(),
                other => format!("{other:?}"),
            };
            format!("decided {attempt}: {decision} because {}", because.name())
        }
        CallEventKind::WaitStarted { reason, .. } => format!("wait {}", reason.name()),
        CallEventKind::LimiterClosed { quota, duration, .. } => format!("closed {quota:?} for {duration:?}"),
        CallEventKind::LimiterOpened { quota, .. } => format!("opened {quota:?}"),
        CallEventKind::Ended { result: Ok(()), attempts, .. } => format!("ended ok after {attempts}"),
        CallEventKind::Ended { result: Err(error), attempts, .. } => {
            format!("ended {:?} {:?} after {attempts}", error.kind(), error.outcome())
        }
        CallEventKind::Abandoned { outcome, attempts, .. } => {
            format!("abandoned {outcome:?} after {attempts}")
        }
        other => format!("{other:?}"),
    }
}
