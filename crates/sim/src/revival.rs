//! A dead account loses its traffic within ten seconds, and gets it back by and by.

use std::sync::Arc;

use app::App;
use app::onboard::NewChannelAccount;
use channels::Channel;
use ids::{ChannelAccountId, MerchantId, MerchantNo};
use jiff::SignedDuration;
use sandbox::{Trust, parameters};
use secret::Secret;

use crate::day::{after, block_on, calm};
use crate::executor::{End, Executor};
use crate::plan::coffee;
use crate::random::Random;
use crate::world::{MORTAL, Stage, World, lock, set_up};

const POLLS_MAX: u64 = 1_000_000;
const EVERY_MS: u64 = 100;
const PER_SECOND: u64 = 10;
/// Payments of so many seconds, of which the account is dead from the first to the second.
const SECONDS: u64 = 140;
const DIES: u64 = 10;
const REVIVES: u64 = 30;

async fn pay(app: Arc<App>, merchant: MerchantId, no: u64) {
    drop(app.create_payment(coffee(merchant, &no.to_string())).await);
}

/// An account at the same channel behind an address that can die.
fn mortal(app: &App, stage: &Stage, merchant: MerchantId) -> ChannelAccountId {
    let coordinates = stage.coordinates(&format!("http://{MORTAL}"));
    let config = parameters(&coordinates, Trust::Keys).remove(0).config.to_string();
    let channel = Channel::Alipay.channel_code();
    let account_no = "mortal".to_owned();
    let new = NewChannelAccount { channel, account_no, live: false, config: Secret::new(config) };
    let account = block_on(app.add_channel_account(new)).unwrap();
    block_on(app.open_channel(merchant, &account)).unwrap();
    account.id
}

#[test]
fn a_dead_account_loses_its_traffic_and_gets_it_back_by_and_by() {
    let stage = Stage::new().unwrap();
    let world = World::new(&stage, 1).unwrap();
    calm(&world);
    let app = block_on(async { world.process(world.store().await.unwrap()).unwrap() });
    let merchant = block_on(set_up(&app, &stage)).unwrap();
    let mortal = mortal(&app, &stage, merchant);
    let rules = r#"{ "rules": [
        { "id": "mortal first", "then": { "priority": ["alipay:mortal", "OTHER"] } }
    ] }"#;
    let accounts = block_on(app.store.channel_accounts()).unwrap();
    let other = accounts.iter().find(|a| a.channel.as_str() == "alipay" && a.id != mortal).unwrap();
    let other = format!("alipay:{}", other.account_no);
    let rules = rules.replace("OTHER", &other);
    block_on(app.set_limits(&other, "{}")).unwrap().unwrap();
    block_on(app.set_routing(&rules)).unwrap().unwrap();

    let mut executor = Executor::new(Arc::clone(&world.time));
    for no in 1..=SECONDS * PER_SECOND {
        let (time, app) = (Arc::clone(&world.time), Arc::clone(&app));
        executor.spawn(async move {
            time.sleep(no * EVERY_MS).await;
            pay(app, merchant, no).await;
        });
    }
    for (second, dead) in [(DIES, true), (REVIVES, false)] {
        let (time, outside) = (Arc::clone(&world.time), Arc::clone(&world.outside));
        executor.spawn(async move {
            time.sleep(second * 1_000).await;
            lock(&outside).mortal_is_dead = dead;
        });
    }
    let until = after(world.time.now(), SignedDuration::from_mins(10));
    assert_eq!(executor.run(&mut Random::new(1), POLLS_MAX, until), End::Done);

    let through_mortal = |second: u64| {
        let nos = second * PER_SECOND + 1..=(second + 1) * PER_SECOND;
        let first = |no: u64| {
            let no = MerchantNo::parse(&no.to_string()).unwrap();
            let order = block_on(app.store.order_by_no(merchant, no)).unwrap().unwrap();
            order.attempts[0].channel_account == mortal
        };
        nos.filter(|no| first(*no)).count()
    };
    let traffic: Vec<usize> = (0..SECONDS).map(through_mortal).collect();
    let in_seconds = |from: u64, to: u64| -> usize {
        (from..to).map(|s| traffic[usize::try_from(s).unwrap()]).sum()
    };
    assert_eq!(in_seconds(0, DIES), 100, "alive it has all: {traffic:?}");
    let rare = in_seconds(DIES + 10, REVIVES);
    assert!(rare <= 10, "dead for ten seconds it has next to nothing: {traffic:?}");
    let back = [in_seconds(35, 50), in_seconds(50, 65), in_seconds(125, 140)];
    assert!(back[0] < back[1] && back[1] < back[2], "it comes back by and by: {traffic:?}");
    assert_eq!(back[2], 150, "and has all again: {traffic:?}");
}
