"""WeChat Pay's public Python clients against the sandbox.

Usage: wechat_python.py COORDINATES.json

The file is what the sandbox writes about its accounts and addresses. Prints one line per check;
ends with status 1 if any of them failed.
"""

import http.server
import itertools
import json
import queue
import sys
import threading
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from wechatpayv3 import WeChatPay as PayV3
from wechatpayv3 import WeChatPayType
from wechatpayv3.core import Core
from wechatpy.exceptions import WeChatPayException
from wechatpy.pay import WeChatPay as PayV2
from wechatpy.pay.utils import calculate_signature_hmac

NOTICE_WAIT_S = 10
POLLS_MAX = 100
POLL_S = 0.1

failures = []
numbers = itertools.count(1)
run = str(int(time.time()))[-8:]


def check(name, actual, expected):
    ok = actual == expected
    print(f"{'ok  ' if ok else 'FAIL'} {name}" + ("" if ok else f": {actual!r} != {expected!r}"))
    if not ok:
        failures.append(name)


def new_number(kind):
    return f"{kind}-{run}-{next(numbers)}"


def new_code(ending):
    """A payer's code; its last two digits tell the sandbox how the payer behaves."""
    return f"13{run}{next(numbers):06d}{ending}"


class Receiver:
    """Takes the channel's notices and accepts them."""

    def __init__(self):
        self.notices = queue.Queue()
        notices = self.notices

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                notices.put((self.headers, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"

    def next(self):
        try:
            return self.notices.get(timeout=NOTICE_WAIT_S)
        except queue.Empty:
            return {}, b"{}"


def control(base_url, path, body):
    request = urllib.request.Request(
        f"{base_url}/sandbox/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.status


def payer_pays(base_url, number):
    return control(base_url, "pay", {"channel": "wechat", "order_no": number})


def client_v3(place, merchant, mode, notify_url, private_key=None):
    """The client as a merchant would make it, but at the sandbox's address."""
    init = Core._init_certificates

    def init_at_sandbox(core):
        core._gate_way = place["base_url"]
        init(core)

    Core._init_certificates = init_at_sandbox
    try:
        trust = {}
        if mode == "public key":
            trust = {"public_key": place["public_key"], "public_key_id": place["public_key_id"]}
        client = PayV3(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=merchant["mchid"],
            private_key=private_key or merchant["private_key"],
            cert_serial_no=merchant["serial_no"],
            appid=merchant["appid"],
            apiv3_key=merchant["apiv3_key"],
            notify_url=notify_url,
            partner_mode=merchant["mode"] == "partner",
            **trust,
        )
    finally:
        Core._init_certificates = init
    client._core._gate_way = place["base_url"]
    return client


def told(answer, member="code"):
    status, body = answer
    return status, json.loads(body).get(member)


def wait_for(ask, expected):
    """Asks until the answer is as expected; the last answer in any case."""
    for _ in range(POLLS_MAX):
        answer = ask()
        if answer == expected:
            break
        time.sleep(POLL_S)
    return answer


def check_v3(place, base_url, merchant, mode):
    receiver = Receiver()
    name = f"v3 {merchant['mode']}, {mode}"
    client = client_v3(place, merchant, mode, receiver.url)
    sub = {}
    if merchant["mode"] == "partner":
        sub = {"sub_mchid": merchant["sub_merchants"][0]["mchid"]}

    def pay(number, total, **more):
        amount = {"total": total, "currency": "CNY"}
        return client.pay(description="商品 A", out_trade_no=number, amount=amount, **sub, **more)

    def state(number):
        return told(client.query(out_trade_no=number, **sub), "trade_state")

    def refund(number, refund_number, part, total):
        amount = {"refund": part, "total": total, "currency": "CNY"}
        return client.refund(
            out_refund_no=refund_number, out_trade_no=number, amount=amount, **sub
        )

    number = new_number("native")
    check(f"{name}: query of an unknown order", told(client.query(out_trade_no=number, **sub)),
          (404, "ORDER_NOT_EXIST"))
    status, body = pay(number, 100)
    check(f"{name}: native", status, 200)
    scheme, _, code = json.loads(body)["code_url"].partition("?pr=")
    check(f"{name}: code_url", (scheme, len(code)), ("weixin://wxpay/bizpayurl", 9))
    check(f"{name}: not paid yet", state(number), (200, "NOTPAY"))
    check(f"{name}: same order again", pay(number, 100)[0], 200)
    check(f"{name}: same number, other amount", told(pay(number, 101)), (403, "OUT_TRADE_NO_USED"))

    payer_pays(base_url, number)
    headers, body = receiver.next()
    notice = client.callback(headers, body) or {}
    resource = notice.get("resource", {})
    check(f"{name}: payment notice", notice.get("event_type"), "TRANSACTION.SUCCESS")
    check(f"{name}: notice names the order", resource.get("out_trade_no"), number)
    check(f"{name}: notice names the amount", resource.get("amount", {}).get("total"), 100)
    check(f"{name}: tampered notice", client.callback(headers, body.replace(b"SUCCESS", b"SUCCESs")), None)
    signature = headers["Wechatpay-Signature"]
    other = dict(headers.items())
    for key in list(other):
        if key.lower() == "wechatpay-signature":
            other[key] = ("B" if signature[0] == "A" else "A") + signature[1:]
    check(f"{name}: notice with a forged signature", client.callback(other, body), None)
    check(f"{name}: paid", state(number), (200, "SUCCESS"))
    by_id = client.query(transaction_id=resource["transaction_id"], **sub)
    check(f"{name}: query by the channel's number", told(by_id, "out_trade_no"), (200, number))
    check(f"{name}: close of a paid order", told(client.close(number, **sub)), (400, "ORDERPAID"))

    refund_number = new_number("refund")
    status, body = refund(number, refund_number, 60, 100)
    check(f"{name}: refund accepted", (status, json.loads(body).get("status")), (200, "PROCESSING"))
    again = json.loads(refund(number, refund_number, 60, 100)[1])
    check(f"{name}: repeated refund is the same", again.get("refund_id"), json.loads(body).get("refund_id"))
    check(f"{name}: same refund number, other amount", told(refund(number, refund_number, 50, 100)),
          (400, "INVALID_REQUEST"))
    check(f"{name}: refund of more than is left", told(refund(number, new_number("refund"), 41, 100)),
          (400, "INVALID_REQUEST"))
    check(f"{name}: refund with a wrong total", told(refund(number, new_number("refund"), 10, 99)),
          (400, "INVALID_REQUEST"))
    asked = wait_for(lambda: told(client.query_refund(refund_number, **sub), "status"), (200, "SUCCESS"))
    check(f"{name}: refund done", asked, (200, "SUCCESS"))
    headers, body = receiver.next()
    notice = client.callback(headers, body) or {}
    check(f"{name}: refund notice", notice.get("event_type"), "REFUND.SUCCESS")
    check(f"{name}: refund notice names the refund", notice.get("resource", {}).get("out_refund_no"), refund_number)
    check(f"{name}: refunded in part", state(number), (200, "REFUND"))
    check(f"{name}: unknown refund", told(client.query_refund(new_number("refund"), **sub)),
          (404, "RESOURCE_NOT_EXISTS"))

    number = new_number("close")
    pay(number, 1)
    check(f"{name}: close", client.close(number, **sub)[0], 204)
    check(f"{name}: closed", state(number), (200, "CLOSED"))
    check(f"{name}: order after close", told(pay(number, 1)), (400, "ORDER_CLOSED"))

    payer = {"sp_openid": "oSandboxPayer"} if sub else {"openid": "oSandboxPayer"}
    jsapi = pay(new_number("jsapi"), 5, payer=payer, pay_type=WeChatPayType.JSAPI)
    check(f"{name}: jsapi", (jsapi[0], "prepay_id" in json.loads(jsapi[1])), (200, True))
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    h5 = pay(new_number("h5"), 5, scene_info=scene, pay_type=WeChatPayType.H5)
    check(f"{name}: h5", (h5[0], "h5_url" in json.loads(h5[1])), (200, True))

    def scan(ending, total=30):
        number = new_number("code")
        scene = {"device_ip": "127.0.0.1", "store_info": {"out_id": "S1"}}
        answer = pay(number, total, payer={"auth_code": new_code(ending)}, scene_info=scene,
                     pay_type=WeChatPayType.CODEPAY)
        return number, answer

    number, answer = scan("00")
    check(f"{name}: code pay", told(answer, "trade_state"), (200, "SUCCESS"))
    check(f"{name}: reverse", client.codepay_reverse(number, **sub)[0], 200)
    check(f"{name}: reversed", state(number), (200, "REVOKED"))
    number, answer = scan("90")
    check(f"{name}: code pay with password", told(answer, "trade_state"), (200, "USERPAYING"))
    check(f"{name}: balance not enough", told(scan("92")[1]), (403, "NOT_ENOUGH"))
    check(f"{name}: system error", told(scan("94")[1]), (500, "SYSTEM_ERROR"))
    check(f"{name}: password typed", wait_for(lambda: state(number), (200, "SUCCESS")), (200, "SUCCESS"))


def check_strangers(place, merchant):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    client = client_v3(place, merchant, "public key", "http://127.0.0.1:1/", private_key=pem)
    answer = client.query(out_trade_no=new_number("none"))
    check("v3: wrong merchant key", told(answer), (401, "SIGN_ERROR"))
    client = client_v3(place, merchant, "public key", "http://127.0.0.1:1/")
    client._core._cert_serial_no = "0" * 40
    answer = client.query(out_trade_no=new_number("none"))
    check("v3: wrong certificate number", told(answer), (401, "SIGN_ERROR"))


def check_wrong_answer(place, base_url, merchant):
    client = client_v3(place, merchant, "public key", "http://127.0.0.1:1/")
    rule = {"channel": "wechat", "call": "v3/native", "fault": {"kind": "wrong_signature"}, "times": 1}
    control(base_url, "faults", rule)
    try:
        client.pay(description="A", out_trade_no=new_number("fault"), amount={"total": 1})
        refused = "no"
    except Exception as error:
        refused = str(error)
    check("v3: client refuses a wrongly signed answer", refused, "failed to verify the signature")


def code_of(call):
    try:
        call()
        return "SUCCESS"
    except WeChatPayException as error:
        return error.errcode or error.return_code


def check_v2(base_url, merchant):
    name = f"v2 {merchant['mode']}"
    sub = merchant["sub_merchants"][0]["mchid"] if merchant["mode"] == "partner" else None
    client = PayV2(merchant["appid"], merchant["v2_key"], merchant["mchid"], sub_mch_id=sub)
    client.API_BASE_URL = base_url + "/"
    receiver = Receiver()

    def charge(number, total, code):
        return client.micropay.create("商品 <B> & C", total, code, client_ip="127.0.0.1", out_trade_no=number)

    def state(number):
        return client.micropay.query(out_trade_no=number)["trade_state"]

    number, code = new_number("micro"), new_code("00")
    paid = charge(number, 100, code)
    check(f"{name}: micropay", (paid["total_fee"], paid["trade_type"]), ("100", "MICROPAY"))
    check(f"{name}: answer is signed", client.check_signature(paid), True)
    check(f"{name}: paid", state(number), "SUCCESS")
    check(f"{name}: order number again", code_of(lambda: charge(number, 100, new_code("00"))), "ORDERPAID")
    check(f"{name}: code again", code_of(lambda: charge(new_number("micro"), 100, code)), "AUTH_CODE_ERROR")
    check(f"{name}: unknown order", code_of(lambda: state(new_number("none"))), "ORDERNOTEXIST")
    for ending, expected in [("92", "NOTENOUGH"), ("93", "AUTHCODEEXPIRE"), ("94", "SYSTEMERROR"), ("97", "TRADE_ERROR")]:
        answer = code_of(lambda: charge(new_number("micro"), 1, new_code(ending)))
        check(f"{name}: {expected}", answer, expected)
    lost = new_number("micro")
    check(f"{name}: system error, but paid", code_of(lambda: charge(lost, 1, new_code("95"))), "SYSTEMERROR")
    check(f"{name}: found paid", state(lost), "SUCCESS")

    waiting = new_number("micro")
    check(f"{name}: password", code_of(lambda: charge(waiting, 7, new_code("91"))), "USERPAYING")
    check(f"{name}: still typing", state(waiting), "USERPAYING")
    check(f"{name}: too early to reverse", code_of(lambda: client.order.reverse(out_trade_no=waiting)), "USERPAYING")
    reversed_ = client.order.reverse(out_trade_no=lost)
    check(f"{name}: reverse of a paid order", reversed_["recall"], "N")
    check(f"{name}: reversed", state(lost), "REVOKED")
    check(f"{name}: reverse of an unknown order", client.order.reverse(out_trade_no=new_number("none"))["recall"], "N")

    refund = new_number("refund")

    def apply(refund_number, part):
        return client.refund.apply(
            100, part, refund_number, out_trade_no=number, notify_url=receiver.url
        )

    first = apply(refund, 60)
    check(f"{name}: refund", (first["refund_fee"], first["out_refund_no"]), ("60", refund))
    check(f"{name}: repeated refund is the same", apply(refund, 60)["refund_id"], first["refund_id"])
    check(f"{name}: same refund number, other amount", code_of(lambda: apply(refund, 50)), "REFUND_FEE_MISMATCH")
    check(f"{name}: more than is left", code_of(lambda: apply(new_number("refund"), 41)), "INVALID_REQUEST")
    done = wait_for(lambda: client.refund.query(out_refund_no=refund)["refund_status_0"], "SUCCESS")
    check(f"{name}: refund done", done, "SUCCESS")
    check(f"{name}: refunded in part", state(number), "REFUND")
    notice = client.parse_refund_notify_result(receiver.next()[1])
    said = (notice["out_refund_no"], notice["refund_status"], notice["refund_fee"])
    check(f"{name}: refund notice", said, (refund, "SUCCESS", 60))

    fields = {"appid": merchant["appid"], "out_trade_no": number, "sign_type": "HMAC-SHA256"}
    answer = client.post("pay/orderquery", data=fields)
    sign = answer.pop("sign")
    check(f"{name}: HMAC-SHA256 answered alike", calculate_signature_hmac(answer, merchant["v2_key"]), sign)
    client.api_key = "0" * 32
    check(f"{name}: wrong key", code_of(lambda: state(number)), "FAIL")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        coordinates = json.load(file)
    place = coordinates["wechat"]
    base_url = coordinates["base_url"]
    for merchant in place["merchants"]:
        for mode in ["public key", "certificate"]:
            check_v3(place, base_url, merchant, mode)
        check_v2(base_url, merchant)
    check_strangers(place, place["merchants"][0])
    check_wrong_answer(place, base_url, place["merchants"][0])
    print(f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
