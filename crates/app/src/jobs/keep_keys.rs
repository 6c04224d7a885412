//! Keep the channels' keys fresh: certificates change, and an answer signed with an unknown one is
//! not believed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::App;
use crate::directory::Account;
use crate::error::Failure;

/// Certificates are asked for so often, as WeChat Pay wants it (at least every 12 hours).
const ASK_EVERY: SignedDuration = SignedDuration::from_hours(10);
/// A channel is asked at most so often, whatever messages name.
const ASK_AT_MOST: SignedDuration = SignedDuration::from_secs(60);

impl App {
    /// Asks each channel account for its keys where it is time. `asked` remembers when each was.
    ///
    /// # Errors
    /// A failure of the store. What a channel does wrong is logged.
    pub async fn keep_keys(&self, asked: &mut KeysAsked) -> Result<(), Failure> {
        for row in self.store.channel_accounts().await? {
            // One that cannot be opened is told of by whoever wants to use it.
            let Ok(Some(account)) = self.account(row.id).await else { continue };
            let since = asked.0.get(&row.id).map(|at| self.now().duration_since(*at));
            let wait = if account.connector.keys_are_wanted() { ASK_AT_MOST } else { ASK_EVERY };
            if since.is_some_and(|since| since < wait) {
                continue;
            }
            asked.0.insert(row.id, self.now());
            self.ask_keys(&account).await;
        }
        Ok(())
    }

    async fn ask_keys(&self, account: &Arc<Account>) {
        let nonce = ids::JobId::generate(&self.ids, self.now().as_millisecond()).to_string();
        let Some(request) = account.connector.ask_keys(self.now(), &nonce) else { return };
        let id = account.id;
        match self.sender.send(request).await {
            Ok(answer) => match account.connector.learn_keys(self.now(), &answer) {
                Ok(0) => {}
                Ok(new) => tracing::info!(account.id = %id, new, "a channel has new keys"),
                Err(error) => tracing::error!(account.id = %id, error = %error, "no keys"),
            },
            Err(error) => tracing::warn!(account.id = %id, error = %error, "no keys"),
        }
    }
}

/// When each channel account was last asked for its keys.
#[derive(Debug, Default)]
pub struct KeysAsked(std::collections::BTreeMap<ids::ChannelAccountId, Timestamp>);
