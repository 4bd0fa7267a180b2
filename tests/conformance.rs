//! One list of cases, every transport.

use zuora_core::Open;
use zuora_reqwest::Reqwest;
use zuora_ureq::Ureq;

#[test]
fn ureq_does_its_duty() {
    let report = zuora_conformance::run(&Ureq::default());
    assert!(report.passed(), "{report}");
}

#[tokio::test]
async fn reqwest_does_its_duty() {
    let transport = Reqwest::open().unwrap();
    let report = zuora_conformance::run_async(&transport).await;
    assert!(report.passed(), "{report}");
}
