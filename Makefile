# The front door. What a target does is in xtask, in Rust: `cargo xtask help` lists all commands.

.PHONY: run test bench fmt

run:
	cargo xtask run

test:
	cargo xtask test

bench:
	cargo xtask bench

fmt:
	cargo xtask fmt
