//! 参数下载 (360, 361), 公钥下载 (370 to 372), AID 下载 (380 to 382), 状态上送 (362): field 62 asks and answers.
//!
//! A list is asked for in parts: the terminal says how many entries it has, and hears the next ones with a
//! digit that says whether more follow. One entry is asked for by its name. None of these messages
//! carries a code, and nothing secret is in them.

use app::pos::{Aid, CaKey, Download, Downloads, Parameters, PosAccess};
use bytes::Bytes;
use iso8583::frame::Wish;
use iso8583::tlv::{self, Element};

use crate::asked::{Asked, Code, FORMAT};
use crate::host::{Failed, PosHost};
use crate::reply::Reply;

const DONE: &str = "00";
const FIELD: u8 = 62;
/// Of a list's part: what the field may have, less the digit in front.
const PART_BYTES_MAX: usize = 500;
/// The digit in front of a list: nothing to load, all of it, more follows, the last part.
const NOTHING: u8 = b'0';
const ALL: u8 = b'1';
const MORE: u8 = b'2';
const LAST: u8 = b'3';
/// The digit in front of one entry.
const FOUND: u8 = b'1';
const RID_OR_AID: u32 = 0x9F06;
const INDEX: u32 = 0x9F22;
const EXPIRES: u32 = 0xDF05;
/// 商户名称 of field 62 in parameters, in bytes.
const NAME_BYTES: usize = 40;

/// What a terminal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    List(Download),
    /// One entry; of the parameters all.
    One(Download),
    /// It has all of it.
    End(Download),
}

pub(super) async fn load(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
    load: Load,
) -> Result<Option<Bytes>, Failed> {
    let downloads = host.app.pos_downloads().await?;
    let said = match load {
        Load::End(download) => {
            host.app.pos_loaded(access, download).await?;
            Ok(None)
        }
        Load::List(download) => list(&downloads, download, asked).map(Some),
        Load::One(Download::Parameters) => {
            let name = host.app.merchant_name(access.terminal.merchant).await?;
            let parameters = downloads.parameters.as_ref();
            Ok(parameters.map(|parameters| written(parameters, &name)))
        }
        Load::One(download) => one(&downloads, download, asked).map(Some),
    };
    let said = match said {
        Ok(said) => said,
        Err(code) => return host.refuse(asked, code),
    };
    let reply = Reply::begin(asked, DONE, host.now())?.set(37, &host.reference())?;
    let reply = reply.wishing(wish(host, access).await?);
    let reply = match said {
        Some(bytes) => reply.put(FIELD, &bytes)?,
        None => reply,
    };
    Ok(Some(reply.plain()?))
}

/// What the terminal is to load next: the header's sixth digit.
pub(super) async fn wish(host: &PosHost, access: &PosAccess) -> Result<Wish, Failed> {
    let downloads = host.app.pos_downloads().await?;
    let terminal = &access.terminal;
    if downloads.version == 0 {
        return Ok(Wish::NOTHING);
    }
    // It may have loaded something a moment ago.
    let fresh = host.app.pos_access(&terminal.terminal_no, &terminal.merchant_code, false).await?;
    Ok(match downloads.wanted(fresh.as_deref().unwrap_or(access)) {
        Some(Download::CaKeys) => Wish::LOAD_CA_KEYS,
        Some(Download::Aids) => Wish::LOAD_IC_PARAMETERS,
        Some(Download::Parameters) => Wish::LOAD_MAGNETIC_PARAMETERS,
        None => Wish::NOTHING,
    })
}

fn list(downloads: &Downloads, download: Download, asked: &Asked<'_>) -> Result<Vec<u8>, Code> {
    let entries = match download {
        Download::CaKeys => downloads.ca_keys.iter().map(name_of_key).collect::<Option<Vec<_>>>(),
        Download::Aids => downloads.aids.iter().map(name_of_aid).collect(),
        Download::Parameters => Some(Vec::new()),
    };
    let entries = entries.ok_or(FORMAT)?;
    let has = received(asked)?;
    let mut part = Vec::new();
    let mut told = 0;
    for entry in entries.iter().skip(has) {
        if part.len() + entry.len() > PART_BYTES_MAX {
            break;
        }
        part.extend_from_slice(entry);
        told += 1;
    }
    let is_end = has + told >= entries.len();
    let digit = match (told, has, is_end) {
        (0, _, _) => NOTHING,
        (_, 0, true) => ALL,
        (_, _, true) => LAST,
        (_, _, false) => MORE,
    };
    Ok([&[digit], &*part].concat())
}

/// `1` and how many entries the terminal has: two digits.
fn received(asked: &Asked<'_>) -> Result<usize, Code> {
    let said = asked.message.get(FIELD).ok_or(FORMAT)?.bytes().into_owned();
    let digits = match said.as_slice() {
        [b'1', digits @ ..] if digits.len() == 2 => std::str::from_utf8(digits).or(Err(FORMAT))?,
        _ => return Err(FORMAT),
    };
    digits.parse().or(Err(FORMAT))
}

