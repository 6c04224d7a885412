//! `sim --seeds N --seed S`: plays seeds from S on; a finding prints its seed, which replays exactly.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use sim::{Counts, Stage, run};

#[derive(Debug, Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match play(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "sim: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn play(args: &Args) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let mut out = std::io::stdout();
    let stage = Stage::new()?;
    let (mut good, mut crashes, mut sum) = (0_u64, 0, Counts::default());
    for seed in args.seed..args.seed.saturating_add(args.seeds) {
        let report = run(&stage, seed)?;
        crashes += report.crashes;
        sum.add(report.counts);
        if report.findings.is_empty() {
            good += 1;
            continue;
        }
        writeln!(out, "seed {seed}: replay with `cargo xtask sim --seeds 1 --seed {seed}`")?;
        for finding in &report.findings {
            writeln!(out, "  {finding:?}")?;
        }
    }
    let bad = args.seeds - good;
    let Counts { paid, combined, abandoned, refunds, fanned_out, voids, failed_over, .. } = sum;
    writeln!(
        out,
        "{paid} payments ({combined} combined, {abandoned} given up in part, {failed_over} failed over), \
         {refunds} refunds ({fanned_out} further parts, {voids} voids), {crashes} crashes"
    )?;
    writeln!(
        out,
        "{} top-ups, {} parts paid by wallet, {} returns of top-ups",
        sum.top_ups, sum.by_wallet, sum.top_up_returns
    )?;
    let desk = sum.desk;
    writeln!(
        out,
        "{} slips, {} reversals and {} settlements of card terminals",
        desk.slips, desk.reversals, desk.settlements
    )?;
    writeln!(out, "sim: {good} passed, {bad} failed")?;
    Ok(bad == 0)
}
