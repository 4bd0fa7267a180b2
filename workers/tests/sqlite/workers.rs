//! Workers on the queue.

use super::*;

#[tokio::test]
async fn live_workers_are_not_robbed_while_their_handlers_take_longer_than_the_window() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
    for number in 0..8 {
        engine.enqueue(&job(&client, &format!("j{number}"))).await.unwrap();
    }
    // Three times the window of 2 s, in all slots of both workers.
    let slow = Fault::Delay(Duration::from_secs(6)).on_operation(ApiOperation::CreateInvoice).times(100);
    server.sandbox().faults().push(slow);
    let settings = settings().tenant_concurrency(4);
    let workers =
        [start(&server, engine.clone(), settings.clone()), start(&server, engine.clone(), settings)];
    all_decided(&engine).await;
    for worker in workers {
        worker.end().await;
    }
    let creations = RequestPattern::operation(ApiOperation::CreateInvoice);
    assert_eq!(server.sandbox().journal().count(&creations), 8, "each intent started once");
    let lost: i64 =
        sqlx::query_scalar("SELECT sum(attempts) FROM Jobs").fetch_one(engine.pool()).await.unwrap();
    assert_eq!(lost, 0, "no job was taken from a live worker");
}

#[tokio::test]
async fn entries_that_cannot_be_read_become_dead_letters_and_stop_no_worker() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
    let mut unknown = job(&client, "from a newer version");
    unknown.intent = unknown.intent.replace("create_standalone_invoice", "pause_bill_run");
    engine.enqueue(&unknown).await.unwrap();
    for (id, payload, key) in [
        ("1", vec![0xff, 0], Some("bytes")),
        ("2", b"{}".to_vec(), Some("no job")),
        ("not a ulid", b"x".to_vec(), None),
    ] {
        let row = "INSERT INTO Jobs (job, id, job_type, idempotency_key) VALUES (?1, ?2, 'zuora', ?3)";
        sqlx::query(row).bind(payload).bind(id).bind(key).execute(engine.pool()).await.unwrap();
    }
    let row = "INSERT INTO Jobs (job, id, job_type, idempotency_key) VALUES (x'00', '3', 'zuora', x'ff')";
    sqlx::query(row).execute(engine.pool()).await.unwrap();
    engine.enqueue(&job(&client, "line")).await.unwrap();
    let line = "INSERT INTO zuora_sends (queue, key, version, record) VALUES ('zuora', 'line', 7, '?')";
    sqlx::query(line).execute(engine.pool()).await.unwrap();
    engine.enqueue(&job(&client, "good")).await.unwrap();
    let mut settings = settings();
    settings.limits = settings.limits.unreadable(Duration::from_secs(2));
    let worker = start(&server, engine.clone(), settings);
    all_decided(&engine).await;
    let events = worker.end().await;
    assert!(
        events.iter().any(|event| event.contains("from a newer version") && event.contains("NotBefore")),
        "{events:?}"
    );
    let rejected = engine.list("rejected").await.unwrap();
    let keys: Vec<_> = rejected.iter().map(|ended| ended.key.as_str()).collect();
    assert_eq!(keys, ["bytes", "from a newer version", "no job", "not a ulid", "\u{fffd}"]);
    assert!(format!("{:?}", rejected[1].decision).contains("pause_bill_run"), "the text is kept");
    assert_eq!(engine.list("done").await.unwrap()[0].key, "good");
    assert_eq!(engine.list("in doubt").await.unwrap()[0].key, "line");
    let line: String = sqlx::query_scalar("SELECT record FROM zuora_sends WHERE key = 'line'")
        .fetch_one(engine.pool())
        .await
        .unwrap();
    assert_eq!(line, "?", "left for a person");
}

#[tokio::test]
async fn a_worker_that_reads_the_operation_performs_what_another_has_put_back() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    engine.enqueue(&job(&client(&server), "a")).await.unwrap();
    // A worker of an older version has left this.
    engine.join("old").await.unwrap();
    let [held] = engine.claim("old", 1).await.unwrap().try_into().unwrap();
    let (decision, record) =
        zuora_workers::unreadable("a", "", Record::default(), "unknown", &Limits::default(), in_seconds(0));
    engine.execute("old", &held, &decision, &record).await.unwrap();
    sqlx::query("UPDATE Jobs SET run_at = 0").execute(engine.pool()).await.unwrap();
    let worker = start(&server, engine.clone(), settings());
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.count().await.unwrap().done, 1);
    assert_eq!(engine.read("a").await.unwrap().unreadable_since, None);
}

