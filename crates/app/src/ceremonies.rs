//! 密钥仪式: keys that come and go in components, each custodian by himself.

use crypto::pos::{BlockKey, HostKey, KeyCipher, combine, components, in_the_clear};
use ids::CeremonyId;
use jiff::Timestamp;
use merchants::{CUSTODIANS, Ceremony, CeremonyRefusal, CeremonyWay, Custodian, KeyPart};
use secret::Secret;
use store::{AdminRow, Changes, Command, Decision, Reads, View};

use crate::App;
use crate::error::{Failure, Refused, UseCaseError};

/// A component as its custodian is told it.
#[derive(Debug)]
pub struct Component {
    pub key: BlockKey,
    pub custodian: String,
}

/// A ceremony as it was, if it was one, and as it is then.
pub(crate) type CeremonyMove = Box<(Option<Ceremony>, Ceremony)>;

/// Who a custodian says that he is.
#[derive(Debug)]
pub struct CustodianSays {
    pub name: String,
    pub password: Secret<String>,
}

impl App {
    /// A custodian with a fresh password, which is shown once.
    ///
    /// # Errors
    /// [`CeremonyRefusal::BadName`]; a failure of the store.
    pub async fn add_custodian(&self, name: &str) -> Result<Secret<String>, UseCaseError> {
        let known = self.store.custodian(name).await?;
        if !Custodian::is_name(name) || known.is_some() {
            return Err(refused(CeremonyRefusal::BadName));
        }
        let password = crypto::random::random_password();
        let custodian = Custodian {
            name: name.to_owned(),
            verifier: self.vault.token(&purpose_of(name), password.expose()),
            created_at: self.now(),
            revoked_at: None,
        };
        tracing::info!(custodian = name, "a custodian of keys is added");
        self.put(vec![AdminRow::Custodian(custodian)]).await?;
        Ok(password)
    }

    /// From now on he gives and takes nothing.
    ///
    /// # Errors
    /// [`CeremonyRefusal::WrongCustodian`]; a failure of the store.
    pub async fn revoke_custodian(&self, name: &str) -> Result<(), UseCaseError> {
        let known = self.store.custodian(name).await?;
        let mut custodian = known.ok_or(refused(CeremonyRefusal::WrongCustodian))?;
        custodian.revoked_at.get_or_insert(self.now());
        tracing::info!(custodian = name, "a custodian of keys is revoked");
        self.put(vec![AdminRow::Custodian(custodian)]).await
    }

    /// Opens a ceremony that brings a key in.
    ///
    /// # Errors
    /// [`CeremonyRefusal::BadCount`]; a failure of the store.
    pub async fn open_ceremony(&self, wanted: usize, sm4: bool) -> Result<Ceremony, UseCaseError> {
        if !CUSTODIANS.contains(&wanted) {
            return Err(refused(CeremonyRefusal::BadCount));
        }
        let ceremony = Ceremony { wanted, sm4, ..self.new_ceremony(CeremonyWay::In) };
        self.write_ceremony(None, ceremony).await
    }

    /// A custodian's component comes in. The last one makes the key.
    ///
    /// # Errors
    /// [`CeremonyRefusal`]; a failure of the store, or of the key store.
    pub async fn give_component(
        &self,
        id: CeremonyId,
        by: &CustodianSays,
        component: &BlockKey,
    ) -> Result<Ceremony, UseCaseError> {
        let custodian = self.proven(by).await?;
        let known = self.ceremony(id).await?;
        let part = KeyPart {
            check: component.check_value().to_string(),
            sealed: Some(self.vault.seal(&part_of(id, &custodian), &digits(component))),
            done_at: Some(self.now()),
            custodian,
        };
        if component.is_sm4() != known.sm4 {
            return Err(refused(CeremonyRefusal::Length));
        }
        let next = known.given(part, self.now()).map_err(refused)?;
        let next = if next.is_whole() { self.whole(&next)? } else { next };
        tracing::info!(ceremony.id = %id, custodian = by.name, "a component of a key is given");
        self.write_ceremony(Some(known), next).await
    }

    /// A ceremony that takes a key out, one component for each custodian: whoever writes the terminal writes
    /// it, too, so that no terminal has a key that nobody can take.
    pub(crate) async fn share_key(
        &self,
        key: &BlockKey,
        custodians: &[String],
        terminal: ids::TerminalId,
    ) -> Result<Ceremony, UseCaseError> {
        let distinct: std::collections::BTreeSet<&String> = custodians.iter().collect();
        if !CUSTODIANS.contains(&custodians.len()) || distinct.len() != custodians.len() {
            return Err(refused(CeremonyRefusal::BadCount));
        }
        let mut ceremony = self.new_ceremony(CeremonyWay::Out);
        for (custodian, component) in custodians.iter().zip(components(key, custodians.len())) {
            self.in_office(custodian).await?;
            let sealed = self.vault.seal(&part_of(ceremony.id, custodian), &digits(&component));
            ceremony.parts.push(KeyPart {
                custodian: custodian.clone(),
                check: component.check_value().to_string(),
                sealed: Some(sealed),
                done_at: None,
            });
        }
        let ceremony = Ceremony {
            sm4: key.is_sm4(),
            wanted: custodians.len(),
            check: Some(key.check_value().to_string()),
            terminal: Some(terminal),
            ..ceremony
        };
        Ok(ceremony)
    }

