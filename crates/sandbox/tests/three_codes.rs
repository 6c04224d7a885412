//! Three codes in one: UnionPay's addresses for a shop's pages, registered domains, and the gateway
//! asking a code's owner, against a small acquirer on a real socket.

#[cfg(test)]
mod three_codes {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex, OnceLock};
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use jiff::Timestamp;
    use sandbox::phones::{App, Phones};
    use sandbox::{Sandbox, SandboxConfig, UnionpayMerchant, server};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;

    type Fields = BTreeMap<String, String>;

    fn clock() -> Timestamp {
        "2026-11-20T02:00:00Z".parse().unwrap()
    }

    fn config() -> SandboxConfig {
        static CONFIG: OnceLock<SandboxConfig> = OnceLock::new();
        CONFIG.get_or_init(|| SandboxConfig::generate(clock()).unwrap()).clone()
    }

    fn merchant() -> UnionpayMerchant {
        config().unionpay.merchants[0].clone()
    }

    /// How the acquirer behaves, and what it saw.
    #[derive(Debug, Default)]
    struct Acquirer {
        /// The fields of each order query.
        asked: Vec<Fields>,
        /// The fields of each notice.
        noticed: Vec<Fields>,
        wrong_signature: bool,
        silent: bool,
    }

    struct World {
        shop: String,
        sandbox: String,
        phones: Vec<(App, String)>,
        acquirer: Arc<Mutex<Acquirer>>,
        tasks: Vec<JoinHandle<()>>,
    }

    impl Drop for World {
        fn drop(&mut self) {
            self.tasks.iter().for_each(JoinHandle::abort);
        }
    }

    impl World {
        async fn start() -> Self {
            let shop_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let shop = format!("http://{}", shop_listener.local_addr().unwrap());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let sandbox = format!("http://{}", listener.local_addr().unwrap());
            let phones = Phones::bind(&shop, &sandbox, 0).await.unwrap();
            let list = phones.list().iter().map(|phone| (phone.app, phone.url.clone())).collect();
            let world = Sandbox::new(config()).with_phones(&phones);
            let acquirer = Arc::new(Mutex::new(Acquirer::default()));
            let tasks = vec![
                tokio::spawn(async move {
                    server::serve(listener, world, clock, std::future::pending()).await.unwrap();
                }),
                tokio::spawn(async move {
                    server::serve_phones(phones, std::future::pending()).await.unwrap();
                }),
                tokio::spawn(keep_shop(shop_listener, shop.clone(), Arc::clone(&acquirer))),
            ];
            Self { shop, sandbox, phones: list, acquirer, tasks }
        }

        fn phone(&self, app: App) -> &str {
            &self.phones.iter().find(|(one, _)| *one == app).unwrap().1
        }

        fn acquirer(&self) -> std::sync::MutexGuard<'_, Acquirer> {
            self.acquirer.lock().unwrap()
        }

        async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
            let answer = say(&self.sandbox, method, path, &body.to_string()).await;
            (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
        }

        async fn scan(&self, app: App, text: &str) -> Value {
            let body = json!({ "app": app.code(), "text": text });
            let (status, told) = self.control("POST", "/sandbox/scan", body).await;
            assert_eq!(status, 200, "{told}");
            told
        }

        async fn set_mode(&self, mode: &str) {
            let host = self.shop.trim_start_matches("http://");
            let body = json!({ "host": host, "mode": mode });
            assert_eq!(self.control("POST", "/sandbox/unionpay/domains", body).await.0, 200);
        }

        async fn fault(&self, fault: Value) {
            let rule = json!({ "channel": "unionpay", "call": "order-query", "fault": fault });
            assert_eq!(self.control("POST", "/sandbox/faults", rule).await.0, 200);
        }

        /// The path of UnionPay's payment page for a code of the shop's, on the app's phone.
        async fn opened(&self, app: App, text: &str) -> String {
            let told = self.scan(app, text).await;
            let path = told["path"].as_str().unwrap_or_else(|| panic!("{told}"));
            let page = say(self.phone(app), "GET", path, "").await;
            assert_eq!(page.status, 302, "{}", page.body);
            page.location().to_owned()
        }

        /// What the app shows for a code of the shop's.
        async fn shown(&self, app: App, path: &str) -> String {
            let order = self.opened(app, &format!("{}{path}", self.shop)).await;
            self.page(app, &order).await
        }

        async fn page(&self, app: App, path: &str) -> String {
            let page = say(self.phone(app), "GET", path, "").await;
            assert_eq!(page.status, 200, "{}", page.body);
            page.body
        }

        /// The payer taps "pay" on a page.
        async fn pay(&self, app: App, page: &str) -> Value {
            let params = text_of(page, "data-params=\"", "\"").replace("&quot;", "\"");
            let params: Value = serde_json::from_str(&params).unwrap();
            let body = json!({ "params": params }).to_string();
            let answer = say(self.phone(app), "POST", "/sandbox/bridge/unionpay/pay", &body).await;
            serde_json::from_str(&answer.body).unwrap()
        }

        async fn books(&self) -> Vec<Value> {
            let (_, told) = self.control("GET", "/sandbox/books", json!(null)).await;
            told["books"].as_array().unwrap().clone()
        }

        /// A message of the merchant's to the gateway.
        async fn gateway(&self, path: &str, fields: &[(&str, &str)]) -> Fields {
            let merchant = merchant();
            let mut all = fields_of(&[
                ("version", "5.1.0"),
                ("encoding", "UTF-8"),
                ("signMethod", "01"),
                ("bizType", "000000"),
                ("accessType", "0"),
                ("channelType", "08"),
                ("merId", &merchant.mer_id),
                ("certId", &merchant.cert_id),
            ]);
            all.extend(fields_of(fields));
            sign(&mut all);
            let body: String =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(&all).finish();
            parse(&say(&self.sandbox, "POST", &format!("/gateway/api/{path}"), &body).await.body)
        }

        async fn noticed(&self) -> Fields {
            for _ in 0..200 {
                if let Some(fields) = self.acquirer().noticed.pop() {
                    return fields;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("no notice came");
        }
    }

    /// A shop whose acquirer knows the plate `/q/PLATE`, the order `/o/ORDER` and the revoked plate
    /// `/q/GONE`.
    async fn keep_shop(listener: TcpListener, shop: String, acquirer: Arc<Mutex<Acquirer>>) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (head, body) = read_request(&mut stream).await;
            let path = head.split(' ').nth(1).unwrap();
            let fields: Fields = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let (status, body) = match path {
                "/unionpay/orders" => {
                    assert!(head.contains("application/x-www-form-urlencoded"), "{head}");
                    let answer = answer(&shop, &acquirer.lock().unwrap(), &fields);
                    acquirer.lock().unwrap().asked.push(fields);
                    answer
                }
                "/n" => {
                    acquirer.lock().unwrap().noticed.push(fields);
                    (200, String::new())
                }
                _ => (200, format!("shop {path}")),
            };
            if acquirer.lock().unwrap().silent && path == "/unionpay/orders" {
                continue;
            }
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    fn answer(shop: &str, acquirer: &Acquirer, asked: &Fields) -> (u16, String) {
        let merchant = merchant();
        let gateway = &config().unionpay.gateway;
        let mut fields = fields_of(&[
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            ("reqType", "0120000903"),
            ("queryNo", &asked["queryNo"]),
            ("merId", &merchant.mer_id),
            ("merName", "小面馆<1>"),
            ("currencyCode", "156"),
            ("certId", &merchant.cert_id),
        ]);
        let page = asked["qrCode"].strip_prefix(shop).unwrap();
        let order = |id: &str, amount: &str| {
            fields_of(&[
                ("respCode", "00"),
                ("orderId", id),
                ("orderTime", "20261120100000"),
                ("txnAmt", amount),
                ("backUrl", &format!("{shop}/n")),
                ("payTimeout", "20261120101500"),
            ])
        };
        let signature = BASE64.decode(&asked["signature"]).unwrap_or_default();
        let verified = gateway.key.public_key().verify_sha256(&hashed(asked), &signature).is_ok();
        let amount = asked.get("txnAmt").map(String::as_str);
        fields.extend(match (verified, page, amount) {
            (false, _, _) => return (400, "signature".to_owned()),
            (_, "/q/PLATE", None) => fields_of(&[("respCode", "00"), ("amountEntry", "1")]),
            (_, "/q/PLATE", Some("100000")) => fields_of(&[("respCode", "13")]),
            (_, "/q/PLATE", Some(amount)) => {
                let number: String = asked["queryNo"].chars().take(20).collect();
                order(&number, amount)
            }
            (_, "/o/ORDER", _) => order("ORDER0001", "1200"),
            (_, "/q/GONE", _) => fields_of(&[("respCode", "02"), ("respMsg", "revoked")]),
            _ => {
                fields.insert("respCode".to_owned(), "34".to_owned());
                return (404, joined(&fields));
            }
        });
        sign(&mut fields);
        if acquirer.wrong_signature {
            fields.insert("respMsg".to_owned(), "changed".to_owned());
        }
        (200, joined(&fields))
    }

    fn fields_of(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn joined(fields: &Fields) -> String {
        let pairs: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        pairs.join("&")
    }

    fn hashed(fields: &Fields) -> Vec<u8> {
        let mut fields = fields.clone();
        fields.remove("signature");
        crypto::digest::to_hex(&crypto::digest::sha256(joined(&fields).as_bytes())).into_bytes()
    }

    fn sign(fields: &mut Fields) {
        let signature = BASE64.encode(merchant().key.sign_sha256(&hashed(fields)));
        fields.insert("signature".to_owned(), signature);
    }

    fn parse(body: &str) -> Fields {
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What stands in a page between two texts.
    fn text_of<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
        let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("{before} in {page}"));
        rest.split_once(after).unwrap().0
    }

    fn code_of(page: &str) -> &str {
        text_of(page, "data-test=cashier-code>", "<")
    }

    struct Answer {
        status: u16,
        head: String,
        body: String,
    }

    impl Answer {
        fn location(&self) -> &str {
            let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(name, _)| name.eq_ignore_ascii_case("location")).unwrap().1
        }
    }

    async fn say(base: &str, method: &str, path: &str, body: &str) -> Answer {
        let address = base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn read_request(stream: &mut TcpStream) -> (String, String) {
        let mut text = String::new();
        let mut buffer = [0; 8192];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                assert!(read > 0);
                continue;
            };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
            });
            if read == 0 || body.len() >= length.unwrap_or(0) {
                return (head.to_owned(), body.to_owned());
            }
        }
    }

    #[tokio::test]
    async fn an_order_is_asked_for_paid_once_and_told() {
        let world = World::start().await;
        let told = world.scan(App::Bank, &format!("{}/o/ORDER", world.shop)).await;
        assert_eq!(told["scheme"], "non_standard");
        let order = world.opened(App::Bank, &format!("{}/o/ORDER", world.shop)).await;
        let page = world.page(App::Bank, &order).await;
        assert!(page.contains("小面馆&lt;1&gt;") && page.contains(">¥12.00<"), "{page}");
        let asked = world.acquirer().asked.last().unwrap().clone();
        assert_eq!(
            (asked["appId"].as_str(), asked["txnTime"].as_str()),
            ("BankDemo", "20261120100000")
        );
        assert_eq!(world.pay(App::Bank, &page).await["result"], "ok");
        let again = world.pay(App::Bank, &page).await;
        assert_eq!(again["code"], "ORDER_PAID", "the second tap takes no money");
        let books = world.books().await;
        assert_eq!(books.len(), 1);
        assert_eq!(
            (books[0]["order_no"].as_str(), books[0]["amount_fen"].as_u64()),
            (Some("ORDER0001"), Some(1200))
        );
        let notice = world.noticed().await;
        for (name, value) in [
            ("txnType", "01"),
            ("txnSubType", "07"),
            ("accessType", "0"),
            ("orderId", "ORDER0001"),
            ("txnTime", "20261120100000"),
            ("txnAmt", "1200"),
            ("currencyCode", "156"),
            ("respCode", "00"),
        ] {
            assert_eq!(notice[name], value, "{name}");
        }
        assert_eq!(code_of(&world.page(App::Bank, &order).await), "ORDER_PAID");
    }

    #[tokio::test]
    async fn the_gateway_knows_the_order_as_any_other() {
        let world = World::start().await;
        let key = [("orderId", "ORDER0001"), ("txnTime", "20261120100000")];
        let query = [&key[..], &[("txnType", "00"), ("txnSubType", "00")]].concat();
        let unknown = world.gateway("queryTrans.do", &query).await;
        assert_eq!(unknown["respCode"], "34");
        let page = world.shown(App::Unionpay, "/o/ORDER").await;
        let waiting = world.gateway("queryTrans.do", &query).await;
        assert_eq!((waiting["respCode"].as_str(), waiting["origRespCode"].as_str()), ("00", "05"));
        world.pay(App::Unionpay, &page).await;
        let paid = world.gateway("queryTrans.do", &query).await;
        assert_eq!((paid["origRespCode"].as_str(), paid["txnAmt"].as_str()), ("00", "1200"));
        let query_id = paid["queryId"].clone();
        let back = |order_id, amount, kind| {
            vec![
                ("orderId", order_id),
                ("txnTime", "20261120100100"),
                ("txnType", kind),
                ("txnSubType", "00"),
                ("txnAmt", amount),
                ("currencyCode", "156"),
                ("backUrl", "http://127.0.0.1:1/n"),
            ]
        };
        let mut refund = back("REFUND001", "500", "04");
        refund.push(("origQryId", &query_id));
        let refunded = world.gateway("backTransReq.do", &refund).await;
        assert_eq!((refunded["respCode"].as_str(), refunded["txnAmt"].as_str()), ("00", "500"));
        let mut void = back("VOID00001", "1200", "31");
        void.push(("origQryId", &query_id));
        let refused = world.gateway("backTransReq.do", &void).await;
        assert_eq!(refused["respCode"], "01", "a part went back already");
        assert_eq!(world.books().await.len(), 2);
    }

    #[tokio::test]
    async fn a_plate_takes_the_amount_that_its_payer_enters() {
        let world = World::start().await;
        let order = world.opened(App::Unionpay, &format!("{}/q/PLATE", world.shop)).await;
        let keypad = world.page(App::Unionpay, &order).await;
        let next = text_of(&keypad, "data-next=\"", "\"").replace("&amp;", "&");
        assert_eq!(next, format!("{order}&txnAmt="));
        assert!(keypad.contains("小面馆") && !keypad.contains("cashier-pay"), "{keypad}");
        let refused = world.page(App::Unionpay, &format!("{next}100000")).await;
        assert_eq!(code_of(&refused), "13");
        for wrong in ["0", "1.5", "x"] {
            let page = world.page(App::Unionpay, &format!("{next}{wrong}")).await;
            assert_eq!(code_of(&page), "13", "{wrong}");
        }
        let page = world.page(App::Unionpay, &format!("{next}880")).await;
        assert!(page.contains(">¥8.80<"), "{page}");
        // The same number again is the same trade.
        let again = world.page(App::Unionpay, &format!("{next}880")).await;
        assert_eq!(again, page);
        let numbers: Vec<String> =
            world.acquirer().asked.iter().map(|asked| asked["queryNo"].clone()).collect();
        assert_eq!(numbers.len(), 4, "what is no amount is not asked for");
        assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
        assert_eq!(world.pay(App::Unionpay, &page).await["result"], "ok");
        assert_eq!(world.pay(App::Unionpay, &again).await["code"], "ORDER_PAID");
        assert_eq!(world.books().await.len(), 1);
        for path in [order.clone(), format!("{next}990")] {
            assert_eq!(code_of(&world.page(App::Unionpay, &path).await), "ORDER_PAID");
        }
        // The scan's page again is no other scan, but the code once more is.
        let told = world.scan(App::Unionpay, &format!("{}/q/PLATE", world.shop)).await;
        let path = told["path"].as_str().unwrap();
        let mut places = Vec::new();
        for _ in 0..2 {
            let answer = say(world.phone(App::Unionpay), "GET", path, "").await;
            places.push(answer.location().to_owned());
        }
        assert_eq!(places[0], places[1]);
        assert_ne!(places[0], order);
        let other = world.opened(App::Unionpay, &format!("{}/q/PLATE", world.shop)).await;
        let page = world.page(App::Unionpay, &format!("{other}&txnAmt=880")).await;
        assert_eq!(world.pay(App::Unionpay, &page).await["result"], "ok");
        assert_eq!(world.books().await.len(), 2);
    }

    #[tokio::test]
    async fn the_payer_reads_why_there_is_nothing_to_pay() {
        let world = World::start().await;
        for (path, code) in [("/q/GONE", "02"), ("/q/NONE", "34"), ("/x", "34")] {
            let page = world.shown(App::Bank, path).await;
            assert_eq!(code_of(&page), code, "{path}");
        }
        world.acquirer().wrong_signature = true;
        assert_eq!(code_of(&world.shown(App::Bank, "/o/ORDER").await), "SIGN_ERROR");
        world.acquirer().wrong_signature = false;
        world.acquirer().silent = true;
        assert_eq!(code_of(&world.shown(App::Bank, "/o/ORDER").await), "NO_ANSWER");
        world.acquirer().silent = false;
        assert!(world.books().await.is_empty());
        let (_, told) = world.control("GET", "/sandbox/unionpay/scans", json!(null)).await;
        let outcomes: Vec<&str> = told["scans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|scan| scan["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(outcomes, ["no_answer", "unreadable", "refused", "refused", "refused"]);
        let page = world.page(App::Bank, "/qrcGtwWeb-web/api/order?no=none").await;
        assert_eq!(code_of(&page), "34");
        let wechat = world.page(App::Wechat, "/qrcGtwWeb-web/api/order?no=none").await;
        assert!(wechat.contains("请使用云闪付或银行 App 打开"), "{wechat}");
    }

    #[tokio::test]
    async fn a_question_can_go_wrong_on_demand() {
        let world = World::start().await;
        let order = world.opened(App::Bank, &format!("{}/o/ORDER", world.shop)).await;
        for (kind, code, asked) in [
            ("wrong_signature", "HTTP 400", 1),
            ("lost_answer_before_effect", "NO_ANSWER", 0),
            ("lost_answer_after_effect", "NO_ANSWER", 1),
        ] {
            let before = world.acquirer().asked.len();
            world.fault(json!({ "kind": kind })).await;
            assert_eq!(code_of(&world.page(App::Bank, &order).await), code, "{kind}");
            assert_eq!(world.acquirer().asked.len() - before, asked, "{kind}");
        }
        world.fault(json!({ "kind": "delay", "ms": 30 })).await;
        assert!(world.page(App::Bank, &order).await.contains(">¥12.00<"), "the next look finds it");
    }

    #[tokio::test]
    async fn lists_and_registrations_are_two_things() {
        let world = World::start().await;
        let host = world.shop.trim_start_matches("http://").to_owned();
        let text = format!("{}/q/PLATE", world.shop);
        let (_, told) = world.control("GET", "/sandbox/unionpay/domains", json!(null)).await;
        assert_eq!(told, json!({ "domains": [{ "host": host, "mode": "query" }] }));
        world.set_mode("unregistered").await;
        assert_eq!(world.scan(App::Bank, &text).await["refused"], "未登记的收款码");
        assert_eq!(world.scan(App::Wechat, &text).await["path"], "/q/PLATE");
        // The gateway itself refuses, too, and asks nobody any more.
        let scan = format!("/qrcGtwWeb-web/api/scan?code={}/q/PLATE", world.shop);
        let page = world.page(App::Bank, &scan).await;
        assert_eq!(code_of(&page), "NOT_REGISTERED");
        world.set_mode("page").await;
        assert_eq!(world.scan(App::Bank, &text).await["path"], "/q/PLATE");
        let opened = say(world.phone(App::Bank), "GET", &scan, "").await;
        assert_eq!(opened.location(), format!("{}/q/PLATE", world.phone(App::Bank)));
        world.set_mode("query").await;
        let forget = json!({ "app": "bank", "allows": [] });
        world.control("POST", "/sandbox/phones/allows", forget).await;
        assert_eq!(world.scan(App::Bank, &text).await["refused"], "非银联二维码，无法识别");
        assert_eq!(world.scan(App::Unionpay, &text).await["scheme"], "non_standard");
        assert!(world.acquirer().asked.is_empty());
        // Opened as an address, not scanned: the page itself.
        let page = say(world.phone(App::Bank), "GET", "/q/PLATE", "").await;
        assert_eq!(page.body, "shop /q/PLATE");
    }

    #[tokio::test]
    async fn an_address_of_unionpays_leads_each_app_where_it_belongs() {
        let world = World::start().await;
        let page = format!("{}/o/ORDER", world.shop);
        let issue = json!({ "page": page });
        let (status, issued) =
            world.control("POST", "/sandbox/unionpay/codes", issue.clone()).await;
        assert_eq!(status, 200, "{issued}");
        let address = issued["address"].as_str().unwrap();
        assert_eq!(
            address,
            format!("{}/qr95516/{}", world.sandbox, issued["code"].as_str().unwrap())
        );
        let (_, again) = world.control("POST", "/sandbox/unionpay/codes", issue).await;
        assert_eq!(again, issued);
        let printed = address.replace(&world.sandbox, "https://qr.95516.com");
        for text in [address, &printed] {
            for app in [App::Wechat, App::Alipay, App::Browser] {
                let told = world.scan(app, text).await;
                let answer = say(world.phone(app), "GET", told["path"].as_str().unwrap(), "").await;
                assert_eq!(answer.location(), format!("{}/o/ORDER", world.phone(app)), "{app:?}");
            }
            // No app of UnionPay's asks a list for UnionPay's own code.
            let forget = json!({ "app": "bank", "allows": [] });
            world.control("POST", "/sandbox/phones/allows", forget).await;
            assert_eq!(world.scan(App::Bank, text).await["scheme"], "standard");
            let order = world.opened(App::Bank, text).await;
            assert!(world.page(App::Bank, &order).await.contains(">¥12.00<"));
            assert_eq!(world.acquirer().asked.last().unwrap()["qrCode"], page);
        }
        // Without a phone: the address of the page itself.
        let path = address.trim_start_matches(&world.sandbox);
        assert_eq!(say(&world.sandbox, "GET", path, "").await.location(), page);
        // In UnionPay's web view the address is as good as scanned.
        let opened = say(world.phone(App::Unionpay), "GET", path, "").await;
        assert!(opened.location().starts_with("/qrcGtwWeb-web/api/scan?code="));
        assert_eq!(code_of(&world.page(App::Wechat, "/qr95516/none").await), "34");
        world.set_mode("unregistered").await;
        assert_eq!(code_of(&world.page(App::Wechat, path).await), "NOT_REGISTERED");
    }

    #[tokio::test]
    async fn the_registry_says_what_it_does_not_take() {
        let world = World::start().await;
        for (path, body, expect) in [
            ("codes", json!({}), 400),
            ("codes", json!({ "page": "https://example.com/q/T" }), 400),
            ("codes", json!({ "page": "http://127.0.0.1:9/q/T" }), 409),
            ("domains", json!({ "host": "127.0.0.1:9" }), 400),
            ("domains", json!({ "host": "127.0.0.1:9", "mode": "maybe" }), 400),
            ("domains", json!({ "host": "example.com", "mode": "query" }), 400),
            ("domains", json!({ "host": "127.0.0.1:9", "mode": "query" }), 200),
            ("codes", json!({ "page": "http://127.0.0.1:9/q/T" }), 200),
        ] {
            let path = format!("/sandbox/unionpay/{path}");
            let (status, told) = world.control("POST", &path, body.clone()).await;
            assert_eq!(status, expect, "{path} {body} {told}");
        }
    }
}
