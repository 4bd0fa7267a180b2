#!/usr/bin/env python3
"""Compares this library with the official Python SDK, over the loopback address.

    python3 -m venv VENV && VENV/bin/pip install zuora-sdk==3.21.0
    cargo build --release -p zuora-benches
    VENV/bin/python benches/official_sdk.py

Both sides call the same server (`side serve`), one call after the other, in separate processes that alternate;
the figures are medians. Prints the table of `benches/RESULTS.md`.
"""

import os
import resource
import statistics
import subprocess
import sys
import time

SIDE = os.path.join(os.path.dirname(__file__), "..", "target", "release", "side")
WORKS = {  # name: (description, calls of this library, calls of the official SDK)
    "small": ("get_bill_run", 3000, 400),
    "page": ("get_invoice_items, 40 items", 1000, 40),
    "list": ("get_invoice_items, 1,000 items", 60, 2),
    "bulk": ("bulk_create_standalone_invoices, 50 x 20 items", 100, 3),
}
TURNS = 5


def official(work, calls, url):
    """Does the same as `side run`, with the official SDK."""
    from zuora_sdk.zuora_client import ZuoraClient
    import zuora_sdk

    client = ZuoraClient("00000000-0000-4000-8000-000000000001", "secret", None,
                         zuora_sdk.Configuration(host=url))
    client.initialize()
    if work == "small":
        api = client.bill_run_api()
        call = lambda: 1 if api.get_bill_run("2c9890077e8a8490017e8bf3a5171a43").id else 0
    elif work in ("page", "list"):
        api = client.invoices_api()
        key = "INV00000040" if work == "page" else "INV00001000"
        call = lambda: len(api.get_invoice_items(key).invoice_items)
    else:
        api = client.invoices_api()
        call = lambda: len(api.bulk_create_standalone_invoices(bulk_create(zuora_sdk)).invoices)
    rows = call()
    print("first", flush=True)
    start = time.perf_counter()
    for _ in range(calls):
        assert call() == rows
    print(calls / (time.perf_counter() - start))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
    os._exit(0)  # the refresh thread of the SDK would keep the process alive


def bulk_create(sdk):
    """50 invoices of 20 items, as in `benches/src/bulk_create.rs`."""
    def item(index):
        return sdk.CreateInvoiceItem(
            charge_name=f"Seats of region {index}", amount=(index * 1037 + 99) / 100, quantity=index + 1,
            unit_price=(index * 10371 + 995) / 1000, uom="Seat", service_start_date="2026-03-01",
            service_end_date="2026-03-31", description="Seats in use, billed at the first of the month",
            sku=f"SKU-{index:08}", purchase_order_number="PO-000017", tax_code="Standard",
            tax_mode="TaxExclusive", accounting_code="Subscription Revenue")

    def invoice(account):
        return sdk.CreateInvoiceRequest(
            account_id=f"2c92a08282fa634378aca02a{account:08x}", invoice_date="2026-03-01", currency="EUR",
            status="Draft", invoice_items=[item(account * 20 + row) for row in range(20)])

    return sdk.BulkCreateInvoicesRequest(invoices=[invoice(account) for account in range(50)])


def measure(command):
    """Milliseconds to the first call, calls per second after it, peak bytes."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        first = (time.perf_counter() - start) * 1000
        rest = process.stdout.read().split()
    if line.strip() != "first" or len(rest) != 2:
        sys.exit(f"failed: {' '.join(command)}")
    return first, float(rest[0]), int(rest[1])


def main():
    server = subprocess.Popen([SIDE, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().strip()
    print("| Work | official SDK, calls per second | this library | ratio | first call, ms | peak MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for work, (name, ours, theirs) in WORKS.items():
        sides = ([], [])
        for _ in range(TURNS):
            sides[0].append(measure([sys.executable, __file__, work, str(theirs), url]))
            sides[1].append(measure([SIDE, "run", work, str(ours), url]))
        them, us = ([statistics.median(column) for column in zip(*side)] for side in sides)
        print(f"| {name} | {them[1]:,.1f} | {us[1]:,.1f} | {us[1] / them[1]:.1f} "
              f"| {them[0]:,.0f} / {us[0]:.1f} | {them[2] / 1e6:.0f} / {us[2] / 1e6:.1f} |", flush=True)
    server.stdin.close()
    server.wait()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        official(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    else:
        main()
