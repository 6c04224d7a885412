//! Who the payer is to his app's channel: asked for through his own browser.

use channels::{PayerAsk, PayerUnknown};
use ids::{ChannelAccountId, ChannelCode, MerchantId};
use orders::channel::PayWay;

use crate::App;
use crate::error::Failure;

/// Where a payer's browser is sent to be named.
#[derive(Debug, Clone)]
pub struct SignInPage {
    /// Whose answer names him.
    pub account: ChannelAccountId,
    pub link: String,
}

/// A payer as a channel names him within one of its apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    pub channel: ChannelCode,
    /// The app at the channel.
    pub scope: String,
    pub name: String,
}

impl App {
    /// The page of a merchant's channel that tells who the payer is; none where the channel is not open
    /// for payments inside its app.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn sign_in_page(
        &self,
        merchant: MerchantId,
        channel: &ChannelCode,
        (back, state): (&str, &str),
    ) -> Result<Option<SignInPage>, Failure> {
        let accounts = self.accounts_for(merchant, channel, PayWay::Jsapi).await?;
        Ok(accounts.iter().find_map(|account| {
            let link = account.connector.sign_in_page(back, state)?;
            Some(SignInPage { account: account.id, link })
        }))
    }

    /// The apps in which payers of a merchant's channel may have their names.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn payer_scopes(
        &self,
        merchant: MerchantId,
        channel: &ChannelCode,
    ) -> Result<Vec<String>, Failure> {
        let accounts = self.accounts_for(merchant, channel, PayWay::Jsapi).await?;
        let scope = |account: &std::sync::Arc<crate::directory::Account>| {
            account.connector.payer_scope().map(str::to_owned)
        };
        Ok(accounts.iter().filter_map(scope).collect())
    }

    /// Asks the channel who came back with a code.
    ///
    /// # Errors
    /// [`PayerUnknown`] within; a failure of the store.
    pub async fn identify(
        &self,
        account: ChannelAccountId,
        ask: &PayerAsk<'_>,
    ) -> Result<Result<Payer, PayerUnknown>, Failure> {
        let Some(account) = self.account(account).await? else {
            return Ok(Err(PayerUnknown::NotOffered));
        };
        let request = match account.connector.ask_payer(ask, self.now()) {
            Ok(request) => request,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Ok(response) = self.sender.send(request).await else {
            return Ok(Err(PayerUnknown::NoAnswer));
        };
        let scope = account.connector.payer_scope().unwrap_or_default().to_owned();
        let name = account.connector.read_payer(&response);
        if let Err(refusal) = &name {
            tracing::info!(channel = %account.channel, why = %refusal, "a payer stays unknown");
        }
        Ok(name.map(|name| Payer { channel: account.channel.clone(), scope, name }))
    }
}
