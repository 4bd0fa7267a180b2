//! Strategies for operations on invoices and their values.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::fields::{Generate, Limits, arbitrary, each_field, filled, full, generate, plain};
use super::items::lean_items;
use super::values::{printable, text};
use crate::api::invoices::{
    ApplicationParts, BillTo, BulkCreateStandaloneInvoices, BulkPostInvoices, BulkUpdateInvoices,
    CancelInvoice, Contact, CreateStandaloneInvoice, CreateTaxationItems, CreatedInvoices,
    CreatedTaxationItems, CustomRate, DeleteInvoice, EmailInvoice, GetInvoice, GetInvoiceApplicationParts,
    GetInvoiceFiles, GetInvoiceItems, GetInvoicePdfStatus, GetTaxationItems, Invoice, InvoiceFile,
    InvoiceFiles, InvoiceItems, InvoicePatch, InvoicePdfStatus, InvoicePdfStatuses, InvoiceStatus,
    InvoiceTaxationItems, InvoiceToPost, InvoicedAccount, NewContact, NewInvoiceItem, NewTaxationItem,
    PostInvoice, PostedInvoice, PostedInvoices, ReadInvoiceOrJob, ReverseInvoice, ReversedInvoice,
    UpdateInvoice, UpdatedInvoice, UploadInvoiceFile, UploadedFile, WriteOff, WriteOffInvoice,
    WrittenOffInvoice, YesOrNo,
};
use crate::api::jobs::GetOperationJob;
use crate::types::{AccountId, AccountNumber, ContactId, Date, FileId, InvoiceId, InvoiceItemId, InvoiceKey};

plain! {
    ApplicationParts, CreatedInvoices, CreatedTaxationItems, CustomRate, Invoice, InvoiceFile, InvoiceFiles,
    InvoiceItems, InvoicePdfStatus, InvoicePdfStatuses, InvoiceTaxationItems, InvoiceToPost, NewContact,
    PostedInvoice, PostedInvoices, ReversedInvoice, UpdatedInvoice, UploadedFile, WrittenOffInvoice,
}

