//! The operations of the matrix, each with a sandbox in which it succeeds.

use http::Method;
use zuora_core::bill_runs::{
    AdHoc, Batches, BillRunGoal, BillRunWaiter, CancelBillRun, CreateBillRun, DeleteBillRun, EmailBillRun,
    GetBillRun, PostBillRun,
};
use zuora_core::files::GetFiles;
use zuora_core::intent::AnyOperation;
use zuora_core::invoices::{
    BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices, CancelInvoice,
    CreateStandaloneInvoice, CreateTaxationItems, DeleteInvoice, EmailInvoice, GetInvoice,
    GetInvoiceApplicationParts, GetInvoiceFiles, GetInvoiceItems, GetInvoicePdfStatus, GetTaxationItems,
    InvoicePatch, InvoiceToPost, ItemUpdate, NewInvoiceItem, NewTaxationItem, PostInvoice, ReverseInvoice,
    TaxRateType, UpdateInvoice, UploadInvoiceFile, WriteOffInvoice,
};
use zuora_core::jobs::GetOperationJob;
use zuora_core::object_query::QueryInvoices;
use zuora_core::operation::Effect;
use zuora_core::polling::PollingPolicy;
use zuora_core::types::{AccountNumber, BillRunId, InvoiceId, InvoiceItemId};
use zuora_core::{Client, Config, Date, Operation};
use zuora_sandbox::{
    ApiOperation, CLIENT_ID, CLIENT_SECRET, EffectKind, Fault, InProcess, Sandbox, Settings, Tenant,
};

/// An operation and a sandbox in which it succeeds.
pub struct Subject {
    pub name: &'static str,
    pub api: ApiOperation,
    pub operation: AnyOperation,
    pub effect: Effect,
    /// The effects that the operation has, once on each object.
    pub kinds: &'static [EffectKind],
    /// The objects that the operation changes; none for one that creates them.
    pub ids: Vec<String>,
    /// Number of rows of a bulk request.
    pub rows: usize,
    /// Whether the invoice has enough items that the service may execute the operation by a job.
    pub is_large: bool,
    /// The sandbox before the operation.
    pub transport: InProcess,
}

/// The action of another person on the object of an operation.
pub type ByHand = fn(&mut Sandbox, &str);

pub fn config() -> Config {
    Config::new("https://rest.test.zuora.com", CLIENT_ID, CLIENT_SECRET)
}

pub fn day() -> Date {
    Date::new(2026, 3, 1).unwrap()
}

/// A new sandbox with a client that prepares it.
struct Setup(Client<InProcess>);

impl Setup {
    fn new() -> Self {
        // Small, since every cell copies it: two accounts with one charge each.
        let tenant = Tenant::from_json(include_str!("tenant.json")).unwrap();
        let sandbox = Sandbox::new(tenant, Settings::default());
        Self(Client::with_transport(&config(), InProcess::new(sandbox)).unwrap())
    }

    fn draft(&self) -> InvoiceId {
        self.large(1)
    }

    fn large(&self, items: usize) -> InvoiceId {
        let first = (0..items.min(1000)).map(|_| fee());
        let create = CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), first);
        let id = self.0.call(&create).unwrap().id().unwrap().clone();
        for from in (1000..items).step_by(1000) {
            let more = (from..items.min(from + 1000)).map(|_| ItemUpdate::from(fee()));
            self.0.call(&UpdateInvoice::new(id.clone(), InvoicePatch::default().items(more))).unwrap();
        }
        id
    }

    fn drafts(&self) -> Vec<InvoiceId> {
        (0..3).map(|_| self.draft()).collect()
    }

    fn posted(&self) -> InvoiceId {
        let id = self.draft();
        self.0.call(&PostInvoice::new(id.clone())).unwrap();
        id
    }

    fn canceled(&self) -> InvoiceId {
        let id = self.draft();
        self.0.call(&CancelInvoice::new(id.clone())).unwrap();
        id
    }

    fn run(&self) -> BillRunId {
        let id = self.0.call(&create_run()).unwrap().id().unwrap().clone();
        self.wait(&id, BillRunGoal::Completed);
        id
    }

    fn canceled_run(&self) -> BillRunId {
        let id = self.run();
        self.0.call(&CancelBillRun::new(id.clone())).unwrap();
        self.wait(&id, BillRunGoal::Canceled);
        id
    }

    fn posted_run(&self) -> BillRunId {
        let id = self.run();
        self.0.call(&PostBillRun::new(id.clone())).unwrap();
        self.wait(&id, BillRunGoal::Posted);
        id
    }

    fn wait(&self, id: &BillRunId, goal: BillRunGoal) {
        self.0.wait(BillRunWaiter::new(id.clone(), goal), PollingPolicy::default()).unwrap();
    }

    fn item(&self, invoice: &InvoiceId) -> InvoiceItemId {
        self.0.items(&GetInvoiceItems::new(invoice.clone())).next().unwrap().unwrap().id.unwrap()
    }

    fn subject(
        self,
        name: &'static str,
        api: ApiOperation,
        kinds: &'static [EffectKind],
        ids: Vec<String>,
        operation: impl Into<AnyOperation>,
    ) -> Subject {
        let operation = operation.into();
        let effect = operation.spec().effect;
        let rows = if name.starts_with("bulk_") { 3 } else { 0 };
        let transport = self.0.transport().clone();
        transport.sandbox().clear_journal();
        let is_large = name.ends_with("a large invoice");
        Subject { name, api, operation, effect, kinds, ids, rows, is_large, transport }
    }
}

