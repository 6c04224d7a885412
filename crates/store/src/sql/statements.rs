//! The texts of statements, made once per table and shape.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::value::{Kind, Table};
use super::{Backend, Lock};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    Insert,
    Upsert,
    Update,
    Delete,
    Select { columns: &'static [&'static str], locked: bool },
}

/// Remembers the texts of one session.
#[derive(Debug, Default)]
pub(super) struct Texts(BTreeMap<(&'static str, Shape), Arc<str>>);

impl Texts {
    pub(super) fn of(&mut self, backend: Backend, shape: Shape, table: &Table) -> Arc<str> {
        let text = self.0.entry((table.name, shape)).or_insert_with(|| {
            Arc::from(match backend {
                Backend::Sqlite => sqlite(shape, table),
                Backend::Postgres => postgres(shape, table),
            })
        });
        Arc::clone(text)
    }
}

impl Shape {
    pub(super) fn select(columns: &'static [&'static str], lock: Lock) -> Self {
        Self::Select { columns, locked: lock == Lock::ForUpdate }
    }
}

fn names(table: &Table) -> Vec<&'static str> {
    table.columns.iter().map(|c| c.name).collect()
}

fn others(table: &Table) -> Vec<&'static str> {
    names(table).into_iter().filter(|name| !table.key.contains(name)).collect()
}

fn set_excluded(table: &Table) -> String {
    let sets: Vec<String> = others(table).iter().map(|c| format!("{c} = excluded.{c}")).collect();
    format!("ON CONFLICT ({}) DO UPDATE SET {}", table.key.join(", "), sets.join(", "))
}

/// SQLite runs a prepared statement per row; `?n` is the n-th column of the table.
fn sqlite(shape: Shape, table: &Table) -> String {
    let all = names(table);
    let place = |name: &&str| all.iter().position(|c| c == name).map_or(0, |i| i + 1);
    let equal = |name: &&'static str| format!("{name} = ?{}", place(name));
    match shape {
        Shape::Insert | Shape::Upsert => {
            let marks: Vec<String> = (1..=all.len()).map(|n| format!("?{n}")).collect();
            let mut sql = format!(
                "INSERT INTO {} ({}) VALUES ({})",
                table.name,
                all.join(", "),
                marks.join(", ")
            );
            if shape == Shape::Upsert {
                let _written = write!(sql, " {}", set_excluded(table));
            }
            sql
        }
        Shape::Update => {
            let sets: Vec<String> = others(table).iter().map(equal).collect();
            let key: Vec<String> = table.key.iter().map(equal).collect();
            format!("UPDATE {} SET {} WHERE {}", table.name, sets.join(", "), key.join(" AND "))
        }
        Shape::Delete => {
            let key: Vec<String> =
                table.key.iter().enumerate().map(|(i, k)| format!("{k} = ?{}", i + 1)).collect();
            format!("DELETE FROM {} WHERE {}", table.name, key.join(" AND "))
        }
        Shape::Select { columns, .. } => {
            let by: Vec<String> =
                columns.iter().enumerate().map(|(i, c)| format!("{c} = ?{}", i + 1)).collect();
            format!("SELECT {} FROM {} WHERE {}", all.join(", "), table.name, by.join(" AND "))
        }
    }
}

/// PostgreSQL takes all rows in one statement, each column as an array.
fn postgres(shape: Shape, table: &Table) -> String {
    let all = names(table);
    match shape {
        Shape::Insert | Shape::Upsert => {
            let mut sql = format!(
                "INSERT INTO {} ({}) SELECT * FROM {}",
                table.name,
                all.join(", "),
                unnest(table, &all)
            );
            if shape == Shape::Upsert {
                let _written = write!(sql, " {}", set_excluded(table));
            }
            sql
        }
        Shape::Update => {
            let sets: Vec<String> = others(table).iter().map(|c| format!("{c} = u.{c}")).collect();
            let key: Vec<String> = table.key.iter().map(|k| format!("t.{k} = u.{k}")).collect();
            format!(
                "UPDATE {} t SET {} FROM {} AS u({}) WHERE {}",
                table.name,
                sets.join(", "),
                unnest(table, &all),
                all.join(", "),
                key.join(" AND ")
            )
        }
        Shape::Delete => format!(
            "DELETE FROM {} WHERE ({}) IN (SELECT * FROM {})",
            table.name,
            table.key.join(", "),
            unnest(table, table.key)
        ),
        Shape::Select { columns, locked } => {
            let lock = if locked {
                format!(" ORDER BY {} FOR UPDATE", table.key.join(", "))
            } else {
                String::new()
            };
            format!(
                "SELECT {} FROM {} WHERE ({}) IN (SELECT * FROM {}){lock}",
                all.join(", "),
                table.name,
                columns.join(", "),
                unnest(table, columns)
            )
        }
    }
}

fn unnest(table: &Table, columns: &[&'static str]) -> String {
    let cast = |(i, name): (usize, &&'static str)| {
        let kind = match table.kind_of(name) {
            Kind::Int => "int8",
            Kind::Text => "text",
            Kind::Blob => "bytea",
        };
        format!("${}::{kind}[]", i + 1)
    };
    let casts: Vec<String> = columns.iter().enumerate().map(cast).collect();
    format!("UNNEST({})", casts.join(", "))
}
