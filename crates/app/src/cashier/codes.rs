//! The addresses in codes: an id, and a proof that it is one of ours.

use std::str::FromStr;

use ids::{OrderId, PlateId};

use crate::App;

/// Hexadecimal digits of the proof: 64 bits, which only our master key makes.
const PROOF_DIGITS: usize = 16;

impl App {
    /// What names an order on a cashier page.
    #[must_use]
    pub fn order_code(&self, order: OrderId) -> String {
        self.code("order_code", &order.to_string())
    }

    #[must_use]
    pub fn plate_code(&self, plate: PlateId) -> String {
        self.code("plate_code", &plate.to_string())
    }

    /// The page on which an order is paid, by whatever app opens it.
    #[must_use]
    pub fn order_address(&self, order: OrderId) -> String {
        format!("{}/o/{}", self.settings.public_url, self.order_code(order))
    }

    /// The page on which a plate's payer says how much.
    #[must_use]
    pub fn plate_address(&self, plate: PlateId) -> String {
        format!("{}/q/{}", self.settings.public_url, self.plate_code(plate))
    }

    pub(crate) fn order_of_code(&self, code: &str) -> Option<OrderId> {
        self.id_of("order_code", OrderId::PREFIX, code)
    }

    pub(crate) fn plate_of_code(&self, code: &str) -> Option<PlateId> {
        self.id_of("plate_code", PlateId::PREFIX, code)
    }

    /// The id's digits, without the prefix of its type, and the proof.
    fn code(&self, purpose: &str, id: &str) -> String {
        let digits = id.rsplit('_').next().unwrap_or_default();
        format!("{digits}{}", self.proof(purpose, id))
    }

    fn proof(&self, purpose: &str, id: &str) -> String {
        let mac = crypto::digest::to_hex(&self.vault.token(purpose, id));
        mac.chars().take(PROOF_DIGITS).collect()
    }

    fn id_of<T: FromStr + ToString>(&self, purpose: &str, prefix: &str, code: &str) -> Option<T> {
        let (digits, proof) = code.split_at_checked(code.len().checked_sub(PROOF_DIGITS)?)?;
        let id: T = format!("{prefix}_{digits}").parse().ok()?;
        let ours = self.proof(purpose, &id.to_string());
        crypto::constant_time_eq(ours.as_bytes(), proof.as_bytes()).then_some(id)
    }
}
