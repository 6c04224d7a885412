"""A stranger's client against the sandbox: UnionPay's gateway, messages of version 5.1.0.

No UnionPay client is in the package indexes, so this one was written from the published rules of the
messages alone: fields sorted and joined, hashed, and the hash signed; answers verified with the
certificate that they bring, after its chain. Usage: unionpay_python.py coordinates.json. Prints one
line per check; exits non-zero on a failure.
"""

import base64
import hashlib
import json
import sys
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import NameOID

BEIJING = timezone(timedelta(hours=8))
failures = []


def check(name, holds, seen=""):
    print(f"{'ok  ' if holds else 'FAIL'} {name}" + ("" if holds else f": {seen!r}"), flush=True)
    if not holds:
        failures.append(name)


def joined(fields):
    named = sorted((k, v) for k, v in fields.items() if k != "signature")
    return "&".join(f"{k}={v}" for k, v in named)


def digest(fields):
    """What RSA signs: the hexadecimal text of the first hash."""
    return hashlib.sha256(joined(fields).encode()).hexdigest().encode()


def parse(text):
    """`k=v&k=v`, not encoded: split at the first `=`, and never inside braces."""
    fields, depth, part = {}, 0, ""
    for char in text + "&":
        if char == "&" and depth == 0:
            name, _, value = part.partition("=")
            fields[name] = value
            part = ""
            continue
        depth += (char == "{") - (char == "}")
        part += char
    return fields