fn one(downloads: &Downloads, download: Download, asked: &Asked<'_>) -> Result<Vec<u8>, Code> {
    let said = asked.message.get(FIELD).ok_or(FORMAT)?.bytes().into_owned();
    let named = tlv::parse(FIELD, &said).or(Err(FORMAT))?;
    let entry = match download {
        Download::CaKeys => key_named(downloads, &named).and_then(whole_key),
        Download::Aids => aid_named(downloads, &named).and_then(whole_aid),
        Download::Parameters => None,
    };
    Ok(entry.map_or_else(|| vec![NOTHING], |entry| [&[FOUND], &*entry].concat()))
}

fn key_named<'a>(downloads: &'a Downloads, named: &[Element<'_>]) -> Option<&'a CaKey> {
    let (rid, index) = (tlv::find(named, RID_OR_AID)?, tlv::find(named, INDEX)?);
    let is = |text: &str, bytes: &[u8]| hex::decode(text).ok().as_deref() == Some(bytes);
    downloads.ca_keys.iter().find(|key| is(&key.rid, rid) && is(&key.index, index))
}

fn aid_named<'a>(downloads: &'a Downloads, named: &[Element<'_>]) -> Option<&'a Aid> {
    let aid = tlv::find(named, RID_OR_AID)?;
    downloads.aids.iter().find(|known| hex::decode(&known.aid).ok().as_deref() == Some(aid))
}

/// 9F06, 9F22, DF05.
fn name_of_key(key: &CaKey) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    element(RID_OR_AID, &key.rid, &mut out)?;
    element(INDEX, &key.index, &mut out)?;
    tlv::write(FIELD, EXPIRES, key.expires.as_bytes(), &mut out).ok()?;
    Some(out)
}

/// The name, then DF06 and DF07 (SHA-1 and RSA), DF02, DF04, DF03.
fn whole_key(key: &CaKey) -> Option<Vec<u8>> {
    let mut out = name_of_key(key)?;
    element(0xDF06, "01", &mut out)?;
    element(0xDF07, "01", &mut out)?;
    element(0xDF02, &key.modulus, &mut out)?;
    element(0xDF04, &key.exponent, &mut out)?;
    tlv::write(FIELD, 0xDF03, &key.digest()?, &mut out).ok()?;
    Some(out)
}

fn name_of_aid(aid: &Aid) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    element(RID_OR_AID, &aid.aid, &mut out)?;
    Some(out)
}

fn whole_aid(aid: &Aid) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for (tag, digits) in aid.elements() {
        element(tag, digits, &mut out)?;
    }
    Some(out)
}

fn element(tag: u32, digits: &str, out: &mut Vec<u8>) -> Option<()> {
    tlv::write(FIELD, tag, &hex::decode(digits).ok()?, out).ok()
}

/// Codes of two digits, each with a value of its own length and nothing in between.
fn written(parameters: &Parameters, name: &str) -> Vec<u8> {
    let bit = u8::from;
    let mut text = format!("12{:02}13{}", parameters.timeout_s, parameters.redials);
    for (code, phone) in (14..).zip(&parameters.phones) {
        text.push_str(&format!("{code}{phone:<14}"));
    }
    if let Some(phone) = &parameters.management_phone {
        text.push_str(&format!("17{phone:<14}"));
    }
    text.push_str(&format!(
        "18{}19{:02}20{}21{}",
        bit(parameters.tips),
        parameters.tip_percent,
        bit(parameters.manual_entry),
        bit(parameters.auto_sign_off)
    ));
    let mut out = text.into_bytes();
    out.extend_from_slice(b"22");
    out.extend(in_gbk(name));
    out.extend(
        format!(
            "23{}24{}25{}",
            parameters.reversal_tries, parameters.offline_upload_mode, parameters.master_key_slot
        )
        .into_bytes(),
    );
    out
}

/// As terminals write Chinese: cut between characters, with spaces behind.
fn in_gbk(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(NAME_BYTES);
    for character in name.chars() {
        let mut text = [0; 4];
        let (bytes, _, unmappable) = encoding_rs::GBK.encode(character.encode_utf8(&mut text));
        if unmappable {
            continue;
        }
        if out.len() + bytes.len() > NAME_BYTES {
            break;
        }
        out.extend_from_slice(&bytes);
    }
    out.resize(NAME_BYTES, b' ');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_characters() {
        assert_eq!(in_gbk("").as_slice(), &[b' '; NAME_BYTES]);
        let long = in_gbk(&"店".repeat(30));
        assert_eq!(long.len(), NAME_BYTES);
        assert_eq!(encoding_rs::GBK.decode(&long).0, "店".repeat(20));
        let odd = in_gbk(&format!("a{}", "店".repeat(30)));
        assert_eq!(encoding_rs::GBK.decode(&odd).0, format!("a{} ", "店".repeat(19)));
        assert_eq!(encoding_rs::GBK.decode(&in_gbk("茶馆☕")).0.trim_end(), "茶馆");
    }

    #[test]
    fn parameters_are_written_without_separators() {
        let parameters = Parameters {
            timeout_s: 60,
            redials: 3,
            phones: vec!["95516".to_owned()],
            management_phone: None,
            tips: false,
            tip_percent: 15,
            manual_entry: true,
            auto_sign_off: false,
            reversal_tries: 3,
            offline_upload_mode: 0,
            master_key_slot: 1,
        };
        let text = String::from_utf8(written(&parameters, "shop")).unwrap();
        let expect = format!("12601331495516         18019152012102{:<41}23324025", "2shop");
        assert_eq!(text, format!("{expect}1"));
    }
}
