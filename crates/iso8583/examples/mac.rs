//! A message of the 1987 table in characters, there and back, with a MAC as its last field.

use iso8583::{Builder, ISO87_ASCII};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `CUP_POS`, `CUP_NETWORK` and `ISO87_BINARY` come with the crate, too; another is one more table.
    let mut asked = Builder::new(&ISO87_ASCII, "0200");
    asked.set(3, "000000")?;
    asked.set_number(4, 10_000)?;
    asked.set_number(11, 507)?;
    asked.set(41, "10000001")?;
    let mut bytes = Vec::new();
    // What makes a code is the caller's: it is given everything before field 64. This one is no code.
    asked.pack_with_mac(64, &mut bytes, |message| {
        let mut code = [0; 8];
        for chunk in message.chunks(8) {
            code.iter_mut().zip(chunk).for_each(|(to, from)| *to ^= from);
        }
        code
    })?;
    let read = ISO87_ASCII.unpack(&bytes)?;
    assert_eq!(read.get(4).and_then(|value| value.number()), Some(10_000));
    let fields: Vec<u8> = read.numbers().collect();
    assert_eq!(fields, [3, 4, 11, 41, 64]);
    Ok(())
}
