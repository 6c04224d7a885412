//! Against SoftHSM2, the module that everybody has. The library reads where its tokens are from its
//! environment when it starts, so the test begins itself again with it.

#[cfg(test)]
mod tests {
    use std::process::Command;

    use crypto::pos::{
        BlockKey, HostKey, KeyCipher, KeyFault, KeyStore, MacAlgorithm, Pin, PinFormat, SoftKeys,
        open_pin, open_track, pos_mac, seal_pin, seal_track,
    };
    use key_token::{TokenError, TokenKeys, TokenSettings};
    use secret::{Pan, Secret};
    use testkit::softhsm::{PIN, SoftHsm, TOKEN, VARIABLE};

    const MODULE: &str = "SUANPAN_TEST_MODULE";

    #[test]
    fn keys_work_inside_a_token_as_they_do_here() {
        let Ok(module) = std::env::var(MODULE) else { return again_with_a_token() };
        let settings = |pin: &str, token: &str| TokenSettings {
            module: module.clone().into(),
            token: token.to_owned(),
            pin: Secret::new(pin.to_owned()),
            key: "store".to_owned(),
        };
        let open = |pin: &str, token: &str| TokenKeys::open(settings(pin, token));
        assert!(matches!(open(PIN, "another"), Err(TokenError::NoToken(_))));
        assert!(matches!(open("00000001", TOKEN), Err(TokenError::Login)));
        assert!(matches!(open(PIN, TOKEN), Err(TokenError::NoKey(_))));
        assert!(TokenKeys::init(settings(PIN, TOKEN)).unwrap());
        assert!(!TokenKeys::init(settings(PIN, TOKEN)).unwrap(), "there is one key for ever");
        let keys = open(PIN, TOKEN).unwrap();
        for key in [BlockKey::generate_tdes(), BlockKey::generate_des()] {
            works_alike(&keys, &key);
        }
        foreign_keys(&keys);
        in_many_threads(&keys);
        after_a_lost_connection(&keys, &module);
    }

    /// Runs the test once more in a process that finds a fresh token.
    fn again_with_a_token() {
        let directory = tempfile::tempdir().unwrap();
        let token = SoftHsm::fresh(directory.path());
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::keys_work_inside_a_token_as_they_do_here", "--nocapture"])
            .env(VARIABLE, &token.configuration)
            .env(MODULE, &token.module)
            .status();
        assert!(status.unwrap().success());
    }

    fn works_alike(keys: &TokenKeys, key: &BlockKey) {
        let taken = keys.take_in(key.clone()).unwrap();
        let written = taken.written();
        assert!(written.expose().starts_with("p11:"));
        assert!(!written.expose().contains(&hex::encode(key.expose())));
        let read = keys.read(KeyCipher::Des, written.expose()).unwrap();
        for held in [&taken, &read] {
            assert_eq!(held.check_value(), key.check_value());
            assert_eq!(format!("{held:?}"), "HostKey(held)");
            macs(held, key);
            pins(held, key);
            let track: Vec<u8> = (0..20).collect();
            let mut sealed = track.clone();
            seal_track(key, &mut sealed);
            held.open_track(&mut sealed).unwrap();
            assert_eq!(sealed, track);
            let mut again = track.clone();
            seal_track(key, &mut again);
            open_track(key, &mut again);
            assert_eq!(again, track);
            let working = BlockKey::generate_tdes();
            let wrapped = held.wrap(&working).unwrap();
            assert_eq!(wrapped, HostKey::from(key.clone()).wrap(&working).unwrap());
            assert_eq!(held.unwrap(&wrapped).unwrap().check_value(), working.check_value());
        }
    }

    fn macs(held: &HostKey, key: &BlockKey) {
        for algorithm in [
            MacAlgorithm::CupEcb,
            MacAlgorithm::X99,
            MacAlgorithm::X919,
            MacAlgorithm::TdesCbc,
            MacAlgorithm::FoldOnce,
        ] {
            for length in [0, 1, 7, 8, 9, 16, 17, 300] {
                let message = vec![0xA5; length];
                let expect = pos_mac(algorithm, key, &message);
                assert_eq!(held.mac(algorithm, &message), Ok(expect), "{algorithm:?} {length}");
            }
        }
    }