    /// A custodian's component goes out, once.
    ///
    /// # Errors
    /// [`CeremonyRefusal`]; a failure of the store.
    pub async fn take_component(
        &self,
        id: CeremonyId,
        by: &CustodianSays,
    ) -> Result<Component, UseCaseError> {
        let custodian = self.proven(by).await?;
        let known = self.ceremony(id).await?;
        let (next, sealed) = known.taken(&custodian, self.now()).map_err(refused)?;
        let key = self.component(&known, &custodian, &sealed)?;
        tracing::info!(ceremony.id = %id, custodian, "a component of a key is taken");
        // Only who writes it down as taken has taken it.
        self.write_ceremony(Some(known), next).await?;
        Ok(Component { key, custodian })
    }

    /// The key of a ceremony for a terminal, with the ceremony before and after: whoever writes the terminal
    /// writes that, too.
    pub(crate) async fn use_ceremony(
        &self,
        id: CeremonyId,
        terminal: ids::TerminalId,
        sm4: bool,
    ) -> Result<(HostKey, CeremonyMove), UseCaseError> {
        let known = self.ceremony(id).await?;
        let (next, sealed) = known.used(terminal, sm4, self.now()).map_err(refused)?;
        let written = self.vault.open(&key_of(id), &sealed)?;
        let key = self.keys.read(cipher(sm4), written.expose())?;
        Ok((key, Box::new((Some(known), next))))
    }

    /// # Errors
    /// [`CeremonyRefusal::NotFound`]; a failure of the store.
    pub async fn ceremony(&self, id: CeremonyId) -> Result<Ceremony, UseCaseError> {
        self.store.ceremony(id).await?.ok_or(refused(CeremonyRefusal::NotFound))
    }

    fn new_ceremony(&self, way: CeremonyWay) -> Ceremony {
        let now = self.now();
        Ceremony {
            id: CeremonyId::generate(&self.ids, now.as_millisecond()),
            way,
            sm4: false,
            wanted: 0,
            parts: Vec::new(),
            key: None,
            check: None,
            terminal: None,
            opened_at: now,
            updated_at: now,
        }
    }

    /// The components, put together into the key store.
    fn whole(&self, ceremony: &Ceremony) -> Result<Ceremony, UseCaseError> {
        let part = |part: &KeyPart| {
            let sealed = part.sealed.as_ref().ok_or(Failure::unusable("a component"))?;
            self.component(ceremony, &part.custodian, sealed)
        };
        let parts = ceremony.parts.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        let key = combine(&parts).or(Err(refused(CeremonyRefusal::Length)))?;
        let check = key.check_value().to_string();
        let held = self.keys.take_in(key)?;
        let sealed = self.vault.seal(&key_of(ceremony.id), &held.written());
        Ok(ceremony.made(sealed, check))
    }

    fn component(
        &self,
        ceremony: &Ceremony,
        custodian: &str,
        sealed: &[u8],
    ) -> Result<BlockKey, Failure> {
        let written = self.vault.open(&part_of(ceremony.id, custodian), sealed)?;
        Ok(in_the_clear(cipher(ceremony.sm4), written.expose())?)
    }

    /// The custodian, if the password is his and he is in office.
    async fn proven(&self, by: &CustodianSays) -> Result<String, UseCaseError> {
        let given = self.vault.token(&purpose_of(&by.name), by.password.expose());
        let known = self.in_office(&by.name).await?;
        if !crypto::constant_time_eq(&known.verifier, &given) {
            tracing::warn!(custodian = by.name, "a wrong password of a custodian");
            return Err(refused(CeremonyRefusal::WrongCustodian));
        }
        Ok(known.name)
    }

    async fn in_office(&self, name: &str) -> Result<Custodian, UseCaseError> {
        let known = self.store.custodian(name).await?;
        let known = known.filter(|custodian| custodian.revoked_at.is_none());
        known.ok_or(refused(CeremonyRefusal::WrongCustodian))
    }

    /// Writes what a ceremony became, if it is still what it was.
    async fn write_ceremony(
        &self,
        before: Option<Ceremony>,
        after: Ceremony,
    ) -> Result<Ceremony, UseCaseError> {
        let write = Write { at: self.now(), before, after: after.clone() };
        if self.store.write(write).await? {
            Ok(after)
        } else {
            Err(refused(CeremonyRefusal::Moved))
        }
    }
}

const fn refused(refusal: CeremonyRefusal) -> UseCaseError {
    UseCaseError::Refused(Refused::Ceremony(refusal))
}

const fn cipher(sm4: bool) -> KeyCipher {
    if sm4 { KeyCipher::Sm4 } else { KeyCipher::Des }
}

fn digits(key: &BlockKey) -> Secret<String> {
    Secret::new(hex::encode(key.expose()))
}

fn purpose_of(custodian: &str) -> String {
    format!("custodian:{custodian}")
}

fn part_of(id: CeremonyId, custodian: &str) -> String {
    format!("component:{id}:{custodian}")
}

fn key_of(id: CeremonyId) -> String {
    format!("ceremony:{id}")
}

struct Write {
    at: Timestamp,
    before: Option<Ceremony>,
    after: Ceremony,
}

impl Command for Write {
    /// Whether it was written.
    type Answer = bool;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.ceremonies.insert(self.after.id);
    }

    fn decide(&self, view: &View<'_>) -> Decision<bool> {
        if view.ceremony(self.after.id) != self.before.as_ref() {
            return Decision::answer(false);
        }
        let ceremonies = vec![self.after.clone()];
        Decision { changes: Changes { ceremonies, ..Changes::default() }, answer: true }
    }
}
