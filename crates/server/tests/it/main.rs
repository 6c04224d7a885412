//! The real binary as processes: sandbox, server, and the client of a merchant, on both stores.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod cashier;
#[cfg(test)]
mod ceremonies;
#[cfg(test)]
mod combined;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod fees;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod pos;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod shifts;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod strangers_terminal;
#[cfg(test)]
mod tills;
#[cfg(test)]
mod wallets;
