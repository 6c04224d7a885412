//! Cells, rows and tables, as both backends have them.

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
    Null,
}

/// One row, in the order of its table's columns.
pub(crate) type Cells = Vec<Value>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Blob,
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
    pub(crate) key: &'static [&'static str],
}

/// A row that this program could not have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored row cannot be read")]
pub struct Corrupt;

impl Table {
    pub(crate) fn kind_of(&self, column: &str) -> Kind {
        self.columns.iter().find(|c| c.name == column).map_or(Kind::Text, |c| c.kind)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Reads a row's cells one after the other.
#[derive(Debug)]
pub(crate) struct RowReader(std::vec::IntoIter<Value>);

impl RowReader {
    pub(crate) fn new(cells: Cells) -> Self {
        Self(cells.into_iter())
    }

    fn next(&mut self) -> Result<Value, Corrupt> {
        self.0.next().ok_or(Corrupt)
    }

    pub(crate) fn int(&mut self) -> Result<i64, Corrupt> {
        self.opt_int()?.ok_or(Corrupt)
    }

    pub(crate) fn text(&mut self) -> Result<String, Corrupt> {
        self.opt_text()?.ok_or(Corrupt)
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, Corrupt> {
        self.opt_blob()?.ok_or(Corrupt)
    }

    pub(crate) fn opt_int(&mut self) -> Result<Option<i64>, Corrupt> {
        match self.next()? {
            Value::Int(n) => Ok(Some(n)),
            Value::Null => Ok(None),
            Value::Text(_) | Value::Blob(_) => Err(Corrupt),
        }
    }

    pub(crate) fn opt_text(&mut self) -> Result<Option<String>, Corrupt> {
        match self.next()? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Int(_) | Value::Blob(_) => Err(Corrupt),
        }
    }

    pub(crate) fn opt_blob(&mut self) -> Result<Option<Vec<u8>>, Corrupt> {
        match self.next()? {
            Value::Blob(bytes) => Ok(Some(bytes)),
            Value::Null => Ok(None),
            Value::Int(_) | Value::Text(_) => Err(Corrupt),
        }
    }
}
