"""A second verifier, written from docs/evidence-format.md alone, with nothing but the standard library.

Usage: verify_journal.py [--trust FILE | --root ADDRESS] FOLDER   exit code of the format
       verify_journal.py --batch                                  reads "TRUST-FILE<tab>FOLDER" lines, prints exit codes
"""
import calendar
import hashlib
import json
import os
import re
import stat
import sys
import time
import unicodedata

MAX_JOURNAL, MAX_LINE, MAX_FILE, MAX_TRUST = 512 << 20, 65536, 4 << 20, 1 << 20


class Stop(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Malformed(Exception):
    pass


# --- keccak-256 and secp256k1 -------------------------------------------------------------------------------

RC = []
_r = 1
for _i in range(24):
    _c = 0
    for _j in range(7):
        if _r & 1:
            _c |= 1 << ((1 << _j) - 1)
        _r = (_r << 1) ^ (0x171 if _r & 0x80 else 0)
    RC.append(_c)
M64 = (1 << 64) - 1


def rol(x, n):
    return ((x << n) | (x >> (64 - n))) & M64 if n else x


def keccak_f(a):
    for rc in RC:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rol(c[(x + 1) % 5], 1) for x in range(5)]
        a = [a[i] ^ d[i % 5] for i in range(25)]
        b = [0] * 25
        x, y, cur = 1, 0, a[1]
        b[0] = a[0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            b[x + 5 * y], cur = rol(cur, (t + 1) * (t + 2) // 2 % 64), a[x + 5 * y]
        a = [b[i] ^ (~b[(i + 1) % 5 + i // 5 * 5] & b[(i + 2) % 5 + i // 5 * 5]) & M64 for i in range(25)]
        a[0] ^= rc
    return a


def keccak(data):
    data = bytearray(data) + b"\x01"
    data += b"\0" * (-len(data) % 136)
    data[-1] |= 0x80
    a = [0] * 25
    for off in range(0, len(data), 136):
        for i in range(17):
            a[i] ^= int.from_bytes(data[off + 8 * i:off + 8 * i + 8], "little")
        a = keccak_f(a)
    return b"".join(x.to_bytes(8, "little") for x in a[:4])


P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(p, q):
    if p is None:
        return q
    if q is None:
        return p
    (x1, y1, z1), (x2, y2, z2) = p, q
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    h, r = (u2 - u1) % P, (s2 - s1) % P
    if h == 0:
        if r != 0:
            return None
        s, m = 4 * x1 * y1 * y1 % P, 3 * x1 * x1 % P
        x3 = (m * m - 2 * s) % P
        return x3, (m * (s - x3) - 8 * y1**4) % P, 2 * y1 * z1 % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def mul2(a, p, b, q):
    both, acc = add(p, q), None
    for i in range(255, -1, -1):
        acc = add(acc, acc)
        k = (a >> i & 1) + 2 * (b >> i & 1)
        if k:
            acc = add(acc, (p, q, both)[k - 1])
    return acc


SIG = re.compile(r"0x([0-9a-f]{64})([0-9a-f]{64})(1b|1c)\Z")
_recovered = {}


def recover(digest, sig):
    """The address, or None when no key made this signature or its spelling is not the one."""
    if (digest, sig) not in _recovered:
        _recovered[digest, sig] = _recover(digest, sig)
    return _recovered[digest, sig]


def _recover(digest, sig):
    m = SIG.match(sig)
    if not m:
        return None
    r, s, odd = int(m[1], 16), int(m[2], 16), m[3] == "1c"
    if not (0 < r < N and 0 < s <= N // 2):
        return None
    y2 = (pow(r, 3, P) + 7) % P
    y = pow(y2, (P + 1) // 4, P)
    if y * y % P != y2:
        return None
    if (y & 1) != odd:
        y = P - y
    ri = pow(r, -1, N)
    q = mul2(-int.from_bytes(digest, "big") * ri % N, (G[0], G[1], 1), s * ri % N, (r, y, 1))
    if q is None:
        return None
    zi = pow(q[2], -1, P)
    x, y = q[0] * zi * zi % P, q[1] * zi * zi * zi % P
    return "0x" + keccak(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:].hex()


# --- EIP-712 ------------------------------------------------------------------------------------------------

def sha(data):
    return hashlib.sha256(data).hexdigest()


def word(kind, value):
    if kind == "string":
        return keccak(value.encode())
    return bytes.fromhex(value[2:]) if kind == "bytes32" else value.to_bytes(32, "big")


def struct(spec, values):
    kinds = [f.split()[0] for f in spec[spec.index("(") + 1:-1].split(",")]
    return keccak(keccak(spec.encode()) + b"".join(word(k, v) for k, v in zip(kinds, values)))


RECORD = ("OperatorRecord(string kind,bytes32 session,uint64 seq,bytes32 prev,string person,string role,string meaning,"
          "string step,string verdict,string at,bytes32 bodyHash)")
WITNESS = ("OperatorWitness(bytes32 session,uint64 seq,bytes32 lineSha256,string meaning,string person,string at,string host,"
           "string bootId)")
TRUST = "OperatorTrust(string estate,uint64 version,bytes32 prevSha256,bytes32 bodyHash)"


def digest712(estate, spec, values):
    domain = struct("EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)",
                    ["DBIS Operator Evidence", "1", 138, "0x" + sha(estate.encode())])
    return keccak(b"\x19\x01" + domain + struct(spec, values))


# --- canonical form -----------------------------------------------------------------------------------------

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def quote(text, controls):
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise Malformed("lone surrogate")
    if unicodedata.normalize("NFC", text) != text:
        raise Malformed("not NFC")
    if not controls and CONTROL.search(text):
        raise Malformed("control character")
    return json.dumps(text, ensure_ascii=False)


def encode(value, controls=False, depth=0):
    if depth > 64:
        raise Malformed("nested too deep")
    if value is None or value is True or value is False:
        return json.dumps(value)
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise Malformed("integer out of range")
        return str(value)
    if isinstance(value, str):
        return quote(value, controls)
    if isinstance(value, list):
        return "[" + ",".join(encode(v, controls, depth + 1) for v in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: k.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(quote(k, controls) + ":" + encode(value[k], controls, depth + 1) for k in keys) + "}"
    raise Malformed("no such value")


def canonical(data, controls=False):
    try:
        value = json.loads(data.decode("utf-8"))
        if encode(value, controls).encode() != data:
            raise Malformed("not canonical")
        return value
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error))


# --- schema -------------------------------------------------------------------------------------------------

def need(ok, what):
    if not ok:
        raise Malformed(what)


def rx(pattern):
    compiled = re.compile(pattern + r"\Z")
    return lambda v: need(isinstance(v, str) and compiled.match(v), f"not {pattern}: {v!r:.60}")


def units(text):
    return len(text.encode("utf-16-le")) // 2


def text(most, least=0):
    return lambda v: need(isinstance(v, str) and least <= units(v) <= most, f"text of {least} to {most}")


def integer(low, high=2**53 - 1):
    return lambda v: need(type(v) is int and low <= v <= high, f"integer from {low}")


def boolean(v):
    need(type(v) is bool, "boolean")


def one_of(*words):
    return lambda v: need(any(type(v) is type(w) and v == w for w in words), f"one of {words}")


def maybe(check):
    return lambda v: None if v is None else check(v)


def several(check, most):
    def run(v):
        need(isinstance(v, list) and len(v) <= most, "list")
        for one in v:
            check(one)
    return run


def anything(v):
    need(isinstance(v, dict), "object")


def exact(shape, optional=None):
    def run(v):
        need(isinstance(v, dict), "object")
        need(all(k in v for k in shape) and all(k in shape or k in (optional or {}) for k in v), f"keys {sorted(v)}")
        for key, value in v.items():
            (shape.get(key) or (optional or {})[key])(value)
    return run


def moment(v):
    need(isinstance(v, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z", v, re.A), "time")
    millis(v)


def millis(v):
    try:
        parsed = time.strptime(v[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        raise Malformed("no such time")
    need(parsed.tm_sec < 60, "leap second")
    return calendar.timegm(parsed) * 1000 + int(v[20:23])


HASH, ADDRESS, DIGITS = rx("0x[0-9a-f]{64}"), rx("0x[0-9a-f]{40}"), rx("[0-9a-f]{64}")
NAME, WORD, NOTE = text(200, 1), text(200), text(2000)
SEQ, COUNT = integer(0, 1000000), integer(0)
STATUS = one_of("deployed", "under-validation", "planned", "placeholder", "retired", "unknown")
VERDICTS = ["confirmed", "failed", "skipped", "deviated", "not_applicable", "still_planned"]
VERDICT = one_of(*VERDICTS)
MODE = one_of("read-do", "do-confirm", "challenge-response")
ROLE = one_of("performer", "witness", "approver")


def SUBJECT(v):
    rx(r"(cluster|host|vmid|chain|tier|program):[^\s\ufeff]+")(v)
    need(units(v.split(":", 1)[1]) <= 120, "subject too long")


STEP = exact({"id": NAME, "text": text(4000), "expected": text(4000), "mode": MODE, "critical": boolean,
              "subject": maybe(SUBJECT), "registered_status": maybe(STATUS)})
REF = exact({"seq": SEQ, "line_sha256": HASH})
DETACHED = exact({"person": NAME, "name": NAME, "address": ADDRESS, "at": moment, "host": WORD, "boot_id": WORD,
                  "meaning": one_of("witnessed", "reviewed", "approved", "accepted"),
                  "sig": rx("0x[0-9a-f]{128}(1b|1c)")})
CLAIMS = several(exact({"subject": SUBJECT, "state": STATUS, "evidence": several(SEQ, 100)}), 100)
CLASSES = ("ok ok-null rpc-error http-error edge-error not-json empty half-answer too-large reset refused no-route timeout tls "
           "dns host-refused auth not-allowed ssh-host-key-unknown ssh-host-key-changed ssh-auth exit aborted not-configured")
CHECKS = several(exact({"id": NAME, "result": one_of("pass", "warn", "fail", "unknown"), "reason": text(4000),
                        "next": text(4000)}), 200)
RAW = exact({"sha256": DIGITS, "bytes": COUNT, "truncated": boolean,
             "redactions": several(exact({"rule": NAME, "count": COUNT}), 100)})
OBSERVATIONS = several(exact({
    "probe": NAME, "subject": SUBJECT, "endpoint": WORD, "level": one_of("none", "presence", "runtime", "app", "flow"),
    "request": text(4000), "vantage": WORD, "started": moment, "ended": moment, "raw": maybe(RAW),
    "answer": exact({"class": one_of(*CLASSES.split()), "facts": anything, "checks": CHECKS},
                    {"code": integer(-2**53 + 1), "detail": text(4000)})}), 500)
BASE = {"v": one_of(1), "kind": NAME, "session": HASH, "seq": SEQ, "prev": HASH, "at": moment,
        "clock": exact({"mono_ns": rx("(0|[1-9][0-9]{0,18})"), "boot_id": WORD, "synced": maybe(boolean), "source": WORD}),
        "where": exact({"host": WORD, "node": maybe(WORD), "vmid": maybe(COUNT), "tty": maybe(WORD),
                        "ssh_peer_sha256": maybe(WORD), "uid": COUNT, "user": WORD}),
        "actor": maybe(exact({"person": NAME, "name": NAME, "address": ADDRESS, "role": ROLE,
                              "meaning": one_of("performed", "witnessed", "reviewed", "approved")})),
        "tool": exact({"name": NAME, "version": NAME, "build_sha256": maybe(WORD)})}
BOOK = {"id": NAME, "version": NAME, "sha256": HASH}
KINDS = {
    "open": {"open": exact({"estate_id": NAME, "trust_sha256": HASH, "runbook": exact({**BOOK, "source_sha256": HASH}),
                            "prev_seal": maybe(HASH), "variables": anything, "chain_header": maybe(anything)})},
    "probe": {"step": maybe(NAME), "observations": OBSERVATIONS},
    "event": {"event": exact({"name": NAME, "detail": anything})},
    "confirm": {"step": STEP, "verdict": VERDICT, "observations": OBSERVATIONS, "claims": CLAIMS, "note": NOTE},
    "witness": {"ref": REF, "witness": DETACHED},
    "deviation": {"step": STEP, "note": text(2000, 1)},
    "handover": {"to": exact({"person": NAME, "name": NAME, "address": ADDRESS}), "accept": maybe(DETACHED), "note": NOTE},
    "resume": {"resume": exact({"last_line_sha256": HASH, "torn": maybe(exact({"sha256": HASH, "bytes": integer(1)})),
                                "from_mirror": boolean, "runbook": exact(BOOK), "trust_sha256": HASH, "note": NOTE})},
    "correction": {"ref": REF, "step": STEP, "verdict": VERDICT, "claims": CLAIMS, "note": text(2000, 1)},
    "checkpoint": {"checkpoint": exact({"size": SEQ, "root": HASH, "text": NOTE, "chain_header": maybe(anything)})},
    "seal": {"seal": exact({"count": SEQ, "head": HASH, "merkle_root": HASH, "trust_sha256": HASH,
                            "totals": exact({k: COUNT for k in ["steps", *VERDICTS]}),
                            "open_items": several(text(400, 1), 400), "blobs_count": COUNT, "max_clock_step_ms": COUNT})},
}
SIGNED = {"open", "confirm", "deviation", "handover", "resume", "correction", "seal"}


def check_body(body):
    need(isinstance(body, dict) and isinstance(body.get("kind"), str) and body["kind"] in KINDS, "kind")
    exact({**BASE, **KINDS[body["kind"]]})(body)
    if body["kind"] in ("confirm", "correction") and body["verdict"] != "confirmed":
        need(body["note"].strip() != "", "reason")
    need(not (body["kind"] in SIGNED and body["actor"] is None), "actor")
    need(not (body["kind"] == "probe" and body["actor"] is not None), "probe with actor")


# --- journal ------------------------------------------------------------------------------------------------

def read(path, most):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode) or info.st_size > most:
                raise Stop(50, path)
            return file.read()
    except OSError as error:
        raise Stop(50, str(error))


def take_apart(line):
    need(len(line) <= MAX_LINE and line.startswith(b'{"body":'), "line")
    if line.endswith(b',"sig":null}\n'):
        return line[8:-13], None
    m = re.match(rb',"sig":"(0x[0-9a-f]{130})"}\n\Z', line[-143:])
    need(m and len(line) > 151, "end of line")
    return line[8:-143], m[1].decode()


def merkle(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + merkle(leaves[:k]) + merkle(leaves[k:])).digest()


def detached_ok(estate, session, ref, by):
    values = [session, ref["seq"], ref["line_sha256"], by["meaning"], by["person"], by["at"], by["host"], by["boot_id"]]
    return recover(digest712(estate, WITNESS, values), by["sig"]) == by["address"]


def tamper(ok, what):
    if not ok:
        raise Stop(20, what)


class Session:
    def __init__(self, data):
        self.bodies, self.parts, self.hashes, self.leaves = [], [], [], []
        lines = re.findall(rb"[^\n]*\n", data)
        while lines and b"\0" in lines[-1]:
            lines.pop()
        self.torn = sum(map(len, lines)) < len(data)
        self.blobs, self.answers, self.repeated, self.witnesses, self.evidence = {}, {}, [], [], {}
        self.clock = 0
        for line in lines:
            try:
                raw, sig = take_apart(line)
                body = canonical(raw)
                check_body(body)
            except Malformed as error:
                raise Stop(40, str(error))
            self.check(body)
            self.accept(body, raw, sig, line)
        if not self.bodies:
            raise Stop(40, "no record")
        tamper(not (self.torn and self.sealed), "bytes behind the seal")

    @property
    def sealed(self):
        return bool(self.bodies) and self.bodies[-1]["kind"] == "seal"

    def root(self):
        return "0x" + merkle(self.leaves).hex()

    def check(self, b):
        first = not self.bodies
        prev = self.hashes[-1] if self.hashes else "0x" + sha(
            b"DBIS operator evidence v1, first record of session " + b["session"].encode())
        tamper(b["seq"] == len(self.bodies) and b["prev"] == prev, "chain")
        tamper(first or b["session"] == self.bodies[0]["session"], "session")
        tamper(not self.sealed, "after the seal")
        tamper((b["kind"] == "open") == first, "open")
        kind = b["kind"]
        if kind in ("witness", "correction"):
            ref = b["ref"]
            tamper(ref["seq"] < b["seq"] and self.hashes[ref["seq"]] == ref["line_sha256"], "ref")
            if kind == "correction":
                target = self.bodies[ref["seq"]]
                tamper(target["kind"] in ("confirm", "correction") and target["step"]["id"] == b["step"]["id"], "correction")
            else:
                tamper(b["witness"]["meaning"] != "accepted", "accepted")
        if kind == "handover" and b["accept"]:
            tamper(b["accept"]["meaning"] == "accepted"
                   and all(b["accept"][k] == b["to"][k] for k in ("address", "person", "name")), "accept")
        if kind == "resume":
            tamper(b["resume"]["last_line_sha256"] == b["prev"], "resume")
        if kind == "checkpoint":
            tamper(b["checkpoint"]["size"] == b["seq"] and b["checkpoint"]["root"] == self.root(), "checkpoint")
        for o in b.get("observations", []):
            if o["raw"]:
                tamper(self.blobs.get(o["raw"]["sha256"], o["raw"]["bytes"]) == o["raw"]["bytes"], "blob size")

    def accept(self, b, raw, sig, line):
        if self.bodies and self.bodies[-1]["clock"]["boot_id"] == b["clock"]["boot_id"]:
            last = self.bodies[-1]
            mono = int(b["clock"]["mono_ns"]) - int(last["clock"]["mono_ns"])
            mono = abs(mono) // 1000000 * (1 if mono > 0 else -1)
            self.clock = max(self.clock, abs(millis(b["at"]) - millis(last["at"]) - mono))
        self.bodies.append(b)
        self.parts.append((raw, sig))
        self.hashes.append("0x" + sha(line))
        if b["kind"] != "seal":
            self.leaves.append(hashlib.sha256(b"\0" + line).digest())
        if b.get("observations"):
            self.evidence[b["seq"]] = b["observations"]
            self.blobs.update({o["raw"]["sha256"]: o["raw"]["bytes"] for o in b["observations"] if o["raw"]})
        if b["kind"] == "witness":
            self.witnesses.append((b["ref"]["seq"], b["witness"]))
        if b["kind"] in ("confirm", "correction", "deviation"):
            step = b["step"]["id"]
            known = self.answers.get(step)
            if b["kind"] == "deviation":
                self.answers.setdefault(step, ("deviated", b))
                return
            if b["kind"] == "confirm" and known and known[0] != "failed" and known[1]["kind"] != "deviation":
                self.repeated.append(step)
            self.answers[step] = (b["verdict"], b)

    def witnessed(self, body):
        return [w for seq, w in self.witnesses if seq == body["seq"] and w["person"] != body["actor"]["person"]
                and w["address"] != body["actor"]["address"]]

    def open_items(self, steps):
        items = [s["id"] for s in steps if not s["optional"] and s["id"] not in self.answers]
        for s in steps:
            if s["id"] not in self.answers:
                continue
            body = self.answers[s["id"]][1]
            beyond = any(c["state"] == "deployed" and not (c["subject"] == body["step"]["subject"]
                         and body["step"]["registered_status"] == "deployed") for c in body.get("claims", []))
            signed = [w for w in self.witnessed(body) if not s.get("approval") or w["meaning"] == "approved"]
            if (s["witness"] or s.get("approval") or beyond) and not signed:
                items.append("witness:" + s["id"])
        return items

    def signatures(self):
        estate = self.bodies[0]["open"]["estate_id"]
        for b, (raw, sig) in zip(self.bodies, self.parts):
            tamper((b["actor"] is None) == (sig is None), "signed")
            if sig:
                step = b.get("step") or ""
                values = [b["kind"], b["session"], b["seq"], b["prev"], b["actor"]["person"], b["actor"]["role"],
                          b["actor"]["meaning"], step["id"] if isinstance(step, dict) else step, b.get("verdict", ""), b["at"],
                          "0x" + sha(raw)]
                tamper(recover(digest712(estate, RECORD, values), sig) == b["actor"]["address"], "signature")
            if b["kind"] == "witness":
                tamper(detached_ok(estate, b["session"], b["ref"], b["witness"]), "witness")
            if b["kind"] == "handover" and b["accept"]:
                tamper(detached_ok(estate, b["session"], {"seq": b["seq"] - 1, "line_sha256": b["prev"]}, b["accept"]), "accept")

    def stores(self):
        return [b["open"]["trust_sha256"] if b["kind"] == "open" else b["resume"]["trust_sha256"]
                for b in self.bodies if b["kind"] in ("open", "resume")]


def check_seal(s, steps):
    if not s.sealed:
        return
    seal = s.bodies[-1]["seal"]
    # The seal itself names no blob and answers nothing; only the clock is as of the line before it.
    before = Session.__new__(Session)
    before.__dict__.update(bodies=[], parts=[], hashes=[], leaves=[], blobs={}, answers={}, repeated=[], witnesses=[],
                           evidence={}, clock=0)
    for b, (raw, sig) in list(zip(s.bodies, s.parts))[:-1]:
        before.accept(b, raw, sig, b"")
    totals = {v: sum(1 for a in s.answers.values() if a[0] == v) for v in VERDICTS}
    expected = {"count": len(s.bodies) - 1, "head": s.hashes[-2] if len(s.hashes) > 1 else None, "merkle_root": s.root(),
                "trust_sha256": s.stores()[-1], "totals": {"steps": len(steps), **totals}, "open_items": s.open_items(steps),
                "blobs_count": len(s.blobs), "max_clock_step_ms": before.clock}
    tamper(seal == expected, "seal")


# --- trust --------------------------------------------------------------------------------------------------

KEY = exact({"address": ADDRESS, "pubkey": maybe(rx("0x04[0-9a-f]{128}")), "person": NAME,
             "type": one_of("throw-away", "keystore", "hardware", "external"), "roles": several(ROLE, 3),
             "not_before": moment, "not_after": moment,
             "revoked": maybe(exact({"at": moment, "reason": NOTE, "untrusted_since": moment}))})
STORE = exact({"v": one_of(1), "estate": NAME, "version": integer(1, 1000000), "issued": moment, "expires": moment,
               "threshold": integer(1, 32), "roots": several(ADDRESS, 32),
               "people": several(exact({"person": NAME, "name": NAME, "org": WORD}), 1000), "keys": several(KEY, 1000),
               "policy": exact({"witness_for": several(one_of("critical", "all", "seal"), 3), "countersigners": integer(0, 32),
                                "distinct_persons": boolean, "max_clock_step_ms": COUNT,
                                "max_session_h": integer(1, 100000)}),
               "chain": maybe(exact({"genesis_hash": HASH, "validators": several(ADDRESS, 1000), "from_block": COUNT})),
               "prev_sha256": maybe(HASH)})
SIGS = several(exact({"address": ADDRESS, "sig": rx("0x[0-9a-f]{128}(1b|1c)")}), 32)


def load_store(data):
    try:
        need(len(data) <= MAX_TRUST and data.endswith(b"\n"), "end of trust store")
        value = canonical(data[:-1])
        exact({"body": STORE, "sigs": SIGS})(value)
        b = value["body"]
        for names in (b["roots"], [p["person"] for p in b["people"]], [k["address"] for k in b["keys"]]):
            need(len(set(names)) == len(names), "twice")
        need(b["threshold"] <= len(b["roots"]) and b["expires"] > b["issued"], "threshold or expiry")
        need((b["prev_sha256"] is None) == (b["version"] == 1), "prev_sha256")
        need(all(k["person"] in [p["person"] for p in b["people"]] for k in b["keys"]), "person")
        digest = digest712(b["estate"], TRUST, [b["estate"], b["version"], b["prev_sha256"] or "0x" + "00" * 32,
                                                "0x" + sha(encode(b).encode())])
        signers = [x["address"] for x in value["sigs"]]
        need(all(recover(digest, x["sig"]) == x["address"] for x in value["sigs"]), "signature of trust store")
        need(len(set(signers)) == len(signers) and len(set(signers) & set(b["roots"])) >= b["threshold"], "quorum")
        return {**b, "signers": signers, "sha256": "0x" + sha(data)}
    except Malformed as error:
        raise Stop(31, str(error))


def settle(folder, names, s, trust, root):
    estate = s.bodies[0]["open"]["estate_id"]
    own = read(os.path.join(folder, "trust.json"), MAX_TRUST)
    stores = {"0x" + sha(own): own}
    if s.bodies[0]["open"]["trust_sha256"] not in stores:
        raise Stop(31, "trust.json")
    named = s.stores()[1:]
    for name in names:
        if re.match(r"trust-[0-9a-f]{64}\.json\Z", name):
            data = read(os.path.join(folder, name), MAX_TRUST)
            if name[6:70] != sha(data) or "0x" + sha(data) not in named:
                raise Stop(31, name)
            stores["0x" + sha(data)] = data
    stores = {k: load_store(v) for k, v in stores.items()}
    if any(k not in stores for k in named) or any(x["estate"] != estate for x in stores.values()):
        raise Stop(31, "trust store of a resume")
    in_turn = [stores[k] for k in s.stores()]
    if any(y["sha256"] != x["sha256"] and y["version"] <= x["version"] for x, y in zip(in_turn, in_turn[1:])):
        raise Stop(31, "back to an older trust store")
    force = None
    for b in s.bodies:
        force = stores[b["open"]["trust_sha256"] if b["kind"] == "open" else b["resume"]["trust_sha256"]] \
            if b["kind"] in ("open", "resume") else force
        if b["at"] > force["expires"]:
            raise Stop(31, "expired")
    if trust is not None:
        pinned = load_store(trust)
        if pinned["estate"] != estate:
            raise Stop(30, "estate")
        if any(x["version"] == pinned["version"] and x["sha256"] != pinned["sha256"] for x in stores.values()):
            raise Stop(31, "two stores of one version")
        return pinned
    last = stores[s.stores()[-1]]
    if root is None or root not in last["roots"] or root not in last["signers"]:
        raise Stop(30, "nothing pinned")
    return last


def key_ok(store, by, role, at):
    key = next((k for k in store["keys"] if k["address"] == by["address"]), None)
    names = {p["person"]: p["name"] for p in store["people"]}
    return (key is not None and key["person"] == by["person"] and names[key["person"]] == by["name"]
            and key["not_before"] <= at <= key["not_after"] and role in key["roles"]
            and (key["revoked"] is None or at < key["revoked"]["untrusted_since"]))


def claims_ok(s, b):
    step = b["step"]
    if (step["registered_status"] in ("planned", "placeholder", "retired")
            and b["verdict"] not in ("still_planned", "deviated", "failed")):
        return False
    for c in b["claims"]:
        if any(e > b["seq"] or e not in s.evidence for e in c["evidence"]):
            return False
        if c["state"] != "deployed":
            continue
        if b["verdict"] != "confirmed":
            return False
        if not any(o["subject"] == c["subject"] and o["answer"]["class"] == "ok" and o["level"] in ("app", "flow")
                   and all(k["result"] != "fail" for k in o["answer"]["checks"])
                   and -60000 <= millis(b["at"]) - millis(o["ended"]) <= 900000
                   for e in c["evidence"] for o in s.evidence[e]):
            return False
    return True


def countersigns(folder, names, s):
    seal, found = s.bodies[-1], []
    for name in names:
        if not re.match(r"countersign-[0-9a-z-]{1,80}\.json\Z", name):
            continue
        data = read(os.path.join(folder, name), MAX_FILE)
        try:
            need(data.endswith(b"\n"), "end")
            c = canonical(data[:-1])
            exact({"format": one_of("c138-countersign"), "v": one_of(1), "estate_id": NAME, "session": HASH, "ref": REF,
                   "witness": DETACHED})(c)
        except Malformed as error:
            raise Stop(20, str(error))
        tamper(detached_ok(c["estate_id"], c["session"], c["ref"], c["witness"]), "countersignature")
        tamper(s.sealed and c["session"] == seal["session"] and c["estate_id"] == s.bodies[0]["open"]["estate_id"]
               and c["ref"] == {"seq": seal["seq"], "line_sha256": s.hashes[-1]}, "another seal")
        found.append(c["witness"])
    return found


def check_revoked(s, store, signed_besides):
    keys = {k["address"]: k for k in store["keys"]}
    signed = []  # record that holds the signature, up to which record it vouches, key, time
    for b in s.bodies:
        if b["actor"]:
            signed.append((b["seq"], b["seq"], b["actor"]["address"], b["at"]))
        if b["kind"] == "witness":
            signed.append((b["seq"], b["ref"]["seq"], b["witness"]["address"], b["witness"]["at"]))
        if b["kind"] == "handover" and b["accept"]:
            signed.append((b["seq"], b["seq"] - 1, b["accept"]["address"], b["accept"]["at"]))
    besides = [(None, len(s.bodies) - 1, w["address"], w["at"]) for w in signed_besides]
    vouchers = [(up_to, keys[who]["person"], at) for _, up_to, who, at in signed + besides
                if who in keys and keys[who]["revoked"] is None]
    for seq, _, who, _ in signed:
        if keys[who]["revoked"] is None:
            continue
        since, person = keys[who]["revoked"]["untrusted_since"], keys[who]["person"]
        if not any(up_to >= seq and at < since and other != person for up_to, other, at in vouchers):
            raise Stop(30, "revoked, and only its own word says when it signed")


def policy(signed_besides, s, steps, store):
    ok = not s.open_items(steps) and not s.repeated
    by_id, charge, aborted = {x["id"]: x for x in steps}, None, False
    for b in s.bodies:
        aborted |= b["kind"] == "event" and b["event"]["name"] == "aborted"
        ok &= not (aborted and b["kind"] in ("confirm", "correction"))
        if b["kind"] in ("confirm", "correction", "deviation"):
            step = by_id.get(b["step"]["id"])
            ok &= step is not None and all(b["step"][k] == step[k] for k in ("mode", "critical", "subject"))
            ok &= step is not None and (b["kind"] == "deviation" or b["verdict"] in step["verdicts"])
        if b["actor"] and b["kind"] in SIGNED:
            ok &= b["actor"]["role"] == "performer"
            charge = b["actor"]["address"] if charge is None or b["kind"] == "resume" else charge
            ok &= b["actor"]["address"] == charge
            charge = b["to"]["address"] if b["kind"] == "handover" else charge
        if b["kind"] in ("confirm", "correction"):
            ok &= claims_ok(s, b)
    asked = store["policy"]["witness_for"]
    for step, (_, body) in s.answers.items():
        if "all" in asked or ("critical" in asked and by_id.get(step, {}).get("critical")):
            ok &= bool(s.witnessed(body))
    persons = set()
    for w in signed_besides:
        key = next((k for k in store["keys"] if k["address"] == w["address"]), None)
        if (key_ok(store, w, "approver", w["at"]) and key["revoked"] is None
                and all(not b["actor"] or b["actor"]["person"] != w["person"] for b in s.bodies)):
            persons.add(w["person"])
        else:
            ok = False
    seal = s.bodies[-1]
    ok &= len(persons) >= max(store["policy"]["countersigners"], 1 if "seal" in asked else 0)
    ok &= millis(seal["at"]) - millis(s.bodies[0]["at"]) <= store["policy"]["max_session_h"] * 3600000
    return 0 if ok else 11


def verify(folder, trust=None, root=None):
    try:
        try:
            names = os.listdir(folder)
        except OSError as error:
            raise Stop(50, str(error))
        s = Session(read(os.path.join(folder, "journal.jsonl"), MAX_JOURNAL))
        book = read(os.path.join(folder, "runbook.json"), MAX_FILE)
        read(os.path.join(folder, "trust.json"), MAX_TRUST)
        s.signatures()
        named = s.bodies[0]["open"]["runbook"]
        tamper("0x" + sha(book) == named["sha256"], "runbook")
        try:
            runbook = canonical(book, controls=True)
            steps = runbook["steps"]
        except (Malformed, KeyError, TypeError) as error:
            raise Stop(40, str(error))
        tamper(runbook["id"] == named["id"] and runbook["version"] == named["version"], "runbook id")
        tamper(all(b["kind"] != "resume" or b["resume"]["runbook"]["sha256"] == named["sha256"] for b in s.bodies), "resume")
        try:
            blobs = {n for n in os.listdir(os.path.join(folder, "blobs")) if re.match(r"[0-9a-f]{64}\Z", n)}
        except FileNotFoundError:
            blobs = set()
        except OSError as error:
            raise Stop(50, str(error))
        for name, size in s.blobs.items():
            tamper(name in blobs, "blob missing")
            data = read(os.path.join(folder, "blobs", name), MAX_FILE)
            tamper(len(data) == size and sha(data) == name, "blob changed")
        tamper(not s.sealed or blobs == set(s.blobs), "surplus blob")
        check_seal(s, steps)
        store = settle(folder, names, s, trust, root)
        for b in s.bodies:
            who = [(b["actor"], b["actor"]["role"], b["at"])] if b["actor"] else []
            if b["kind"] == "witness":
                who.append((b["witness"], "witness", b["witness"]["at"]))
            if b["kind"] == "handover":
                who.append((b["to"], "performer", b["at"]))
                who += [(b["accept"], "performer", b["accept"]["at"])] if b["accept"] else []
            if not all(key_ok(store, *one) for one in who):
                raise Stop(30, "signer")
        besides = countersigns(folder, names, s)
        check_revoked(s, store, besides)
        return policy(besides, s, steps, store) if s.sealed else 10
    except Stop as stop:
        if os.environ.get("VERBOSE"):
            print(stop, file=sys.stderr)
        return stop.code


if __name__ == "__main__":
    if sys.argv[1:] == ["--batch"]:
        for line in sys.stdin:
            trust_file, path = line.rstrip("\n").split("\t")
            print(verify(path, open(trust_file, "rb").read()), flush=True)
    else:
        options = dict(zip(sys.argv[1:-1:2], sys.argv[2:-1:2]))
        pinned = open(options["--trust"], "rb").read() if "--trust" in options else None
        sys.exit(verify(sys.argv[-1], pinned, options.get("--root")))
