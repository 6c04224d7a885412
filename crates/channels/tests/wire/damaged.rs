//! Answers and notices that were changed on the way: whatever is changed, they say what they said
//! before, or nothing.

use channels::{Request, Response};
use orders::channel::{Call, PaymentReply, RefundReply, Reply};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::line::{Came, Line, lines};

/// Changes tried per message.
const CHANGES: u32 = 300;

fn is_silent(reply: &Reply) -> bool {
    matches!(
        reply,
        Reply::Payment(PaymentReply::Unknown(_)) | Reply::Refund(RefundReply::Unknown(_))
    )
}

/// Bytes that take the place of others.
fn change(length: usize) -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    (0..length, 0..4_usize, prop::collection::vec(any::<u8>(), 0..4))
}

fn changed(body: &[u8], (at, gone, new): &(usize, usize, Vec<u8>)) -> bytes::Bytes {
    let end = (at + gone).min(body.len());
    [&body[..*at], new, &body[end..]].concat().into()
}

fn check_answer(line: &mut Line, call: &Call) {
    let Came::Answer(response) = line.send(call) else { panic!("an answer") };
    let said = line.connector.read(call, line.now, &response);
    assert!(!is_silent(&said), "{}: {said:?}", line.name);
    let body = response.body().clone();
    let mut runner = TestRunner::new(Config { cases: CHANGES, ..Config::default() });
    let tried = runner.run(&change(body.len()), |change| {
        let mut damaged = Response::new(changed(&body, &change));
        *damaged.headers_mut() = response.headers().clone();
        let reply = line.connector.read(call, line.now, &damaged);
        prop_assert!(reply == said || is_silent(&reply), "{:?} said {:?}", damaged, reply);
        Ok(())
    });
    tried.unwrap();
}

#[test]
fn a_changed_answer_says_nothing_new() {
    for mut line in lines() {
        let (subject, call) = line.charge("00");
        check_answer(&mut line, &call);
        check_answer(&mut line, &Call::Query(subject.clone()));
        let refund = line.refund(&subject, 300);
        check_answer(&mut line, &Call::Refund(refund.clone()));
        line.wait(60);
        check_answer(&mut line, &Call::QueryRefund(refund));
        let (unpaid, call) = line.charge("91");
        line.payment(&call);
        line.wait(50);
        check_answer(&mut line, &Call::Cancel(unpaid));
    }
}

#[test]
fn a_changed_notice_says_nothing_new() {
    for mut line in lines() {
        let (_, call) = line.charge("90");
        line.payment(&call);
        line.wait(10);
        let Some(notice) = line.paid_notice() else { continue };
        let said = line.connector.read_notice(line.now, &notice).unwrap();
        let body = notice.body().clone();
        let mut runner = TestRunner::new(Config { cases: CHANGES, ..Config::default() });
        let tried = runner.run(&change(body.len()), |change| {
            let mut damaged = Request::new(changed(&body, &change));
            *damaged.headers_mut() = notice.headers().clone();
            let read = line.connector.read_notice(line.now, &damaged);
            prop_assert!(read.as_ref().map_or(true, |read| *read == said), "{:?}", read);
            Ok(())
        });
        tried.unwrap();
    }
}

/// Anything at all, under an answer's headers: no panic, and no outcome.
#[test]
fn noise_says_nothing() {
    for mut line in lines() {
        let (subject, call) = line.charge("00");
        let Came::Answer(response) = line.send(&call) else { panic!("an answer") };
        let mut runner = TestRunner::new(Config { cases: CHANGES, ..Config::default() });
        let noise = prop::collection::vec(any::<u8>(), 0..400);
        let tried = runner.run(&noise, |noise| {
            let mut noisy = Response::new(noise.into());
            *noisy.headers_mut() = response.headers().clone();
            let query = Call::Query(subject.clone());
            prop_assert!(is_silent(&line.connector.read(&query, line.now, &noisy)));
            let mut notice = Request::new(noisy.into_body());
            *notice.headers_mut() = response.headers().clone();
            prop_assert!(line.connector.read_notice(line.now, &notice).is_err());
            Ok(())
        });
        tried.unwrap();
    }
}
