//! Wallets: issue, activate, freeze, close; top them up, and give what is not spent back. And the
//! campaigns out of whose budgets gifts and discounts are paid.

use ids::{CampaignId, MerchantId, MerchantNo, OrderId, WalletId};
use jiff::Timestamp;
use ledger::AccountKey;
use money::{Amount, Currency};
use orders::{
    Aggregate, CLOSE_PREFIX, Campaign, CampaignRefusal, CreateRefusal, Lot, RefundOrigin,
    RefundState, TopUp, Wallet, WalletKind, WalletRefusal, WalletState,
};
use store::{Changes, Command, Decision, Reads, View};

use crate::bookings::{self, Parties};
use crate::consequences::SpareIds;
use crate::create_payment::CreatePayment;
use crate::create_refund::{CreateRefund, PaymentRef, Return};
use crate::error::{Failure, Refused, UseCaseError};
use crate::{App, Page};

/// What a merchant asks for.
#[derive(Debug, Clone)]
pub struct NewWallet {
    pub merchant: MerchantId,
    pub no: MerchantNo,
    /// SHA-256 of the canonical request.
    pub content_hash: [u8; 32],
    pub kind: WalletKind,
    pub holder: Option<String>,
    pub expires_at: Option<Timestamp>,
}

/// Which wallet a payment fills, and what the platform gives to it.
#[derive(Debug, Clone)]
pub struct NewTopUp {
    pub wallet: WalletId,
    pub gift: Option<(CampaignId, Amount)>,
}

/// A budget of the platform.
#[derive(Debug, Clone)]
pub struct NewCampaign {
    pub name: String,
    pub merchant: Option<MerchantId>,
    pub budget: Amount,
    pub per_order: Amount,
    pub from: Timestamp,
    pub until: Timestamp,
}

impl App {
    /// Issues a wallet. A balance is active at once, a card when it is handed out. The same number with
    /// the same content gives the same wallet, as it is now.
    ///
    /// # Errors
    /// [`WalletRefusal::WalletNoUsed`]; a failure of the store.
    pub async fn issue_wallet(&self, new: NewWallet) -> Result<Wallet, UseCaseError> {
        let at = self.now();
        let wallet = Wallet {
            id: WalletId::generate(&self.ids, at.as_millisecond()),
            merchant: new.merchant,
            no: new.no,
            content_hash: new.content_hash,
            kind: new.kind,
            state: match new.kind {
                WalletKind::Card => WalletState::Inactive,
                WalletKind::Balance => WalletState::Active,
            },
            holder: new.holder,
            currency: Currency::Cny,
            expires_at: new.expires_at,
            created_at: at,
            updated_at: at,
            lots: Vec::new(),
        };
        Ok(self.store.write(Issue { at, wallet }).await?.map_err(Refused::Wallet)?)
    }

    /// # Errors
    /// [`Failure`]
    pub async fn wallet(
        &self,
        merchant: MerchantId,
        id: WalletId,
    ) -> Result<Option<Wallet>, Failure> {
        Ok(self.store.wallet(id).await?.filter(|wallet| wallet.merchant == merchant))
    }

    /// # Errors
    /// [`Failure`]
    pub async fn wallets(
        &self,
        merchant: MerchantId,
        page: Page<WalletId>,
    ) -> Result<Vec<Wallet>, Failure> {
        Ok(self.store.wallets_page(merchant, page.before, page.limit).await?)
    }

    /// A card is handed out.
    ///
    /// # Errors
    /// [`WalletRefusal`]; a failure of the store.
    pub async fn activate_wallet(
        &self,
        merchant: MerchantId,
        id: WalletId,
    ) -> Result<Wallet, UseCaseError> {
        self.move_wallet(Some(merchant), id, (WalletState::Inactive, WalletState::Active)).await
    }

    /// Risk control stops what is spent, or lets it go on.
    ///
    /// # Errors
    /// [`WalletRefusal`]; a failure of the store.
    pub async fn freeze_wallet(&self, id: WalletId, frozen: bool) -> Result<Wallet, UseCaseError> {
        let (active, stopped) = (WalletState::Active, WalletState::Frozen);
        let way = if frozen { (active, stopped) } else { (stopped, active) };
        self.move_wallet(None, id, way).await
    }

    async fn move_wallet(
        &self,
        merchant: Option<MerchantId>,
        wallet: WalletId,
        (from, to): (WalletState, WalletState),
    ) -> Result<Wallet, UseCaseError> {
        let command = Move { at: self.now(), merchant, wallet, from, to };
        Ok(self.store.write(command).await?.map_err(Refused::Wallet)?)
    }