class Gateway:
    def __init__(self, at, merchant):
        self.url, self.merchant = at["gateway"], merchant
        self.key = serialization.load_pem_private_key(merchant["sign_private_key_pem"].encode(), None)
        own = x509.load_pem_x509_certificate(merchant["sign_cert_pem"].encode())
        self.cert_id = str(own.serial_number)
        self.root = x509.load_pem_x509_certificate(at["root_cert_pem"].encode())
        self.middle = x509.load_pem_x509_certificate(at["middle_cert_pem"].encode())
        self.name = at["channel_name"]

    def signed(self, fields):
        fields = {k: v for k, v in fields.items() if v not in (None, "")}
        signature = self.key.sign(digest(fields), padding.PKCS1v15(), hashes.SHA256())
        return {**fields, "signature": base64.b64encode(signature).decode()}

    def verified(self, fields):
        """The certificate's chain, name and time; then the signature."""
        cert = x509.load_pem_x509_certificate(fields["signPubKeyCert"].encode())
        cert.verify_directly_issued_by(self.middle)
        self.middle.verify_directly_issued_by(self.root)
        now = datetime.now(timezone.utc)
        named = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        if named != self.name or not cert.not_valid_before_utc <= now <= cert.not_valid_after_utc:
            return False
        try:
            signature = base64.b64decode(fields["signature"])
            cert.public_key().verify(signature, digest(fields), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return str(cert.serial_number) == fields["certId"]

    def send(self, path, fields, change=lambda fields: fields):
        body = urlencode(change(self.signed(fields))).encode()
        try:
            with urlopen(Request(f"{self.url}/gateway/api/{path}.do", body)) as answer:
                text = answer.read().decode()
        except HTTPError as error:
            return {"status": error.code}
        said = parse(text)
        check("an answer is signed by the gateway", self.verified(said), said)
        return said

    def common(self, kind, order=None):
        order = order or (number(), beijing())
        acquirer = self.merchant["acq_ins_code"]
        return {
            "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "certId": self.cert_id,
            "txnType": kind[0], "txnSubType": kind[1], "bizType": "000000", "channelType": "08",
            "accessType": "1" if acquirer else "0", "acqInsCode": acquirer,
            "merId": self.merchant["mer_id"], "orderId": order[0], "txnTime": order[1],
        }

    def trade(self, kind, fen, **more):
        fields = {**self.common(kind), "txnAmt": str(fen), "currencyCode": "156",
                  "backUrl": Notices.url, **more}
        return fields, (fields["orderId"], fields["txnTime"])

    def query(self, order):
        return self.send("queryTrans", self.common(("00", "00"), order))


class Notices(BaseHTTPRequestHandler):
    kept, url = [], None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        # The open platform's are JSON, the gateway's are forms.
        form = dict(parse_qsl(body, keep_blank_values=True))
        Notices.kept.append(json.loads(body) if body.startswith("{") else form)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def notice_of(order_id, seconds=5):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for notice in Notices.kept:
            if order_id in (notice.get("orderId"), notice.get("orderNo")):
                return notice
        time.sleep(0.05)
    return None


def number():
    return uuid.uuid4().hex[:24]


def beijing():
    return datetime.now(BEIJING).strftime("%Y%m%d%H%M%S")


def payer_code(ending):
    return f"62{uuid.uuid4().int % 10**15:015d}{ending}"


CONSUME, APPLY, VOID, REFUND = ("01", "06"), ("01", "07"), ("31", "00"), ("04", "00")


def pay(gateway, fen, ending="00"):
    fields, order = gateway.trade(CONSUME, fen, qrNo=payer_code(ending))
    return gateway.send("backTransReq", fields), order


def scanned(gateway, name):
    said, order = pay(gateway, 1234)
    check(f"{name}: a payer's code is charged", said.get("respCode") == "00", said)
    found = gateway.query(order)
    paid = (found.get("respCode"), found.get("origRespCode"), found.get("txnAmt"))
    check(f"{name}: the query says paid", paid == ("00", "00", "1234"), found)
    notice = notice_of(order[0])
    check(f"{name}: the notice came", notice is not None)
    check(f"{name}: the notice is signed", notice is not None and gateway.verified(notice), notice)
    check(f"{name}: the notice names the trade",
          notice and (notice["queryId"], notice["txnAmt"]) == (found["queryId"], "1234"), notice)
    for ending, code in [("92", "01"), ("97", "01"), ("90", "05")]:
        said, _ = pay(gateway, 100, ending)
        check(f"{name}: ending {ending} answers {code}", said.get("respCode") == code, said)
    return order, found["queryId"]


def returned(gateway, name):
    _, order = pay(gateway, 1000)
    paid = gateway.query(order)["queryId"]

    def back(kind, fen, original):
        fields, number_of = gateway.trade(kind, fen, origQryId=original)
        return gateway.send("backTransReq", fields), number_of

    said, refund = back(REFUND, 400, paid)
    check(f"{name}: a part is refunded", said.get("respCode") == "00", said)
    check(f"{name}: the refund is found", gateway.query(refund).get("origRespCode") == "00")
    check(f"{name}: more than is left is refused", back(REFUND, 601, paid)[0]["respCode"] == "01")
    check(f"{name}: the rest is refunded", back(REFUND, 600, paid)[0]["respCode"] == "00")
    check(f"{name}: refunded is not voided", back(VOID, 1000, paid)[0]["respCode"] == "01")
    _, order = pay(gateway, 500)
    paid = gateway.query(order)["queryId"]
    check(f"{name}: a part is not voided", back(VOID, 499, paid)[0]["respCode"] == "01")
    check(f"{name}: the whole is voided", back(VOID, 500, paid)[0]["respCode"] == "00")
    check(f"{name}: voided once only", back(VOID, 500, paid)[0]["respCode"] == "01")


def shown(gateway, name):
    fields, order = gateway.trade(APPLY, 800)
    said = gateway.send("backTransReq", fields)
    check(f"{name}: a code is made",
          said.get("qrCode", "").startswith("https://qr.95516.com/00010000/"), said)
    check(f"{name}: unpaid until scanned", gateway.query(order).get("origRespCode") == "05")
    scan = json.dumps({"channel": "unionpay", "order_no": order[0]}).encode()
    with urlopen(Request(f"{gateway.url}/sandbox/pay", scan, {"content-type": "application/json"})) as answer:
        check(f"{name}: the payer scans", answer.status == 200)
    check(f"{name}: paid when scanned", gateway.query(order).get("origRespCode") == "00")
    check(f"{name}: told by notice", notice_of(order[0]) is not None)


def refused(gateway, name):
    def said(change, fields=None):
        fields = fields or gateway.trade(CONSUME, 100, qrNo=payer_code("00"))[0]
        return gateway.send("backTransReq", fields, change).get("respCode")

    def with_(**more):
        return gateway.trade(CONSUME, 100, **{"qrNo": payer_code("00"), **more})[0]

    wrong = base64.b64encode(bytes(256)).decode()
    same = lambda fields: fields
    cases = [
        ("a wrong signature", lambda f: {**f, "signature": wrong}, None),
        ("a field changed after signing", lambda f: {**f, "txnAmt": "1"}, None),
        ("a field added after signing", lambda f: {**f, "reqReserved": "x"}, None),
        ("no signature", lambda f: {k: v for k, v in f.items() if k != "signature"}, None),
        ("another certId", same, with_(certId="1234567890")),
        ("an unknown merchant", same, with_(merId="777290000000999")),
        ("another version", same, with_(version="5.0.0")),
        ("a sum that is no number", same, with_(txnAmt="1.00")),
        ("nothing", same, with_(txnAmt="0")),
        ("another currency", same, with_(currencyCode="840")),
        ("an order number with a dash", same, with_(orderId="abc-12345")),
        ("a code of another wallet", same, with_(qrNo="281234567890123400")),
    ]
    for what, change, fields in cases:
        code = said(change, fields)
        check(f"{name}: {what} is refused", code not in ("00", "03", "04", "05", None), code)
    fields, order = gateway.trade(CONSUME, 100, qrNo=payer_code("00"))
    gateway.send("backTransReq", fields)
    check(f"{name}: the same order again is 12", said(same, fields) == "12")
    check(f"{name}: an unknown order is 34",
          gateway.query((number(), beijing())).get("respCode") == "34")
    check(f"{name}: another time is another order",
          gateway.query((order[0], "20200101000000")).get("respCode") == "34")


class OpenPlatform:
    """Payments inside the UnionPay app's pages: JSON, empty texts signed too."""

    def __init__(self, at, merchant):
        self.url, self.merchant, self.provider = at["gateway"], merchant, at["open_platform"]["serv_prov_id"]
        self.key = serialization.load_pem_private_key(merchant["sign_private_key_pem"].encode(), None)
        public = at["open_platform"]["platform_public_key_pem"]
        self.trust = serialization.load_pem_public_key(public.encode())

    def verified(self, fields):
        try:
            signature = base64.b64decode(fields["signature"])
            self.trust.verify(signature, digest(fields), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, KeyError):
            return False
        return True

    def send(self, name, change=lambda fields: fields, **fields):
        fields = {"serProvId": self.provider, "merId": self.merchant["mer_id"], **fields}
        signature = self.key.sign(digest(fields), padding.PKCS1v15(), hashes.SHA256())
        body = change({**fields, "signature": base64.b64encode(signature).decode()})
        request = Request(f"{self.url}/gateway/api/pay/{name}", json.dumps(body).encode(),
                          {"Content-Type": "application/json"})
        with urlopen(request) as answer:
            said = json.loads(answer.read())
        check("the open platform's answer is signed", self.verified(said), said)
        return said

    def order(self, no, **more):
        fields = {"orderNo": no, "orderTime": beijing(), "orderType": "upJs", "txnAmt": "1000",
                  "currencyCode": "156", "orderInfo": "coffee", "backUrl": Notices.url,
                  "frontUrl": "", "userId": "a+b/c=", "customerIp": "127.0.0.1",
                  "termInfo": json.dumps({"ip": "127.0.0.1"}), **more}
        return self.send("unifiedorder", **fields)


def in_app(at, merchant, name):
    platform, no = OpenPlatform(at, merchant), number()
    of = {"orderNo": no, "orderType": "unionpay"}
    check(f"{name}: an order that was not made is 34", platform.send("queryOrder", **of)["respCode"] == "34")
    made = platform.order(no)
    check(f"{name}: an order is made for the page", made["respCode"] == "00" and made["payData"], made)
    check(f"{name}: the same order again is 12", platform.order(no)["respCode"] == "12")
    check(f"{name}: nobody has paid", platform.send("queryOrder", **of)["origRespCode"] == "02")
    pay = json.dumps({"channel": "unionpay", "order_no": no}).encode()
    urlopen(Request(f"{at['gateway']}/sandbox/pay", pay, {"Content-Type": "application/json"})).close()
    paid = platform.send("queryOrder", **of)
    check(f"{name}: it is paid", (paid["origRespCode"], paid["txnAmt"]) == ("00", "1000"), paid)
    notice = notice_of(no)
    check(f"{name}: a signed notice says so", notice and platform.verified(notice), notice)
    back = number()
    refund = {"orderNo": back, "orderType": "unionpay", "origOrderNo": no, "origTxnAmt": "1000"}
    check(f"{name}: a refund above is refused",
          platform.send("refund", **refund, txnAmt="1001")["respCode"] == "01")
    check(f"{name}: a part goes back", platform.send("refund", **refund, txnAmt="400")["respCode"] == "00")
    found = platform.send("refundQuery", orderNo=back, origOrderNo=no)
    check(f"{name}: and is found", found["origRespCode"] == "00", found)
    wrong = base64.b64encode(bytes(256)).decode()
    for what, change in [
        ("a wrong signature", lambda f: {**f, "signature": wrong}),
        ("a field changed after signing", lambda f: {**f, "orderNo": "x" * 12}),
        ("an empty field dropped after signing", lambda f: {**f, "reserved": ""}),
    ]:
        said = platform.send("queryOrder", change, **of)
        check(f"{name}: {what} is refused", said["respCode"] == "01", said)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        at = json.load(file)["unionpay"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Notices)
    Notices.url = f"http://127.0.0.1:{server.server_port}/notice"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for merchant in at["merchants"]:
        name = "through an acquirer" if merchant["acq_ins_code"] else "direct"
        gateway = Gateway(at, merchant)
        scanned(gateway, name)
        shown(gateway, name)
        returned(gateway, name)
        refused(gateway, name)
        in_app(at, merchant, name)
    server.shutdown()
    sys.exit(1 if failures else 0)


main()
