//! Payers' phones on real sockets: what a phone changes between a shop and a web view, and what the
//! simulator's pages ask of the sandbox.

#[cfg(test)]
mod phones {
    use std::fmt::Write as _;
    use std::sync::{Arc, Mutex, OnceLock};

    use jiff::Timestamp;
    use sandbox::phones::{App, Phones};
    use sandbox::{Sandbox, SandboxConfig, server};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;

    fn clock() -> Timestamp {
        "2026-11-20T02:00:00Z".parse().unwrap()
    }

    fn config() -> SandboxConfig {
        static CONFIG: OnceLock<SandboxConfig> = OnceLock::new();
        CONFIG.get_or_init(|| SandboxConfig::generate(clock()).unwrap()).clone()
    }

    /// A shop, the sandbox and the phones between them; all die with the test.
    struct World {
        shop: String,
        sandbox: String,
        phones: Vec<(App, String)>,
        /// What the shop was asked, each request whole.
        asked: Arc<Mutex<Vec<String>>>,
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
            let asked = Arc::new(Mutex::new(Vec::new()));
            let appid = config().wechat.merchants[0].appid.clone();
            let authorize = format!(
                "{sandbox}/connect/oauth2/authorize?appid={appid}&response_type=code\
                 &scope=snsapi_base&redirect_uri={}",
                form_urlencoded::byte_serialize(format!("{shop}/cb").as_bytes())
                    .collect::<String>(),
            );
            let tasks = vec![
                tokio::spawn(async move {
                    server::serve(listener, world, clock, std::future::pending()).await.unwrap();
                }),
                tokio::spawn(async move {
                    server::serve_phones(phones, std::future::pending()).await.unwrap();
                }),
                tokio::spawn(keep_shop(shop_listener, authorize, Arc::clone(&asked))),
            ];
            Self { shop, sandbox, phones: list, asked, tasks }
        }

        fn phone(&self, app: App) -> &str {
            &self.phones.iter().find(|(one, _)| *one == app).unwrap().1
        }

