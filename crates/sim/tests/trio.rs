//! Each step twice, a failure at each step, a crash before and after each step.

#[cfg(test)]
mod tests {
    use channels::Channel;
    use sim::{Stage, Story, trio};

    fn check(channel: Channel) {
        let stage = Stage::new().unwrap();
        let found: Vec<String> = Story::ALL
            .iter()
            .filter(|story| story.is_played(channel))
            .flat_map(|story| trio(&stage, *story, channel).unwrap())
            .collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn alipay() {
        check(Channel::Alipay);
    }

    #[test]
    fn unionpay() {
        check(Channel::UnionPay);
    }

    #[test]
    fn wechat() {
        check(Channel::Wechat);
    }
}
