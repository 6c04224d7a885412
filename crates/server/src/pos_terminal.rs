//! `suanpan pos terminal`: a card terminal at the keyboard, or by a script.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Zoned;
use jiff::tz::{TimeZone, offset};
use pos_terminal::{Act, Device, Done, Failed, Settings, Slip, TcpLine};

use crate::Outcome;
use crate::out::say;

#[derive(Debug, Args)]
pub(crate) struct TerminalArgs {
    /// Where the host listens to terminals.
    #[arg(long, default_value = "127.0.0.1:8583")]
    host: String,
    /// What `suanpan admin register-pos` printed of this terminal.
    #[arg(long)]
    registration: PathBuf,
    /// One act a line, as at the keyboard; without it they are read from standard input.
    #[arg(long)]
    script: Option<PathBuf>,
    /// Where slips go as text and as pictures, besides being shown.
    #[arg(long)]
    slips: Option<PathBuf>,
    /// How long an answer is waited for.
    #[arg(long, default_value_t = 60)]
    timeout_s: u64,
}

pub(crate) async fn terminal(args: &TerminalArgs) -> Outcome {
    let registration = std::fs::read_to_string(&args.registration)?;
    let now = crate::clock::now().to_zoned(TimeZone::fixed(offset(8)));
    let timeout = Duration::from_secs(args.timeout_s);
    let line = Arc::new(TcpLine { host: args.host.clone(), timeout });
    let settings = Settings { first_trace: trace_of(&now), year: now.year() };
    let mut device = Device::new(line, settings, &registration)?;
    let at_keyboard = args.script.is_none() && std::io::stdin().is_terminal();
    if at_keyboard {
        say("a card terminal; `help` tells what it does");
    }
    if let Some(script) = &args.script {
        for line in std::fs::read_to_string(script)?.lines() {
            if !one(&mut device, line, (args.slips.as_deref(), false)).await? {
                return Ok(());
            }
        }
        return Ok(());
    }
    // Nothing else goes on while the one at the keyboard thinks.
    for line in std::io::stdin().lines() {
        if !one(&mut device, &line?, (args.slips.as_deref(), at_keyboard)).await? {
            break;
        }
    }
    Ok(())
}

/// Does what a line says; false where the terminal is switched off. At the keyboard a mistake is only
/// told; a script ends with it.
async fn one(
    device: &mut Device,
    line: &str,
    (slips, at_keyboard): (Option<&Path>, bool),
) -> Outcome<bool> {
    let act = match Act::parse(line) {
        Ok(Some(act)) => act,
        Ok(None) => return Ok(true),
        Err(bad) if at_keyboard => {
            say(&bad.to_string());
            return Ok(true);
        }
        Err(bad) => return Err(format!("{line}: {bad}").into()),
    };
    let done = match device.act(act).await {
        Ok(done) => done,
        Err(failed) if at_keyboard => {
            say(&failed.to_string());
            return Ok(true);
        }
        Err(failed) => return Err(format!("{line}: {failed}").into()),
    };
    match done {
        Done::Said(words) => say(&words),
        Done::Slip(slip) => {
            say(&slip.text());
            if let Some(folder) = slips {
                keep(folder, &slip)?;
            }
        }
        Done::Refused(code) => say(&format!("refused: {code} {}", words_of(&code))),
        Done::Lost { reversed: true } => say("no answer: reversed"),
        Done::Lost { reversed: false } => say("no answer, and the reversal was not taken"),
        Done::Unexpected { wanted, was } => {
            return Err(format!("the last answer was {was}, not {wanted}").into());
        }
        Done::Quit => return Ok(false),
    }
    Ok(true)
}

/// By what stands on them nobody finds a card.
fn keep(folder: &Path, slip: &Slip) -> Result<(), Failed> {
    let kept = || {
        std::fs::create_dir_all(folder)?;
        let next = (1..).find(|n| !folder.join(format!("{n:04}.txt")).exists()).unwrap_or(1);
        std::fs::write(folder.join(format!("{next:04}.txt")), slip.text())?;
        Ok(folder.join(format!("{next:04}.png")))
    };
    let picture = kept().map_err(Failed::Slip)?;
    std::fs::write(picture, slip.png()?).map_err(Failed::Slip)
}

/// Another one each second of a day: a terminal that is switched on anew does not use its numbers twice.
fn trace_of(now: &Zoned) -> u32 {
    let seconds = i32::from(now.hour()) * 3_600 + i32::from(now.minute()) * 60;
    let seconds = seconds + i32::from(now.second());
    u32::try_from(seconds * 10).unwrap_or_default() % 900_000 + 1
}

/// What the display says for a code of field 39.
fn words_of(code: &str) -> &'static str {
    match code {
        "03" => "无效商户 merchant not registered",
        "05" => "不予承兑 do not honour",
        "12" => "无效交易 invalid transaction",
        "13" => "无效金额 invalid amount",
        "14" => "无效卡号 invalid card number",
        "22" => "操作有误 not possible any more",
        "25" => "原交易不存在 original not found",
        "30" => "格式错误 format error",
        "40" => "不支持 not supported",
        "51" => "余额不足 insufficient funds",
        "54" => "卡已过期 expired card",
        "55" => "密码错误 wrong PIN",
        "58" => "终端不允许 not allowed to this terminal",
        "61" => "金额超限 above the limit",
        "64" => "原金额不符 not the original's amount",
        "75" => "密码超次 too many wrong PINs",
        "77" => "请签到 sign on, or settle first",
        "92" => "无路由 no route",
        "94" => "重复流水 duplicate number",
        "96" => "系统故障 system busy",
        "97" => "终端未登记 terminal not registered",
        "98" => "发卡方无应答 nobody answered",
        "99" => "PIN 格式错 PIN format",
        "A0" => "MAC 错 wrong code, sign on again",
        _ => "",
    }
}