        async fn control(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
            let answer = say(&self.sandbox, method, path, "", body.to_string().as_bytes()).await;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (status(head), serde_json::from_str(body).unwrap_or_default())
        }
    }

    fn status(answer: &str) -> u16 {
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// A header's value, `None` if there is none.
    fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
        let (head, _) = answer.split_once("\r\n\r\n")?;
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    async fn say(base: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> String {
        let address = base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// A shop of four pages that remembers what it was asked.
    async fn keep_shop(listener: TcpListener, authorize: String, asked: Arc<Mutex<Vec<String>>>) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await;
            let path = request.split(' ').nth(1).unwrap().to_owned();
            asked.lock().unwrap().push(request);
            let (status, headers, body) = match path.split('?').next().unwrap() {
                "/q/T" => ("302 Found", format!("location: {authorize}\r\n"), ""),
                "/page" => (
                    "200 OK",
                    "content-type: text/html\r\nx-frame-options: DENY\r\nset-cookie: a=1\r\n\
                     set-cookie: b=2\r\ncontent-security-policy: default-src 'none'\r\n"
                        .to_owned(),
                    "<!doctype html><head><title>x</title></head>",
                ),
                "/data" => ("200 OK", "content-type: application/json\r\n".to_owned(), "{\"a\":1}"),
                _ => ("404 Not Found", String::new(), ""),
            };
            let mut answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}");
            write!(answer, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    async fn read_request(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
            });
            if read == 0 || body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
    }

    #[tokio::test]
    async fn each_app_shows_the_shop_under_its_own_name() {
        let world = World::start().await;
        for app in App::ALL {
            let phone = world.phone(app);
            let headers = format!(
                "cookie: sid=7\r\nuser-agent: Desktop\r\norigin: {phone}\r\naccept-encoding: gzip\r\n"
            );
            let page = say(phone, "GET", "/page?a=b", &headers, b"").await;
            assert_eq!(status(&page), 200);
            let script = "<!doctype html><head><script src=\"/sandbox/bridge.js\"></script><title>";
            assert!(page.contains(script), "{page}");
            assert_eq!(header(&page, "x-frame-options"), None);
            assert_eq!(header(&page, "content-security-policy"), None);
            assert_eq!(page.matches("set-cookie: ").count(), 2);
            let asked = world.asked.lock().unwrap().pop().unwrap();
            assert!(asked.starts_with("GET /page?a=b "), "{asked}");
            assert!(asked.contains(app.user_agent()) && !asked.contains("Desktop"), "{asked}");
            assert!(asked.contains("cookie: sid=7"), "{asked}");
            assert!(asked.contains(&format!("origin: {}\r\n", world.shop)), "{asked}");
            assert!(!asked.contains("gzip"), "{asked}");
            let script = say(phone, "GET", "/sandbox/bridge.js", "", b"").await;
            assert!(script.contains(&format!("\"app\":\"{}\"", app.code())), "{script}");
        }
    }

    #[tokio::test]
    async fn a_payer_comes_back_from_the_channel_to_the_phone() {
        let world = World::start().await;
        let phone = world.phone(App::Wechat);
        let opened = say(phone, "GET", "/sandbox/open?payer=payer-2&to=%2Fq%2FT", "", b"").await;
        assert_eq!(header(&opened, "location"), Some("/q/T"));
        assert_eq!(header(&opened, "set-cookie"), Some("payer=payer-2; Path=/; SameSite=Lax"));
        let landed = say(phone, "GET", "/q/T", "", b"").await;
        let location = header(&landed, "location").unwrap();
        let path = location.strip_prefix(phone).unwrap();
        assert!(path.starts_with("/connect/oauth2/authorize?"), "{location}");
        let back = say(phone, "GET", path, "cookie: payer=payer-2\r\n", b"").await;
        let location = header(&back, "location").unwrap();
        assert!(location.starts_with(&format!("{phone}/cb?code=")), "{location}");
        // Another app's web view is sent away by the channel.
        let other = say(world.phone(App::Browser), "GET", path, "", b"").await;
        assert!(status(&other) == 200 && other.contains("请在微信客户端打开链接"), "{other}");
    }

    #[tokio::test]
    async fn a_phone_passes_data_on_and_says_when_it_cannot() {
        let world = World::start().await;
        let phone = world.phone(App::Browser);
        let data = say(phone, "POST", "/data", "", b"x=1").await;
        assert!(data.ends_with("{\"a\":1}"), "{data}");
        assert!(world.asked.lock().unwrap().pop().unwrap().ends_with("\r\n\r\nx=1"));
        for (path, headers, expect) in [
            ("/none", "", 404),
            ("/sandbox/open?to=%2F%2Fexample.com", "", 400),
            ("/sandbox/open?to=https%3A%2F%2Fexample.com", "", 400),
            // The control API is not on the phone: the shop has no such page.
            ("/sandbox/books", "", 404),
            ("/sandbox/cashier.css", "", 200),
        ] {
            let answer = say(phone, "GET", path, headers, b"").await;
            assert_eq!(status(&answer), expect, "{path}");
        }
        let strange = "GET / HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n";
        let mut stream = TcpStream::connect(phone.trim_start_matches("http://")).await.unwrap();
        stream.write_all(strange.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(status(&answer), 400);
        world.tasks[2].abort();
        // The listener closes when its task is gone.
        while TcpStream::connect(world.shop.trim_start_matches("http://")).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert_eq!(status(&say(phone, "GET", "/page", "", b"").await), 502);
    }

    #[tokio::test]
    async fn the_simulator_finds_phones_and_scans() {
        let world = World::start().await;
        let nothing = json!(null);
        let (_, told) = world.control("GET", "/sandbox/phones", &nothing).await;
        assert_eq!(
            (told["shop"].as_str(), told["phones"].as_array().unwrap().len()),
            (Some(&*world.shop), 5)
        );
        let shop = format!("{}/q/T", world.shop);
        let scan = |app: &str, text: &str| json!({ "app": app, "text": text });
        let (_, told) = world.control("POST", "/sandbox/scan", &scan("wechat", &shop)).await;
        assert_eq!(told["url"], format!("{}/q/T", world.phone(App::Wechat)));
        let (_, told) = world
            .control("POST", "/sandbox/scan", &scan("alipay", "weixin://wxpay/bizpayurl?pr=1"))
            .await;
        assert_eq!(told["refused"], "无法识别该二维码");
        let forget = json!({ "app": "bank", "allows": [] });
        assert_eq!(world.control("POST", "/sandbox/phones/allows", &forget).await.0, 200);
        let (_, told) = world.control("POST", "/sandbox/scan", &scan("bank", &shop)).await;
        assert_eq!(told["refused"], "非银联二维码，无法识别");
        for (method, path, body, expect) in [
            ("POST", "/sandbox/scan", json!({ "app": "paypal", "text": "x" }), 400),
            ("POST", "/sandbox/phones/allows", json!({}), 400),
            ("GET", "/sandbox/orders", nothing.clone(), 200),
            ("GET", "/sandbox/nothing", nothing.clone(), 404),
        ] {
            assert_eq!(world.control(method, path, &body).await.0, expect, "{path}");
        }
        for (path, kind) in [
            ("/sandbox/", "text/html"),
            ("/sandbox/scan", "text/html"),
            ("/sandbox/simulator.js", "text/javascript"),
            ("/sandbox/words.js", "text/javascript"),
            ("/sandbox/simulator.css", "text/css"),
            ("/sandbox/cashier.js", "text/javascript"),
            ("/sandbox/keypad.js", "text/javascript"),
            ("/sandbox/cashier.css", "text/css"),
        ] {
            let page = say(&world.sandbox, "GET", path, "", b"").await;
            assert_eq!(status(&page), 200, "{path}");
            assert!(header(&page, "content-type").unwrap().starts_with(kind), "{path}");
        }
        let page = say(&world.sandbox, "GET", "/sandbox/", "", b"").await;
        assert!(header(&page, "content-security-policy").unwrap().contains("script-src 'self'"));
        assert!(!page.contains("style="), "no style stands in the page");
    }

    #[tokio::test]
    async fn pictures_that_are_none_are_refused() {
        let world = World::start().await;
        let answer = say(&world.sandbox, "POST", "/sandbox/decode", "", b"GIF89a").await;
        assert_eq!(status(&answer), 415);
        let large = vec![0; 8_388_609];
        let address = world.sandbox.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /sandbox/decode HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            large.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&large).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
    }

    #[tokio::test]
    async fn phones_show_pages_of_this_machine_only() {
        for (shop, sandbox) in [
            ("http://10.0.0.1:80", "http://127.0.0.1:1"),
            ("http://127.0.0.1:1", "https://example.com"),
        ] {
            assert!(Phones::bind(shop, sandbox, 0).await.is_err());
        }
    }
}
