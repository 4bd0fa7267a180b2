//! The life cycle of invoices over the sandbox, in process and on a virtual clock.

use http::{Method, StatusCode};
use zuora_core::bill_runs::{AdHoc, Batches, BillRunGoal, BillRunWaiter, CreateBillRun, PostIfUnchanged};
use zuora_core::files::GetFiles;
use zuora_core::invoices::{
    Bulk, BulkCreateStandaloneInvoices, BulkEvent, BulkJob, BulkPostInvoices, BulkUpdateInvoices,
    CancelInvoice, CreateStandaloneInvoice, CreateTaxationItems, DeleteInvoice, EmailInvoice, GetInvoice,
    GetInvoiceApplicationParts, GetInvoiceFiles, GetInvoiceItems, GetTaxationItems, Invoice, InvoiceGoal,
    InvoicePatch, InvoiceStatus, InvoiceToPost, InvoiceWaiter, ItemPatch, ItemUpdate, NewDiscountItem,
    NewInvoiceItem, NewTaxItem, NewTaxationItem, PdfWaiter, PostInvoice, ReverseInvoice, RowError,
    TaxRateType, UpdateInvoice, UploadInvoiceFile, WriteOffInvoice,
};
use zuora_core::polling::PollingPolicy;
use zuora_core::reconcile::Reconciled;
use zuora_core::types::{AccountNumber, InvoiceId};
use zuora_core::{Amount, Client, Config, Date, ErrorKind, Outcome};
use zuora_sandbox::{BackgroundJob, CLIENT_ID, CLIENT_SECRET, Fault, InProcess, Sandbox, Settings, Tenant};

fn client_over(settings: Settings) -> Client<InProcess> {
    let config = Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET);
    Client::with_transport(&config, InProcess::new(Sandbox::new(Tenant::demo(), settings))).unwrap()
}

fn client() -> Client<InProcess> {
    client_over(Settings::default())
}

fn day() -> Date {
    Date::new(2026, 3, 1).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn draft(items: usize) -> CreateStandaloneInvoice {
    let items = (0..items).map(|n| NewInvoiceItem::named(format!("Fee {n}"), amount("10.01"), day()));
    CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), items)
}

fn create(client: &Client<InProcess>, items: usize) -> InvoiceId {
    client.call(&draft(items)).unwrap().id().unwrap().clone()
}

fn posted(client: &Client<InProcess>, items: usize) -> InvoiceId {
    let id = create(client, items);
    client.call(&PostInvoice::new(id.clone())).unwrap();
    id
}

fn read(client: &Client<InProcess>, id: &InvoiceId) -> Invoice {
    client.call(&GetInvoice::new(id.clone())).unwrap().into_inner()
}

fn shown(invoice: &Invoice) -> (String, String, String) {
    let text =
        |amount: &Option<Amount>| amount.as_ref().unwrap().to_decimal().unwrap().normalize().to_string();
    (invoice.status.as_ref().unwrap().to_string(), text(&invoice.amount), text(&invoice.balance))
}

#[test]
fn discounts_taxes_and_changes_add_up() {
    let client = client();
    let tax = NewTaxItem::new("VAT", amount("47.50"), amount("0.19"), TaxRateType::Percentage, day());
    let item = NewInvoiceItem::named("Set-up", 300, day())
        .discount_items([NewDiscountItem::named("Partner", Amount::from(-50))])
        .tax_items([tax]);
    let mut create = CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), [item]);
    create.set_custom("Region__c", "EMEA").unwrap();
    let created = client.call(&create).unwrap();
    let id = created.id().unwrap().clone();
    assert_eq!(shown(&created), ("Draft".into(), "297.5".into(), "297.5".into()));
    assert_eq!(read(&client, &id).custom::<String>("Region__c").unwrap().as_deref(), Some("EMEA"));

    let items = client.items(&GetInvoiceItems::new(id.clone())).collect::<Result<Vec<_>, _>>().unwrap();
    let setup = items.iter().find(|item| item.charge_name.as_deref() == Some("Set-up")).unwrap();
    let taxes = client.items(&GetTaxationItems::new(id.clone(), setup.id.clone().unwrap()));
    assert_eq!(taxes.map(|tax| tax.unwrap().tax_amount.unwrap().to_string()).collect::<Vec<_>>(), ["47.50"]);

    let changes = InvoicePatch::default().items([
        ItemUpdate::from(NewInvoiceItem::named("Hours", amount("0.01"), day())),
        ItemPatch::of(setup.id.clone().unwrap()).without_tax().into(),
    ]);
    client.call(&UpdateInvoice::new(id.clone(), changes)).unwrap();
    assert_eq!(shown(&read(&client, &id)), ("Draft".into(), "250.01".into(), "250.01".into()));
}

