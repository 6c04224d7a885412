"""A card terminal by other people's libraries: pyiso8583 makes and reads its messages, pycryptodome
keeps its keys. It knows of the host only the field table, the state rules and the key rules of the
UnionPay terminal dialect.

    terminal.py HOST:PORT TERMINAL_NO MERCHANT_CODE MASTER_KEY_HEX SUANPAN_BINARY HTTPS_URL CERTIFICATE

Prints one line per check: `ok` and what was checked.
"""

import http.client
import io
import json
import socket
import ssl
import subprocess
import sys

import iso8583
from Crypto.Cipher import DES, DES3

PAN = "6222021234567890128"
FOREIGN_PAN = "4111111111111111"


def n(length, pad="left_pad"):
    return {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "len_count": "nibbles", "max_len": length, pad: "0", "desc": ""}


def n_var(kind, length):
    return {"data_enc": "b", "len_enc": "bcd", "len_type": kind, "len_count": "nibbles", "max_len": length, "right_pad": "0", "desc": ""}


def text(length):
    return {"data_enc": "ascii", "len_enc": "bcd", "len_type": 0, "max_len": length, "desc": ""}


def text_var(kind, length):
    return {"data_enc": "latin-1", "len_enc": "bcd", "len_type": kind, "max_len": length, "desc": ""}


def raw(length):
    return {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": length, "desc": ""}


def raw_var(length):
    return {"data_enc": "b", "len_enc": "bcd", "len_type": 2, "max_len": length, "desc": ""}


SPEC = {
    "h": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 0, "desc": ""},
    "t": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 2, "desc": ""},
    "p": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 8, "desc": ""},
    "1": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 8, "desc": ""},
    "2": n_var(1, 19), "3": n(6), "4": n(12), "11": n(6), "12": n(6), "13": n(4), "14": n(4), "15": n(4),
    "22": n(3, "right_pad"), "23": n(3), "25": n(2), "26": n(2), "32": n_var(1, 11), "35": n_var(1, 37),
    "37": text(12), "38": text(6), "39": text(2), "41": text(8), "42": text(15), "44": text_var(1, 25),
    "48": n_var(2, 322), "49": text(3), "52": raw(8), "53": n(16), "54": text_var(2, 40), "55": raw_var(255), "59": text_var(2, 999),
    "60": n_var(2, 19), "61": n_var(2, 29), "62": raw_var(512), "63": text_var(2, 163), "64": text(8),
}


def ok(what):
    print("ok", what, flush=True)


def cipher(key):
    return DES.new(key, DES.MODE_ECB) if len(key) == 8 else DES3.new(key, DES3.MODE_ECB)


def check_value(key):
    return cipher(key).encrypt(bytes(8))[:4]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def mac(key, data):
    """UnionPay's "ECB"."""
    data += bytes(-len(data) % 8)
    folded = bytes(8)
    for at in range(0, len(data), 8):
        folded = xor(folded, data[at:at + 8])
    digits = folded.hex().upper().encode()
    block = cipher(key).encrypt(digits[:8])
    block = cipher(key).encrypt(xor(block, digits[8:]))
    return block.hex().upper()[:8]


def pin_block(key, pin, pan):
    clear = bytes.fromhex((f"{len(pin):02d}{pin}").ljust(16, "F"))
    return cipher(key).encrypt(xor(clear, bytes.fromhex("0000" + pan[-13:-1]))).hex().upper()


