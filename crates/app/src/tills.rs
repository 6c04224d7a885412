//! Tills that people stand at: a terminal gets its key by a code, a person signs in by a PIN.

use std::collections::BTreeSet;

use crypto::RsaPublicKey;
use crypto::random::{random_alphanumeric, random_code, random_digits};
use ids::{ApiKeyName, MerchantId, TerminalId};
use jiff::{SignedDuration, Timestamp};
use merchants::{
    Activated, Activation, ActivationRefusal, ApiKey, KeyAlgorithm, Merchant, Shift, Staff,
    StaffRefusal, StaffRight, Terminal,
};
use secret::Secret;
use store::{AdminRow, Changes, Command, Decision, Reads, View};

use crate::App;
use crate::error::{Failure, Refused, UseCaseError};

/// How long an activation code is good.
const CODE_LIFE: SignedDuration = SignedDuration::from_hours(24);
const CODE_LENGTH: usize = 12;
const PIN_DIGITS: usize = 6;
/// How long a person stays signed in: a long shift.
const SIGNED_IN: SignedDuration = SignedDuration::from_hours(14);
const KEY_NAME_CHARACTERS: usize = 16;

/// A person's proof that he signed in at a till.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub staff: Staff,
    pub token: Secret<String>,
    pub expires_at: Timestamp,
}

/// A terminal with its new key.
#[derive(Debug, Clone)]
pub struct ActivatedTerminal {
    pub key: ApiKeyName,
    pub terminal: Terminal,
}

/// A terminal, the store that it stands in, and whose that is.
#[derive(Debug, Clone)]
pub struct Place {
    pub terminal: Terminal,
    pub store: merchants::Store,
    pub merchant: Merchant,
}