#[test]
fn a_write_off_and_a_reversal_leave_no_balance_and_show_the_applications() {
    let client = client();
    let id = posted(&client, 3);
    client.transport().sandbox().pay(id.as_str(), "10.01".parse().unwrap()).unwrap();
    assert_eq!(shown(&read(&client, &id)), ("Posted".into(), "30.03".into(), "20.02".into()));
    let rejected = client.call(&ReverseInvoice::new(id.clone())).unwrap_err();
    assert_eq!((rejected.kind(), rejected.outcome()), (ErrorKind::Rejected, Outcome::NotApplied));

    let memo = client.call(&WriteOffInvoice::new(id.clone())).unwrap().credit_memo.clone().unwrap();
    assert_eq!(shown(&read(&client, &id)).2, "0");
    let parts =
        client.items(&GetInvoiceApplicationParts::new(id.clone())).collect::<Result<Vec<_>, _>>().unwrap();
    let applied: Vec<_> = parts.iter().map(|part| part.applied_amount.clone().unwrap()).collect();
    assert_eq!(Amount::sum(&applied).unwrap().to_decimal().unwrap(), "30.03".parse().unwrap());
    assert!(parts.iter().any(|part| part.credit_memo_id == memo.id && part.payment_id.is_none()));

    let other = posted(&client, 2);
    let reversed = client.call(&ReverseInvoice::new(other.clone())).unwrap();
    client.wait(InvoiceWaiter::of_reversal(other.clone(), &reversed), PollingPolicy::default()).unwrap();
    assert_eq!(shown(&read(&client, &other)).2, "0");
}

#[test]
fn many_application_parts_are_listed_once_each_whatever_the_page_size() {
    let client = client();
    let id = posted(&client, 3);
    for _ in 0..50 {
        client.transport().sandbox().pay(id.as_str(), "0.01".parse().unwrap()).unwrap();
    }
    let list = GetInvoiceApplicationParts::new(id);
    for list in [list.clone(), list.clone().page_size(7), list.page_size(40)] {
        let parts = client.items(&list).take(100).collect::<Result<Vec<_>, _>>().unwrap();
        let payments: std::collections::BTreeSet<_> = parts.iter().map(|part| &part.payment_id).collect();
        assert_eq!((parts.len(), payments.len()), (50, 50), "{list:?}");
    }
}

#[test]
fn a_lost_response_of_each_unkeyed_write_is_reconciled_by_reading() {
    let client = client();
    let lose = |method: &Method, end: &str| {
        client.transport().sandbox().faults().push(Fault::LoseResponse.on(method.clone(), end));
    };

    let id = create(&client, 1);
    lose(&Method::PUT, "/post");
    let post = PostInvoice::new(id.clone());
    let error = client.call(&post).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(matches!(client.reconcile(&post, &error).unwrap(), Reconciled::Applied(Some(_))));

    let id = create(&client, 1);
    lose(&Method::PUT, "/cancel");
    let cancel = CancelInvoice::new(id.clone());
    let error = client.call(&cancel).unwrap_err();
    assert!(matches!(client.reconcile(&cancel, &error).unwrap(), Reconciled::Applied(Some(_))));

    lose(&Method::DELETE, "/v1/invoices/*");
    let delete = DeleteInvoice::new(id);
    let error = client.call(&delete).unwrap_err();
    assert!(
        matches!(client.reconcile(&delete, &error).unwrap(), Reconciled::Applied(None)),
        "the invoice is deleted"
    );
}

