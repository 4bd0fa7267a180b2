"""Bills accounts with the official SDK, which needs only the address of the sandbox."""

import json
import os
import urllib.request

import zuora_sdk
from zuora_sdk.zuora_client import ZuoraClient

URL = os.environ.get("ZUORA_URL", "http://127.0.0.1:8470")


def sandbox(path, **body):
    """Sends a request of the control API."""
    return json.load(urllib.request.urlopen(URL + "/sandbox" + path, json.dumps(body).encode()))


client = ZuoraClient("00000000-0000-4000-8000-000000000001", "sandbox-secret", None, zuora_sdk.Configuration(host=URL))
client.initialize()
runs = client.bill_run_api()

run = runs.create_bill_run(zuora_sdk.CreateBillRunRequest(batches=["Batch4"], target_date="2026-03-31"))
sandbox("/clock/advance", by="1m")
assert runs.get_bill_run(run.id).status == "Completed"
runs.post_bill_run(run.id, zuora_sdk.PostBillRunRequest())
sandbox("/clock/advance", by="1m")
assert runs.get_bill_run(run.id).status == "Posted"
print(sandbox("/journal/expect", effect="invoice posted", count=3))
os._exit(0)  # the thread of the SDK that renews tokens would keep the process alive
