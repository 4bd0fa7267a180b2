import json
import urllib.request


def sandbox(url, method, path, **body):
    request = urllib.request.Request(url + "/sandbox" + path, json.dumps(body).encode(), method=method)
    return json.load(urllib.request.urlopen(request))


def test_a_sandbox_is_empty(zuora):
    assert sandbox(zuora, "GET", "/state")["bill_runs"] == []


def test_next_month_is_one_request_away(zuora):
    before = sandbox(zuora, "GET", "/state")["today"]
    sandbox(zuora, "POST", "/clock/advance", by="31d")
    assert sandbox(zuora, "GET", "/state")["today"] > before