class Terminal:
    def __init__(self, address, number, merchant, master):
        host, port = address.rsplit(":", 1)
        self.address, self.number, self.merchant = (host, int(port)), number, merchant
        self.master, self.pik, self.mak = master, None, None
        self.batch, self.trace = 1, 0
        # What it would settle: debit and credit, by group of cards.
        self.journal = []

    def message(self, mti, fields, keep_trace=False):
        if not keep_trace:
            self.trace += 1
        return {"t": mti, "11": f"{self.trace:06d}", "41": self.number, "42": self.merchant, **fields}

    def encode(self, message, sealed):
        if not sealed:
            return bytes(iso8583.encode(dict(message), SPEC)[0])
        body = bytes(iso8583.encode({**message, "64": "00000000"}, SPEC)[0])[:-8]
        return body + mac(self.mak, body).encode()

    def exchange(self, body, chunks=1):
        frame = bytes.fromhex("6000030001") + bytes.fromhex("603100311312") + body
        frame = len(frame).to_bytes(2, "big") + frame
        with socket.create_connection(self.address, timeout=20) as line:
            size = -(-len(frame) // chunks)
            for at in range(0, len(frame), size):
                line.sendall(frame[at:at + size])
            return self.read(line)

    def read(self, line):
        def take(count):
            got = b""
            while len(got) < count:
                more = line.recv(count - len(got)) if hasattr(line, "recv") else line.read(count - len(got))
                if not more:
                    raise EOFError
                got += more
            return got
        answer = take(int.from_bytes(take(2), "big"))
        assert answer[:5].hex() == "6000010003", answer[:5].hex()
        self.header = answer[5:11].hex()
        body = answer[11:]
        fields, _ = iso8583.decode(body, SPEC)
        if "64" in fields:
            assert fields["64"] == mac(self.mak, body[:-8]), "the host's code is wrong"
        return fields

    def ask(self, message, sealed=True, chunks=1):
        return self.exchange(self.encode(message, sealed), chunks)

    def sign_on(self, network="003"):
        heard = self.ask(self.message("0800", {"60": f"00{self.batch:06d}{network}", "63": "01 "}), sealed=False)
        assert heard["39"] == "00", heard
        self.batch = int(heard["60"][2:8])
        keys = bytes.fromhex(heard["62"])
        slot = 8 if network == "001" else 16
        pik, mak = keys[:slot], keys[slot + 4:2 * slot + 4]
        checks = keys[slot:slot + 4], keys[2 * slot + 4:2 * slot + 8]
        if slot == 16 and mak[8:] == bytes(8):
            mak = mak[:8]
        self.pik, self.mak = cipher(self.master).decrypt(pik), cipher(self.master).decrypt(mak)
        assert (check_value(self.pik), check_value(self.mak)) == checks, "check values differ"

    def card(self, mti, processing, kind, fen, pan=PAN, pin=None, **more):
        fields = {
            "2": pan, "3": processing, "4": f"{fen:012d}", "22": "021" if pin else "022", "25": "00",
            "35": f"{pan}D30122010000000000"[:37], "49": "156", "60": f"{kind}{self.batch:06d}0005010",
        }
        if pin:
            fields |= {"26": "12", "52": pin_block(self.pik, pin, pan), "53": "2600000000000000"}
        return self.message(mti, {**fields, **more})

    def sale(self, fen, **more):
        return self.card("0200", "000000", "22", fen, **more)

    def book(self, message, credit):
        self.journal.append((message["11"], message["2"], int(message["4"]), credit))

    def reversal(self, original):
        kept = {k: v for k, v in original.items() if k in ("2", "3", "4", "11", "22", "25", "41", "42", "49", "60", "61")}
        return {"t": "0400", **kept, "39": "98"}

    def totals(self):
        digits = ""
        for foreign in (False, True):
            rows = [row for row in self.journal if row[1].startswith("62") != foreign]
            for credit in (False, True):
                amounts = [amount for _, _, amount, c in rows if c == credit]
                digits += f"{sum(amounts):012d}{len(amounts):03d}"
            digits += "0"
        return digits

    def settle(self, digits):
        return self.ask(self.message("0500", {"48": digits, "49": "156", "60": f"00{self.batch:06d}201", "63": "01 "}), sealed=False)

    def upload(self, rows):
        for at in range(0, len(rows), 8):
            part = rows[at:at + 8]
            digits = f"{len(part):02d}"
            for trace, pan, amount, _ in part:
                digits += ("00" if pan.startswith("62") else "01") + trace + pan.rjust(20, "0") + f"{amount:012d}"
            heard = self.ask(self.message("0320", {"48": digits, "60": f"00{self.batch:06d}201"}), sealed=False)
            assert heard["39"] == "00" and heard["48"] == digits, heard
        end = self.message("0320", {"48": f"{len(rows):04d}", "60": f"00{self.batch:06d}202"})
        for _ in range(2):
            heard = self.ask(end, sealed=False)
            assert (heard["39"], heard["48"]) == ("00", "0000"), heard


def a_day(pos):
    pos.mak = bytes(8)
    assert pos.ask(pos.sale(100))["39"] == "77"
    pos.sign_on("001")
    assert len(pos.pik) == 8
    pos.sign_on()
    assert len(pos.pik) == 16
    ok("sign-on, single and double length, with both check values")
    heard = pos.ask(pos.message("0820", {"60": f"00{pos.batch:06d}301"}), sealed=False)
    assert heard["39"] == "00" and "12" in heard and "13" in heard
    ok("echo")

    sale = pos.sale(12_345, pin="123456")
    heard = pos.ask(sale)
    assert heard["39"] == "00" and heard["4"] == "000000012345" and heard["11"] == sale["11"], heard
    assert {"12", "13", "15", "32", "37", "38", "39", "41", "42", "44", "49", "60", "63", "64"} <= heard.keys()
    pos.book(sale, credit=False)
    ok("sale with PIN")
    assert pos.ask(sale) == heard
    assert pos.ask(sale, chunks=len(pos.encode(sale, True))) == heard
    ok("the same message again, in one piece and byte by byte, hears the same answer")
    wrong = pos.ask(pos.sale(100, pin="654321", pan="6222029999999999990"))
    assert wrong["39"] == "55", wrong
    ok("wrong PIN")
    for fen, code in ((900_051, "51"), (900_005, "05"), (6_000_000, "61")):
        assert pos.ask(pos.sale(fen))["39"] == code
    assert pos.ask(pos.sale(100, pan="9999990000000000"))["39"] == "14"
    ok("refusals of the issuer")
    poor = pos.sale(1_500, pan="6222020000001000")
    poor["60"] = f"22{pos.batch:06d}00050" + "1"
    heard = pos.ask(poor)
    assert (heard["39"], heard["4"]) == ("10", f"{1_000:012d}"), heard
    pos.journal.append((heard["11"], heard["2"], 1_000, False))
    ok("a part approved, and the order is of that part")

    void = pos.card("0200", "200000", "23", 12_345, **{"37": heard["37"], "61": f"{pos.batch:06d}{sale['11']}"})
    told = pos.ask(void)
    assert told["39"] == "00", told
    pos.book(void, credit=True)
    assert pos.ask(void) == told
    again = pos.card("0200", "200000", "23", 12_345, **{"37": heard["37"], "61": f"{pos.batch:06d}{sale['11']}"})
    assert pos.ask(again)["39"] in ("25", "64")
    ok("void, once")
    sale = pos.sale(50_000)
    heard = pos.ask(sale)
    pos.book(sale, credit=False)
    for fen, code in ((20_000, "00"), (30_001, "61"), (30_000, "00")):
        refund = pos.card("0220", "200000", "25", fen, **{"37": heard["37"], "61": "0" * 12 + heard["13"], "63": "000"})
        told = pos.ask(refund)
        assert told["39"] == code, (fen, told)
        if code == "00":
            pos.book(refund, credit=True)
    other = pos.card("0220", "200000", "25", 1, pan="6222020000000000000", **{"37": heard["37"], "61": "0" * 12 + heard["13"]})
    assert pos.ask(other)["39"] == "14"
    ok("refunds up to the whole and no further, of the same card")

    lost = pos.sale(7_700)
    pos.ask(lost)
    pos.sign_on()
    for _ in range(3):
        assert pos.ask(pos.reversal(lost))["39"] == "00"
    assert pos.ask(lost)["39"] in ("00", "94")
    ok("an approved sale reversed, under new keys, three times")
    never = pos.sale(8_800)
    assert pos.ask(pos.reversal(never))["39"] == "00"
    assert pos.ask(never)["39"] == "94"
    ok("a reversal that comes first keeps its original out")

    holds(pos)
    without_a_card(pos)
    foreign = pos.sale(4_400, pan=FOREIGN_PAN)
    assert pos.ask(foreign)["39"] == "00"
    pos.book(foreign, credit=False)


def holds(pos):
    """The family of pre-authorization, field 25 = 06."""
    def hold(mti, processing, kind, fen, about=None, **more):
        named = {} if about is None else {"38": about["38"], "61": "0" * 12 + about["13"]}
        return pos.card(mti, processing, kind, fen, **{"25": "06", **named, **more})

    asked = hold("0100", "030000", "10", 60_000, pin="123456")
    held = pos.ask(asked)
    assert (held["t"], held["39"], len(held["38"])) == ("0110", "00", 6), held
    assert pos.ask(asked) == held
    assert pos.ask(hold("0200", "000000", "20", 69_001, held))["39"] == "64"
    wrong = dict(held, **{"38": "000000"})
    assert pos.ask(hold("0200", "000000", "20", 100, wrong))["39"] == "25"
    completion = hold("0200", "000000", "20", 69_000, held)
    done = pos.ask(completion)
    assert done["39"] == "00", done
    assert pos.ask(completion) == done
    pos.book(completion, credit=False)
    assert pos.ask(hold("0200", "000000", "20", 100, held))["39"] == "94"
    void = hold("0200", "200000", "21", 69_000, **{"37": done["37"], "61": f"{pos.batch:06d}{completion['11']}"})
    assert pos.ask(void)["39"] == "00"
    pos.book(void, credit=True)
    lost = hold("0200", "000000", "20", 1_000, held)
    assert pos.ask(lost)["39"] == "00"
    assert pos.ask(pos.reversal(lost))["39"] == "00"
    advice = hold("0220", "000000", "24", 50_000, held)
    told = pos.ask(advice)
    assert (told["t"], told["39"]) == ("0230", "00"), told
    assert pos.ask(advice) == told
    pos.book(advice, credit=False)
    ok("pre-authorization, completion, its void and reversal, completion by advice")
    held = pos.ask(hold("0100", "030000", "10", 70_000))
    void = hold("0100", "200000", "11", 70_000, held)
    told = pos.ask(void)
    assert told["39"] == "00", told
    assert pos.ask(void) == told
    assert pos.ask(hold("0200", "000000", "20", 100, held))["39"] == "94"
    lost = hold("0100", "030000", "10", 80_000)
    assert pos.ask(lost)["39"] == "00"
    for _ in range(2):
        assert pos.ask(pos.reversal(lost))["39"] == "00"
    ok("a pre-authorization voided, another reversed; neither stands in the totals")


def without_a_card(pos):
    inquiry = pos.card("0200", "310000", "01", 0, pin="123456")
    del inquiry["4"]
    heard = pos.ask(inquiry)
    assert heard["39"] == "00" and heard["54"][:8] == "1002156C", heard
    ok("balance")
    offline = pos.card("0220", "000000", "30", 1_500)
    assert pos.ask(offline)["39"] == "00"
    pos.book(offline, credit=False)
    ok("offline sale")
    code = f"2877889{pos.trace:09d}00"
    scan = {"3": "000000", "4": "000000000600", "22": "032", "25": "00", "49": "156",
            "59": f"A3{len(code):03d}{code}", "60": f"22{pos.batch:06d}0005010"}
    sale = pos.message("0200", scan)
    paid = pos.ask(sale)
    assert paid["39"] == "00" and paid["59"].startswith("A4020"), paid
    assert pos.ask(sale) == paid
    back = dict(scan, **{"3": "200000", "37": "0" * 12, "59": paid["59"], "60": f"25{pos.batch:06d}0005010"})
    refund = pos.message("0220", back)
    assert pos.ask(refund)["39"] == "00"
    # Not in the journal that is settled: codes are settled without the terminal.
    ok("a payer's code sold and refunded, by the number on its slip")


def settlement(pos):
    digits = pos.totals()
    heard = pos.settle(digits)
    assert heard["48"] == digits[:30] + "1" + digits[31:61] + "1", heard["48"]
    assert pos.settle(digits)["48"] == heard["48"]
    ok("settlement, balanced, both groups of cards")
    assert pos.ask(pos.sale(100))["39"] == "77"
    end = pos.message("0320", {"48": "0000", "60": f"00{pos.batch:06d}207"})
    assert pos.ask(end, sealed=False)["39"] == "00"
    before = pos.batch
    pos.sign_on()
    assert pos.batch == before + 1
    pos.journal = []
    ok("the next batch")

    kept = pos.sale(1_000)
    assert pos.ask(kept)["39"] == "00"
    pos.book(kept, credit=False)
    forgotten = pos.sale(2_000)
    assert pos.ask(forgotten)["39"] == "00"
    # A slip that the host has not, and one with another amount.
    pos.journal.append((f"{pos.trace + 500:06d}", PAN, 3_000, False))
    other = pos.sale(5_000)
    assert pos.ask(other)["39"] == "00"
    pos.journal.append((other["11"], PAN, 5_001, False))
    heard = pos.settle(pos.totals())
    assert heard["48"][30] == "2" and heard["48"][:15] == f"{8_000:012d}003", heard["48"]
    assert heard["48"][61] == "1"
    pos.upload(pos.journal)
    ok("settlement, not balanced, with an upload to its end")
    batch = pos.batch
    pos.sign_on()
    assert pos.batch == batch + 1
    pos.batch_with_differences = batch


def strangers(pos):
    sale = pos.encode(pos.sale(100), True)
    assert pos.exchange(sale[:-1] + b"Z")["39"] == "A0"
    assert pos.header[5] == "3", "the header asks for a sign-on"
    assert pos.exchange(sale)["39"] == "00"
    other = dict(pos.sale(100), **{"41": "99999999"})
    assert pos.ask(other)["39"] == "97"
    with socket.create_connection(pos.address, timeout=20) as line:
        line.sendall(b"\xff\xff" + b"GET / HTTP/1.1")
        assert line.recv(1) == b""
    with socket.create_connection(pos.address, timeout=20) as line:
        line.sendall(b"\x00\x04junk")
        assert line.recv(1) == b""
    ok("forged codes, foreign terminals and garbage are turned away, and burn no number")
    # Several messages at once on one line, as a network controller sends them.
    messages = [pos.encode(pos.sale(1), True) for _ in range(16)]
    frames = [bytes.fromhex("6000030001603100311312") + m for m in messages]
    with socket.create_connection(pos.address, timeout=20) as line:
        line.sendall(b"".join(len(f).to_bytes(2, "big") + f for f in frames))
        traces = {pos.read(line)["11"] for _ in frames}
    assert len(traces) == len(frames)
    ok("sixteen messages at once on one line")


def over_https(pos, url, certificate):
    """The same frames as bodies of POSTs."""
    host, port = url.removeprefix("https://").rsplit(":", 1)
    trust = ssl.create_default_context(cafile=certificate)

    def post(body, path="/mjc/webtrans/VPB_lb"):
        line = http.client.HTTPSConnection(host, int(port), timeout=20, context=trust)
        line.request("POST", path, body, {"Content-Type": "x-ISO-TPDU/x-auth", "User-Agent": "Donjin Http 0.1"})
        answer = line.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()

    def ask(message):
        body = bytes.fromhex("6000030001603100311312") + pos.encode(message, True)
        status, kind, answer = post(len(body).to_bytes(2, "big") + body)
        assert (status, kind) == (200, "x-ISO-TPDU/x-auth"), (status, kind)
        return pos.read(io.BytesIO(answer))

    sale = pos.sale(3_300, pin="123456")
    heard = ask(sale)
    assert heard["39"] == "00", heard
    assert pos.ask(sale) == heard
    assert ask(pos.reversal(sale))["39"] == "00"
    assert post(b"\x00\x05abc")[0] == 400
    assert post(bytes(10_000))[0] == 413
    assert post(b"", "/other")[0] == 404
    ok("sale and reversal over HTTPS, the repeat over a line")


def tools(binary):
    def run(*args, given=""):
        return subprocess.run([binary, *args], input=given, capture_output=True, text=True, check=True).stdout.strip()
    key, data = bytes(range(16)), bytes(range(100))
    assert run("pos", "mac", "--algorithm", "cup-ecb", "--key", key.hex(), "--data", data.hex()) == mac(key, data)
    assert run("pos", "kcv", "--key", key.hex()) == check_value(key).hex().upper()
    assert run("pos", "pinblock", "--key", key.hex(), "--pin", "123456", "--pan", PAN) == pin_block(key, "123456", PAN)
    ok("codes, check values and PIN blocks agree with pycryptodome")
    message = {"t": "0200", "2": PAN, "3": "000000", "4": "000000000100", "11": "000507", "22": "021", "23": "001",
               "35": PAN + "D301220100", "41": "10000001", "42": "305310058120001", "52": "0123456789ABCDEF",
               "55": "9F36020013", "60": "22000001000501000", "61": "00000100050611" + "21", "63": "01 ", "64": "B7133B57"}
    body = bytes(iso8583.encode(dict(message), SPEC)[0]).hex().upper()
    bare = ("--no-length", "--no-tpdu", "--no-header")
    shown = json.loads(run("iso8583", "decode", "--json", "--unmask", *bare, given=body))
    expect = {k: v for k, v in message.items() if k != "t"}
    expect["35"] = expect["35"].replace("D", "=")
    assert shown == {"mti": "0200", "fields": expect}, shown
    assert run("iso8583", "encode", *bare, given=json.dumps(shown)) == body
    masked = run("iso8583", "decode", "--json", *bare, given=body)
    assert PAN not in masked and "622202*********0128" in masked
    ok("messages agree with pyiso8583 there and back")


def main():
    address, number, merchant, master, binary, url, certificate = sys.argv[1:]
    tools(binary)
    pos = Terminal(address, number, merchant, bytes.fromhex(master))
    a_day(pos)
    settlement(pos)
    strangers(pos)
    over_https(pos, url, certificate)
    print("batch with differences:", pos.batch_with_differences)


main()
