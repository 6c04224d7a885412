//! What a store is: one suite over SQLite in memory, SQLite in a file, and PostgreSQL.

#[cfg(test)]
mod holds;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod world;
