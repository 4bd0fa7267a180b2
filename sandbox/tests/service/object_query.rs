//! Object Query: the list of invoices.

use serde_json::Value;
use zuora_sandbox::{Sandbox, Settings, Tenant};

use crate::client::TestClient;

fn client() -> TestClient {
    let mut client = TestClient::demo();
    client.completed(r#"{"batches":["Batch1","Batch2"],"targetDate":"2026-03-31"}"#);
    client.seconds += 100;
    let run = client.completed(r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#);
    client.put(&format!("{run}/post"), "{}");
    client.seconds += 1;
    client
}

fn numbers(client: &mut TestClient, query: &str) -> Vec<u64> {
    let response = client.get(&format!("/object-query/invoices?pageSize=99&{query}"));
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.body["success"], Value::Null, "no flag");
    let number = |row: &Value| row["invoiceNumber"].as_str().unwrap()[3..].parse().unwrap();
    response.body["data"].as_array().unwrap().iter().map(number).collect()
}

#[test]
fn filters_narrow_and_sorts_order() {
    let mut client = client();
    let id = client.get("/v1/invoices/INV00000003").body["id"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("filter[]=sourceid.EQ:BR-00000001", vec![1, 2, 3, 4, 5, 6]),
        ("filter%5B%5D=status.EQ:Posted", vec![7, 8, 9, 10, 11, 12]),
        ("filter[]=status.NE:Posted&filter[]=amount.LT:600", vec![1]),
        ("filter[]=amount.GE:530.4&filter[]=amount.LE:530.40", vec![1]),
        ("filter[]=amount.GT:18000", vec![6]),
        ("filter[]=invoicenumber.SW:INV0000001", vec![10, 11, 12]),
        ("filter[]=invoiceNumber.IN:[INV00000002,INV00000005]", vec![2, 5]),
        ("filter[]=reversed.EQ:false&filter[]=invoicenumber.LT:INV00000002", vec![1]),
        ("filter[]=updateddate.GT:2026-03-01T17:00:30Z&filter[]=status.EQ:Draft", vec![]),
        ("filter[]=updateddate.LE:2026-03-01T09:00:02-08:00", vec![1, 2, 3, 4, 5, 6]),
        ("filter[]=einvoicestatus.NE:Success&filter[]=invoicenumber.GE:INV00000012", vec![12]),
        ("filter[]=status.EQ:Draft&sort[]=amount.DESC", vec![6, 4, 5, 2, 3, 1]),
        ("filter[]=status.EQ:Posted&sort[]=status.ASC&sort[]=invoicenumber.DESC", vec![12, 11, 10, 9, 8, 7]),
        (&format!("filter[]=id.EQ:{id}"), vec![3]),
    ] {
        assert_eq!(numbers(&mut client, query), expected, "{query}");
    }
}

#[test]
fn pages_follow_the_cursor() {
    let mut client = client();
    let mut seen = Vec::new();
    let mut query = "/object-query/invoices?pageSize=5&sort[]=invoicenumber.ASC".to_owned();
    for size in [5, 5, 2] {
        let response = client.get(&query);
        let rows = response.body["data"].as_array().unwrap().clone();
        assert_eq!(rows.len(), size);
        seen.extend(rows.iter().map(|row| row["invoiceNumber"].as_str().unwrap().to_owned()));
        let next = response.body["nextPage"].as_str().unwrap_or_default();
        assert_eq!(next.is_empty(), size == 2);
        query = format!("/object-query/invoices?pageSize=5&sort[]=invoicenumber.ASC&cursor={next}");
    }
    seen.dedup();
    assert_eq!(seen.len(), 12);
    assert_eq!(client.get("/object-query/invoices").body["data"].as_array().unwrap().len(), 10);
}

/// Returns the rows of all pages.
fn all_rows(client: &mut TestClient, query: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let response = client.get(&format!("/object-query/invoices?{query}{cursor}"));
        assert_eq!(response.status, 200, "{}", response.text);
        rows.extend(response.body["data"].as_array().unwrap().iter().cloned());
        let Some(next) = response.body["nextPage"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn a_sorted_list_follows_the_changes() {
    let mut client = TestClient::of(Sandbox::new(Tenant::generated(80), Settings::default()));
    client.completed(r#"{"batches":["AllBatches"],"targetDate":"2026-03-31"}"#);
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let mut orders = std::collections::BTreeSet::new();
    for step in 0..40 {
        client.seconds += u64::from(step % 3 == 0);
        let invoice = format!("/v1/invoices/INV{:08}", 7 * step % 80 + 1);
        match step % 5 {
            0 => client.put(&invoice, r#"{"comments":"changed"}"#),
            1 => client.put(&format!("{invoice}/post"), "{}"),
            2 => client.put(&format!("{invoice}/cancel"), ""),
            3 => client.delete(&invoice),
            _ => client.post(
                "/v1/invoices",
                r#"{"accountNumber":"A00000001","invoiceDate":"2026-03-01",
                "invoiceItems":[{"chargeName":"Work","amount":10,"serviceStartDate":"2026-03-01"}]}"#,
            ),
        };
        let rows = all_rows(&mut client, "pageSize=99");
        let mut expected: [(&str, Vec<Value>); 3] = [
            ("sort[]=updateddate.DESC", rows.clone()),
            ("filter[]=balance.GT:0&sort[]=amount.ASC&sort[]=invoicenumber.DESC", rows.clone()),
            ("filter[]=status.IN:[Draft,Canceled]&sort[]=status.ASC", rows),
        ];
        let [(_, by_time), (_, by_amount), (_, by_status)] = &mut expected;
        by_time.sort_by_key(|row| std::cmp::Reverse(text(row, "updatedDate")));
        by_amount.retain(|row| number(row, "balance") > 0.0);
        by_amount.sort_by_key(|row| std::cmp::Reverse(text(row, "invoiceNumber")));
        by_amount.sort_by(|left, right| number(left, "amount").total_cmp(&number(right, "amount")));
        by_status.retain(|row| row["status"] != "Posted");
        by_status.sort_by_key(|row| text(row, "status"));
        for (query, expected) in expected {
            let sorted = all_rows(&mut client, &format!("pageSize=23&{query}"));
            assert_eq!(sorted, expected, "{query} after step {step}");
            orders.insert(sorted.iter().map(|row| text(row, "id")).collect::<Vec<_>>());
        }
    }
    assert!(orders.len() > 60, "the changes change the order: {}", orders.len());
}

#[test]
fn fields_are_selected_and_nulls_shown() {
    let mut client = client();
    let row = |client: &mut TestClient, query: &str| {
        client.get(&format!("/object-query/invoices?pageSize=1&{query}")).body["data"][0]
            .as_object()
            .unwrap()
            .clone()
    };
    let mut chosen: Vec<String> =
        row(&mut client, "fields[]=id,amount&fields[]=comments").keys().cloned().collect();
    chosen.sort();
    assert_eq!(chosen, ["amount", "id"]);
    let with_null = row(&mut client, "fields[]=comments&includeNullFields=true");
    assert_eq!(with_null["comments"], Value::Null);
    assert_eq!(with_null.len(), 1);
    assert!(row(&mut client, "includeNullFields=true").len() > 60);
}

#[test]
fn invalid_queries_are_rejected() {
    let mut client = client();
    for query in [
        "pageSize=0",
        "pageSize=100",
        "pageSize=x",
        "cursor=zzz",
        "filter[]=color.EQ:red",
        "filter[]=status.IS:Draft",
        "filter[]=status",
        "sort[]=status",
        "sort[]=status.UP",
        "fields[]=color",
        "expand[]=account",
    ] {
        let response = client.get(&format!("/object-query/invoices?{query}"));
        assert_eq!(
            (response.status, &response.body["reasons"][0]["code"]),
            (400, &50_000_027.into()),
            "{query}"
        );
        assert_eq!((&response.body["success"], response.body["requestId"].is_string()), (&Value::Null, true));
    }
    client.set("zuora-version", "2024-05-20");
    let older = client.get("/object-query/invoices?pageSize=0");
    assert_eq!((older.status, older.body["message"].is_string()), (400, true));
}

#[test]
fn timestamps_have_an_offset() {
    let mut client = client();
    let posted = client.get("/object-query/invoices?filter[]=status.EQ:Posted").body["data"][0].clone();
    assert_eq!(posted["createdDate"], "2026-03-01T09:01:44-08:00");
    assert_eq!(posted["postedDate"], "2026-03-01T00:00:00-08:00");
}

#[test]
fn items_are_listed_in_pages_with_absolute_links() {
    let mut client = TestClient::demo();
    // Account 10 has charges due for many months by the end of 2026.
    client.completed(r#"{"batches":["Batch4"],"billCycleDay":"1","targetDate":"2026-12-31"}"#);
    client.set("host", "127.0.0.1:8470");
    let page = client.get("/v1/invoices/INV00000001/items");
    let rows = |page: &Value| page["invoiceItems"].as_array().unwrap().len();
    assert_eq!(rows(&page.body), 20);
    assert_eq!(
        page.body["nextPage"],
        "http://127.0.0.1:8470/v1/invoices/INV00000001/items?page=2&pageSize=20"
    );
    let cut = client.get("/v1/invoices/INV00000001/items?pageSize=100").body;
    assert_eq!(rows(&cut), 40);
    // 24 months of two charges, three months of a third: 51 items.
    let last = client.get("/v1/invoices/INV00000001/items?pageSize=40&page=2").body;
    assert_eq!((rows(&last), &last["nextPage"]), (11, &Value::Null));
    assert_eq!(rows(&client.get("/v1/invoices/INV00000001/items?page=2").body), 20, "page needs pageSize");
    assert_eq!(rows(&client.get("/v1/invoices/INV00000001/items?pageSize=0").body), 20);
    assert_eq!(
        rows(&client.get("/v1/invoices/INV00000001/items?pageSize=40&page=99999999999999999").body),
        0
    );
}
