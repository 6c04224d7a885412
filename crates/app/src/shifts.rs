//! Shifts of a till's cash drawer: open, follow, count, close.

use ids::{MerchantId, ShiftId, TerminalId};
use jiff::Timestamp;
use merchants::{Counted, Shift, ShiftRefusal};
use money::Amount;
use orders::{Aggregate, Leg, Tender};
use store::{Changes, Command, Decision, Reads, View};

use crate::error::{Failure, Refused, UseCaseError};
use crate::{App, Page};

impl App {
    /// Opens a shift with what lies in the drawer.
    ///
    /// # Errors
    /// [`ShiftRefusal`]; a failure of the store.
    pub async fn open_shift(
        &self,
        merchant: MerchantId,
        terminal: TerminalId,
        (opened_by, float): (String, Amount),
    ) -> Result<Shift, UseCaseError> {
        let found = self.terminal(terminal).await?;
        let own = |t: &merchants::Terminal| t.merchant == merchant && t.revoked_at.is_none();
        if !found.as_ref().is_some_and(own) {
            return Err(Refused::Shift(ShiftRefusal::TerminalNotFound).into());
        }
        let at = self.now();
        let zero = Amount::zero(float.currency());
        let shift = Shift {
            id: ShiftId::generate(&self.ids, at.as_millisecond()),
            merchant,
            terminal,
            opened_by,
            opened_at: at,
            float,
            taken: zero,
            returned: zero,
            closed: None,
        };
        Ok(self.store.write(Open { at, shift }).await?.map_err(Refused::Shift)?)
    }

    /// Closes a shift with what was counted. The same count again gives the same answer.
    ///
    /// # Errors
    /// [`ShiftRefusal`]; a failure of the store.
    pub async fn close_shift(
        &self,
        merchant: MerchantId,
        id: ShiftId,
        (by, amount): (String, Amount),
    ) -> Result<Shift, UseCaseError> {
        let known = self.shift(merchant, id).await?;
        let known = known.ok_or(Refused::Shift(ShiftRefusal::ShiftNotFound))?;
        let at = self.now();
        let close = Close { at, known, counted: Counted { by, at, amount } };
        Ok(self.store.write(close).await?.map_err(Refused::Shift)?)
    }

    /// # Errors
    /// [`Failure`]
    pub async fn shift(&self, merchant: MerchantId, id: ShiftId) -> Result<Option<Shift>, Failure> {
        Ok(self.store.shift(id).await?.filter(|shift| shift.merchant == merchant))
    }

    /// # Errors
    /// [`Failure`]
    pub async fn shifts(
        &self,
        merchant: MerchantId,
        page: Page<ShiftId>,
    ) -> Result<Vec<Shift>, Failure> {
        Ok(self.store.shifts_page(merchant, page.before, page.limit).await?)
    }
}

/// Cash that came into the drawer.
pub(crate) fn taken(view: &View<'_>, order: &Aggregate, leg: &Leg) -> Option<Shift> {
    let shift = drawer(view, order, leg)?;
    Some(Shift { taken: shift.taken.try_add(leg.amount).ok()?, ..shift })
}

/// Cash that was given out of it. Parts of one return may come after each other: `before` is the shift
/// as the last one left it.
pub(crate) fn returned(
    view: &View<'_>,
    order: &Aggregate,
    (leg, amount): (&Leg, Amount),
    before: Option<Shift>,
) -> Option<Shift> {
    let shift = before.or_else(|| drawer(view, order, leg))?;
    Some(Shift { returned: shift.returned.try_add(amount).ok()?, ..shift })
}

fn drawer(view: &View<'_>, order: &Aggregate, leg: &Leg) -> Option<Shift> {
    let terminal = order.order.terminal.filter(|_| leg.tender == Tender::Cash)?;
    view.open_shift(terminal).cloned()
}

struct Open {
    at: Timestamp,
    shift: Shift,
}

impl Command for Open {
    type Answer = Result<Shift, ShiftRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.shifts_of.insert(self.shift.terminal);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        match view.open_shift(self.shift.terminal) {
            // A till that lost the answer asks again.
            Some(open)
                if open.opened_by == self.shift.opened_by
                    && open.float == self.shift.float
                    && open.taken.is_zero() =>
            {
                Decision::answer(Ok(open.clone()))
            }
            Some(_) => Decision::answer(Err(ShiftRefusal::ShiftOpen)),
            None => {
                let changes = Changes { shifts: vec![self.shift.clone()], ..Changes::default() };
                Decision { changes, answer: Ok(self.shift.clone()) }
            }
        }
    }
}

struct Close {
    at: Timestamp,
    /// As it was when it was asked for; a closed shift does not change any more.
    known: Shift,
    counted: Counted,
}

impl Command for Close {
    type Answer = Result<Shift, ShiftRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.shifts_of.insert(self.known.terminal);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let open = view.open_shift(self.known.terminal).filter(|s| s.id == self.known.id);
        match open {
            Some(shift) => match shift.close(self.counted.clone()) {
                Ok(closed) => {
                    let changes = Changes { shifts: vec![closed.clone()], ..Changes::default() };
                    Decision { changes, answer: Ok(closed) }
                }
                Err(refusal) => Decision::answer(Err(refusal)),
            },
            // It was closed meanwhile, or long ago.
            None => Decision::answer(match &self.known.closed {
                Some(_) => self.known.close(self.counted.clone()),
                None => Err(ShiftRefusal::ShiftClosed),
            }),
        }
    }
}
