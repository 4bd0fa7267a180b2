"""Uses the sandbox's page in headless Chromium, through the DevTools protocol over a pipe.

Usage: page.py CHROMIUM SANDBOX [SCREENSHOT]
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request


class Browser:
    """One tab. Messages are JSON texts that end with a zero byte."""

    def __init__(self, program, profile):
        commands, self.commands = os.pipe()
        self.events, events = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe",
                 "--hide-scrollbars", f"--user-data-dir={profile}"]

        def descriptors():
            # Chromium reads from 3 and writes to 4; copies first, since one of them may be in use.
            read, write = os.dup(commands), os.dup(events)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen([program, *flags, "about:blank"], close_fds=False, preexec_fn=descriptors,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(events)
        self.received, self.number, self.session = b"", 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.errors = []

    def read(self):
        while b"\0" not in self.received:
            part = os.read(self.events, 1 << 16)
            if not part:
                raise SystemExit("Chromium has ended")
            self.received += part
        message, self.received = self.received.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        return self.number

    def call(self, method, **parameters):
        number = self.send(method, **parameters)
        while True:
            message = self.read()
            if message.get("method") == "Page.javascriptDialogOpening":
                self.send("Page.handleJavaScriptDialog", accept=True)
            if message.get("method") == "Runtime.exceptionThrown":
                self.errors.append(message["params"]["exceptionDetails"])
            if message.get("id") == number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                return message["result"]

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def text(self, id):
        return self.evaluate(f"document.getElementById({json.dumps(id)}).innerText")

    def wait(self, id, expected):
        """Waits until the element contains the text, or is empty if the text is."""
        for _ in range(300):
            text = self.text(id)
            if expected in text if expected else not text:
                return text
            time.sleep(0.1)
        raise SystemExit(f"#{id} does not show {expected!r} but {text!r}")

    def click(self, id):
        self.evaluate(f"document.getElementById({json.dumps(id)}).click()")

    def choose(self, id, value):
        self.evaluate(f"""(() => {{
            const input = document.getElementById({json.dumps(id)});
            input.value = {json.dumps(value)};
            input.dispatchEvent(new Event("change"));
        }})()""")

    def close(self):
        self.process.kill()
        self.process.wait()


class Client:
    """A client of the service."""

    def __init__(self, url, id, secret):
        self.url, self.token = url, None
        self.form = {"client_id": id, "client_secret": secret, "grant_type": "client_credentials"}

    def renew(self):
        """Gets a token. A token expires when the clock of the service is advanced far enough."""
        request = urllib.request.Request(self.url + "/oauth/token", urllib.parse.urlencode(self.form).encode())
        self.token = json.load(urllib.request.urlopen(request))["access_token"]

    def call(self, method, path, body=None):
        headers = {"content-type": "application/json", "zuora-version": "2025-08-12"}
        if not path.startswith("/sandbox/"):
            self.renew()
            headers["authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        return json.load(urllib.request.urlopen(request, timeout=20))


def check(browser, client):
    # The page, before there is anything.
    browser.wait("runs", "No bill runs yet")
    browser.wait("journal", "No requests yet")
    assert browser.evaluate("getComputedStyle(document.body).fontSize") == "15px"

    # A run appears, and next month is a click away.
    browser.click("freeze")
    browser.wait("clock-state", "stopped")
    run = client.call("POST", "/v1/bill-runs", {"batches": ["Batch4"], "targetDate": "2026-03-31", "name": "<img src=x>"})
    browser.wait("runs", "BR-00000001")
    browser.wait("runs", "Pending")
    before = browser.text("now")
    browser.choose("span", "31d")
    browser.click("advance")
    browser.wait("runs", "Completed")
    assert browser.text("now")[:10] > before[:10], "the clock was advanced by 31 days"
    browser.wait("invoices", "INV00000001")
    browser.wait("invoices", "Draft")
    client.call("PUT", f"/v1/bill-runs/{run['id']}/post", {})
    browser.choose("span", "1m")
    browser.click("advance")
    browser.wait("runs", "Posted")

    # Amounts are those of the service, digit by digit.
    state = client.call("GET", "/sandbox/state")
    browser.wait("totals", state["totals"][0]["currency"])
    for row in state["totals"]:
        shown = re.sub(r"\s", "", browser.text("totals"))
        assert f"{row['currency']}{row['drafts']}{row['posted']}{row['balance']}" in shown, (row, shown)
    charts = browser.evaluate("[...document.querySelectorAll('#chart svg')].map(one => one.ariaLabel)")
    for row in state["billed"]:
        assert any(row["amount"] in chart and row["month"] in chart for chart in charts), (row, charts)

    # A payment lowers the balance.
    invoice = state["invoices"][0]
    client.call("POST", "/sandbox/pay", {"invoice": invoice["number"], "amount": invoice["amount"]})
    browser.wait("effects", "invoice paid")

    # A fault from the form applies to one request.
    browser.choose("fault-kind", "lose_response")
    browser.choose("fault-operation", "get_bill_run")
    browser.click("fault-add")
    browser.wait("faults", "lose_response")
    try:
        client.call("GET", f"/v1/bill-runs/{run['id']}")
        raise SystemExit("the fault did not apply")
    except (urllib.error.URLError, ConnectionError, OSError):
        pass
    browser.wait("faults", "None.")
    browser.wait("journal", "lost")
    browser.choose("fault-kind", "delay")
    browser.click("fault-add")
    browser.wait("faults", "after 2s")
    browser.click("fault-clear")
    browser.wait("faults", "None.")

    # The journal has request and response, without the token, and markup stays text.
    browser.evaluate("document.querySelectorAll('#journal details').forEach(row => { row.open = true; })")
    browser.wait("journal", '"name":"<img src=x>"'.replace('":"', '": "'))
    journal = browser.text("journal")
    assert "$ZUORA_TOKEN" in journal and client.token not in journal
    assert browser.evaluate("document.querySelectorAll('main img').length") == 0

    # Every control has a name for a screen reader.
    unnamed = browser.evaluate("""[...document.querySelectorAll("button, input, select")].filter(one =>
        !one.innerText && !one.ariaLabel && !one.labels?.length).map(one => one.id)""")
    assert unnamed == [], unnamed

    # An error is shown, and reset starts again.
    browser.choose("fault-kind", "delay")
    browser.evaluate("document.querySelector('#fault-details input').value = 'soon'")
    browser.click("fault-add")
    browser.wait("message", "Invalid value for field 'after'")
    # The page is read again each second, which does not remove the error.
    time.sleep(2.5)
    browser.wait("message", "Invalid value for field 'after'")
    browser.click("reset")
    browser.wait("message", "")
    browser.wait("runs", "No bill runs yet")
    browser.wait("clock-state", "running")
    assert browser.errors == [], browser.errors


def demonstrate(browser, client):
    """Fills the tenant for the screenshot."""
    client.call("POST", "/sandbox/clock/jump", {"to": "2027-01-04T09:00:00-08:00"})
    client.call("POST", "/sandbox/clock/freeze")
    for month in range(1, 7):
        body = {"batches": ["Batch1", "Batch2", "Batch3", "Batch4"], "targetDate": f"2026-{month:02}-28",
                "invoiceDate": f"2026-{month:02}-28"}
        run = client.call("POST", "/v1/bill-runs", body)
        client.call("POST", "/sandbox/clock/advance", {"by": "1m"})
        if month < 6:
            client.call("PUT", f"/v1/bill-runs/{run['id']}/post", {})
            client.call("POST", "/sandbox/clock/advance", {"by": "1m"})
    for invoice in client.call("GET", "/sandbox/state")["invoices"][14:24]:
        if invoice["status"] == "Posted" and float(invoice["amount"]) > 0:
            client.call("POST", "/sandbox/pay", {"invoice": invoice["id"], "amount": invoice["amount"]})
    client.call("POST", "/v1/bill-runs", {"batches": ["Batch2"], "targetDate": "2026-07-31"})
    client.call("POST", "/sandbox/faults", {"fault": "fail", "category": 50, "operation": "create_invoice"})
    try:
        client.call("POST", "/v1/invoices", {})
    except urllib.error.HTTPError:
        pass
    client.call("POST", "/sandbox/faults", {"fault": "execute_later", "after": "60s", "operation": "post_bill_run"})
    client.call("POST", "/sandbox/faults", {"fault": "stale_read", "after": "5s", "path": "/object-query/invoices",
                                            "lasting": "10m"})
    client.call("PUT", "/sandbox/chaos", {"seed": 7, "rate": 0.05})
    browser.wait("faults", "chaos")


def main(chromium, sandbox, screenshot=None):
    server = subprocess.Popen([sandbox, "--listen=127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(chromium, profile)
        try:
            lines = [server.stdout.readline() for _ in range(3)]
            url, id, secret = (line.split()[-1] for line in lines)
            client = Client(url, id, secret)
            browser.call("Emulation.setDeviceMetricsOverride", width=1360, height=1240, deviceScaleFactor=1, mobile=False)
            browser.call("Page.navigate", url=url)
            time.sleep(0.5)
            if screenshot:
                demonstrate(browser, client)
                import base64
                image = browser.call("Page.captureScreenshot", format="png")["data"]
                with open(screenshot, "wb") as file:
                    file.write(base64.b64decode(image))
            else:
                check(browser, client)
                print("the page shows runs, invoices, totals, journal and faults, and its buttons work")
        finally:
            browser.close()
            server.kill()
            server.wait()


main(*sys.argv[1:])
