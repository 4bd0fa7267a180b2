#!/usr/bin/env python3
"""Checks the sandbox and this library against the official Python SDK, zuora-sdk 3.21.0.

    cargo build -p zuora-sandbox
    VENV/bin/python tests/official_sdk.py [path of the binary zuora-sandbox]

`.ci/checks/official-sdk` makes the virtual environment and runs this program.

1. Stories: the SDK performs every bill-run and invoice operation against a served sandbox, and each operation is
   rejected once. Its models read every response; amounts and statuses must be right, and rejected requests must have
   the documented code.
2. Wire: the SDK sends the request of each page of the wire book (`tests/wire`), and its models read the recorded
   response. What it sends differently is listed in `DIFFERENCES` with the reason; any other difference fails.
"""

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
import typing
import urllib.parse
import warnings
from decimal import Decimal

warnings.filterwarnings("ignore")

import urllib3  # noqa: E402
import zuora_sdk  # noqa: E402
from zuora_sdk import rest  # noqa: E402
from zuora_sdk.exceptions import ApiException  # noqa: E402
from zuora_sdk.zuora_client import ZuoraClient  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLIENT_ID = "00000000-0000-4000-8000-000000000001"
SECRET = "sandbox-secret"
ACCOUNT = "2c92a08282fa634378aca02a1626d315"

# What the SDK sends differently from the wire book, by operation ("*" for all) and part of the request.
DEFAULT = "the SDK sends the default of the field, the library only what the caller sets"
DIFFERENCES = {
    ("*", "header user-agent"): "each names itself",
    ("*", "header zuora-version"): "the SDK's default is newer than the one in the reference of the operations",
    ("*", "header accept-encoding"): "the SDK compresses only if the caller asks for it",
    ("cancel_invoice", "header content-type"): "the SDK sends no body; other PUTs without one get a 415",
    ("create_token", "header authorization"): "the SDK sends its last token when it renews it; the page of the operation says not to",
    ("cancel_bill_run", "body.cancelOnce"): DEFAULT,
    ("create_bill_run", "body.autoEmail"): DEFAULT,
    ("create_bill_run", "body.autoPost"): DEFAULT,
    ("create_bill_run", "body.includeOrderLineItems"): DEFAULT,
    ("create_bill_run", "body.includeSubscriptions"): DEFAULT,
    ("create_bill_run", "body.noEmailForZeroAmountInvoice"): DEFAULT,
    ("create_standalone_invoice", "body.autoPay"): DEFAULT,
    ("create_standalone_invoice", "body.invoiceItems[0].quantity"): DEFAULT,
    ("bulk_create_standalone_invoices", "body.invoices[0].autoPay"): DEFAULT,
    ("bulk_create_standalone_invoices", "body.invoices[0].invoiceItems[0].quantity"): DEFAULT,
    ("bulk_create_standalone_invoices", "body.invoices[1].autoPay"): DEFAULT,
    ("bulk_create_standalone_invoices", "body.invoices[1].invoiceItems[0].quantity"): DEFAULT,
    ("email_invoice", "body.includeAdditionalEmailAddresses"): DEFAULT,
    ("email_invoice", "body.useEmailTemplateSetting"): DEFAULT,
    ("write_off_invoice", "body.revenueImpacting"): DEFAULT,
}