    /// Closes a wallet: it pays nothing any more, its gifts lapse, and what is not spent of each top-up
    /// goes back by the way it came. Asked again, it begins the returns that a crash left out.
    ///
    /// # Errors
    /// [`WalletRefusal`]; a failure of the store. A return that fails is a refund to be tried again.
    pub async fn close_wallet(
        &self,
        merchant: MerchantId,
        id: WalletId,
    ) -> Result<Wallet, UseCaseError> {
        let at = self.now();
        let spare = SpareIds::make(&self.ids, at);
        let close = Close { at, spare, merchant, wallet: id };
        let wallet = self.store.write(close).await?.map_err(Refused::Wallet)?;
        for lot in wallet.lots.iter().filter(|lot| !lot.left().is_zero()) {
            self.return_again(closing_return(&wallet, lot)?).await?;
        }
        let wallet = self.wallet(merchant, id).await?;
        Ok(wallet.ok_or(Refused::Wallet(WalletRefusal::WalletNotFound))?)
    }

    /// Takes a payment that fills a wallet: `payment.top_up` is made here.
    ///
    /// # Errors
    /// As [`App::create_payment`].
    pub async fn top_up(
        &self,
        payment: CreatePayment,
        new: NewTopUp,
    ) -> Result<Aggregate, UseCaseError> {
        let wallet = self.wallet(payment.merchant, new.wallet).await?;
        let missing = CreateRefusal::Wallet(WalletRefusal::WalletNotFound);
        let kind = wallet.ok_or(missing)?.kind;
        let zero = Amount::zero(payment.amount.currency());
        let top_up = TopUp {
            wallet: new.wallet,
            kind,
            gift: new.gift.map_or(zero, |(_, gift)| gift),
            campaign: new.gift.map(|(campaign, _)| campaign),
        };
        self.create_payment(CreatePayment { top_up: Some(top_up), ..payment }).await
    }

    /// # Errors
    /// A failure of the store.
    pub async fn create_campaign(&self, new: NewCampaign) -> Result<Campaign, UseCaseError> {
        let at = self.now();
        let campaign = Campaign {
            id: CampaignId::generate(&self.ids, at.as_millisecond()),
            name: new.name,
            merchant: new.merchant,
            budget: new.budget,
            per_order: new.per_order,
            used: Amount::zero(new.budget.currency()),
            from: new.from,
            until: new.until,
            closed: false,
            created_at: at,
        };
        let put = PutCampaign { at, act: CampaignAct::Add(campaign.clone()) };
        self.store.write(put).await?.map_err(CreateRefusal::Campaign)?;
        Ok(campaign)
    }

    /// Ends a campaign before its time. What it has paid stays paid.
    ///
    /// # Errors
    /// [`CampaignRefusal::CampaignNotFound`]; a failure of the store.
    pub async fn close_campaign(&self, id: CampaignId) -> Result<(), UseCaseError> {
        let put = PutCampaign { at: self.now(), act: CampaignAct::Close(id) };
        Ok(self.store.write(put).await?.map_err(CreateRefusal::Campaign)?)
    }
}

fn closing_return(wallet: &Wallet, lot: &Lot) -> Result<CreateRefund, Failure> {
    let no = MerchantNo::parse(&format!("{CLOSE_PREFIX}{}", lot.order));
    Ok(CreateRefund {
        merchant: wallet.merchant,
        merchant_no: no.or(Err(Failure::unusable("the number of a return")))?,
        payment: PaymentRef::Id(lot.order),
        content_hash: [0; 32],
        what: Return::TopUp { amount: lot.left(), forced: false },
        reason: "the wallet was closed".to_owned(),
        notify_url: None,
        origin: RefundOrigin::Merchant,
    })
}

struct Issue {
    at: Timestamp,
    wallet: Wallet,
}

impl Command for Issue {
    type Answer = Result<Wallet, WalletRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.wallet_nos.insert((self.wallet.merchant, self.wallet.no.clone()));
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        match view.wallet_by_no(self.wallet.merchant, &self.wallet.no) {
            Some(known) if known.content_hash == self.wallet.content_hash => {
                Decision::answer(Ok(known.clone()))
            }
            Some(_) => Decision::answer(Err(WalletRefusal::WalletNoUsed)),
            None => {
                let wallets = vec![self.wallet.clone()];
                let changes = Changes { wallets, ..Changes::default() };
                Decision { changes, answer: Ok(self.wallet.clone()) }
            }
        }
    }
}

struct Move {
    at: Timestamp,
    /// Whose it has to be; operators act on all.
    merchant: Option<MerchantId>,
    wallet: WalletId,
    from: WalletState,
    to: WalletState,
}

impl Command for Move {
    type Answer = Result<Wallet, WalletRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.wallets.insert(self.wallet);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let own = |wallet: &&Wallet| self.merchant.is_none_or(|own| own == wallet.merchant);
        let Some(wallet) = view.wallet(self.wallet).filter(own) else {
            return Decision::answer(Err(WalletRefusal::WalletNotFound));
        };
        if wallet.state == self.to {
            return Decision::answer(Ok(wallet.clone()));
        }
        if wallet.state != self.from {
            return Decision::answer(Err(hindrance(wallet.state)));
        }
        let wallet = Wallet { state: self.to, updated_at: self.at, ..wallet.clone() };
        let changes = Changes { wallets: vec![wallet.clone()], ..Changes::default() };
        Decision { changes, answer: Ok(wallet) }
    }
}

