//! The connectors' messages: as golden text, against the sandbox, and damaged on the way.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod against_sandbox;
#[cfg(test)]
mod card;
#[cfg(test)]
mod damaged;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod line;
#[cfg(test)]
mod requests;