impl App {
    /// Where a terminal stands; none where there is no such terminal.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn place_of(&self, terminal: TerminalId) -> Result<Option<Place>, Failure> {
        let Some(terminal) = self.terminal(terminal).await? else { return Ok(None) };
        let store = self.shop(terminal.store).await?;
        let merchant = self.merchant(terminal.merchant).await?;
        Ok(store.zip(merchant).map(|(store, merchant)| Place { terminal, store, merchant }))
    }

    /// The open shift of a terminal's drawer.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn open_shift_of(&self, terminal: TerminalId) -> Result<Option<Shift>, Failure> {
        Ok(self.store.open_shift(terminal).await?)
    }

    /// Makes a code by which a terminal gets its key, once, within a day. Older codes of the terminal are
    /// void from then on. The code is shown here and never again.
    ///
    /// # Errors
    /// A failure of the store; one when the terminal is revoked.
    pub async fn make_activation_code(
        &self,
        terminal: &Terminal,
    ) -> Result<Secret<String>, UseCaseError> {
        if terminal.revoked_at.is_some() {
            return Err(Failure::unusable("a revoked terminal").into());
        }
        let now = self.now();
        let code = code_text(random_code(CODE_LENGTH).expose());
        let old = self.store.activations_of(terminal.id).await?.into_iter();
        let void = old
            .filter(|old| old.used.is_none() && old.expires_at > now)
            .map(|old| AdminRow::Activation(Activation { expires_at: now, ..old }));
        let fresh = Activation {
            verifier: self.code_verifier(&code),
            terminal: terminal.id,
            created_at: now,
            expires_at: self.after(CODE_LIFE),
            used: None,
        };
        self.put(void.chain([AdminRow::Activation(fresh)]).collect()).await?;
        Ok(Secret::new(code))
    }

    /// A terminal brings its code and the public half of a key pair that it made; the key is its own from
    /// then on, and its earlier ones are revoked. The same code with the same key gives the same answer.
    ///
    /// # Errors
    /// [`ActivationRefusal`]; a failure when the key cannot be read, or of the store.
    pub async fn activate(
        &self,
        code: &str,
        public_key: &RsaPublicKey,
    ) -> Result<ActivatedTerminal, UseCaseError> {
        let verifier = self.code_verifier(code);
        let unknown = || refused(ActivationRefusal::Unknown);
        let known = self.store.activation(&verifier).await?.ok_or_else(unknown)?;
        let terminal = self.store.terminal(known.terminal).await?.ok_or_else(unknown)?;
        if terminal.revoked_at.is_some() {
            return Err(unknown());
        }
        let name = format!("key_{}", random_alphanumeric(KEY_NAME_CHARACTERS));
        let pem = public_key.to_pem();
        let key = ApiKey {
            name: ApiKeyName::parse(&name).or(Err(Failure::unusable("a key's name")))?,
            merchant: terminal.merchant,
            terminal: Some(terminal.id),
            algorithm: KeyAlgorithm::RsaSha256,
            public_key: Some(pem.clone()),
            sealed: None,
            attended: true,
            created_at: self.now(),
            revoked_at: None,
        };
        let old = self.store.keys_of_terminal(terminal.id).await?.into_iter();
        let old = old.filter(|old| old.attended && old.revoked_at.is_none()).collect();
        let hash = crypto::digest::sha256(pem.as_bytes());
        let activate = Activate { at: self.now(), verifier, hash, key, old };
        let key = self.store.write(activate).await?.map_err(refused)?;
        tracing::info!(terminal.id = %terminal.id, key = %key.as_str(), "a terminal is activated");
        Ok(ActivatedTerminal { key, terminal })
    }

    /// Takes a terminal out of use: its keys are revoked, its codes are void.
    ///
    /// # Errors
    /// A failure of the store. `None` when there is no such terminal.
    pub async fn revoke_terminal(&self, id: TerminalId) -> Result<Option<Terminal>, UseCaseError> {
        let Some(mut terminal) = self.store.terminal(id).await? else { return Ok(None) };
        let now = self.now();
        terminal.revoked_at.get_or_insert(now);
        let mut rows = vec![AdminRow::Terminal(terminal.clone())];
        for mut key in self.store.keys_of_terminal(id).await? {
            key.revoked_at.get_or_insert(now);
            rows.push(AdminRow::ApiKey(key));
        }
        let codes = self.store.activations_of(id).await?.into_iter();
        let open = codes.filter(|code| code.used.is_none() && code.expires_at > now);
        rows.extend(open.map(|c| AdminRow::Activation(Activation { expires_at: now, ..c })));
        self.put(rows).await?;
        Ok(Some(terminal))
    }

    /// Whether two terminals stand in one store.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn in_same_store(
        &self,
        one: TerminalId,
        other: Option<TerminalId>,
    ) -> Result<bool, Failure> {
        let Some(other) = other else { return Ok(false) };
        let (one, other) = (self.terminal(one).await?, self.terminal(other).await?);
        Ok(one.zip(other).is_some_and(|(one, other)| one.store == other.store))
    }

    /// Adds a person to those who may sign in at a merchant's tills, or gives him another PIN and other
    /// rights. The PIN is shown here and never again.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn set_staff(
        &self,
        merchant: MerchantId,
        (number, name): (&str, &str),
        rights: BTreeSet<StaffRight>,
    ) -> Result<Secret<String>, UseCaseError> {
        let now = self.now();
        let pin = random_digits(PIN_DIGITS);
        let staff = Staff {
            merchant,
            number: number.to_owned(),
            name: name.to_owned(),
            verifier: self.pin_verifier(merchant, number, &pin),
            rights,
            failures: 0,
            locked_until: None,
            tokens_from: now,
            created_at: now,
            revoked_at: None,
        };
        self.put(vec![AdminRow::Staff(staff)]).await?;
        Ok(pin)
    }

    /// From now on he signs in nowhere.
    ///
    /// # Errors
    /// A failure of the store. Whether there was such a person.
    pub async fn revoke_staff(
        &self,
        merchant: MerchantId,
        number: &str,
    ) -> Result<bool, UseCaseError> {
        let Some(mut staff) = self.store.staff(merchant, number).await? else { return Ok(false) };
        staff.revoked_at.get_or_insert(self.now());
        self.put(vec![AdminRow::Staff(staff)]).await?;
        Ok(true)
    }

    /// A person signs in at a terminal.
    ///
    /// # Errors
    /// [`StaffRefusal`]; a failure of the store.
    pub async fn sign_in(
        &self,
        key: &ApiKey,
        number: &str,
        pin: &Secret<String>,
    ) -> Result<SignedIn, UseCaseError> {
        let given = self.pin_verifier(key.merchant, number, pin);
        let at = self.now();
        let who = (key.merchant, number.to_owned());
        let staff = self.store.write(SignIn { at, who, given }).await?.map_err(staff_refused)?;
        let expires_at = self.after(SIGNED_IN);
        let text = self.staff_token(key, &staff.number, (at, expires_at));
        Ok(SignedIn { staff, token: Secret::new(text), expires_at })
    }

    /// Who a token stands for, at the terminal that it was made at.
    ///
    /// # Errors
    /// [`StaffRefusal::SignedOut`]; a failure of the store.
    pub async fn signed_in(&self, key: &ApiKey, token: &str) -> Result<Staff, UseCaseError> {
        let out = || staff_refused(StaffRefusal::SignedOut);
        let mut parts = token.splitn(4, '.');
        let (made, until) = (parts.next(), parts.next());
        let (_, number) = (parts.next(), parts.next());
        let moment = |text: Option<&str>| {
            text.and_then(|text| text.parse().ok())
                .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        };
        let (Some(made), Some(until), Some(number)) = (moment(made), moment(until), number) else {
            return Err(out());
        };
        let true_one = self.staff_token(key, number, (made, until));
        let same = crypto::constant_time_eq(true_one.as_bytes(), token.as_bytes());
        if !same || self.now() >= until {
            return Err(out());
        }
        let staff = self.store.staff(key.merchant, number).await?.ok_or_else(out)?;
        staff.signed_in(made).map_err(staff_refused)?;
        Ok(staff)
    }

    /// Voids all tokens of a person.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn sign_out(&self, staff: &Staff) -> Result<(), UseCaseError> {
        let at = self.now();
        let who = (staff.merchant, staff.number.clone());
        Ok(self.store.write(SignOut { at, who }).await?)
    }

    /// `made.until.mac.number`: times in Unix milliseconds; bound to the terminal's key.
    fn staff_token(
        &self,
        key: &ApiKey,
        number: &str,
        (made, until): (Timestamp, Timestamp),
    ) -> String {
        let times = format!("{}.{}", made.as_millisecond(), until.as_millisecond());
        let bound = format!("{}:{}:{times}:{number}", key.name.as_str(), key.merchant);
        let mac = self.vault.token("staff_token", &bound);
        format!("{times}.{}.{number}", crypto::digest::to_hex(&mac))
    }

    fn pin_verifier(&self, merchant: MerchantId, number: &str, pin: &Secret<String>) -> [u8; 32] {
        self.vault.token(&format!("staff:{merchant}:{number}"), pin.expose())
    }

    /// People leave blanks and dashes out, and do not mind capitals.
    fn code_verifier(&self, code: &str) -> [u8; 32] {
        let plain: String = code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        self.vault.token("activation", &plain)
    }
}

