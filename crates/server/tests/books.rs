//! The books of a demo day, read by people who are not us: hledger and beancount accept the export,
//! and refuse it when one fen is wrong or a journal is missing.
//!
//! `make test` says where the two programs are (`SUANPAN_TEST_HLEDGER`, `SUANPAN_TEST_BEAN_CHECK`).

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Stdio};

    const BINARY: &str = env!("CARGO_BIN_EXE_suanpan");

    fn suanpan(args: &[&str]) -> String {
        let done = Command::new(BINARY).args(args).env("RUST_LOG", "error").output().unwrap();
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{args:?}: {errors}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn accepts(tool: &str, args: &[&str], file: &Path) -> bool {
        let program = std::env::var(tool).unwrap();
        let mut command = Command::new(program);
        command.env("LC_ALL", "C.UTF-8").stdout(Stdio::null()).stderr(Stdio::null());
        for arg in args {
            command.arg(if *arg == "{}" { file.to_str().unwrap() } else { arg });
        }
        command.status().unwrap().success()
    }

    fn check(tool: &str, args: &[&str], folder: &Path, text: &str) {
        let file = folder.join("journal");
        std::fs::write(&file, text).unwrap();
        assert!(accepts(tool, args, &file), "{tool} refuses our books");
        let wrong = text.replacen("2800 CNYC", "2801 CNYC", 1);
        assert_ne!(wrong, text);
        std::fs::write(&file, wrong).unwrap();
        assert!(!accepts(tool, args, &file), "{tool} accepts a fen that is wrong");
        // One journal taken out: only the closing assertions notice.
        let missing = without_a_journal(text);
        assert_ne!(missing, text);
        std::fs::write(&file, missing).unwrap();
        assert!(!accepts(tool, args, &file), "{tool} accepts books without a journal");
    }

    /// A journal is its head with the rule's code, and the indented lines below.
    fn without_a_journal(text: &str) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        let head = lines.iter().position(|l| l.starts_with("20") && l.contains("E01")).unwrap();
        let rest = lines.iter().skip(head + 1);
        let body = rest.take_while(|l| l.starts_with(' ')).count();
        lines.drain(head..=head + body);
        lines.join("\n") + "\n"
    }

    #[test]
    fn foreign_tools_accept_the_books_of_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let data = data.to_str().unwrap();
        suanpan(&[
            "demo",
            "--exit",
            "--json",
            "--port",
            "0",
            "--sandbox-port",
            "0",
            "--data-dir",
            data,
        ]);
        let export = |format| suanpan(&["admin", "--data-dir", data, "export", "--format", format]);
        let hledger = ["-f", "{}", "check", "-s", "ordereddates"];
        check("SUANPAN_TEST_HLEDGER", &hledger, folder.path(), &export("hledger"));
        check("SUANPAN_TEST_BEAN_CHECK", &["{}"], folder.path(), &export("beancount"));
    }
}
