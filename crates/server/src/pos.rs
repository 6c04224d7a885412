//! `suanpan pos`: a terminal in software, and the arithmetic of terminals' keys for vectors.

use clap::{Args, Subcommand, ValueEnum};
use crypto::pos::{BlockKey, MacAlgorithm, MacForm, Pin, PinFormat, pos_mac, seal_pin};
use secret::Pan;

use crate::Outcome;
use crate::out::say;
use crate::pos_terminal::{TerminalArgs, terminal};

#[derive(Debug, Args)]
pub(crate) struct PosArgs {
    #[command(subcommand)]
    command: Tool,
}

#[derive(Debug, Subcommand)]
enum Tool {
    /// A card terminal at the keyboard, or by a script: sign on, sell, void, hold, settle; slips as text and
    /// pictures.
    Terminal(TerminalArgs),
    /// The code of field 64 over a message, as it stands in the field.
    Mac(MacArgs),
    /// A key's check value.
    Kcv(KcvArgs),
    /// A PIN block, enciphered.
    Pinblock(PinblockArgs),
}

#[derive(Debug, Args)]
struct MacArgs {
    #[arg(long, value_enum)]
    algorithm: AlgorithmName,
    /// 8 or 16 bytes in hexadecimal digits.
    #[arg(long)]
    key: String,
    /// From the message type to the byte before field 64.
    #[arg(long)]
    data: String,
    /// All bytes of the code instead of those of the field.
    #[arg(long)]
    full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AlgorithmName {
    CupEcb,
    #[value(name = "x9.9")]
    X99,
    #[value(name = "x9.19")]
    X919,
    #[value(name = "3des-cbc")]
    TdesCbc,
    FoldOnce,
    Sm4,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CipherName {
    /// DES with 8 bytes of key, triple DES with 16.
    Des,
    Sm4,
}

#[derive(Debug, Args)]
struct KcvArgs {
    #[arg(long)]
    key: String,
    #[arg(long, value_enum, default_value_t = CipherName::Des)]
    cipher: CipherName,
}

#[derive(Debug, Args)]
struct PinblockArgs {
    #[arg(long)]
    key: String,
    #[arg(long, value_enum, default_value_t = CipherName::Des)]
    cipher: CipherName,
    #[arg(long)]
    pin: String,
    #[arg(long)]
    pan: String,
}

pub(crate) async fn pos(args: &PosArgs) -> Outcome {
    match &args.command {
        Tool::Terminal(args) => terminal(args).await,
        Tool::Mac(args) => mac(args),
        Tool::Kcv(args) => {
            say(&key(&args.key, args.cipher)?.check_value().to_string());
            Ok(())
        }
        Tool::Pinblock(args) => pinblock(args),
    }
}

fn mac(args: &MacArgs) -> Outcome {
    let (algorithm, form, cipher) = match args.algorithm {
        AlgorithmName::CupEcb => (MacAlgorithm::CupEcb, MacForm::Hex, CipherName::Des),
        AlgorithmName::X99 => (MacAlgorithm::X99, MacForm::Raw, CipherName::Des),
        AlgorithmName::X919 => (MacAlgorithm::X919, MacForm::Raw, CipherName::Des),
        AlgorithmName::TdesCbc => (MacAlgorithm::TdesCbc, MacForm::Raw, CipherName::Des),
        AlgorithmName::FoldOnce => (MacAlgorithm::FoldOnce, MacForm::Raw, CipherName::Des),
        AlgorithmName::Sm4 => (MacAlgorithm::Sm4, MacForm::Hex, CipherName::Sm4),
    };
    let data = hex::decode(&args.data).or(Err("--data is not hexadecimal digits"))?;
    let code = pos_mac(algorithm, &key(&args.key, cipher)?, &data);
    let shown = match (args.full, form) {
        (true, _) => hex::encode_upper(code.bytes()),
        (false, MacForm::Hex) => String::from_utf8_lossy(&code.field(form)).into_owned(),
        (false, MacForm::Raw) => hex::encode_upper(code.field(form)),
    };
    say(&shown);
    Ok(())
}

fn pinblock(args: &PinblockArgs) -> Outcome {
    let pin = Pin::parse(&args.pin)?;
    let pan = Pan::parse(&args.pan).ok_or("--pan is 12 to 19 digits")?;
    let block = seal_pin(PinFormat::WithPan, &key(&args.key, args.cipher)?, &pin, &pan);
    say(&hex::encode_upper(block));
    Ok(())
}

fn key(digits: &str, cipher: CipherName) -> Outcome<BlockKey> {
    let bytes = hex::decode(digits).or(Err("--key is not hexadecimal digits"))?;
    Ok(match cipher {
        CipherName::Des => BlockKey::des(&bytes)?,
        CipherName::Sm4 => BlockKey::sm4(&bytes)?,
    })
}