class Served:
    """A sandbox in a process of its own."""

    def __init__(self, binary, *arguments):
        command = [binary, "--listen", "127.0.0.1:0", "--set", "processing=30ms", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if not found:
            raise SystemExit(f"the sandbox does not start: {line!r}")
        self.url = found.group()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def control(self, method, path):
        """Calls the control API of the sandbox."""
        return urllib3.request(method, self.url + path)


def client_of(url):
    client = ZuoraClient(CLIENT_ID, SECRET, None, zuora_sdk.Configuration(host=url))
    client.initialize()
    return client


def model(kind, **values):
    """Returns a model of the SDK from JSON."""
    made = getattr(zuora_sdk, kind).from_dict(values)
    assert made is not None, kind
    return made


def rejected(call, status, code):
    """Performs a call that the sandbox must reject with that HTTP status and code."""
    try:
        call()
    except ApiException as error:
        body = json.loads(error.body)
        found = (error.status, int(body["reasons"][0]["code"]))
        assert found == (status, code), f"{found} instead of {(status, code)}: {error.body}"
        # Object Query has neither a flag nor a process.
        assert code == 50000027 or body["success"] is False and body["processId"], error.body
        return
    raise AssertionError(f"not rejected with {code}")


def eventually(read, wanted, field="status"):
    """Polls until the field has the wanted value."""
    deadline = time.monotonic() + 20
    while True:
        seen = getattr(read(), field)
        if text(seen) == wanted:
            return
        assert time.monotonic() < deadline, f"{field} is {seen}, not {wanted}"
        time.sleep(0.02)


def text(value):
    return getattr(value, "value", value)


def money(value):
    return Decimal(str(value)).quantize(Decimal("0.01"))


def is_equal(found, wanted, what=""):
    assert found == wanted, f"{what}: {found!r} instead of {wanted!r}"


# Stories

ITEM = {"chargeName": "Work", "amount": 100.25, "serviceStartDate": "2026-03-01"}


def invoice_body(**more):
    return model("CreateInvoiceRequest", accountId=ACCOUNT, invoiceDate="2026-03-01", invoiceItems=[ITEM], **more)


class Stories:
    """Each method is one case; the name is a sentence."""

    def __init__(self, url):
        self.client = client_of(url)
        self.runs = self.client.bill_run_api()
        self.invoices = self.client.invoices_api()

    def completed_run(self, **more):
        run = self.runs.create_bill_run(model("CreateBillRunRequest", batches=["AllBatches"], **more))
        is_equal(text(run.status), "Pending")
        eventually(lambda: self.runs.get_bill_run(run.id), "Completed")
        return run

    def of_run(self, run):
        found = self.client.object_queries_api().query_invoices(
            filter=[f"sourceid.EQ:{run.bill_run_number}"], page_size=50)
        return found.data

    def draft(self, **more):
        return self.invoices.create_standalone_invoice(invoice_body(**more))

    def posted(self, **more):
        return self.draft(status="Posted", **more)

    # Bill runs

    def a_run_is_created_posted_and_mailed(self):
        run = self.completed_run(targetDate="2026-03-31", name="March", invoiceDate="2026-03-31")
        shown = self.runs.get_bill_run(run.id)
        is_equal((shown.name, shown.bill_run_number, shown.batches), ("March", run.bill_run_number, ["AllBatches"]))
        is_equal((str(shown.target_date), shown.schedule), ("2026-03-31", None))
        drafts = self.of_run(run)
        assert len(drafts) > 5 and all(text(row.status) == "Draft" for row in drafts), drafts
        rejected(lambda: self.runs.delete_bill_run(run.id), 400, 50000030)
        started = self.runs.post_bill_run(run.id, model("PostBillRunRequest", invoiceDate="2026-04-01"))
        is_equal(text(started.status), "PostInProgress")
        eventually(lambda: self.runs.get_bill_run(run.id), "Posted")
        invoice = self.invoices.get_invoice(drafts[0].id)
        is_equal((text(invoice.status), str(invoice.invoice_date)), ("Posted", "2026-04-01"))
        is_equal(money(invoice.amount), money(drafts[0].amount), "the amount of the draft")
        is_equal(money(invoice.balance), money(invoice.amount), "the balance")
        rejected(lambda: self.runs.post_bill_run(run.id, model("PostBillRunRequest")), 400, 50000030)
        rejected(lambda: self.runs.cancel_bill_run(run.id, model("CancelBillRunRequest")), 400, 50000030)
        mailed = self.runs.email_bill_run(run.bill_run_number, model("EmailBillRunRequest", resend=True))
        is_equal(mailed.success, True)
        assert self.of_run(run)[0].last_email_sent_date, "mailed"

    def a_run_is_canceled_and_deleted(self):
        run = self.completed_run(targetDate="2026-12-31")
        assert self.of_run(run), "drafts"
        canceled = self.runs.cancel_bill_run(run.id, model("CancelBillRunRequest", cancelOnce=True))
        is_equal(text(canceled.status), "CancelInProgress")
        eventually(lambda: self.runs.get_bill_run(run.id), "Canceled")
        assert all(text(row.status) == "Canceled" for row in self.of_run(run))
        deleted = self.runs.delete_bill_run(run.id)
        is_equal(text(deleted.status), "RemoveInProgress")
        time.sleep(0.2)
        rejected(lambda: self.runs.get_bill_run(run.id), 404, 50000040)
        is_equal(self.of_run(run), [])

    def a_scheduled_run_has_a_next_run(self):
        schedule = {"repeatFrom": "2030-01-01", "repeatType": "Monthly", "runTime": 3}
        run = self.runs.create_bill_run(
            model("CreateBillRunRequest", batches=["Batch1"], schedule=schedule, targetDate="2030-01-31"))
        is_equal((text(run.schedule.repeat_type), run.schedule.run_time), ("Monthly", 3))
        canceled = self.runs.cancel_bill_run(run.id, model("CancelBillRunRequest", cancelOnce=True))
        is_equal((text(canceled.next_run.status), canceled.next_run.target_date_offset), ("Pending", 30))
        eventually(lambda: self.runs.get_bill_run(run.id), "Canceled")
        self.runs.cancel_bill_run(canceled.next_run.id, model("CancelBillRunRequest", cancelOnce=False))

    def a_run_with_a_wrong_body_is_rejected(self):
        body = {"batches": ["Batch1"], "targetDate": "2026-03-31"}
        for wrong, code in [
            ({"batches": ["Batch99"]}, 50000020),
            ({"batches": None, "billRunFilters": [{"filterType": "Account", "accountId": "0" * 32}]}, 50000020),
            ({"billRunFilters": [{"filterType": "Account", "accountId": ACCOUNT}]}, 50000030),
            ({"targetDate": None}, 50000022),
            ({"chargeTypeToExclude": ["OneTime", "Recurring", "Usage"]}, 50000030),
        ]:
            values = {name: value for name, value in {**body, **wrong}.items() if value is not None}
            rejected(lambda: self.runs.create_bill_run(model("CreateBillRunRequest", **values)), 400, code)

    def one_key_creates_one_run(self):
        body = model("CreateBillRunRequest", batches=["Batch4"], targetDate="2026-03-31")
        first = self.runs.create_bill_run(body, idempotency_key="sdk-1")
        is_equal(self.runs.create_bill_run(body, idempotency_key="sdk-1").id, first.id)

    # Invoices

    def an_invoice_is_created_exactly(self):
        taxed = {**ITEM, "chargeName": "Taxed", "amount": 200, "taxCode": "SALES", "taxMode": "TaxExclusive",
                 "discountItems": [{"chargeName": "Less", "amount": -20}]}
        invoice = self.invoices.create_standalone_invoice(
            model("CreateInvoiceRequest", accountNumber="A00000001", invoiceDate="2026-03-01",
                  invoiceItems=[ITEM, taxed], comments="hello"))
        is_equal((text(invoice.status), text(invoice.source_type)), ("Draft", "Standalone"))
        # 100.25 + 200 - 20, and 7.25 % of 180.
        is_equal((money(invoice.amount), money(invoice.tax_amount)), (Decimal("293.30"), Decimal("13.05")))
        is_equal((money(invoice.discount), str(invoice.due_date)), (Decimal("20.00"), "2026-03-31"))
        items = self.invoices.get_invoice_items(invoice.id, page_size=40).invoice_items
        is_equal([item.charge_name for item in items], ["Work", "Taxed", "Less"])
        is_equal([money(item.charge_amount) for item in items], [money(100.25), money(200), money(-20)])
        is_equal(text(items[2].processing_type), "Discount")
        taxes = self.invoices.get_taxation_items_of_invoice_item(invoice.id, items[1].id).data
        is_equal([money(tax.tax_amount) for tax in taxes], [money("14.50")])

    def wrong_invoices_are_rejected(self):
        wrong_account = model("CreateInvoiceRequest", accountId="0" * 32, invoiceDate="2026-03-01", invoiceItems=[ITEM])
        rejected(lambda: self.invoices.create_standalone_invoice(wrong_account), 400, 58490020)
        rejected(lambda: self.draft(paymentTerm="Net 61"), 400, 58490020)
        rejected(lambda: self.draft(dueDate="2026-04-01", currency="XXX"), 400, 58490020)
        rejected(lambda: self.invoices.get_invoice("INV99999999"), 404, 50000040)

    def invoices_are_created_posted_and_updated_in_bulk(self):
        rows = [
            {"accountId": ACCOUNT, "invoiceDate": "2026-03-01", "invoiceItems": [ITEM]},
            {"accountId": "0" * 32, "invoiceDate": "2026-03-01", "invoiceItems": [ITEM]},
        ]
        made = self.invoices.bulk_create_standalone_invoices(
            model("BulkCreateInvoicesRequest", invoices=rows, useSingleTransaction=False)).invoices
        is_equal([row.success for row in made], [True, False])
        is_equal(str(made[1].reasons[0].code), "58490020")
        updated = self.invoices.bulk_update_invoices(
            model("BulkUpdateInvoicesRequest", invoices=[{"id": made[0].id, "comments": "bulk"}]))
        is_equal(updated.success, True)
        is_equal(self.invoices.get_invoice(made[0].id).comments, "bulk")
        twice = model("BulkPostInvoicesRequest", invoices=[{"id": made[0].id}, {"id": made[0].id}])
        posted = self.invoices.bulk_post_invoices(twice).invoices
        is_equal([row.success for row in posted], [True, False])
        is_equal(str(posted[1].reasons[0].code), "59210020")
        is_equal(text(self.invoices.get_invoice(made[0].id).status), "Posted")

    def a_draft_is_changed_taxed_posted_and_mailed(self):
        invoice = self.draft()
        item = self.invoices.get_invoice_items(invoice.id).invoice_items[0]
        taxed = self.invoices.create_invoice_taxation_items(
            invoice.id,
            model("CreateTaxationItemsRequest", taxationItems=[
                {"invoiceItemId": item.id, "name": "City", "jurisdiction": "SF", "taxAmount": 1.5, "taxRate": 0.01,
                 "taxRateType": "Percentage", "taxDate": "2026-03-01"}]))
        is_equal(money(taxed.taxation_items[0].tax_amount), money(1.5))
        changed = self.invoices.update_invoice(
            invoice.id, model("UpdateInvoiceRequest", comments="new", invoiceItems=[{"id": item.id, "amount": 50}]))
        is_equal((changed.comment, money(changed.amount)), ("new", money(51.5)))
        rejected(lambda: self.invoices.email_invoice(invoice.id, model("EmailBillingDocumentRequest")), 400, 59000030)
        posted = self.invoices.post_invoice(invoice.id, model("PostAsyncInvoiceRequest", invoiceDate="2026-03-02"))
        is_equal((posted.success, text(posted.job_status)), (True, "Completed"))
        job = self.client.operations_api().get_operation_job(posted.job_id)
        is_equal((text(job.status), text(job.operation_type), job.object_id), ("Completed", "Post", invoice.id))
        shown = self.invoices.get_invoice(invoice.invoice_number)
        is_equal((text(shown.status), str(shown.invoice_date)), ("Posted", "2026-03-02"))
        again = model("PostAsyncInvoiceRequest")
        rejected(lambda: self.invoices.post_invoice(invoice.id, again), 400, 59210020)
        rejected(lambda: self.invoices.cancel_invoice(invoice.id), 400, 59000030)
        mailed = self.invoices.email_invoice(
            invoice.id, model("EmailBillingDocumentRequest", emailAddresses="a@example.com,b@example.com"))
        is_equal(mailed.success, True)

    def a_draft_is_canceled_and_deleted(self):
        invoice = self.draft()
        rejected(lambda: self.invoices.delete_invoice(invoice.id), 400, 50000030)
        canceled = self.invoices.cancel_invoice(invoice.id)
        is_equal((canceled.id, text(canceled.job_status)), (invoice.id, "Completed"))
        is_equal(text(self.invoices.get_invoice(invoice.id).status), "Canceled")
        deleted = self.invoices.delete_invoice(invoice.id)
        is_equal((deleted.success, deleted.id), (True, invoice.id))
        rejected(lambda: self.invoices.get_invoice(invoice.id), 404, 50000040)

    def an_invoice_is_written_off(self):
        invoice = self.posted()
        memo = self.invoices.write_off_invoice(invoice.id, model("WriteOffInvoiceRequest", comment="gone"))
        shown = self.invoices.get_invoice(invoice.id)
        is_equal((money(shown.balance), money(shown.credit_memo_amount)), (money(0), money(100.25)))
        parts = self.invoices.get_invoice_application_parts(invoice.id).application_parts
        is_equal([(part.credit_memo_id, money(part.applied_amount)) for part in parts],
                 [(memo.credit_memo.id, money(100.25))])
        listed = self.client.object_queries_api().query_credit_memos(filter=[f"invoiceid.EQ:{invoice.id}"]).data
        is_equal([(row.id, row.reason_code, money(row.total_amount)) for row in listed],
                 [(memo.credit_memo.id, "Write-off", money(100.25))])
        again = model("WriteOffInvoiceRequest")
        rejected(lambda: self.invoices.write_off_invoice(invoice.id, again), 400, 59000030)

    def an_invoice_is_reversed(self):
        invoice = self.posted()
        body = model("ReverseInvoiceRequest", reasonCode="Correcting invoice error")
        is_equal(self.invoices.reverse_invoice(invoice.id, body).success, True)
        row = self.client.object_queries_api().query_invoices(filter=[f"id.EQ:{invoice.id}"]).data[0]
        is_equal((row.reversed, money(row.balance), text(row.status)), (True, money(0), "Posted"))
        rejected(lambda: self.invoices.reverse_invoice(invoice.id, body), 400, 59000030)
        rejected(lambda: self.invoices.reverse_invoice(
            self.posted().id, model("ReverseInvoiceRequest", reasonCode="nothing")), 400, 59000020)

    def files_are_made_listed_uploaded_and_downloaded(self):
        invoice = self.posted()

        def status():
            return self.invoices.get_invoice_pdf_status(invoice.invoice_number).invoice_files[0]

        assert text(status().pdf_generation_status) in ("Pending", "Processing", "Generated")
        eventually(status, "Generated", "pdf_generation_status")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "terms.pdf")
            with open(path, "wb") as file:
                file.write(b"%PDF-1.7\n%%EOF\n")
            uploaded = self.invoices.upload_file_for_invoice(invoice.id, file=path)
            rejected(lambda: self.invoices.upload_file_for_invoice(invoice.id, file=path), 400, 59000030)
        files = self.invoices.get_invoice_files(invoice.id).invoice_files
        assert len(files) == 2 and uploaded.file_id in [file.id for file in files], files
        for file in files:
            content = self.client.files_api().get_files(file.pdf_file_url.rsplit("/", 1)[1])
            assert bytes(content).startswith(b"%PDF-"), content

    def what_does_not_exist_is_rejected(self):
        nothing, invoice = "0" * 32, self.draft()
        for call in (
            lambda: self.runs.email_bill_run(nothing, model("EmailBillRunRequest")),
            lambda: self.invoices.bulk_update_invoices(
                model("BulkUpdateInvoicesRequest", invoices=[{"id": nothing, "comments": "x"}])),
            lambda: self.invoices.get_invoice_pdf_status(nothing),
            lambda: self.invoices.update_invoice(nothing, model("UpdateInvoiceRequest", comments="x")),
            lambda: self.invoices.get_invoice_files(nothing),
            lambda: self.invoices.get_invoice_items(nothing),
            lambda: self.invoices.get_taxation_items_of_invoice_item(invoice.id, nothing),
            lambda: self.invoices.get_invoice_application_parts(nothing),
            lambda: self.client.files_api().get_files(nothing),
            lambda: self.client.operations_api().get_operation_job(nothing),
        ):
            rejected(call, 404, 50000040)

    def wrong_bodies_and_filters_are_rejected(self):
        invoice, nothing = self.draft(), "0" * 32
        tax = {"invoiceItemId": nothing, "name": "City", "jurisdiction": "SF", "taxAmount": 1.5, "taxRate": 0.01,
               "taxRateType": "Percentage", "taxDate": "2026-03-01"}
        taxes = model("CreateTaxationItemsRequest", taxationItems=[tax])
        rejected(lambda: self.invoices.create_invoice_taxation_items(invoice.id, taxes), 400, 59000020)
        empty = model("BulkCreateInvoicesRequest", invoices=[])
        rejected(lambda: self.invoices.bulk_create_standalone_invoices(empty), 400, 58490022)
        rejected(lambda: self.invoices.bulk_post_invoices(model("BulkPostInvoicesRequest", invoices=[])), 400, 59210022)
        queries = self.client.object_queries_api()
        for query in (queries.query_invoices, queries.query_credit_memos):
            rejected(lambda query=query: query(filter=["nothing.EQ:1"]), 400, 50000027)

    def wrong_credentials_are_rejected(self):
        try:
            self.client.o_auth_api().create_token(CLIENT_ID, "wrong-secret", "client_credentials")
        except ApiException as error:
            is_equal((error.status, json.loads(error.body)["error"]), (401, "invalid_client"))
            return
        raise AssertionError("not rejected")

    def a_token_is_renewed(self):
        before = self.client.get_token_info()
        self.client.refresh_token()
        after = self.client.get_token_info()
        assert before != after, "a new token"
        rejected(lambda: self.runs.get_bill_run("0" * 32), 404, 50000040)

    def an_expired_token_is_rejected(self):
        stranger = client_of(self.client.configuration.host)
        stranger.configuration.access_token = "0" * 32
        stranger.api_client.configuration.access_token = "0" * 32
        for name, value in list(stranger.api_client.default_headers.items()):
            if value.startswith("Bearer "):
                stranger.api_client.default_headers[name] = "Bearer " + "0" * 32
        try:
            stranger.bill_run_api().get_bill_run("0" * 32)
        except ApiException as error:
            is_equal(error.status, 401)
            assert "ZSession realm=Zuora API" in error.headers["WWW-Authenticate"]
            return
        raise AssertionError("not rejected")


