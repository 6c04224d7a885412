//! A channel account gets a new version: new payments use it, and what was started under the old one
//! is finished, and its notices verified, under the old one.

use std::sync::Arc;

use app::onboard::NewChannelAccount;
use app::{App, NoticeOutcome};
use channels::{Channel, Request};
use ids::{ChannelAccountId, MerchantId, MerchantNo};
use jiff::SignedDuration;
use orders::OrderState;
use sandbox::{Insistence, Notice, Trust, parameters};
use secret::Secret;

use crate::day::{after, block_on, calm};
use crate::executor::{End, Executor};
use crate::plan::coffee;
use crate::random::Random;
use crate::world::{Stage, World, lock, set_up};

const CHANNELS: &str = "http://channels.test";
const POLLS_MAX: u64 = 10_000;

/// A code to scan, and the account's version that made it.
fn qr(world: &World, app: &Arc<App>, merchant: MerchantId, no: &str) -> ChannelAccountId {
    let mut executor = Executor::new(Arc::clone(&world.time));
    let (taker, payment) = (Arc::clone(app), coffee(merchant, no));
    executor.spawn(async move { drop(taker.create_payment(payment).await) });
    let until = after(world.time.now(), SignedDuration::from_secs(60));
    assert_eq!(executor.run(&mut Random::new(1), POLLS_MAX, until), End::Done);
    order(app, merchant, no).attempts[0].channel_account
}

fn order(app: &App, merchant: MerchantId, no: &str) -> orders::Aggregate {
    let no = MerchantNo::parse(no).unwrap();
    block_on(app.store.order_by_no(merchant, no)).unwrap().unwrap()
}

/// The payer scans, and the channel's notice is on its way.
fn pay(world: &World, order: &orders::Aggregate) -> Notice {
    let no = order.attempts[0].id.channel_no();
    let now = world.time.now();
    let mut outside = lock(&world.outside);
    outside.sandbox.payer_pays(now, "alipay", &no, Insistence::Polite).unwrap();
    outside.sandbox.due_notices(now + SignedDuration::from_secs(5)).remove(0)
}

fn deliver(app: &App, account: ChannelAccountId, notice: &Notice) -> bool {
    let mut request = Request::new(notice.body.clone());
    *request.headers_mut() = notice.headers.clone();
    matches!(block_on(app.take_notice(account, &request)), Ok(NoticeOutcome::Taken(_)))
}

#[test]
fn the_old_version_finishes_what_it_began() {
    let stage = Stage::new().unwrap();
    let world = World::new(&stage, 1).unwrap();
    calm(&world);
    let app = block_on(async { world.process(world.store().await.unwrap()).unwrap() });
    let merchant = block_on(set_up(&app, &stage)).unwrap();
    let old = qr(&world, &app, merchant, "before");

    // The same account, by another application and by certificates.
    let account_no = block_on(app.store.channel_account(old)).unwrap().unwrap().account_no;
    let coordinates = stage.coordinates(CHANNELS);
    let config = parameters(&coordinates, Trust::Certificates).remove(0).config.to_string();
    let channel = Channel::Alipay.channel_code();
    let new = NewChannelAccount { channel, account_no, live: false, config: Secret::new(config) };
    let new = block_on(app.add_channel_account(new)).unwrap();
    assert_eq!(new.version, 2);
    block_on(app.open_channel(merchant, &new)).unwrap();
    // The directory remembers for five seconds who sends where.
    let mut executor = Executor::new(Arc::clone(&world.time));
    let time = Arc::clone(&world.time);
    executor.spawn(async move { time.sleep(6_000).await });
    executor.run(
        &mut Random::new(1),
        POLLS_MAX,
        after(world.time.now(), SignedDuration::from_mins(1)),
    );
    assert_eq!(qr(&world, &app, merchant, "after"), new.id);

    let notice = pay(&world, &order(&app, merchant, "before"));
    assert!(notice.url.ends_with(&old.to_string()), "{}", notice.url);
    assert!(!deliver(&app, new.id, &notice), "the new version does not know these keys");
    assert_eq!(order(&app, merchant, "before").order.state, OrderState::Paying);
    assert!(deliver(&app, old, &notice));
    assert_eq!(order(&app, merchant, "before").order.state, OrderState::Paid);

    let notice = pay(&world, &order(&app, merchant, "after"));
    assert!(deliver(&app, new.id, &notice));
    assert_eq!(order(&app, merchant, "after").order.state, OrderState::Paid);
}