/// Groups of four: `7K3M-9QXT-2B4F`.
fn code_text(letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

const fn refused(refusal: ActivationRefusal) -> UseCaseError {
    UseCaseError::Refused(Refused::Activation(refusal))
}

const fn staff_refused(refusal: StaffRefusal) -> UseCaseError {
    UseCaseError::Refused(Refused::Staff(refusal))
}

struct Activate {
    at: Timestamp,
    verifier: [u8; 32],
    hash: [u8; 32],
    key: ApiKey,
    /// Keys of the terminal that the new one takes the place of.
    old: Vec<ApiKey>,
}

impl Command for Activate {
    type Answer = Result<ApiKeyName, ActivationRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.activations.insert(self.verifier);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(known) = view.activation(&self.verifier) else {
            return Decision::answer(Err(ActivationRefusal::Unknown));
        };
        match known.used_for(self.key.name.clone(), self.hash, self.at) {
            Err(refusal) => Decision::answer(Err(refusal)),
            Ok(Activated::Before(name)) => Decision::answer(Ok(name)),
            Ok(Activated::Now(activation)) => {
                let revoked = |old: &ApiKey| {
                    AdminRow::ApiKey(ApiKey { revoked_at: Some(self.at), ..old.clone() })
                };
                let mut admin: Vec<AdminRow> = self.old.iter().map(revoked).collect();
                admin.push(AdminRow::ApiKey(self.key.clone()));
                let activations = vec![activation];
                let changes = Changes { activations, admin, ..Changes::default() };
                Decision { changes, answer: Ok(self.key.name.clone()) }
            }
        }
    }
}

struct SignIn {
    at: Timestamp,
    who: (MerchantId, String),
    given: [u8; 32],
}

impl Command for SignIn {
    type Answer = Result<Staff, StaffRefusal>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.staff.insert(self.who.clone());
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(known) = view.staff(&self.who) else {
            return Decision::answer(Err(StaffRefusal::Unknown));
        };
        let right = crypto::constant_time_eq(&known.verifier, &self.given);
        let (staff, said) = known.tried(right, self.at);
        let changes = if staff == *known {
            Changes::default()
        } else {
            Changes { staff: vec![staff.clone()], ..Changes::default() }
        };
        Decision { changes, answer: said.map(|()| staff) }
    }
}

struct SignOut {
    at: Timestamp,
    who: (MerchantId, String),
}

impl Command for SignOut {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.staff.insert(self.who.clone());
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        // A token of this very millisecond must not outlive it.
        let from = self.at.saturating_add(SignedDuration::from_millis(1)).unwrap_or(self.at);
        let staff = view.staff(&self.who).cloned();
        let staff = staff.map(|staff| Staff { tokens_from: from, ..staff }).into_iter().collect();
        Decision { changes: Changes { staff, ..Changes::default() }, answer: () }
    }
}
