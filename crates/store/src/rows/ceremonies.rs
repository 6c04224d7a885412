//! Custodians of keys, and the ceremonies in which keys come and go.

use ids::{CeremonyId, TerminalId};
use merchants::{Ceremony, CeremonyWay, Custodian, KeyPart};

use super::{Record, Word, id, opt_time, read_hash, read_opt_time, read_time, table, time};
use crate::sql::{Cells, Corrupt, RowReader, Table};

impl Word for CeremonyWay {
    const WORDS: &'static [(Self, &'static str)] = &[(Self::In, "in"), (Self::Out, "out")];
}

impl Record for Custodian {
    const TABLE: &'static Table = table!("key_custodians", key ["name"],
        "name" Text, "verifier" Blob, "created_at" Int, "revoked_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.name.as_str().into(),
            self.verifier.to_vec().into(),
            time(self.created_at),
            opt_time(self.revoked_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            name: row.text()?,
            verifier: read_hash(row)?,
            created_at: read_time(row)?,
            revoked_at: read_opt_time(row)?,
        })
    }
}

impl Record for Ceremony {
    const TABLE: &'static Table = table!("key_ceremonies", key ["id"],
        "id" Int, "way" Text, "sm4" Int, "wanted" Int, "parts" Text, "sealed_key" Blob,
        "check_value" Text, "terminal_id" Int, "opened_at" Int, "updated_at" Int);

    fn cells(&self) -> Cells {
        let parts: Vec<String> = self.parts.iter().map(written).collect();
        vec![
            self.id.to_i64().into(),
            self.way.word(),
            i64::from(self.sm4).into(),
            i64::try_from(self.wanted).unwrap_or(i64::MAX).into(),
            parts.join(",").into(),
            self.key.clone().into(),
            self.check.as_deref().into(),
            self.terminal.map(TerminalId::to_i64).into(),
            time(self.opened_at),
            time(self.updated_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let id = id!(row, CeremonyId);
        let way = Word::parse(&row.text()?)?;
        let (sm4, wanted) = (row.int()? != 0, usize::try_from(row.int()?).or(Err(Corrupt))?);
        let parts = row.text()?;
        let parts = parts.split(',').filter(|part| !part.is_empty()).map(read_part);
        Ok(Self {
            id,
            way,
            sm4,
            wanted,
            parts: parts.collect::<Result<_, _>>()?,
            key: row.opt_blob()?,
            check: row.opt_text()?,
            terminal: row.opt_int()?.map(TerminalId::from_i64).transpose().or(Err(Corrupt))?,
            opened_at: read_time(row)?,
            updated_at: read_time(row)?,
        })
    }
}

/// `name:check value:milliseconds:sealed`; the last two may be empty. Names have no colon.
fn written(part: &KeyPart) -> String {
    let done = part.done_at.map(|at| at.as_millisecond().to_string()).unwrap_or_default();
    let sealed = part.sealed.as_deref().map(hex::encode).unwrap_or_default();
    format!("{}:{}:{done}:{sealed}", part.custodian, part.check)
}

fn read_part(text: &str) -> Result<KeyPart, Corrupt> {
    let fields: Vec<&str> = text.split(':').collect();
    let [custodian, check, done, sealed] = *fields else { return Err(Corrupt) };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let done_at = some(done).map(|ms| {
        let ms = ms.parse().or(Err(Corrupt))?;
        jiff::Timestamp::from_millisecond(ms).or(Err(Corrupt))
    });
    let sealed = some(sealed).map(|digits| hex::decode(digits).or(Err(Corrupt)));
    Ok(KeyPart {
        custodian: custodian.to_owned(),
        check: check.to_owned(),
        sealed: sealed.transpose()?,
        done_at: done_at.transpose()?,
    })
}
