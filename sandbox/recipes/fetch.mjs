// Bills accounts with fetch, and repeats a request whose response is lost.
const url = process.env.ZUORA_URL ?? "http://127.0.0.1:8470";

async function send(method, path, body, headers = {}) {
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const json = await response.json();
  if (!response.ok || json.success === false) throw new Error(JSON.stringify(json));
  return json;
}

const credentials = {
  client_id: "00000000-0000-4000-8000-000000000001",
  client_secret: "sandbox-secret",
  grant_type: "client_credentials",
};
const token = await fetch(`${url}/oauth/token`, { method: "POST", body: new URLSearchParams(credentials) });
const { access_token: bearer } = await token.json();
const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json", "idempotency-key": "march" };

// The service does the work, and the response is lost.
await send("POST", "/sandbox/faults", { fault: "lose_response", operation: "create_bill_run" });
const create = () => send("POST", "/v1/bill-runs", { batches: ["Batch4"], targetDate: "2026-03-31" }, headers);
const lost = await create().then(() => false, () => true);
const run = await create();

// The key kept the second request from creating a second run.
await send("POST", "/sandbox/journal/expect", { effect: "bill run created", count: 1 });
await send("POST", "/sandbox/clock/advance", { by: "1m" });
const { bill_runs: [shown] } = await send("GET", "/sandbox/state");
if (!lost || shown.id !== run.id || shown.status !== "Completed") throw new Error(JSON.stringify(shown));
console.log(`${shown.number} is ${shown.status} with ${shown.invoices} drafts`);