fn fee() -> NewInvoiceItem {
    NewInvoiceItem::named("Fee", "10.01".parse::<zuora_core::Amount>().unwrap(), day())
}

pub fn draft() -> CreateStandaloneInvoice {
    CreateStandaloneInvoice::new(AccountNumber::from("A00000001"), day(), [fee()])
}

fn create_run() -> CreateBillRun {
    CreateBillRun::new(Batches::all(), AdHoc::up_to(Date::new(2026, 3, 31).unwrap()))
}

fn comment() -> InvoicePatch {
    InvoicePatch::default().comments("ours")
}

fn ids<I: AsRef<str>>(ids: &[I]) -> Vec<String> {
    ids.iter().map(|id| id.as_ref().to_owned()).collect()
}

/// All operations. The matrix has a row for each.
pub fn subjects() -> Vec<Subject> {
    // The slowest first, so that no thread has them left at the end.
    let mut all = writes_by_jobs();
    all.extend(bulk_writes());
    all.extend(writes_of_runs());
    all.extend(writes_of_invoices());
    all.extend(reads());
    all
}

fn writes_of_runs() -> Vec<Subject> {
    use {ApiOperation as A, EffectKind as E};

    let made = Setup::new();
    let mut all =
        vec![made.subject("create_bill_run", A::CreateBillRun, &[E::BillRunCreated], vec![], create_run())];
    let made = Setup::new();
    let run = made.run();
    all.push(made.subject(
        "post_bill_run",
        A::PostBillRun,
        &[E::BillRunPostInProgress],
        ids(&[run.as_str()]),
        PostBillRun::new(run),
    ));
    let made = Setup::new();
    let run = made.run();
    all.push(made.subject(
        "cancel_bill_run",
        A::CancelBillRun,
        &[E::BillRunCancelInProgress],
        ids(&[run.as_str()]),
        CancelBillRun::new(run),
    ));
    let made = Setup::new();
    let run = made.canceled_run();
    all.push(made.subject(
        "delete_bill_run",
        A::DeleteBillRun,
        &[E::BillRunRemoveInProgress],
        ids(&[run.as_str()]),
        DeleteBillRun::new(run),
    ));
    let made = Setup::new();
    let run = made.posted_run();
    all.push(made.subject(
        "email_bill_run",
        A::EmailBillRun,
        &[E::BillRunEmailed],
        ids(&[run.as_str()]),
        EmailBillRun::new(run.as_str()).resend(true),
    ));
    all
}

