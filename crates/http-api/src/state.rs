//! What all requests share.

use std::sync::Arc;

use app::App;

use crate::limits::{Nonces, Rates};
use crate::operations::Counters;

#[derive(Debug, Clone)]
pub struct ApiState {
    pub(crate) app: Arc<App>,
    pub(crate) nonces: Arc<Nonces>,
    pub(crate) rates: Arc<Rates>,
    pub(crate) counters: Arc<Counters>,
}

impl ApiState {
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app, nonces: Arc::default(), rates: Arc::default(), counters: Arc::default() }
    }
}