def missing_calls(sandbox):
    """Returns the operations that no story performed, or of which none was rejected, by the journal of the sandbox."""
    kinds = sandbox.control("GET", "/sandbox/schema.json").json()["$defs"]["fault"]["properties"]
    missing = {(name, kind) for name in kinds["operation"]["enum"] for kind in ("performed", "rejected")}
    journal = sandbox.control("GET", "/sandbox/journal?limit=100000").json()
    assert journal["dropped"] == 0, "the journal is complete"
    for entry in journal["entries"]:
        missing.discard((entry.get("operation"), "performed" if entry["status"] == 200 else "rejected"))
    return sorted(missing)


# Wire

class Page:
    """A page of the wire book: operation, path template, request and recorded response."""

    def __init__(self, file):
        with open(file, encoding="utf-8") as opened:
            title, request, response, _ = re.split(r"^### .*$", opened.read(), flags=re.MULTILINE)
        self.name, template = re.match(r"# (\w+): \w+ (\S+)", title.strip()).groups()
        self.request = Request.of_text(request.strip())
        segments = zip(template.split("/"), self.request.path.split("/"))
        self.keys = [value for name, value in segments if name.startswith("{")]
        head, _, self.body = response.strip().partition("\n\n")
        lines = head.splitlines()
        self.status = int(lines[0].split(" ")[1])
        self.headers = dict(line.split(": ", 1) for line in lines[1:])


