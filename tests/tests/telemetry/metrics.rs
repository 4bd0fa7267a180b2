//! The observer `to_metrics`, read with a recorder.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use zuora_core::machine::{Event, Machine};
use zuora_core::observer::to_metrics;
use zuora_core::operation::Effect;
use zuora_tests::simulation::{
    SendResult, Simulation, at, call, cold, config, received, rejected, script, success, warm,
};

/// The sums of counters, the last values of gauges, and the numbers of values of histograms, by names and labels.
#[derive(Clone, Debug, Default)]
struct Values(Arc<Mutex<BTreeMap<String, f64>>>);

impl Values {
    fn metric(&self, key: &Key) -> Arc<Metric> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Metric { name: format!("{} {}", key.name(), labels.join(" ")), values: self.clone() })
    }

    fn of(self, name: &str) -> Option<f64> {
        self.0.lock().unwrap().get(name).copied()
    }
}

struct Metric {
    name: String,
    values: Values,
}

impl Metric {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(self.values.0.lock().unwrap().entry(self.name.clone()).or_default());
    }
}

impl CounterFn for Metric {
    fn increment(&self, value: u64) {
        self.change(|sum| *sum += value as f64);
    }

    fn absolute(&self, value: u64) {
        self.change(|sum| *sum = value as f64);
    }
}

impl GaugeFn for Metric {
    fn increment(&self, value: f64) {
        self.change(|sum| *sum += value);
    }

    fn decrement(&self, value: f64) {
        self.change(|sum| *sum -= value);
    }

    fn set(&self, value: f64) {
        self.change(|last| *last = value);
    }
}

impl HistogramFn for Metric {
    fn record(&self, value: f64) {
        assert!(value >= 0.0);
        self.change(|count| *count += 1.0);
    }
}

impl Recorder for Values {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.metric(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.metric(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.metric(key))
    }
}

/// The values that a recorder has after the work.
fn recorded(work: impl FnOnce()) -> Values {
    let values = Values::default();
    metrics::with_local_recorder(&values, work);
    values
}

/// The values of one call.
fn values(effect: Effect, results: impl IntoIterator<Item = SendResult>) -> Values {
    recorded(|| {
        let session = warm(&config().observer(to_metrics()));
        let _ = Simulation::new(script(results)).drive(call(&session, effect));
    })
}

#[test]
fn calls_attempts_retries_and_waits_are_counted_by_operation_and_outcome() {
    let values = values(Effect::Keyed, [received(503, &[], ""), success()]);
    for (name, expected) in [
        ("zuora_calls_total operation=raw outcome=ok error=none", 1.0),
        ("zuora_call_duration_seconds operation=raw outcome=ok", 1.0),
        ("zuora_attempts_total operation=raw classification=indeterminate", 1.0),
        ("zuora_attempts_total operation=raw classification=success", 1.0),
        ("zuora_retries_total operation=raw classification=indeterminate", 1.0),
        ("zuora_wait_seconds operation=raw reason=backoff", 1.0),
    ] {
        assert_eq!(values.clone().of(name), Some(expected), "{name}: {values:#?}");
    }
    assert_eq!(values.0.lock().unwrap().len(), 6);
}

#[test]
fn a_failed_call_is_counted_by_its_error_and_outcome() {
    let rejected = values(Effect::Keyed, [rejected(400, &["50000020"])]);
    let name = "zuora_calls_total operation=raw outcome=not_applied error=rejected";
    assert_eq!(rejected.of(name), Some(1.0));
    let lost = values(Effect::Unkeyed, [SendResult::Lost]);
    assert_eq!(lost.of("zuora_calls_total operation=raw outcome=unknown error=transport"), Some(1.0));
}

#[test]
fn limits_are_gauges_by_quota() {
    let limits = [
        ("RateLimit-Remaining", "49999"),
        ("Concurrency-Limit-Limit", "40"),
        ("Concurrency-Limit-Remaining", "17"),
    ];
    let reported = values(Effect::Read, [received(200, &limits, r#"{"success":true}"#)]);
    for (name, expected) in [
        ("zuora_rate_limit_remaining quota=default", 49999.0),
        ("zuora_concurrency_limit quota=default", 40.0),
        ("zuora_concurrency_remaining quota=default", 17.0),
    ] {
        assert_eq!(reported.clone().of(name), Some(expected), "{reported:#?}");
    }
    let throttled = values(Effect::Read, [received(429, &[("Retry-After", "4000")], "")]);
    assert_eq!(throttled.of("zuora_limiter_closed quota=default"), Some(1.0));
    let reopened = values(Effect::Read, [received(429, &[("Retry-After", "1")], ""), success()]);
    assert_eq!(reopened.of("zuora_limiter_closed quota=default"), Some(0.0));
}

#[test]
fn token_requests_and_abandoned_calls_are_counted() {
    let values = recorded(|| {
        let session = cold(&config().observer(to_metrics()));
        let _ = call(&session, Effect::Read).step(Event::Tick, at(0));
        let _ = call(&warm(&config().observer(to_metrics())), Effect::Keyed).step(Event::Tick, at(0));
    });
    assert_eq!(values.clone().of("zuora_token_requests_total "), Some(1.0));
    let unknown = "zuora_calls_abandoned_total operation=raw outcome=unknown";
    assert_eq!(values.clone().of(unknown), Some(1.0));
    assert_eq!(values.of("zuora_calls_abandoned_total operation=raw outcome=not_applied"), Some(1.0));
}