arbitrary! {
    CreateStandaloneInvoice => new_invoices(prop_oneof![
        60 => vec(any::<NewInvoiceItem>(), 1..=3),
        1 => full(lean_items(), 1000),
    ]);
    BulkCreateStandaloneInvoices => filled(prop_oneof![
        60 => vec(new_invoices(vec(any::<NewInvoiceItem>(), 1..=2)), 1..=2),
        1 => full(new_invoices(full(lean_items(), 20)), 50),
    ].prop_map(Self::new), &[]);
    BulkPostInvoices => filled(Vec::<InvoiceToPost>::within(max_len(50)).prop_map(Self::new), &[]);
    BulkUpdateInvoices => filled(prop_oneof![
        60 => vec((any::<InvoiceId>(), changes(1)), 1..=2),
        1 => full((any::<InvoiceId>(), changes(0)), 50),
    ].prop_map(Self::new), &[]);
    GetInvoice => any::<InvoiceKey>().prop_map(Self::new);
    GetInvoiceItems => (any::<InvoiceKey>(), pages()).prop_map(|(invoice, (page, size))| {
        Self::new(invoice).page(page).page_size(size)
    });
    GetInvoiceFiles => (any::<InvoiceKey>(), pages()).prop_map(|(invoice, (page, size))| {
        Self::new(invoice).page(page).page_size(size)
    });
    GetInvoiceApplicationParts => (any::<InvoiceKey>(), option::of(pages())).prop_map(|(invoice, page)| {
        let list = Self::new(invoice);
        match page {
            Some((page, size)) => list.page(page).page_size(size),
            None => list,
        }
    });
    GetTaxationItems => (any::<InvoiceKey>(), any::<InvoiceItemId>(), pages())
        .prop_map(|(invoice, item, (page, size))| Self::new(invoice, item).page(page).page_size(size));
    GetInvoicePdfStatus => Vec::<InvoiceKey>::within(max_len(50)).prop_map(|keys| {
        Self::new(keys.iter().map(|key| key.as_str().replace(',', ";")))
    });
    CreateTaxationItems => (any::<InvoiceKey>(), prop_oneof![
        60 => vec(any::<NewTaxationItem>(), 1..=3),
        1 => full(any::<NewTaxationItem>(), 500),
    ]).prop_map(|(invoice, lines)| Self::new(invoice, lines));
    UpdateInvoice => (any::<InvoiceKey>(), any::<InvoicePatch>())
        .prop_map(|(invoice, changes)| Self::new(invoice, changes));
    PostInvoice => (any::<InvoiceKey>(), option::of(any::<Date>())).prop_map(|(invoice, date)| {
        let post = Self::new(invoice);
        match date {
            Some(date) => post.invoice_date(date),
            None => post,
        }
    });
    CancelInvoice => any::<InvoiceKey>().prop_map(Self::new);
    DeleteInvoice => any::<InvoiceKey>().prop_map(Self::new);
    EmailInvoice => emails();
    UploadInvoiceFile => (any::<InvoiceKey>(), printable(1..=20), pdfs())
        .prop_map(|(invoice, name, file)| Self::new(invoice, name, file));
    ReverseInvoice => reversals();
    WriteOffInvoice => (any::<InvoiceKey>(), any::<WriteOff>())
        .prop_map(|(invoice, details)| Self::new(invoice).details(details));
    ReadInvoiceOrJob => prop_oneof![
        any::<GetOperationJob>().prop_map(Self::Job),
        any::<GetInvoice>().prop_map(Self::Invoice),
    ];
    InvoicedAccount => prop_oneof![
        any::<AccountId>().prop_map(Self::Id),
        any::<AccountNumber>().prop_map(Self::Number),
        (any::<AccountId>(), any::<AccountNumber>()).prop_map(|(id, number)| Self::Both(id, number)),
    ];
    BillTo => prop_oneof![
        contact_ids().prop_map(Self::Existing),
        any::<NewContact>().prop_map(Self::from),
    ];
    Contact => prop_oneof![
        contact_ids().prop_map(Self::Existing),
        any::<NewContact>().prop_map(Self::from),
        Just(Self::SameAsBillTo),
    ];
    InvoicePatch => changes(3);
    WriteOff => (each_field::<Self>(), prop_oneof![Just(YesOrNo::No), Just("Maybe".into())]).prop_map(|(details, no)| {
        // A non-revenue write-off accounting code requires a write-off that does not affect revenue.
        match (&details.non_revenue_write_off_accounting_code, &details.revenue_impacting) {
            (Some(_), None | Some(YesOrNo::Yes)) => details.revenue_impacting(no),
            _ => details,
        }
    });
}

generate! { CreateStandaloneInvoice, InvoicePatch, InvoiceKey }

fn max_len(most: usize) -> Limits {
    Limits { count: (1, most), ..Limits::NONE }
}

fn contact_ids() -> BoxedStrategy<ContactId> {
    ContactId::within(Limits { id: true, ..Limits::NONE })
}

/// Generates a page number and a page size.
fn pages() -> impl Strategy<Value = (u32, u32)> {
    (prop_oneof![8 => 1..=5_u32, 1 => 1..=u32::MAX], 1..=40_u32)
}