class Request:
    """A request as it is compared: without what belongs to one connection."""

    IGNORED = {"host", "content-length", "connection"}

    def __init__(self, method, target, headers, body):
        self.method = method
        self.path, _, query = target.partition("?")
        self.query = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in headers if name.lower() not in self.IGNORED}
        content_type = self.headers.get("content-type", "")
        if content_type.startswith("multipart/form-data"):
            boundary = content_type.partition("boundary=")[2]
            body = body.replace("\r\n", "\n").replace(boundary, "BOUNDARY").strip()
            self.headers["content-type"] = "multipart/form-data"
        elif content_type.startswith("application/x-www-form-urlencoded"):
            body = sorted(urllib.parse.parse_qsl(body))
        elif body:
            body = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        if self.headers.get("authorization"):
            self.headers["authorization"] = "Bearer ..."
        self.body = None if body == "" else body

    @classmethod
    def of_text(cls, text):
        head, _, body = text.partition("\n\n")
        lines = head.splitlines()
        method, target, _ = lines[0].split(" ")
        return cls(method, target, [line.split(": ", 1) for line in lines[1:]], body)

    def parts(self):
        """Returns each part that can differ, with its value."""
        parts = {"method": self.method, "path": self.path, "query": self.query}
        parts.update({f"header {name}": value for name, value in self.headers.items()})
        flatten(self.body, "body", parts)
        return parts


