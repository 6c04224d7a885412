"""A stranger's client against the sandbox: `python-alipay-sdk` in key mode and certificate mode.

Usage: alipay_python.py coordinates.json. Prints one line per check; exits non-zero on a failure.
"""

import json
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

from alipay import AliPay, DCAliPay
from alipay.exceptions import AliPayValidationError
from Cryptodome.PublicKey import RSA

SUBJECT = "早餐 + 咖啡 & 50% = /best/"
failures = []


def check(name, holds, seen=""):
    print(f"{'ok  ' if holds else 'FAIL'} {name}" + ("" if holds else f": {seen!r}"), flush=True)
    if not holds:
        failures.append(name)


def number():
    return "T" + uuid.uuid4().hex[:20]


def payer_code(ending):
    return f"28{uuid.uuid4().int % 10**14:014d}{ending}"


def until(seconds, probe):
    """What `probe` gives as soon as it gives something, within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    return None


class Notices(BaseHTTPRequestHandler):
    """Keeps what the sandbox posts and answers it as Alipay wants."""

    kept = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Notices.kept.append(dict(parse_qsl(body, keep_blank_values=True)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"success")

    def log_message(self, *_):
        pass


def notices_of(order_no, seconds=3, at_least=1):
    def probe():
        found = [n for n in Notices.kept if n["out_trade_no"] == order_no]
        return found if len(found) >= at_least else None

    return until(seconds, probe) or []


def control(base_url, path, body):
    request = Request(base_url + path, json.dumps(body).encode(), method="POST")
    with urlopen(request, timeout=5) as answer:
        return json.load(answer)


def books(base_url, order_no):
    with urlopen(base_url + "/sandbox/books", timeout=5) as answer:
        lines = json.load(answer)["books"]
    return [(l["kind"], l["amount_fen"]) for l in lines if l["order_no"] == order_no]


def pay(client, order_no, ending, amount="88.88", notify_url=None):
    return client.api_alipay_trade_pay(
        out_trade_no=order_no,
        scene="bar_code",
        auth_code=payer_code(ending),
        subject=SUBJECT,
        total_amount=amount,
        notify_url=notify_url,
    )


def paying(mode, client, notify_url):
    order_no = number()
    paid = pay(client, order_no, "00")
    check(f"{mode} pay", paid["code"] == "10000" and paid["total_amount"] == "88.88", paid)
    found = client.api_alipay_trade_query(out_trade_no=order_no)
    check(f"{mode} query paid", found["trade_status"] == "TRADE_SUCCESS", found)
    again = pay(client, order_no, "00")
    check(f"{mode} pay again", again["sub_code"] == "ACQ.TRADE_HAS_SUCCESS", again)
    other = pay(client, order_no, "00", amount="1.00")
    check(f"{mode} pay other data", other["sub_code"] == "ACQ.CONTEXT_INCONSISTENT", other)

    order_no = number()
    asked = pay(client, order_no, "90", notify_url=notify_url)
    check(f"{mode} pay with password", asked["code"] == "10003", asked)
    found = client.api_alipay_trade_query(out_trade_no=order_no)
    check(f"{mode} query waiting", found["trade_status"] == "WAIT_BUYER_PAY", found)

    def is_paid():
        state = client.api_alipay_trade_query(out_trade_no=order_no)["trade_status"]
        return state == "TRADE_SUCCESS"

    check(f"{mode} query after password", until(8, is_paid))
    check(f"{mode} notice after password", len(notices_of(order_no)) == 1)

    for ending, sub_code in [
        ("92", "ACQ.BUYER_BALANCE_NOT_ENOUGH"),
        ("93", "ACQ.PAYMENT_AUTH_CODE_INVALID"),
        ("94", "ACQ.SYSTEM_ERROR"),
        ("95", "ACQ.SYSTEM_ERROR"),
        ("97", "ACQ.PAYMENT_REQUEST_HAS_RISK"),
    ]:
        order_no = number()
        refused = pay(client, order_no, ending)
        check(f"{mode} pay {ending}", refused["sub_code"] == sub_code, refused)
        found = client.api_alipay_trade_query(out_trade_no=order_no)
        expect = "TRADE_SUCCESS" if ending == "95" else None
        check(f"{mode} query {ending}", found.get("trade_status") == expect, found)


def scanning(mode, client, notify_url, base_url):
    order_no = number()
    code = client.api_alipay_trade_precreate(
        subject=SUBJECT, out_trade_no=order_no, total_amount=12, notify_url=notify_url
    )
    check(f"{mode} precreate", code["qr_code"].startswith("https://qr.alipay.com/bax"), code)
    found = client.api_alipay_trade_query(out_trade_no=order_no)
    check(f"{mode} query unscanned", found["sub_code"] == "ACQ.TRADE_NOT_EXIST", found)
    control(base_url, "/sandbox/pay", {"channel": "alipay", "order_no": order_no})
    found = client.api_alipay_trade_query(out_trade_no=order_no)
    check(f"{mode} query scanned", found["trade_status"] == "TRADE_SUCCESS", found)

    notices = notices_of(order_no)
    check(f"{mode} notice", len(notices) == 1, notices)
    notice = dict(notices[0])
    sign = notice.pop("sign")
    check(f"{mode} notice verified", client.verify(dict(notice), sign))
    check(f"{mode} notice subject", notice["subject"] == SUBJECT, notice["subject"])
    tampered = dict(notice, total_amount="0.01")
    check(f"{mode} notice tampered is refused", not client.verify(tampered, sign))

    created = client.api_alipay_trade_create(
        out_trade_no=number(), total_amount="1.00", subject=SUBJECT, buyer_id="2088700000000001"
    )
    check(f"{mode} create", created["code"] == "10000" and len(created["trade_no"]) == 28, created)


def refunding(mode, client, notify_url, base_url):
    def refund(amount, request_no):
        return client.api_alipay_trade_refund(
            out_trade_no=order_no, refund_amount=amount, out_request_no=request_no
        )

    order_no = number()
    pay(client, order_no, "00", notify_url=notify_url)
    part = refund("30.00", "R1")
    done = part["fund_change"] == "Y" and part["refund_fee"] == "30.00"
    check(f"{mode} partial refund", done, part)
    again = refund("30.00", "R1")
    check(f"{mode} repeated refund", (again["code"], again["fund_change"]) == ("10000", "N"), again)
    other = refund("31.00", "R1")
    code = other["sub_code"]
    check(f"{mode} refund, other data", code == "ACQ.DISCORDANT_REPEAT_REQUEST", other)
    more = refund("58.89", "R2")
    code = more["sub_code"]
    check(f"{mode} refund of more", code == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", more)
    found = client.api_alipay_trade_fastpay_refund_query("R1", out_trade_no=order_no)
    known = found.get("refund_status"), found.get("refund_amount")
    check(f"{mode} refund query", known == ("REFUND_SUCCESS", "30.00"), found)
    found = client.api_alipay_trade_fastpay_refund_query("R2", out_trade_no=order_no)
    nothing = found["code"] == "10000" and "refund_status" not in found
    check(f"{mode} refund query, none", nothing, found)
    rest = refund("58.88", "R3")
    check(f"{mode} refund of the rest", rest["refund_fee"] == "88.88", rest)
    found = client.api_alipay_trade_query(out_trade_no=order_no)
    check(f"{mode} query refunded", found["trade_status"] == "TRADE_CLOSED", found)
    states = [n["trade_status"] for n in notices_of(order_no, at_least=2)]
    check(f"{mode} notices of refunds", states == ["TRADE_SUCCESS", "TRADE_CLOSED"], states)
    booked = books(base_url, order_no)
    expect = [("pay", 8888), ("refund", 3000), ("refund", 5888)]
    check(f"{mode} books", booked == expect, booked)


def undoing(mode, client):
    order_no = number()
    pay(client, order_no, "00")
    undone = client.api_alipay_trade_cancel(out_trade_no=order_no)
    said = undone["action"], undone["retry_flag"]
    check(f"{mode} cancel paid", said == ("refund", "N"), undone)
    order_no = number()
    pay(client, order_no, "91")
    undone = client.api_alipay_trade_cancel(out_trade_no=order_no)
    check(f"{mode} cancel waiting", undone["action"] == "close", undone)
    again = pay(client, order_no, "00")
    check(f"{mode} pay cancelled", again["sub_code"] == "ACQ.TRADE_HAS_CLOSE", again)
    undone = client.api_alipay_trade_cancel(out_trade_no=number())
    said = undone["code"], undone["retry_flag"]
    check(f"{mode} cancel unknown", said == ("10000", "N"), undone)
    order_no = number()
    pay(client, order_no, "91")
    closed = client.api_alipay_trade_close(out_trade_no=order_no)
    check(f"{mode} close", closed["code"] == "10000", closed)
    closed = client.api_alipay_trade_close(out_trade_no=order_no)
    check(f"{mode} close again", closed["sub_code"] == "ACQ.TRADE_HAS_CLOSE", closed)


def distrusting(account, gateway, base_url):
    stranger = RSA.generate(2048).export_key().decode()
    client = AliPay(account["app_id"], None, stranger, account["alipay_public_key_pem"])
    client._gateway = gateway
    refused = client.api_alipay_trade_query(out_trade_no="X1")
    code = refused["code"], refused["sub_code"]
    check("wrong key refused", code == ("40002", "isv.invalid-signature"), refused)
    check("the gateway's string is told", "method=alipay.trade.query" in refused["sub_msg"])

    client = key_client(account, gateway)
    rule = {"call": "alipay.trade.query", "fault": {"kind": "wrong_signature"}}
    control(base_url, "/sandbox/faults", rule)
    try:
        client.api_alipay_trade_query(out_trade_no="X1")
        check("wrong answer signature is noticed", False)
    except AliPayValidationError:
        check("wrong answer signature is noticed", True)

    order_no = number()
    rule = {"call": "alipay.trade.pay", "fault": {"kind": "lost_answer_after_effect"}}
    control(base_url, "/sandbox/faults", rule)
    try:
        pay(client, order_no, "00")
        check("lost answer", False)
    except OSError:
        check("lost answer", True)
    found = client.api_alipay_trade_query(out_trade_no=order_no)
    check("paid although the answer was lost", found["trade_status"] == "TRADE_SUCCESS", found)


def key_client(account, gateway):
    client = AliPay(
        account["app_id"], None, account["app_private_key_pem"], account["alipay_public_key_pem"]
    )
    client._gateway = gateway
    return client


def certificate_client(account, gateway):
    client = DCAliPay(
        account["app_id"],
        account["app_private_key_pem"],
        account["app_cert_pem"],
        account["alipay_cert_pem"],
        account["alipay_root_cert_pem"],
    )
    client._gateway = gateway
    return client


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        coordinates = json.load(file)
    alipay, base_url = coordinates["alipay"], coordinates["base_url"]
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Notices)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    notify_url = f"http://127.0.0.1:{listener.server_port}/notice"
    for mode, client in [
        ("keys", key_client(alipay["keys"], alipay["gateway"])),
        ("certificates", certificate_client(alipay["certificates"], alipay["gateway"])),
    ]:
        paying(mode, client, notify_url)
        scanning(mode, client, notify_url, base_url)
        refunding(mode, client, notify_url, base_url)
        undoing(mode, client)
    distrusting(alipay["keys"], alipay["gateway"], base_url)
    print(f"{len(failures)} failed", flush=True)
    sys.exit(1 if failures else 0)


main()