fn writes_of_invoices() -> Vec<Subject> {
    use {ApiOperation as A, EffectKind as E};

    type Prepare = fn(&Setup) -> InvoiceId;
    type Build = fn(InvoiceId) -> AnyOperation;
    let on_one: [(&'static str, A, &'static [E], Prepare, Build); 8] = [
        ("post_invoice", A::PostInvoice, &[E::InvoicePosted], Setup::draft, |id| PostInvoice::new(id).into()),
        ("cancel_invoice", A::CancelInvoice, &[E::InvoiceCanceled], Setup::draft, |id| {
            CancelInvoice::new(id).into()
        }),
        ("delete_invoice", A::DeleteInvoice, &[E::InvoiceDeleted], Setup::canceled, |id| {
            DeleteInvoice::new(id).into()
        }),
        ("reverse_invoice", A::ReverseInvoice, &[E::InvoiceReversed], Setup::posted, |id| {
            ReverseInvoice::new(id).into()
        }),
        ("write_off_invoice", A::WriteOffInvoice, &[E::InvoiceWrittenOff], Setup::posted, |id| {
            WriteOffInvoice::new(id).into()
        }),
        ("update_invoice", A::UpdateInvoice, &[E::InvoiceUpdated], Setup::draft, |id| {
            UpdateInvoice::new(id, comment()).into()
        }),
        ("email_invoice", A::EmailInvoice, &[E::InvoiceEmailed], Setup::posted, |id| {
            EmailInvoice::new(id).into()
        }),
        ("upload_file_for_invoice", A::UploadFile, &[E::FileUploaded], Setup::posted, |id| {
            UploadInvoiceFile::new(id, "sheet.pdf", b"%PDF-1.7\n%%EOF".to_vec()).into()
        }),
    ];
    let mut all: Vec<Subject> = on_one
        .into_iter()
        .map(|(name, api, kinds, prepare, build)| {
            let made = Setup::new();
            let id = prepare(&made);
            made.subject(name, api, kinds, ids(&[id.as_str()]), build(id))
        })
        .collect();
    all.push(Setup::new().subject(
        "create_standalone_invoice",
        A::CreateInvoice,
        &[E::InvoiceCreated],
        vec![],
        draft(),
    ));
    all.push(Setup::new().subject(
        "create_standalone_invoice with a number",
        A::CreateInvoice,
        &[E::InvoiceCreated],
        vec![],
        draft().invoice_number("OWN-1"),
    ));
    let made = Setup::new();
    let id = made.draft();
    let line = NewTaxationItem::new(made.item(&id), "GST", day())
        .jurisdiction("NSW")
        .tax_amount("1.00".parse::<zuora_core::Amount>().unwrap())
        .tax_rate("0.10".parse::<zuora_core::Amount>().unwrap())
        .tax_rate_type(TaxRateType::Percentage);
    all.push(made.subject(
        "create_invoice_taxation_items",
        A::CreateTaxationItems,
        &[E::TaxItemsCreated],
        ids(&[id.as_str()]),
        CreateTaxationItems::new(id, [line]),
    ));
    all
}

/// Operations on invoices of the documented size for jobs.
fn writes_by_jobs() -> Vec<Subject> {
    use {ApiOperation as A, EffectKind as E};

    let made = Setup::new();
    let id = made.large(1000);
    let post = made.subject(
        "post_invoice of a large invoice",
        A::PostInvoice,
        &[E::InvoicePosted],
        ids(&[id.as_str()]),
        PostInvoice::new(id),
    );
    let made = Setup::new();
    let id = made.large(1000);
    let cancel = made.subject(
        "cancel_invoice of a large invoice",
        A::CancelInvoice,
        &[E::InvoiceCanceled],
        ids(&[id.as_str()]),
        CancelInvoice::new(id),
    );
    let made = Setup::new();
    let id = made.large(100);
    made.0.call(&CancelInvoice::new(id.clone())).unwrap();
    let delete = made.subject(
        "delete_invoice of a large invoice",
        A::DeleteInvoice,
        &[E::InvoiceDeleted],
        ids(&[id.as_str()]),
        DeleteInvoice::new(id),
    );
    let made = Setup::new();
    let id = made.large(2001);
    made.0.transport().sandbox().post_invoice(id.as_str()).unwrap();
    let reverse = made.subject(
        "reverse_invoice of a large invoice",
        A::ReverseInvoice,
        &[E::InvoiceReversed],
        ids(&[id.as_str()]),
        ReverseInvoice::new(id),
    );
    vec![post, cancel, delete, reverse]
}

fn bulk_writes() -> Vec<Subject> {
    use {ApiOperation as A, EffectKind as E};

    let mut all = vec![Setup::new().subject(
        "bulk_create_standalone_invoices",
        A::CreateInvoices,
        &[E::InvoiceCreated],
        vec![],
        BulkCreateStandaloneInvoices::new((0..3).map(|_| draft())),
    )];
    let made = Setup::new();
    let drafts = made.drafts();
    all.push(made.subject(
        "bulk_post_invoices",
        A::PostInvoices,
        &[E::InvoicePosted],
        drafts.iter().map(|id| id.as_str().to_owned()).collect(),
        BulkPostInvoices::new(drafts.into_iter().map(InvoiceToPost::new)),
    ));
    let made = Setup::new();
    let id = made.large(2);
    let item = made.item(&id);
    let removal = InvoicePatch::default().items([ItemUpdate::remove(item)]);
    all.push(made.subject(
        "update_invoice removes an item",
        A::UpdateInvoice,
        &[E::InvoiceUpdated],
        vec![id.as_str().to_owned()],
        UpdateInvoice::new(id, removal),
    ));
    let made = Setup::new();
    let drafts = made.drafts();
    all.push(made.subject(
        "bulk_update_invoices",
        A::UpdateInvoices,
        &[E::InvoiceUpdated],
        drafts.iter().map(|id| id.as_str().to_owned()).collect(),
        BulkUpdateInvoices::new(drafts.into_iter().map(|id| (id, comment()))),
    ));
    all
}

