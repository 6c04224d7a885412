//! The merchant API and the channels' notices over HTTP.
