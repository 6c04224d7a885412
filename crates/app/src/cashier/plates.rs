//! Plates: made, revoked, and what came of scanning them.

use ids::{PlateId, ScanId};
use merchants::{PayerApp, Plate, PlateScheme, Scan, ScanOutcome, Terminal};
use store::{AdminRow, Changes, Command, Decision, Reads, View};

use crate::App;
use crate::error::{Failure, UseCaseError};

/// A plate as an operator orders it.
#[derive(Debug, Clone)]
pub struct NewPlate {
    pub terminal: Terminal,
    pub scheme: PlateScheme,
    /// UnionPay's address, which it gave for this plate: for the standard scheme.
    pub unionpay_address: Option<String>,
}

impl App {
    /// Makes a plate for a terminal.
    ///
    /// # Errors
    /// A failure when the terminal is revoked, or the standard scheme has no address of UnionPay's; of the
    /// store.
    pub async fn create_plate(&self, new: NewPlate) -> Result<Plate, UseCaseError> {
        if new.terminal.revoked_at.is_some() {
            return Err(Failure::unusable("a revoked terminal").into());
        }
        let now = self.now();
        let id = PlateId::generate(&self.ids, now.as_millisecond());
        let address = match (new.scheme, new.unionpay_address) {
            (PlateScheme::NonStandard, _) => self.plate_address(id),
            (PlateScheme::Standard, Some(address)) => address,
            (PlateScheme::Standard, None) => {
                return Err(Failure::unusable("a standard code without UnionPay's address").into());
            }
        };
        let plate = Plate {
            id,
            merchant: new.terminal.merchant,
            store: new.terminal.store,
            terminal: new.terminal.id,
            scheme: new.scheme,
            address,
            created_at: now,
            revoked_at: None,
        };
        self.put(vec![AdminRow::Plate(plate.clone())]).await?;
        Ok(plate)
    }

    /// Puts a plate under another address: UnionPay's, which it gave for the plate's page, or our own. What
    /// was printed before goes on working, for the page stays the same.
    ///
    /// # Errors
    /// A failure of the store. `None` when there is no such plate.
    pub async fn set_plate_scheme(
        &self,
        id: PlateId,
        unionpay_address: Option<String>,
    ) -> Result<Option<Plate>, UseCaseError> {
        let Some(plate) = self.store.plate(id).await? else { return Ok(None) };
        let (scheme, address) = match unionpay_address {
            Some(address) => (PlateScheme::Standard, address),
            None => (PlateScheme::NonStandard, self.plate_address(id)),
        };
        let plate = Plate { scheme, address, ..plate };
        self.put(vec![AdminRow::Plate(plate.clone())]).await?;
        self.directory.plates.forget();
        Ok(Some(plate))
    }

    /// From now on nobody pays by it.
    ///
    /// # Errors
    /// A failure of the store. `None` when there is no such plate.
    pub async fn revoke_plate(&self, id: PlateId) -> Result<Option<Plate>, UseCaseError> {
        let Some(mut plate) = self.store.plate(id).await? else { return Ok(None) };
        plate.revoked_at.get_or_insert(self.now());
        self.put(vec![AdminRow::Plate(plate.clone())]).await?;
        self.directory.plates.forget();
        Ok(Some(plate))
    }

    /// The plate that a code names, whether or not anybody may pay by it.
    #[must_use]
    pub fn plate_of(&self, code: &str) -> Option<PlateId> {
        self.plate_of_code(code)
    }

    /// Remembered for a moment: every opening of its page asks.
    pub(crate) async fn plate(&self, id: PlateId) -> Result<Option<Plate>, Failure> {
        let now = self.now();
        if let Some(plate) = self.directory.plates.get_fresh(&id, now) {
            return Ok(Some(plate));
        }
        let plate = self.store.plate(id).await?;
        if let Some(plate) = &plate {
            self.directory.plates.put(id, now, plate.clone());
        }
        Ok(plate)
    }

    /// Keeps that somebody opened a code. A log is no reason to turn a payer away: what cannot be
    /// written is said to the operator's log.
    pub async fn scanned(
        &self,
        (plate, order): (Option<PlateId>, Option<ids::OrderId>),
        app: PayerApp,
        outcome: ScanOutcome,
    ) {
        let at = self.now();
        let id = ScanId::generate(&self.ids, at.as_millisecond());
        let scan = Scan { id, plate, order, app, outcome };
        if let Err(error) = self.store.write(Scanned { at, scan }).await {
            tracing::warn!(error = %error, "the opening of a code could not be kept");
        }
    }
}

struct Scanned {
    at: jiff::Timestamp,
    scan: Scan,
}

impl Command for Scanned {
    type Answer = ();

    fn now(&self) -> jiff::Timestamp {
        self.at
    }

    fn reads(&self, _: &mut Reads) {}

    fn decide(&self, _: &View<'_>) -> Decision<()> {
        let scans = vec![self.scan.clone()];
        Decision { changes: Changes { scans, ..Changes::default() }, answer: () }
    }
}