def flatten(value, path, parts):
    if isinstance(value, dict):
        for name, member in value.items():
            flatten(member, f"{path}.{name}", parts)
    elif isinstance(value, list) and path != "body" and value and isinstance(value[0], (dict, list)):
        for index, row in enumerate(value):
            flatten(row, f"{path}[{index}]", parts)
    elif value is not None:
        parts[path] = value


class Recorder:
    """Takes the place of the connection pool: records a request and answers with a recorded response."""

    def __init__(self, page):
        self.page, self.seen = page, None

    def request(self, method, url, body=None, fields=None, headers=None, encode_multipart=None, **_):
        headers = dict(headers or {})
        if fields and encode_multipart is not None:
            if encode_multipart:
                body, headers["Content-Type"] = urllib3.filepost.encode_multipart_formdata(fields)
                body = body.decode()
            else:
                body = urllib.parse.urlencode(fields)
        target = urllib.parse.urlsplit(url)
        target = target.path + (f"?{target.query}" if target.query else "")
        body = body.decode() if isinstance(body, bytes) else body or ""
        self.seen = Request(method, target, headers.items(), body)
        return urllib3.HTTPResponse(
            body=self.page.body.encode(), status=self.page.status, headers=self.page.headers, preload_content=True)


# Parameters that are segments of a path, and those that hold the body of a request.
KEYS = ("bill_run_id", "bill_run_key", "invoice_key", "item_id", "job_id", "file_id")
BODIES = ("request", "body", "post_async_invoice_request")


