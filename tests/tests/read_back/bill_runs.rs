//! Writes on bill runs.

use zuora_core::bill_runs::{CancelBillRun, DeleteBillRun, PostBillRun};

use crate::{AFTER_THE_SPAN, AT_ONCE, GONE, UPDATED, WATCHED, assert_end, end_of, end_with, run, shows};

#[test]
fn posting_a_bill_run() {
    let post = PostBillRun::new("r");
    assert_end(&end_of(&post, shows(200, &run("PostInProgress"))), "under way", AT_ONCE);
    assert_end(&end_of(&post, shows(200, &run("Posted"))), "applied", AT_ONCE);
    for status in ["Error", "Canceled", "CancelInProgress", "RemoveInProgress", "Archived"] {
        let end = end_of(&post, shows(200, &run(status)));
        assert_end(&end, &format!("the bill run is {status}"), AFTER_THE_SPAN);
        assert!(end.shown.contains(&format!("(bill run r, last status {status}, waited ")), "{}", end.shown);
    }
    assert_end(&end_of(&post, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);
    for status in ["Pending", "Processing", "Paused", "Completed"] {
        let end = end_of(&post, move |path, _| match path.starts_with("/object-query") {
            true => (200, r#"{"data":[]}"#.to_owned()),
            false => (200, run(status)),
        });
        assert_end(&end, "in the background", WATCHED);
    }
    // It begins late.
    let late = |path: &str, now: u64| match path.starts_with("/object-query") {
        true => (200, r#"{"data":[{"id":"a","status":"Draft"}]}"#.to_owned()),
        false => (200, run(if now < 300 { "Completed" } else { "PostInProgress" })),
    };
    assert_end(&end_of(&post, late), "under way", 299..=331);
}

#[test]
fn a_bill_run_that_is_posted_in_part() {
    let post = PostBillRun::new("r");
    let show = |path: &str, _| match path {
        path if path.contains("cursor=2") => (200, r#"{"data":[{"id":"c","status":"Posted"}]}"#.to_owned()),
        path if path.starts_with("/object-query") => {
            let page =
                r#"{"data":[{"id":"a","status":"Posted"},{"id":"b","status":"Draft"}],"nextPage":"2"}"#;
            (200, page.to_owned())
        }
        _ => (200, run("Completed")),
    };
    for baseline in [None, Some(UPDATED)] {
        let end = end_with(&post, baseline, show);
        assert_end(&end, "the write is applied in part (bill run r, last status Completed, ", AFTER_THE_SPAN);
        assert!(end.shown.ends_with("; applied to a, c"), "{}", end.shown);
    }
}

#[test]
fn canceling_a_bill_run() {
    let cancel = CancelBillRun::new("r");
    assert_end(&end_of(&cancel, shows(200, &run("CancelInProgress"))), "under way", AT_ONCE);
    assert_end(&end_of(&cancel, shows(200, &run("Canceled"))), "applied", AT_ONCE);
    assert_end(&end_of(&cancel, shows(200, &run("RemoveInProgress"))), "RemoveInProgress", AFTER_THE_SPAN);
    assert_end(&end_of(&cancel, shows(200, &run("Posted"))), "is Posted", AFTER_THE_SPAN);
    assert_end(&end_of(&cancel, shows(404, GONE)), "no longer exists", AFTER_THE_SPAN);
    for status in ["Pending", "Processing", "Paused", "Completed"] {
        let end = end_with(&cancel, Some(UPDATED), shows(200, &run(status)));
        assert_end(&end, "in the background", WATCHED);
    }
    let all = CancelBillRun::new("r").all_occurrences();
    for status in ["Canceled", "CancelInProgress"] {
        assert_end(&end_of(&all, shows(200, &run(status))), "no read shows", AFTER_THE_SPAN);
    }
}

#[test]
fn deleting_a_bill_run() {
    let delete = DeleteBillRun::new("r");
    assert_end(&end_of(&delete, shows(404, GONE)), "applied: gone", AT_ONCE);
    assert_end(&end_of(&delete, shows(200, &run("RemoveInProgress"))), "under way", AT_ONCE);
    for status in ["Canceled", "Error"] {
        assert_end(&end_with(&delete, Some(UPDATED), shows(200, &run(status))), "background", WATCHED);
    }
    assert_end(&end_of(&delete, shows(200, &run("Posted"))), "is Posted", AFTER_THE_SPAN);
}
