//! Answers: what is repeated of the question, what is added, and the code over it.

use bytes::Bytes;
use crypto::pos::{HostKey, MacAlgorithm, MacForm};
use iso8583::frame::{Frame, Wish};
use iso8583::{Builder, CUP_POS, Error};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use merchants::PosModel;

use crate::asked::Asked;
use crate::host::Failed;

/// Of the question, in its order.
const REPEATED: [u8; 11] = [2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 60];
const MAC_FIELD: u8 = 64;

/// How a model's codes are made.
pub(crate) const fn mac_of(model: PosModel) -> (MacAlgorithm, MacForm) {
    match model {
        PosModel::CupTdes | PosModel::CupTdesLong => (MacAlgorithm::CupEcb, MacForm::Hex),
        PosModel::X99 => (MacAlgorithm::X99, MacForm::Raw),
        PosModel::X919 => (MacAlgorithm::X919, MacForm::Raw),
        PosModel::TdesCbc => (MacAlgorithm::TdesCbc, MacForm::Raw),
        PosModel::FoldOnce => (MacAlgorithm::FoldOnce, MacForm::Raw),
        PosModel::Sm4 => (MacAlgorithm::Sm4, MacForm::Hex),
    }
}

/// An answer being made.
pub(crate) struct Reply<'a> {
    asked: &'a Asked<'a>,
    builder: Builder<'static>,
    wish: Wish,
}

impl<'a> Reply<'a> {
    /// With what every answer says: the question's own fields, the host's time, the code.
    ///
    /// # Errors
    /// [`Error`] when a value does not fit: a mistake of ours.
    pub(crate) fn begin(asked: &'a Asked<'a>, code: &str, now: Timestamp) -> Result<Self, Error> {
        let mut builder = Builder::of(&CUP_POS, asked.message.mti().reply());
        for field in REPEATED {
            builder.copy(field, &asked.message)?;
        }
        let china = now.to_zoned(TimeZone::fixed(jiff::tz::offset(8)));
        builder.set(12, &china.strftime("%H%M%S").to_string())?;
        builder.set(13, &china.strftime("%m%d").to_string())?;
        builder.set(39, code)?;
        Ok(Self { asked, builder, wish: Wish::NOTHING })
    }

    pub(crate) fn set(mut self, field: u8, value: &str) -> Result<Self, Error> {
        self.builder.set(field, value)?;
        Ok(self)
    }

    pub(crate) fn set_some(self, field: u8, value: Option<&str>) -> Result<Self, Error> {
        match value {
            Some(value) => self.set(field, value),
            None => Ok(self),
        }
    }

    pub(crate) fn put(mut self, field: u8, value: &[u8]) -> Result<Self, Error> {
        self.builder.put(field, value)?;
        Ok(self)
    }

    pub(crate) fn without(mut self, fields: &[u8]) -> Self {
        fields.iter().for_each(|field| self.builder.remove(*field));
        self
    }

    /// What the terminal is to do next.
    pub(crate) const fn wishing(mut self, wish: Wish) -> Self {
        self.wish = wish;
        self
    }

    /// The frame, without a code.
    pub(crate) fn plain(self) -> Result<Bytes, Error> {
        let message = self.builder.pack();
        self.frame(&message)
    }

    /// The frame with its code in field 64.
    pub(crate) fn sealed(
        self,
        (algorithm, form): (MacAlgorithm, MacForm),
        key: &HostKey,
    ) -> Result<Bytes, Failed> {
        let mut message = Vec::new();
        let mac = |data: &[u8]| key.mac(algorithm, data).map(|mac| mac.field(form));
        self.builder.try_pack_with_mac(MAC_FIELD, &mut message, mac)?;
        Ok(self.frame(&message)?)
    }

    fn frame(&self, message: &[u8]) -> Result<Bytes, Error> {
        let tpdu = Some(self.asked.tpdu.reply());
        let header = self.asked.header.map(|header| header.reply(self.wish));
        let mut out = Vec::with_capacity(message.len() + 16);
        Frame { tpdu, header, message }.write(&mut out)?;
        Ok(Bytes::from(out))
    }
}