#[test]
fn a_job_is_polled_and_if_it_is_not_visible_the_invoice_is() {
    for hidden in [false, true] {
        let client = client_over(Settings::default().post_job_from(3_usize).hide_posting_jobs(hidden));
        let id = create(&client, 3);
        let submitted = client.call(&PostInvoice::new(id.clone())).unwrap();
        assert_eq!(submitted.status().as_str(), "Pending");
        let job = InvoiceWaiter::of(id.clone(), InvoiceGoal::Posted, &submitted);
        let done = client.wait(job, PollingPolicy::default()).unwrap();
        assert_eq!((done.job.is_none(), done.invoice.is_some()), (hidden, hidden));
        assert_eq!(read(&client, &id).status, Some(InvoiceStatus::Posted));
    }

    let client = client_over(Settings::default().post_job_from(3_usize));
    let id = create(&client, 3);
    client.transport().sandbox().fail_next(BackgroundJob::Job);
    let submitted = client.call(&PostInvoice::new(id.clone())).unwrap();
    let job = InvoiceWaiter::of(id.clone(), InvoiceGoal::Posted, &submitted);
    assert_eq!(client.wait(job, PollingPolicy::default()).unwrap_err().kind(), ErrorKind::Failed);
    assert_eq!(read(&client, &id).status, Some(InvoiceStatus::Draft));
}

#[test]
fn a_canceled_invoice_is_deleted_and_no_other() {
    let client = client();
    let id = create(&client, 1);
    assert_eq!(client.call(&DeleteInvoice::new(id.clone())).unwrap_err().kind(), ErrorKind::Rejected);
    client.call(&CancelInvoice::new(id.clone())).unwrap();
    let submitted = client.call(&DeleteInvoice::new(id.clone())).unwrap();
    client
        .wait(InvoiceWaiter::of(id.clone(), InvoiceGoal::Deleted, &submitted), PollingPolicy::default())
        .unwrap();
    assert!(client.call(&GetInvoice::new(id)).unwrap_err().is_not_found());
}

#[test]
fn a_pdf_is_waited_for_and_downloaded_and_a_failed_one_reports_its_reason() {
    let client = client();
    let fine = posted(&client, 1);
    client.transport().sandbox().fail_next(BackgroundJob::Pdf);
    let broken = posted(&client, 1);
    let rows = client.wait(PdfWaiter::new([fine, broken]), PollingPolicy::default()).unwrap();
    let files: Vec<_> = rows.iter().map(zuora_core::invoices::InvoicePdfStatus::file_id).collect();
    assert!(client.call(&GetFiles::new(files[0].clone().unwrap())).unwrap().is_pdf());
    assert!(files[1].is_none() && rows[1].error_message.is_some(), "{rows:?}");
}

#[test]
fn a_file_is_attached_listed_and_read_back() {
    let client = client();
    let id = posted(&client, 1);
    let pdf = b"%PDF-1.7\n--boundary\r\nnot the end\n%%EOF".to_vec();
    client.call(&UploadInvoiceFile::new(id.clone(), "time \"sheet\".pdf", pdf.clone())).unwrap();
    let again =
        client.call(&UploadInvoiceFile::new(id.clone(), "time \"sheet\".pdf", pdf.clone())).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Rejected, "names are unique");
    let files = client.items(&GetInvoiceFiles::new(id)).collect::<Result<Vec<_>, _>>().unwrap();
    let bytes: Vec<_> = files
        .iter()
        .map(|file| client.call(&GetFiles::new(file.file_id().unwrap())).unwrap().bytes.to_vec())
        .collect();
    assert!(bytes.contains(&pdf));
}

#[test]
fn emails_and_tax_lines_follow_the_rules_of_the_status() {
    let client = client();
    let id = create(&client, 1);
    assert_eq!(client.call(&EmailInvoice::new(id.clone())).unwrap_err().kind(), ErrorKind::Rejected);
    let item = client.items(&GetInvoiceItems::new(id.clone())).next().unwrap().unwrap();
    let line = NewTaxationItem::new(item.id.unwrap(), "GST", day())
        .jurisdiction("NSW")
        .tax_amount(amount("1.00"))
        .tax_rate(amount("0.10"))
        .tax_rate_type(TaxRateType::Percentage);
    client.call(&CreateTaxationItems::new(id.clone(), [line])).unwrap();
    assert_eq!(shown(&read(&client, &id)).1, "11.01");
    client.call(&PostInvoice::new(id.clone())).unwrap();
    client.call(&EmailInvoice::new(id)).unwrap();
}

