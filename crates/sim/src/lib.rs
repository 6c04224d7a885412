//! The whole system under one seed, with an independent auditor.