    fn pins(held: &HostKey, key: &BlockKey) {
        let (pin, pan) =
            (Pin::parse("123456").unwrap(), Pan::parse("6222020000000000000").unwrap());
        let zone = BlockKey::generate_tdes();
        let block = seal_pin(PinFormat::WithPan, key, &pin, &pan);
        held.check_pin(PinFormat::WithPan, &block, &pan).unwrap();
        assert!(held.check_pin(PinFormat::WithPan, &[7; 8], &pan).is_err());
        let to = HostKey::from(zone.clone());
        let moved = held.move_pin(&to, (PinFormat::WithPan, &block), &pan).unwrap();
        assert!(open_pin(PinFormat::WithPan, &zone, &moved, &pan).unwrap().is(&pin));
        let back = to.move_pin(held, (PinFormat::WithPan, &moved), &pan).unwrap();
        assert_eq!(back, block);
    }

    fn foreign_keys(keys: &TokenKeys) {
        let sm4 = BlockKey::generate_sm4();
        assert_eq!(keys.take_in(sm4.clone()).unwrap_err(), KeyFault::Unsupported);
        let taken = keys.take_in(BlockKey::generate_tdes()).unwrap();
        let written = taken.written().expose().clone();
        assert_eq!(SoftKeys.read(KeyCipher::Des, &written).unwrap_err(), KeyFault::Foreign);
        assert_eq!(keys.read(KeyCipher::Sm4, &written).unwrap_err(), KeyFault::Foreign);
        let (short, _) = written.split_at(written.len() - 2);
        for no_key in ["", "p11:", "p11:00:00", "p11:00000000:00", short] {
            assert_eq!(
                keys.read(KeyCipher::Des, no_key).unwrap_err(),
                KeyFault::Foreign,
                "{no_key}"
            );
        }
        // One that a soft store wrote moves in.
        let soft = BlockKey::generate_tdes();
        let moved = keys.read(KeyCipher::Des, &hex::encode(soft.expose())).unwrap();
        assert_eq!(moved.check_value(), soft.check_value());
        assert!(moved.written().expose().starts_with("p11:"));
        // One that another token wrapped is found out when it is first used.
        let digit = if written.ends_with('0') { '1' } else { '0' };
        let (kept, _) = written.split_at(written.len() - 1);
        let changed = format!("{kept}{digit}");
        let key = keys.read(KeyCipher::Des, &changed).unwrap();
        assert!(key.mac(MacAlgorithm::X99, b"message").is_err());
    }

    /// The library is ended and begun behind the store's back: all sessions are gone, and every object in them.
    fn after_a_lost_connection(keys: &TokenKeys, module: &str) {
        let key = BlockKey::generate_tdes();
        let held = keys.take_in(key.clone()).unwrap();
        let expect = Ok(pos_mac(MacAlgorithm::CupEcb, &key, b"a message"));
        assert_eq!(held.mac(MacAlgorithm::CupEcb, b"a message"), expect);
        let library = cryptoki::context::Pkcs11::new(module).unwrap();
        library.finalize().unwrap();
        assert_eq!(held.mac(MacAlgorithm::CupEcb, b"a message"), Err(KeyFault::Unavailable));
        let library = cryptoki::context::Pkcs11::new(module).unwrap();
        let flags = cryptoki::context::CInitializeFlags::OS_LOCKING_OK;
        library.initialize(cryptoki::context::CInitializeArgs::new(flags)).unwrap();
        assert_eq!(held.mac(MacAlgorithm::CupEcb, b"a message"), expect);
        let read = keys.read(KeyCipher::Des, held.written().expose()).unwrap();
        assert_eq!(read.mac(MacAlgorithm::CupEcb, b"a message"), expect);
    }

    fn in_many_threads(keys: &TokenKeys) {
        let key = BlockKey::generate_tdes();
        let held = keys.take_in(key.clone()).unwrap();
        let expect = pos_mac(MacAlgorithm::X919, &key, b"a message");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let mac = held.mac(MacAlgorithm::X919, b"a message");
                        assert_eq!(mac.as_ref(), Ok(&expect));
                    }
                });
            }
        });
    }
}
