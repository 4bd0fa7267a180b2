//! Lists: the next page is requested by an operation, never by the service's URL, and every list ends.

use http::Method;
use zuora_core::machine::{Event, Machine};
use zuora_core::operation::{RawOperation, Spec};
use zuora_core::pagination::{Paginated, Paginator};
use zuora_core::testing::FakeTransport;
use zuora_core::transport::{HttpRequest, HttpResponse, Timestamp};
use zuora_core::{Client, Error, ErrorKind, Operation};
use zuora_tests::simulation::{
    SendResult, Simulation, at, config, json, ms, received, rejected, script, warm,
};

/// A list whose page names the next page, `{"rows":[1,2],"next":3}`, or indicates that one exists, `"more":true`.
#[derive(Clone, Debug)]
struct List {
    page: u64,
}

impl Operation for List {
    type Output = serde_json::Value;

    fn spec(&self) -> &Spec {
        static SPEC: Spec = Spec::read("list_things", "/v1/things");
        &SPEC
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        RawOperation::new(Method::GET, format!("/v1/things?page={}", self.page)).request()
    }

    fn parse(&self, success: &HttpResponse) -> Result<serde_json::Value, Error> {
        serde_json::from_slice(success.body()).map_err(|error| Error::unreadable("$", error.to_string()))
    }
}

impl Paginated for List {
    type Item = u64;

    fn into_page(&self, page: serde_json::Value) -> (Vec<u64>, Option<Self>) {
        let rows =
            page["rows"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_u64).collect();
        let next = match page["more"].as_bool() {
            Some(more) => more.then_some(self.page + 1),
            None => page["next"].as_u64(),
        };
        (rows, next.map(|page| Self { page }))
    }
}

fn page(rows: &[u64], next: Option<u64>) -> SendResult {
    let next = next.map_or("null".to_owned(), |next| next.to_string());
    received(200, &[], &format!(r#"{{"rows":{rows:?},"next":{next},"success":true}}"#))
}

type Driven = Result<Vec<Vec<u64>>, Error>;

/// Every page until the end or the first error, and the paths that were requested.
fn all(results: impl IntoIterator<Item = SendResult>) -> (Driven, Vec<String>) {
    let mut simulation = Simulation::new(script(results));
    let mut pages = Paginator::new(&warm(&config()), List { page: 1 });
    let mut seen = Vec::new();
    let result = loop {
        match simulation.drive(&mut pages).result {
            Ok(Some(page)) => seen.push(page.into_inner()),
            Ok(None) => break Ok(seen),
            Err(error) => break Err(error),
        }
    };
    (result, simulation.calls().iter().map(|sent| sent.request.uri().to_string()).collect())
}

#[test]
fn pages_are_read_one_by_one_until_there_is_no_next() {
    let (pages, paths) = all([page(&[1, 2], Some(2)), page(&[3], Some(3)), page(&[], None)]);
    assert_eq!(pages.unwrap(), [vec![1, 2], vec![3], vec![]]);
    let host = "https://rest.zuora.com/v1/things?page=";
    assert_eq!(paths, [1, 2, 3].map(|page| format!("{host}{page}")));
}

#[test]
fn an_empty_page_is_not_the_end_by_itself() {
    let (pages, _) = all([page(&[], Some(2)), page(&[], Some(3)), page(&[7], None)]);
    assert_eq!(pages.unwrap(), [vec![], vec![], vec![7]]);
}

#[test]
fn a_list_with_a_cycle_ends_with_an_error() {
    let cycles: [Vec<SendResult>; 3] = [
        vec![page(&[1], Some(1))],
        vec![page(&[1], Some(2)), page(&[2], Some(1))],
        vec![page(&[1], Some(2)), page(&[2], Some(3)), page(&[3], Some(2))],
    ];
    for cycle in cycles {
        let length = cycle.len();
        let (pages, paths) = all(cycle);
        let error = pages.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Decode, Some("nextPage")), "{error}");
        assert_eq!(error.operation(), "list_things");
        assert_eq!(paths.len(), length, "no page is requested twice");
    }
}

#[test]
fn a_server_that_ignores_the_page_number_ends_with_an_error() {
    // The same bytes for every page, with a link that suggests that another page follows.
    let mut simulation =
        Simulation::new(|_: &HttpRequest, _| (ms(10), received(200, &[], r#"{"rows":[1,2],"more":true}"#)));
    let mut pages = Paginator::new(&warm(&config()), List { page: 1 });
    assert!(simulation.drive(&mut pages).result.is_ok());
    let error = simulation.drive(&mut pages).result.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Decode, Some("nextPage")));
}

#[test]
fn a_page_survives_limits_and_lost_responses() {
    let results = [
        page(&[1], Some(2)),
        received(429, &[("Retry-After", "5")], ""),
        SendResult::Lost,
        received(401, &[], ""),
        page(&[2], None),
    ];
    assert_eq!(all(results).0.unwrap(), [vec![1], vec![2]]);
}

#[test]
fn after_an_error_the_same_page_is_requested_again() {
    let results = [page(&[1], Some(2)), rejected(400, &["50000020"]), page(&[2], None)];
    let mut simulation = Simulation::new(script(results));
    let mut pages = Paginator::new(&warm(&config()), List { page: 1 });
    assert!(simulation.drive(&mut pages).result.unwrap().is_some());
    assert!(simulation.drive(&mut pages).result.is_err());
    assert_eq!(simulation.drive(&mut pages).result.unwrap().unwrap().into_inner(), [2]);
    assert!(simulation.drive(&mut pages).result.unwrap().is_none());
    assert!(simulation.drive(&mut pages).result.unwrap().is_none(), "the end is final");
}

#[test]
fn an_undecodable_page_is_an_error_and_not_the_end() {
    let (pages, _) = all([page(&[1], Some(2)), received(200, &[], "<html>")]);
    assert_eq!(pages.unwrap_err().kind(), ErrorKind::Decode);
}

#[test]
fn pages_out_of_turn_are_an_error_value() {
    let mut pages = Paginator::new(&warm(&config()), List { page: 1 });
    let event = Event::Response(json(200, r#"{"rows":[],"success":true}"#));
    assert!(matches!(pages.step(event, Timestamp::default()), zuora_core::machine::Action::Done(Err(_))));
    assert!(matches!(pages.step(Event::Tick, at(0)), zuora_core::machine::Action::Send(..)));
}

#[test]
fn the_iterators_end_after_an_error() {
    let transport = FakeTransport::new(|request| match request.uri().query() {
        Some("page=1") => Ok(json(200, r#"{"rows":[1,2],"next":2,"success":true}"#)),
        Some("page=2") => Ok(json(200, r#"{"rows":[3],"next":3,"success":true}"#)),
        _ => Ok(json(400, "")),
    });
    let client = Client::with_transport(&config(), transport).unwrap();
    let rows: Vec<_> = client.items(&List { page: 1 }).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows.iter().filter_map(|row| row.as_ref().ok()).collect::<Vec<_>>(), [&1, &2, &3]);
    assert!(rows[3].is_err());
    assert_eq!(client.pages(&List { page: 1 }).count(), 3);
}
