//! Every card transaction by everything that can go wrong with it: see `sim::CardStory` and `sim::Mishap`.

#[cfg(test)]
mod tests {
    use sim::{CardStory, Stage, card_row};

    fn check(stories: &[CardStory]) {
        let stage = Stage::new().unwrap();
        let rows = stories.iter().flat_map(|story| card_row(&stage, *story).unwrap());
        let found: Vec<String> = rows.collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn sales_and_what_gives_them_back() {
        use CardStory::{Offline, Refund, Sale, SaleInPart, SaleRefused, Void};
        check(&[Sale, SaleRefused, SaleInPart, Void, Refund, Offline]);
    }

    #[test]
    fn holds_and_what_becomes_of_them() {
        use CardStory::{Authorize, Complete, CompleteByAdvice, Release, VoidCompletion};
        check(&[Authorize, Release, Complete, CompleteByAdvice, VoidCompletion]);
    }
}