fn reads() -> Vec<Subject> {
    use ApiOperation as A;

    let mut all = Vec::new();
    let mut add = |name, api, operation: &dyn Fn(&Setup) -> AnyOperation| {
        let made = Setup::new();
        let operation = operation(&made);
        all.push(made.subject(name, api, &[], vec![], operation));
    };
    add("get_bill_run", A::GetBillRun, &|made| GetBillRun::new(made.run()).into());
    add("query_invoices", A::QueryInvoices, &|made| {
        made.run();
        QueryInvoices::new().into()
    });
    add("get_invoice", A::GetInvoice, &|made| GetInvoice::new(made.posted()).into());
    add("get_invoice_items", A::ListItems, &|made| GetInvoiceItems::new(made.posted()).into());
    add("get_invoice_files", A::ListFiles, &|made| GetInvoiceFiles::new(made.posted()).into());
    add("get_invoice_application_parts", A::ListApplicationParts, &|made| {
        GetInvoiceApplicationParts::new(made.posted()).into()
    });
    add("get_taxation_items_of_invoice_item", A::ListTaxationItems, &|made| {
        let id = made.posted();
        let item = made.item(&id);
        GetTaxationItems::new(id, item).into()
    });
    add("get_invoice_pdf_status", A::GetPdfStatus, &|made| GetInvoicePdfStatus::new([made.posted()]).into());
    add("get_operation_job", A::GetJob, &|made| {
        let id = made.draft();
        let as_job = Fault::RunAsJob(std::time::Duration::from_secs(1)).on(Method::PUT, "/post");
        made.0.transport().sandbox().faults().push(as_job);
        let submitted = made.0.call(&PostInvoice::new(id)).unwrap();
        GetOperationJob::new(submitted.job_id().unwrap()).into()
    });
    add("get_files", A::DownloadFile, &|made| {
        let id = made.posted();
        let pdf = b"%PDF-1.7\n%%EOF".to_vec();
        made.0.call(&UploadInvoiceFile::new(id.clone(), "sheet.pdf", pdf)).unwrap();
        let file = made.0.items(&GetInvoiceFiles::new(id)).next().unwrap().unwrap();
        GetFiles::new(file.file_id().unwrap()).into()
    });
    all
}

impl Subject {
    /// Returns how another person does the same.
    pub fn same_by_hand(&self) -> Option<ByHand> {
        use ApiOperation as A;
        Some(match self.api {
            A::PostBillRun => |sandbox, id| drop(sandbox.post_bill_run(id)),
            A::CancelBillRun => |sandbox, id| drop(sandbox.cancel_bill_run(id)),
            A::DeleteBillRun => |sandbox, id| drop(sandbox.delete_bill_run(id)),
            A::PostInvoice | A::PostInvoices => |sandbox, id| drop(sandbox.post_invoice(id)),
            A::CancelInvoice => |sandbox, id| drop(sandbox.cancel_invoice(id)),
            A::DeleteInvoice => |sandbox, id| drop(sandbox.delete_invoice(id)),
            A::ReverseInvoice => |sandbox, id| drop(sandbox.reverse_invoice(id)),
            A::WriteOffInvoice => |sandbox, id| drop(sandbox.write_off_invoice(id)),
            A::UpdateInvoice | A::UpdateInvoices => {
                |sandbox, id| drop(sandbox.comment_on_invoice(id, "ours"))
            }
            _ => return None,
        })
    }

    /// Returns how another person undoes the operation.
    pub fn undone_by_hand(&self) -> Option<ByHand> {
        use ApiOperation as A;
        Some(match self.api {
            A::PostInvoice | A::PostInvoices => |sandbox, id| drop(sandbox.unpost_invoice(id)),
            A::UpdateInvoice | A::UpdateInvoices => {
                |sandbox, id| drop(sandbox.comment_on_invoice(id, "theirs"))
            }
            _ => return None,
        })
    }
}