/// Drives a job to its end, and returns the result of each row by its name.
fn results<B: Bulk>(
    client: &Client<InProcess>,
    job: &mut BulkJob<B>,
) -> Vec<(String, Result<B::Applied, RowError>)> {
    let mut results = Vec::new();
    while let Some(event) = client.drive(&mut *job).unwrap() {
        if let BulkEvent::Chunk(chunk) = event {
            results.extend(chunk.rows.into_iter().map(|row| (row.name, row.result)));
        }
    }
    results
}

#[test]
fn any_number_of_invoices_is_created_posted_and_updated_in_chunks() {
    let client = client();
    let rows = (0..130).map(|n| (format!("order {n}"), draft(if n == 60 { 999 } else { 2 })));
    let mut job =
        BulkJob::<BulkCreateStandaloneInvoices>::new(client.session(), rows).unwrap().key_prefix("made");
    let lost = Fault::LoseResponse.on(Method::POST, "/v1/invoices/batch");
    client.transport().sandbox().faults().push(lost);
    let ids: Vec<_> =
        results(&client, &mut job).into_iter().map(|(_, row)| row.unwrap().id().unwrap().clone()).collect();
    assert_eq!(ids.len(), 130);
    let unique: std::collections::BTreeSet<_> = ids.iter().map(InvoiceId::as_str).collect();
    assert_eq!(unique.len(), 130, "the chunk whose response was lost was not created twice");

    client.call(&CancelInvoice::new(ids[7].clone())).unwrap();
    let rows: Vec<_> =
        ids.iter().enumerate().map(|(n, id)| (format!("{n}"), InvoiceToPost::new(id.clone()))).collect();
    for _ in 0..2 {
        let mut job = BulkJob::<BulkPostInvoices>::new(client.session(), rows.clone()).unwrap();
        job = job.key_prefix("post-march");
        let failed: Vec<_> = results(&client, &mut job)
            .into_iter()
            .filter(|(_, row)| row.is_err())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(failed, ["7"], "a second pass finds the results of the first");
    }

    let rows =
        ids[..60].iter().map(|id| (id.to_string(), (id.clone(), InvoicePatch::default().auto_pay(true))));
    let gateway = Fault::status(StatusCode::GATEWAY_TIMEOUT).on(Method::PUT, "/v1/invoices");
    client.transport().sandbox().faults().push(gateway);
    let mut job = BulkJob::<BulkUpdateInvoices>::new(client.session(), rows).unwrap();
    let updated = results(&client, &mut job);
    let (lost, rest) = updated.split_at(50);
    assert!(lost.iter().all(|(_, row)| row.as_ref().unwrap_err().outcome == Outcome::NotApplied));
    assert!(rest.iter().all(|(_, row)| row.is_ok()) && rest.len() == 10);
    assert_eq!(read(&client, &ids[55]).auto_pay, Some(true));
}

#[test]
fn a_draft_that_was_changed_after_the_review_is_not_posted() {
    let client = client();
    let create = CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31).unwrap()));
    let run = client.call(&create).unwrap();
    let run = client
        .wait(BillRunWaiter::new(run.id().unwrap().clone(), BillRunGoal::Completed), PollingPolicy::default())
        .unwrap();
    let review = client.review(&run).unwrap();
    let first = review.invoices().next().unwrap();
    client.call(&CancelInvoice::new(first.id)).unwrap();

    let error = client.post_if_unchanged(&PostIfUnchanged::new(review.clone())).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Failed, Outcome::NotApplied));
    assert!(error.to_string().contains("Canceled"), "{error}");
    assert_eq!(client.transport().sandbox().seen(&Method::PUT, "/post"), 0);

    let fresh = client.review(&run).unwrap();
    assert_ne!(fresh.fingerprint(), review.fingerprint());
    client.post_if_unchanged(&PostIfUnchanged::new(fresh)).unwrap();
}
