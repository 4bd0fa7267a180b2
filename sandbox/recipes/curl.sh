#!/bin/sh
# Bills accounts with curl: creates a bill run, advances the clock instead of waiting, posts the run, counts.
set -eu
url=${ZUORA_URL:-http://127.0.0.1:8470}

token=$(curl -sSf "$url/oauth/token" \
    -d client_id=00000000-0000-4000-8000-000000000001 -d client_secret=sandbox-secret \
    -d grant_type=client_credentials | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
zuora() { curl -sSf -H "authorization: Bearer $token" -H 'content-type: application/json' "$@"; }

run=$(zuora "$url/v1/bill-runs" -d '{"batches": ["Batch4"], "targetDate": "2026-03-31"}' |
    sed 's/.*"id":"\([^"]*\)".*/\1/')
curl -sSf "$url/sandbox/clock/advance" -d '{"by": "1m"}'
zuora -X PUT "$url/v1/bill-runs/$run/post" -d '{}'
curl -sSf "$url/sandbox/clock/advance" -d '{"by": "1m"}'

# Fails unless exactly three invoices were posted.
curl -sSf "$url/sandbox/journal/expect" -d '{"effect": "invoice posted", "count": 3}'
