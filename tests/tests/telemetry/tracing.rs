//! The observer `to_tracing`, read with a subscriber.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event as TraceEvent, Level, Metadata, Subscriber};
use zuora_core::machine::{Event, Machine};
use zuora_core::observer::to_tracing;
use zuora_core::operation::Effect;
use zuora_tests::simulation::{
    CLIENT_SECRET, SendResult, Simulation, TOKEN, at, call, config, received, rejected, script, success, warm,
};

/// The fields of a span or an event, as texts.
type Fields = BTreeMap<&'static str, String>;

#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Trace>>);

#[derive(Debug, Default)]
struct Trace {
    /// Name, parent and fields of each span. Its id is its index and one.
    spans: Vec<(&'static str, Option<u64>, Fields)>,
    /// Level, span and fields of each event.
    events: Vec<(Level, Option<u64>, Fields)>,
    entered: Vec<u64>,
    open: usize,
}

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut trace = self.0.lock().unwrap();
        let mut fields = Fields::new();
        attributes.record(&mut Reader(&mut fields));
        let parent = attributes.parent().map(Id::into_u64).or(trace.entered.last().copied());
        trace.spans.push((attributes.metadata().name(), parent, fields));
        trace.open += 1;
        Id::from_u64(trace.spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut trace = self.0.lock().unwrap();
        values.record(&mut Reader(&mut trace.spans[span.into_u64() as usize - 1].2));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &TraceEvent<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        let parent = event.parent().map(Id::into_u64);
        self.0.lock().unwrap().events.push((*event.metadata().level(), parent, fields));
    }

    fn enter(&self, span: &Id) {
        self.0.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, _: &Id) {
        self.0.lock().unwrap().entered.pop();
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.lock().unwrap().open += 1;
        id.clone()
    }

    fn try_close(&self, _: Id) -> bool {
        self.0.lock().unwrap().open -= 1;
        true
    }
}

/// The trace of some work.
fn trace(work: impl FnOnce()) -> Trace {
    let spans = Spans::default();
    tracing::subscriber::with_default(spans.clone(), work);
    std::mem::take(&mut spans.0.lock().unwrap())
}

/// The trace of one call.
fn trace_of(effect: Effect, results: impl IntoIterator<Item = SendResult>) -> Trace {
    trace(|| {
        let session = warm(&config().track_id("t-1").observer(to_tracing()));
        let _ = Simulation::new(script(results)).drive(call(&session, effect));
    })
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

#[test]
fn a_call_is_a_span_with_the_fields_of_opentelemetry() {
    let trace =
        trace_of(Effect::Read, [received(200, &[("Zuora-Request-Id", "r-1")], r#"{"success":true}"#)]);
    let [(name, None, fields)] = &trace.spans[..] else { panic!("{trace:#?}") };
    assert_eq!(*name, "zuora_call");
    for (name, expected) in [
        ("otel.kind", "client"),
        ("otel.status_code", ""),
        ("code.function.name", "raw"),
        ("http.request.method", "GET"),
        ("http.request.resend_count", ""),
        ("http.response.status_code", "200"),
        ("url.full", "https://rest.zuora.com/v1/things/1"),
        ("server.address", "rest.zuora.com"),
        ("server.port", "443"),
        ("error.type", ""),
        ("zuora.track_id", "t-1"),
        ("zuora.request_id", "r-1"),
        ("zuora.outcome", ""),
    ] {
        assert_eq!(text(fields, name), expected, "{name}");
    }
    assert_eq!(trace.open, 0, "the span is closed");
}

#[test]
fn the_template_of_the_path_names_the_span_and_the_url_has_no_query() {
    let trace = trace(|| {
        let session = warm(&config().observer(to_tracing()));
        let items = zuora_core::invoices::GetInvoiceItems::new("INV1").page_size(7);
        let _ = Simulation::new(script([success()])).drive(zuora_core::machine::Call::new(&session, items));
    });
    let fields = &trace.spans[0].2;
    assert_eq!(text(fields, "url.template"), "/v1/invoices/{invoiceKey}/items");
    assert_eq!(text(fields, "otel.name"), "GET /v1/invoices/{invoiceKey}/items");
    assert_eq!(text(fields, "url.full"), "https://rest.zuora.com/v1/invoices/INV1/items");
}

#[test]
fn each_attempt_is_an_event_of_the_span() {
    let trace = trace_of(
        Effect::Keyed,
        [received(503, &[], ""), received(429, &[("Retry-After", "1")], ""), success()],
    );
    let attempts: Vec<_> = trace
        .events
        .iter()
        .filter(|(_, _, fields)| text(fields, "message") == "attempt")
        .map(|(level, span, fields)| {
            assert_eq!((*level, *span), (Level::DEBUG, Some(1)));
            let [attempt, status, result] =
                ["attempt", "http.response.status_code", "classification"].map(|name| text(fields, name));
            format!("{attempt} {status} {result}")
        })
        .collect();
    assert_eq!(attempts, ["1 503 indeterminate", "2 429 throttled", "3 200 success"]);
    assert_eq!(text(&trace.spans[0].2, "http.request.resend_count"), "2");
    let of_limiter = |message| {
        trace.events.iter().any(|(_, span, fields)| span.is_none() && text(fields, "message") == message)
    };
    assert!(of_limiter("limiter closed") && of_limiter("limiter opened"), "{trace:#?}");
}

#[test]
fn a_failure_marks_the_span_and_is_a_warning() {
    let rejected = trace_of(Effect::Keyed, [rejected(400, &["50000020"])]);
    let fields = &rejected.spans[0].2;
    let found = ["error.type", "otel.status_code", "zuora.outcome"].map(|name| text(fields, name));
    assert_eq!(found, ["400", "ERROR", "not_applied"]);
    let (level, span, warning) = rejected.events.last().unwrap();
    assert_eq!((*level, *span, text(warning, "message")), (Level::WARN, Some(1), "failed"));
    let lost = trace_of(Effect::Unkeyed, [SendResult::Lost]);
    let found = ["error.type", "zuora.outcome"].map(|name| text(&lost.spans[0].2, name));
    assert_eq!(found, ["transport", "unknown"]);
}

#[test]
fn an_abandoned_write_closes_its_span_with_a_warning() {
    let trace = trace(|| {
        let session = warm(&config().observer(to_tracing()));
        let _ = call(&session, Effect::Keyed).step(Event::Tick, at(0));
    });
    assert_eq!((text(&trace.spans[0].2, "zuora.outcome"), trace.open), ("unknown", 0));
    assert_eq!(trace.events.last().unwrap().0, Level::WARN);
}

#[test]
fn the_span_of_the_caller_is_the_parent() {
    let trace = trace(|| {
        let session = warm(&config().observer(to_tracing()));
        let nightly = tracing::info_span!("nightly");
        nightly.in_scope(|| {
            Simulation::new(script([success()])).drive(call(&session, Effect::Read)).result.is_ok()
        });
    });
    assert_eq!((trace.spans[0].0, trace.spans[1].1), ("nightly", Some(1)));
}

#[test]
fn a_trace_contains_no_secret() {
    let echo = received(
        400,
        &[("Zuora-Request-Id", TOKEN)],
        &format!(r#"{{"reasons":[{{"message":"{CLIENT_SECRET}"}}]}}"#),
    );
    let trace = format!("{:?}", trace_of(Effect::Keyed, [SendResult::Lost, echo]));
    assert!(!trace.contains(TOKEN) && !trace.contains(CLIENT_SECRET), "{trace}");
    assert!(trace.contains("idempotency_key"), "ids are part of a trace");
}
