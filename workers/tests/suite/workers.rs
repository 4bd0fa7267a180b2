//! Workers on the queue.

use super::*;

pub(crate) async fn live_workers_are_not_robbed_while_their_handlers_take_longer_than_the_window<
    Q: Engine + Commands,
>(
    open: impl AsyncFn() -> Q,
) {
    let (server, engine, client) = scene(&open).await;
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
}

pub(crate) async fn followers_are_added_when_their_job_is_done<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let (server, engine, client) = scene(&open).await;
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

pub(crate) async fn a_pause_stops_the_handing_out_and_a_restart_needs_no_new_token<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let (server, engine, client) = scene(&open).await;
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

pub(crate) async fn a_stopped_worker_ends_its_jobs_and_leaves_the_others<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let (server, engine, client) = scene(&open).await;
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
    engine.join("next").await.unwrap();
    let left = engine.claim("next", 9).await.unwrap();
    assert!(left.iter().all(|job| job.lost_workers == 0), "a drain is not a lost worker: {left:?}");
}

pub(crate) async fn two_fleets_on_one_queue_double_nothing<Q: Engine + Commands>(open: impl AsyncFn() -> Q) {
    let (server, engine, client) = scene(&open).await;
    let fleets = [open().await, open().await];
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

pub(crate) async fn a_revoked_client_secret_pauses_the_claims_of_its_worker<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let (server, engine, client) = scene(&open).await;
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
    let worker = start(&server, engine.clone(), settings);
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.count().await.unwrap().done, 8);
}

pub(crate) async fn a_job_that_waits_between_its_read_and_its_write_needs_no_place<Q: Engine + Commands>(
    open: impl AsyncFn() -> Q,
) {
    let (server, engine, client) = scene(&open).await;
    for number in 0..6 {
        let AnyOperation::CreateStandaloneInvoice(create) = create("12.50") else { panic!("a creation") };
        let invoice = client.call(&create).await.unwrap();
        let post = client.intent(PostInvoice::new(invoice.id().unwrap().to_string())).unwrap();
        engine.enqueue(&Job::new(format!("post {number}"), &post).unwrap()).await.unwrap();
    }
    let mut settings = settings().tenant_concurrency(1);
    settings.limits.baseline_pause = Duration::from_secs(5);
    let worker = start(&server, engine.clone(), settings);
    eventually("all jobs", async || engine.count().await.unwrap().running == 6).await;
    all_decided(&engine).await;
    worker.end().await;
    assert_eq!(engine.count().await.unwrap().done, 6);
    assert_eq!(server.sandbox().journal().effects_of_kind(EffectKind::InvoicePosted).count(), 6);
}

pub(crate) async fn of_the_jobs_of_workers_that_end_the_cause_alone_becomes_a_dead_letter<
    Q: Engine + Commands,
>(
    open: impl AsyncFn() -> Q,
) {
    let (server, engine, client) = scene(&open).await;
    let fatal = client.intent(PostInvoice::new("INV00000155")).unwrap();
    engine.enqueue(&Job::new("fatal", &fatal).unwrap()).await.unwrap();
    for number in 0..4 {
        engine.enqueue(&job(&client, &format!("j{number}"))).await.unwrap();
    }
    let mut settings = settings();
    settings.max_lost_workers = 0;
    // The first worker ends with all jobs, before any is sent.
    let hang = |operation| Fault::Delay(Duration::from_secs(15)).on_operation(operation);
    server.sandbox().faults().push(hang(ApiOperation::CreateToken));
    let worker = start(&server, engine.clone(), settings.clone());
    eventually("all jobs", async || engine.count().await.unwrap().running == 5).await;
    worker.crash().await;
    // The next ones end while they perform the fatal one.
    server.sandbox().faults().push(hang(ApiOperation::GetInvoice).times(9));
    for crash in 1..4 {
        let worker = start(&server, engine.clone(), settings.clone());
        eventually("the fatal job", async || engine.read("fatal").await.unwrap().lone_starts == crash).await;
        worker.crash().await;
    }
    let worker = start(&server, engine.clone(), settings);
    all_decided(&engine).await;
    worker.end().await;
    let [dead] = engine.list("rejected").await.unwrap().try_into().unwrap();
    assert_eq!((dead.key.as_str(), engine.count().await.unwrap().done), ("fatal", 4));
    assert!(format!("{:?}", dead.decision).contains("3 performed it alone"), "{dead:?}");
}