/// Generates new invoices with a valid status, and with numbers of letters, digits, `-` and `_`.
fn new_invoices(
    items: impl Strategy<Value = Vec<NewInvoiceItem>> + 'static,
) -> BoxedStrategy<CreateStandaloneInvoice> {
    let invoice = (any::<InvoicedAccount>(), any::<Date>(), items)
        .prop_map(|(account, date, items)| CreateStandaloneInvoice::new(account, date, items));
    let status = select(vec![InvoiceStatus::Draft, InvoiceStatus::Posted, "NewStatus".into()]);
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['-', '_']).collect();
    let number = vec(select(letters), 1..=32).prop_map(String::from_iter);
    let rest = (
        option::weighted(0.3, status),
        option::weighted(0.3, number),
        option::weighted(0.2, any::<BillTo>()),
        option::weighted(0.2, any::<Contact>()),
        option::weighted(0.2, any::<Contact>()),
    );
    (filled(invoice, &["invoiceDate", "status", "invoiceNumber"]), rest)
        .prop_map(|(mut invoice, (status, number, bill_to, sold_to, ship_to))| {
            if let Some(status) = status {
                invoice = invoice.status(status);
            }
            if let Some(number) = number {
                invoice = invoice.invoice_number(number);
            }
            if let Some(contact) = bill_to {
                invoice = invoice.bill_to(contact);
            }
            if let Some(contact) = sold_to {
                invoice = invoice.sold_to(contact);
            }
            if let Some(contact) = ship_to {
                invoice = invoice.ship_to(contact);
            }
            invoice
        })
        .boxed()
}

/// Generates changes to the invoice date or the due date, but not to both, and to at most `items` items.
fn changes(items: usize) -> BoxedStrategy<InvoicePatch> {
    let date = prop_oneof![
        Just(InvoicePatch::default()),
        any::<Date>().prop_map(|date| InvoicePatch::default().invoice_date(date)),
        any::<Date>().prop_map(|date| InvoicePatch::default().due_date(date)),
    ];
    (filled(date, &["invoiceItems"]), vec(any::<crate::api::invoices::ItemUpdate>(), 0..=items))
        .prop_map(|(changes, items)| changes.items(items))
        .boxed()
}

fn emails() -> BoxedStrategy<EmailInvoice> {
    let address = (1..1000_u16).prop_map(|number| format!("billing+{number}@example.com"));
    let to = prop_oneof![Just(None), vec(address, 1..=3).prop_map(Some)];
    let file = FileId::within(Limits { id: true, ..Limits::NONE });
    (any::<InvoiceKey>(), to, any::<bool>(), option::of(any::<bool>()), option::of(file))
        .prop_map(|(invoice, to, by_template, additional, file)| {
            let mut email = EmailInvoice::new(invoice);
            match to {
                Some(addresses) => email = email.to(addresses),
                None if by_template => email = email.use_template_addresses(true),
                None => {}
            }
            if let Some(additional) = additional {
                email = email.include_additional_addresses(additional);
            }
            if let Some(file) = file {
                email = email.pdf_file(file);
            }
            email
        })
        .boxed()
}

/// Generates content with the signature of a PDF file, some of it with lines that resemble multipart boundaries.
fn pdfs() -> BoxedStrategy<Bytes> {
    let part = prop_oneof![
        4 => vec(any::<u8>(), 0..=40),
        1 => select(vec![&b"\r\n--zuora-"[..], b"\r\n\r\n", b"--"]).prop_map(<[u8]>::to_vec),
    ];
    vec(part, 0..=3).prop_map(|parts| [&b"%PDF-1.7\n"[..], &parts.concat()].concat().into()).boxed()
}

/// Generates reversals whose credit memo is not applied before its date.
fn reversals() -> BoxedStrategy<ReverseInvoice> {
    let comment = option::of(String::within(Limits { text: (0, 255), ..Limits::NONE }));
    let date = || option::of(any::<Date>());
    (any::<InvoiceKey>(), date(), date(), comment, option::of(text(1..=12)))
        .prop_map(|(invoice, memo_date, applied, comment, reason)| {
            let mut reverse = ReverseInvoice::new(invoice);
            if let Some(date) = memo_date {
                reverse = reverse.memo_date(date);
            }
            if let Some(date) = applied {
                reverse = reverse.apply_effective_date(memo_date.map_or(date, |memo| memo.max(date)));
            }
            if let Some(comment) = comment {
                reverse = reverse.comment(comment);
            }
            if let Some(reason) = reason {
                reverse = reverse.reason_code(reason);
            }
            reverse
        })
        .boxed()
}
