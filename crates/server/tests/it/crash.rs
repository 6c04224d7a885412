//! kill -9 in the middle of a thousand payments: nothing acknowledged is lost, nothing is charged
//! twice, the books balance.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{RwLock, Semaphore};

use crate::stage::{Stage, payer_code, payment};

const PAYMENTS: u64 = 1_000;
const AT_ONCE: usize = 32;
const KILLS: u32 = 3;

async fn kill_in_the_middle(stage: Stage) {
    let stage = Arc::new(RwLock::new(stage));
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut tills = Vec::new();
    for n in 0..PAYMENTS {
        let (stage, slots) = (Arc::clone(&stage), Arc::clone(&slots));
        tills.push(tokio::spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            let prefix = if n % 2 == 0 { "28" } else { "13" };
            let body = payment(&format!("n{n}"), 100 + n, &payer_code(prefix, n, "00")).to_string();
            // A till repeats the same request until it has an answer.
            loop {
                let stage = stage.read().await;
                let answer = stage.call(&stage.key, ("POST", "/v1/payments"), body.clone()).await;
                match answer {
                    Ok((200, payment)) => return payment,
                    Ok(_) | Err(_) => drop(stage),
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }));
    }
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let mut stage = stage.write().await;
        stage.kill();
        stage.start();
    }
    let mut ids = BTreeSet::new();
    for till in tills {
        ids.insert(till.await.unwrap()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), usize::try_from(PAYMENTS).unwrap());
    let stage = Arc::into_inner(stage).unwrap().into_inner();
    for id in ids {
        let found = stage.get(&format!("/v1/payments/{id}")).await;
        let found = stage.decided("/v1/payments", found).await;
        assert!(matches!(found["state"].as_str(), Some("paid" | "closed")), "{found}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_in_the_middle_on_sqlite() {
    kill_in_the_middle(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_in_the_middle_on_postgres() {
    kill_in_the_middle(Stage::on_postgres().await).await;
}