/// Why a wallet in this state is not moved to another one.
const fn hindrance(state: WalletState) -> WalletRefusal {
    match state {
        WalletState::Inactive | WalletState::Active => WalletRefusal::WalletNotActive,
        WalletState::Frozen => WalletRefusal::WalletFrozen,
        WalletState::Closed => WalletRefusal::WalletClosed,
    }
}

struct Close {
    at: Timestamp,
    spare: SpareIds,
    merchant: MerchantId,
    wallet: WalletId,
}

impl Close {
    fn parties(&self, currency: Currency) -> Parties {
        Parties { merchant: self.merchant, currency, channel_owner: None }
    }

    fn bonus(&self) -> AccountKey {
        self.parties(Currency::Cny).bonus(self.wallet)
    }
}

impl Command for Close {
    type Answer = Result<Wallet, WalletRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.wallets.insert(self.wallet);
        reads.accounts.insert(self.bonus());
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let own = |wallet: &&Wallet| wallet.merchant == self.merchant;
        let Some(wallet) = view.wallet(self.wallet).filter(own) else {
            return Decision::answer(Err(WalletRefusal::WalletNotFound));
        };
        match wallet.state {
            WalletState::Closed => return Decision::answer(Ok(wallet.clone())),
            WalletState::Frozen => return Decision::answer(Err(WalletRefusal::WalletFrozen)),
            WalletState::Inactive | WalletState::Active => {}
        }
        let (wallet, lapsed) = wallet.close(self.at);
        let mut changes = Changes { wallets: vec![wallet.clone()], ..Changes::default() };
        if !lapsed.is_zero() {
            let parties = self.parties(wallet.currency);
            let stamp = bookings::Stamp { journal: self.spare.journal, at: self.at };
            let journal = bookings::gift_lapsed(stamp, &parties, wallet.id, lapsed);
            crate::consequences::post(view, journal, &mut changes);
        }
        Decision { changes, answer: Ok(wallet) }
    }
}

enum CampaignAct {
    Add(Campaign),
    Close(CampaignId),
}

struct PutCampaign {
    at: Timestamp,
    act: CampaignAct,
}

impl Command for PutCampaign {
    type Answer = Result<(), CampaignRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        match self.act {
            CampaignAct::Add(_) => {}
            CampaignAct::Close(id) => reads.campaigns.extend([id]),
        }
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let campaign = match &self.act {
            CampaignAct::Add(new) => new.clone(),
            CampaignAct::Close(id) => match view.campaign(*id) {
                Some(known) => Campaign { closed: true, ..known.clone() },
                None => return Decision::answer(Err(CampaignRefusal::CampaignNotFound)),
            },
        };
        let changes = Changes { campaigns: vec![campaign], ..Changes::default() };
        Decision { changes, answer: Ok(()) }
    }
}

impl App {
    /// Forces what is left of a top-up back by the way it came, out of a frozen wallet too. The number
    /// is made from the operator's request.
    ///
    /// # Errors
    /// As [`App::create_refund`].
    pub async fn force_top_up_return(
        &self,
        order: OrderId,
        by: &str,
    ) -> Result<Aggregate, UseCaseError> {
        tracing::info!(order.id = %order, operator = by, "risk control returns a top-up");
        let known = self.store.order(order).await?.ok_or(Refused::PaymentNotFound)?;
        let top_up = known.order.top_up.ok_or(Refused::PaymentNotFound)?;
        let wallet = self.store.wallet(top_up.wallet).await?;
        let wallet = wallet.ok_or(Refused::Wallet(WalletRefusal::WalletNotFound))?;
        let lot = wallet.lots.iter().find(|lot| lot.order == order);
        let lot = lot.ok_or(Refused::Wallet(WalletRefusal::TopUpNotFound))?;
        let input = closing_return(&wallet, lot)?;
        let what = Return::TopUp { amount: lot.left(), forced: true };
        let reason = "returned by risk control".to_owned();
        self.return_again(CreateRefund { what, reason, ..input }).await
    }

    /// Returns a top-up under a number of ours; one that failed before is tried again 二次充退.
    async fn return_again(&self, input: CreateRefund) -> Result<Aggregate, UseCaseError> {
        let (merchant, no) = (input.merchant, input.merchant_no.clone());
        let forced = matches!(input.what, Return::TopUp { forced: true, .. });
        let order = self.create_refund(input).await?;
        let parts = order.refund_parts(&no);
        match parts.iter().find(|part| part.state == RefundState::Failed).map(|part| part.id) {
            Some(failed) => self.retry_return(merchant, failed, forced).await,
            None => Ok(order),
        }
    }
}