def operation_of(client, name):
    apis = (client.bill_run_api(), client.invoices_api(), client.operations_api(), client.object_queries_api(),
            client.files_api(), client.o_auth_api())
    return next(getattr(api, name) for api in apis if hasattr(api, name))


def send(client, page, folder):
    """Performs the operation of a page with the values of its request; returns what was sent, and the model."""
    call = operation_of(client, page.name)
    hints = typing.get_type_hints(call)
    parameters = list(inspect.signature(call).parameters)
    keys = iter(page.keys)
    arguments = {}
    for name in parameters:
        if name in KEYS:
            arguments[name] = next(keys)
        elif name in BODIES:
            arguments[name] = hints[name].from_dict(json.loads(json.dumps(page.request.body, default=float)))
    for name, value in page.request.query:
        arguments.setdefault({"pageSize": "page_size", "invoiceKeys": "invoice_keys", "filter[]": "filter"}[name]
                             if name in ("pageSize", "invoiceKeys", "filter[]") else name, []).append(value)
    for name in ("page_size", "page", "invoice_keys"):
        if name in arguments:
            value = arguments[name][0]
            arguments[name] = value if name == "invoice_keys" else int(value)
    if page.name == "create_token":
        arguments.update(dict(page.request.body))
    if page.name == "upload_file_for_invoice":
        arguments["file"] = os.path.join(folder, "terms.pdf")
        with open(arguments["file"], "wb") as file:
            file.write(b"%PDF-1.7\n%%EOF\n")
    if "idempotency-key" in page.request.headers:
        arguments["idempotency_key"] = page.request.headers["idempotency-key"]
    recorder = Recorder(page)
    client.api_client.rest_client.pool_manager = recorder
    value = call(**arguments)
    return recorder.seen, value