#[tokio::test]
async fn followers_are_added_when_their_job_is_done() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
    let day = "2026-03-01".parse().unwrap();
    let item = NewInvoiceItem::named("Fee", "90071992547409.93".parse::<Amount>().unwrap(), day);
    let account = AccountId::from("2c92a08282fa634378aca02a1626d315");
    let create = CreateStandaloneInvoice::new(account, day, [item]).invoice_number("ME-1");
    let post = Job::new("post", &client.intent(PostInvoice::new("ME-1")).unwrap()).unwrap();
    let chain = Job::new("create", &client.intent(create).unwrap()).unwrap().then(post);
    engine.enqueue(&chain).await.unwrap();
    let worker = start(&server, engine.clone(), settings());
    eventually("the posting", || async { engine.count().await.unwrap().done == 2 }).await;
    worker.end().await;
    assert_eq!(server.sandbox().journal().effects_of_kind(EffectKind::InvoicePosted).count(), 1);
    let done = engine.list("done").await.unwrap();
    let Decision::Acknowledge(Acknowledged::Response(text)) = &done[0].decision else { panic!("{done:?}") };
    assert!(text.contains("90071992547409.93"), "every digit: {text}");
}

#[tokio::test]
async fn a_pause_stops_the_handing_out_and_a_restart_needs_no_new_token() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
    engine.pause().await.unwrap();
    engine.enqueue(&job(&client, "a")).await.unwrap();
    let worker = start(&server, engine.clone(), settings());
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(engine.count().await.unwrap().waiting, 1);
    engine.resume().await.unwrap();
    all_decided(&engine).await;
    worker.end().await;
    for number in 0..5 {
        engine.enqueue(&job(&client, &format!("{number}"))).await.unwrap();
        let worker = start(&server, engine.clone(), settings());
        all_decided(&engine).await;
        worker.end().await;
    }
    let tokens = RequestPattern::operation(ApiOperation::CreateToken);
    assert_eq!(server.sandbox().journal().count(&tokens), 1, "six workers, one token");
    // A worker that stores none takes none.
    engine.enqueue(&job(&client, "last")).await.unwrap();
    let worker = start(&server, engine.clone(), settings().store_token(false));
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(server.sandbox().journal().count(&tokens), 2);
}

#[tokio::test]
async fn a_stopped_worker_ends_its_jobs_and_leaves_the_others() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
    for number in 0..6 {
        engine.enqueue(&job(&client, &format!("j{number}"))).await.unwrap();
    }
    let slow = Fault::Delay(Duration::from_millis(1500)).on_operation(ApiOperation::CreateInvoice).times(9);
    server.sandbox().faults().push(slow);
    let worker = start(&server, engine.clone(), settings().tenant_concurrency(2));
    eventually("the first requests", || async { engine.count().await.unwrap().running > 0 }).await;
    worker.end().await;
    let counts = engine.count().await.unwrap();
    assert_eq!((counts.running, counts.done + counts.waiting), (0, 6), "{counts:?}");
    assert!(counts.waiting > 0 && counts.done > 0, "{counts:?}");
    let rows = sqlx::query("SELECT attempts FROM Jobs").fetch_all(engine.pool()).await.unwrap();
    assert!(rows.iter().all(|row| row.get::<i64, _>(0) == 0), "a drain is not a lost worker");
}

#[tokio::test]
async fn two_fleets_on_one_queue_double_nothing() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
    let fleets = [file.open().await, file.open().await];
    for number in 0..20 {
        let job = job(&client, &format!("j{number}"));
        // Both producers push the same events.
        for fleet in &fleets {
            fleet.enqueue(&job).await.unwrap();
        }
    }
    let workers =
        fleets.map(|fleet| [start(&server, fleet.clone(), settings()), start(&server, fleet, settings())]);
    all_decided(&engine).await;
    for worker in workers.into_iter().flatten() {
        worker.end().await;
    }
    assert_eq!(server.sandbox().journal().effects_of_kind(EffectKind::InvoiceCreated).count(), 20);
    assert_eq!(engine.count().await.unwrap().done, 20);
}

#[tokio::test]
async fn a_revoked_client_secret_pauses_the_claims_of_its_worker() {
    let (file, server) = (File::new(), Server::start("127.0.0.1:0", Sandbox::demo()).unwrap());
    let engine = file.open().await;
    let client = client(&server);
    for number in 0..8 {
        engine.enqueue(&job(&client, &format!("j{number}"))).await.unwrap();
    }
    let mut settings = settings().tenant_concurrency(1);
    settings.limits = settings.limits.max_backoff(Duration::from_secs(600));
    let revoked = Config::new(server.url(), CLIENT_ID, "revoked");
    let worker = start_with(&revoked, engine.clone(), settings.clone());
    let tokens = || server.sandbox().journal().count(&RequestPattern::operation(ApiOperation::CreateToken));
    eventually("the token request", || async { tokens() > 0 }).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let events = worker.end().await;
    assert_eq!(tokens(), 1, "one job has found it out: {events:?}");
    assert_eq!(engine.count().await.unwrap().waiting, 8, "no dead letter");
    // A worker with the new secret performs them all.
    sqlx::query("UPDATE Jobs SET run_at = 0").execute(engine.pool()).await.unwrap();
    let worker = start(&server, engine.clone(), settings);
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.count().await.unwrap().done, 8);
}
