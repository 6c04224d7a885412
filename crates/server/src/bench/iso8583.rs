//! The codec on one thread, beside copying the same bytes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use iso8583::{Builder, CUP_POS, Message, Mti};
use serde_json::{Value, json};

use super::{Iso8583Args, rate, ratio};
use crate::Outcome;

/// A purchase with a chip card as a terminal sends it: 20 fields.
const PURCHASE: &[(u8, &str)] = &[
    (2, "6222020000000000000"),
    (3, "000000"),
    (4, "000000010000"),
    (11, "000507"),
    (14, "2512"),
    (22, "051"),
    (23, "001"),
    (25, "00"),
    (26, "06"),
    (35, "6222020000000000000=25122201000000000"),
    (41, "10000001"),
    (42, "305310058120001"),
    (49, "156"),
    (52, "0123456789ABCDEF"),
    (53, "2600000000000000"),
    (
        55,
        "9F2608A1B2C3D4E5F607089F2701809F101307010103A0A802010A01000000000000000000\
         9F37041122334495050000008000\
         9F36020013820258009A032611219C01009F02060000000100005F2A0201569F1A0201569F03060000000000009F3303E0E1C8",
    ),
    (60, "22000001000501"),
    (64, "B7133B57"),
];

/// Times are taken over so many messages at once.
const STRETCH: u64 = 10_000;

pub(super) fn iso8583(args: &Iso8583Args) -> Outcome<Value> {
    let mut builder = Builder::new(&CUP_POS, "0200");
    for (number, value) in PURCHASE {
        builder.set(*number, value)?;
    }
    let purchase = builder.pack();
    let message = CUP_POS.unpack(&purchase)?;
    let values = values(&message);
    let stretches = (args.messages / STRETCH).max(1);
    let unpacked = best(stretches, || {
        drop(black_box(CUP_POS.unpack(black_box(&purchase))));
    });
    let mut out = Vec::new();
    let packed = best(stretches, || {
        write(&mut builder, black_box(&values), &mut out);
        black_box(&out);
    });
    let copied = best(stretches, || {
        out.clear();
        out.extend_from_slice(black_box(&purchase));
        black_box(&out);
    });
    if out != purchase {
        return Err("what was packed is not what was unpacked".into());
    }
    Ok(json!({
        "fields": PURCHASE.len(),
        "bytes": purchase.len(),
        "unpack_per_s": unpacked,
        "pack_per_s": packed,
        "raw_copies_per_s": copied,
        "unpack_ratio": ratio(unpacked, copied),
        "pack_ratio": ratio(packed, copied),
    }))
}

/// What a program has in hand when it makes a message: characters and bytes.
fn values(message: &Message<'_>) -> Vec<(u8, Vec<u8>)> {
    let value = |number| Some((number, message.get(number)?.characters().into_owned()));
    message.numbers().filter_map(value).collect()
}

fn write(builder: &mut Builder<'_>, values: &[(u8, Vec<u8>)], out: &mut Vec<u8>) {
    builder.clear(Mti::parse("0200").unwrap_or(Mti::ZERO));
    for (number, value) in values {
        // They came out of a message, so they fit into one.
        if builder.put(*number, value).is_err() {
            return;
        }
    }
    out.clear();
    builder.pack_into(out);
}

/// Messages per second in the median stretch.
fn best(stretches: u64, mut once: impl FnMut()) -> u64 {
    let mut taken: Vec<Duration> = (0..stretches)
        .map(|_| {
            let begun = now();
            (0..STRETCH).for_each(|_| once());
            begun.elapsed()
        })
        .collect();
    taken.sort();
    taken.get(taken.len() / 2).map_or(0, |median| rate(STRETCH, *median))
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Instant {
    Instant::now()
}