def compare_with_the_book():
    """Returns the differences that are not listed, and the listed ones that do not exist."""
    client = ZuoraClient(CLIENT_ID, SECRET, None, zuora_sdk.Configuration(host="https://rest.zuora.com"))
    client.api_client.default_headers["Authorization"] = "Bearer ..."
    problems, used, pages = [], set(), 0
    folder = os.path.join(TOP, "tests", "wire")
    with tempfile.TemporaryDirectory() as scratch:
        for file in sorted(os.listdir(folder)):
            page = Page(os.path.join(folder, file))
            pages += 1
            try:
                sent, value = send(client, page, scratch)
            except Exception as error:  # The report names every page that fails.
                traceback.print_exc()
                problems.append(f"{page.name}: {type(error).__name__}: {error}")
                continue
            assert value is not None, page.name
            ours, theirs = page.request.parts(), sent.parts()
            for part in sorted(ours.keys() | theirs.keys()):
                if ours.get(part) == theirs.get(part):
                    continue
                known = [key for key in ((page.name, part), ("*", part)) if key in DIFFERENCES]
                used.update(known)
                if not known:
                    problems.append(f"{page.name}: {part}: the book has {ours.get(part)!r}, the SDK {theirs.get(part)!r}")
    problems += [f"{key}: listed, but there is no such difference" for key in DIFFERENCES.keys() - used]
    return pages, problems


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, "target", "debug", "zuora-sandbox")
    failed = 0
    with Served(binary) as sandbox:
        stories = Stories(sandbox.url)
        names = [name for name, member in vars(Stories).items() if "_" in name and not name.startswith("_")]
        names = [name for name in names if name not in ("completed_run", "of_run")]
        for name in names:
            try:
                getattr(stories, name)()
            except Exception:
                failed += 1
                print(f"FAILED {name}")
                traceback.print_exc()
        missing = missing_calls(sandbox)
    for name, kind in missing:
        print(f"{name} is {kind} in no story")
    print(f"stories: {len(names) - failed} of {len(names)} pass")
    pages, problems = compare_with_the_book()
    for problem in problems:
        print(problem)
    print(f"wire: {pages} pages, {len(DIFFERENCES)} known differences, {len(problems)} problems")
    return 1 if failed or missing or problems else 0


if __name__ == "__main__":
    sys.stdout.flush()
    # The SDK renews its token on a thread that would keep the process alive.
    status = main()
    sys.stdout.flush()
    os._exit(status)
