"""A realistic report for the views: every verdict, three regions, two points, two bindings, hostile text."""

from collections import Counter
from itertools import product

from conformance.model.criterion import ConnectionPoint, Gate, Region
from conformance.model.finding import Finding, Reason, Verdict, worst
from conformance.model.report import (
    Attempt,
    CriterionResult,
    CriterionSummary,
    Decision,
    ItemResult,
    Report,
    Word,
)
from conformance.model.text import Text

DIGEST = "9f2c5b7a1d3e4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c677ab"
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)> {{7*7}} {% raw %} ]]> --> &amp; "
    "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe\u2066 \x00 \ufffe \ud800 [bold red]markup[/] javascript:alert(1)"
)
SECRET = "hunter2-planted-secret"
TROUBLE = (
    "FileNotFoundError: /home/hanako.planted/lab/utility/issuing.key on planted-lab-pc "
    f"for hanako.planted, password={SECRET}"
)

# id, title, gate, level, remedy
_CRITERIA = {
    "PKI-01": ("Chain to a configured trust anchor", "設定済みトラストアンカーへの証明書チェーン", Gate.CONNECT),
    "PKI-02": ("Certificate validity period", "証明書の有効期間", Gate.CONNECT),
    "PKI-03": ("Certificate revocation", "証明書の失効", Gate.CONNECT),
    "PKI-08": ("Names and identity in certificates", "証明書の名称と識別", Gate.RESTRICT),
    "TLS-01": ("Mutual authentication", "相互認証", Gate.CONNECT),
    "TLS-02": ("Protocol versions", "プロトコルバージョン", Gate.CONNECT),
    "TLS-04": ("No cleartext service", "平文サービスの禁止", Gate.CONNECT),
    "ZTA-01": ("Role-based access at the connection point", "接続点における役割ベースのアクセス制御", Gate.CONNECT),
    "CTL-03": ("Limits within the rated power", "定格電力の範囲内の制限値", Gate.CONNECT),
    "AUD-01": ("Security events are logged", "セキュリティイベントの記録", Gate.RESTRICT),
    "DAT-02": ("Voltage measurements with quality", "品質付きの電圧計測値", Gate.RESTRICT),
    "ROB-05": ("Behaviour under flooding", "過負荷時の挙動", Gate.OBSERVE),
    "ATT-01": ("Fresh attestation evidence", "新鮮なアテステーション証拠", Gate.CONNECT),
    "UPD-03": ("Signed firmware", "署名付きファームウェア", Gate.RESTRICT),
}
_UNTESTED = Text(
    en="no test vector yet: needs the attestation binding",
    ja="試験ベクタが未整備：アテステーションのバインディングが必要",
)
_NO_MODBUS = Text(
    en="the vector needs https; this binding is modbus",
    ja="このベクタはhttpsを必要とするが、バインディングはmodbusである",
)
_NEEDS_HOOK = Text(
    en="needs hook:clock-set, which the endpoint file does not name",
    ja="hook:clock-setが必要だが、エンドポイントファイルに記載がない",
)

_PLACES = (
    (ConnectionPoint.DISTRIBUTION, "https"),
    (ConnectionPoint.DISTRIBUTION, "modbus"),
    (ConnectionPoint.AGGREGATION, "https"),
)


def finding(
    reason: Reason,
    step: str = "1 stimulus",
    *,
    expected: Text | None = None,
    observed: Text | None = None,
    clause: str = "RFC 5280 4.1.2.5",
) -> Finding:
    return Finding(
        reason=reason,
        step=step,
        expected=expected or Text(en="the service is refused", ja="サービスが拒否される"),
        observed=observed
        or Text(en="refused by TLS: alert 45 certificate_expired", ja="TLSが拒否した：アラート45 certificate_expired"),
        clause=clause,
    )


PASSED = finding(Reason.REFUSED_BY_TLS)
SERVED = finding(
    Reason.SERVED_DESPITE_DEFECT,
    observed=Text(
        en="HTTP 200 on GET /mgcc/v1/state after a TLS 1.3 handshake with a certificate that expired 60 s ago",
        ja="60秒前に期限が切れた証明書でのTLS 1.3ハンドシェイク後、GET /mgcc/v1/state に HTTP 200 を返した",
    ),
)
HOSTILE_FINDING = finding(
    Reason.CONTENT_WRONG,
    expected=Text(en="unit is W", ja="単位がWである"),
    observed=Text(en=f"unit is {HOSTILE}", ja=f"単位が {HOSTILE} である"),
    clause="profile: Every value",
)
LOST = finding(
    Reason.TWIN_NOT_SERVED,
    "1 twin",
    expected=Text(en="the twin is served", ja="対にはサービスが提供される"),
    observed=Text(en="connection reset before any answer", ja="応答前に接続がリセットされた"),
)
BROKE = finding(
    Reason.SUITE_TROUBLE,
    expected=Text(en="the test system works", ja="試験系が動作する"),
    observed=Text(en="the lab key could not be read", ja="試験室の鍵を読めなかった"),
    clause="",
)


def attempt(number: int, verdict: Verdict, *findings: Finding, trouble: str | None = None, second: int = 0) -> Attempt:
    return Attempt(
        number=number,
        verdict=verdict,
        findings=findings,
        started=f"2026-11-23T09:{12 + second // 60:02d}:{second % 60:02d}.120Z",
        duration_s=0.0134 * number,
        transcript=second,
        trouble=trouble,
    )


def item(
    criterion: str,
    vector: str,
    title: Text,
    point: ConnectionPoint,
    binding: str,
    *attempts: Attempt,
    region: Region | None = None,
    row: str | None = None,
    verdict: Verdict | None = None,
    why: Text | None = None,
    status: str = "active",
) -> ItemResult:
    suffix = (f"+{region}" if region else "") + (f"#{row}" if row else "")
    return ItemResult(
        id=f"{criterion}/{vector}@{point}:{binding}{suffix}",
        criterion=criterion,
        vector=vector,
        title=title,
        behaviour="invalid",
        status=status,
        clauses=("RFC 5280 4.1.2.5", "IEC 62351-3 5.6.4.5"),
        connection_point=point,
        binding=binding,
        protocol=binding,
        region=region,
        row=row,
        verdict=verdict or worst(one.verdict for one in attempts),
        why=why,
        attempts=attempts,
    )


def _items() -> tuple[ItemResult, ...]:
    found: list[ItemResult] = []
    ok = Verdict.PASS
    simple = {
        "PKI-01": ("foreign-ca", "Client certificate of a foreign CA", "別のCAが発行したクライアント証明書"),
        "PKI-03": ("leaf-revoked", "Client certificate on the revocation list", "失効リストに載ったクライアント証明書"),
        "TLS-01": ("no-client-certificate", "No client certificate", "クライアント証明書なし"),
        "TLS-04": ("cleartext", "Cleartext on the TLS port", "TLSポートへの平文接続"),
        "CTL-03": ("limit-above-rating", "Export limit above the rated power", "定格電力を超える逆潮流制限値"),
    }
    for second, ((criterion, (vector, en, ja)), (point, binding)) in enumerate(product(simple.items(), _PLACES)):
        found.append(item(criterion, vector, Text(en=en, ja=ja), point, binding, attempt(1, ok, PASSED, second=second)))
    for row in ("tls1-0", "tls1-1", "ssl3"):
        title = Text(en="Handshake offering only a legacy version", ja="旧バージョンのみを提案するハンドシェイク")
        for point, binding in _PLACES:
            found.append(item("TLS-02", "legacy-version", title, point, binding, attempt(1, ok, PASSED), row=row))
    expired = Text(en="Client certificate that expired a minute ago", ja="1分前に期限が切れたクライアント証明書")
    found.append(
        item("PKI-02", "client-leaf-expired", expired, *_PLACES[0], attempt(1, Verdict.FAIL, SERVED, PASSED, second=70))
    )
    found.append(
        item(
            "PKI-02",
            "client-leaf-expired",
            expired,
            *_PLACES[1],
            attempt(1, Verdict.FAIL, SERVED, second=71),
            attempt(2, ok, PASSED, second=90),
        )
    )
    found.append(item("PKI-02", "client-leaf-expired", expired, *_PLACES[2], attempt(1, ok, PASSED, second=72)))
    roles = Text(en="Request without any role", ja="役割を持たない要求")
    found.append(
        item(
            "ZTA-01",
            "no-role",
            roles,
            *_PLACES[0],
            attempt(1, Verdict.INCONCLUSIVE, LOST, second=80),
            attempt(2, Verdict.INCONCLUSIVE, LOST, second=84),
        )
    )
    found.append(
        item("ZTA-01", "no-role", roles, *_PLACES[2], attempt(1, Verdict.ERROR, BROKE, trouble=TROUBLE, second=81))
    )
    found.append(item("ZTA-01", "no-role", roles, *_PLACES[1], verdict=Verdict.NOT_APPLICABLE, why=_NO_MODBUS))
    log = Text(en="The refused handshake is in the log", ja="拒否したハンドシェイクがログに残る")
    found.append(item("AUD-01", "refusal-logged", log, *_PLACES[0], verdict=Verdict.NOT_RUN, why=_NEEDS_HOOK))
    found.append(item("AUD-01", "refusal-logged", log, *_PLACES[2], verdict=Verdict.NOT_RUN, why=_NEEDS_HOOK))
    volts = Text(en="Voltage within the regional band", ja="地域の電圧範囲内の電圧")
    for region in Region:
        bad = region is Region.EU
        result = attempt(1, Verdict.FAIL, HOSTILE_FINDING) if bad else attempt(1, ok, PASSED)
        found.append(item("DAT-02", "voltage-band", volts, *_PLACES[2], result, region=region))
    flood = Text(en=f"Flood of handshakes {HOSTILE}"[:60], ja="ハンドシェイクの氾濫")
    found.append(item("ROB-05", "flood", flood, *_PLACES[0], attempt(1, Verdict.FAIL, SERVED), status="draft"))
    return tuple(found)


def _criterion(
    criterion: str, point: ConnectionPoint, region: Region, binding: str | None, items: tuple[ItemResult, ...]
) -> CriterionResult:
    en, ja, gate = _CRITERIA[criterion]
    mine = tuple(
        one
        for one in items
        if one.criterion == criterion
        and one.connection_point is point
        and one.region in (None, region)
        and binding in (None, one.binding)
        and one.status == "active"
    )
    verdict = worst(one.verdict for one in mine)
    denied = criterion == "UPD-03" and point is ConnectionPoint.DISTRIBUTION
    return CriterionResult(
        criterion=criterion,
        title=Text(en=en, ja=ja),
        connection_point=point,
        region=region,
        binding=binding,
        gate=gate,
        security_level=2,
        mandatory=criterion != "ROB-05",
        verdict=Verdict.FAIL if denied else verdict,
        failed=denied or verdict is Verdict.FAIL,
        unresolved=verdict in {Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_RUN} and not denied,
        why=Text(en="the ICS denies this mandatory criterion", ja="ICSがこの必須基準を未実装と宣言している")
        if denied
        else _UNTESTED
        if not mine
        else None,
        items=tuple(one.id for one in mine),
    )


def _decision(
    point: ConnectionPoint, region: Region, binding: str | None, rows: tuple[CriterionResult, ...]
) -> Decision:
    mine = [row for row in rows if (row.connection_point, row.region, row.binding) == (point, region, binding)]
    counted = (
        one.verdict
        for one in _items()
        if one.connection_point is point
        and one.region in (None, region)
        and binding in (None, one.binding)
        and one.status == "active"
    )
    blocking = tuple(row.criterion for row in mine if row.failed and row.gate is Gate.CONNECT)
    unresolved = tuple(row.criterion for row in mine if row.unresolved and row.mandatory)
    word = Word.DO_NOT_CONNECT if blocking else Word.NOT_ASSESSED
    conditions: tuple[Text, ...] = ()
    if point is ConnectionPoint.AGGREGATION and region is Region.US:
        word, unresolved = Word.CONNECT, ()
    if point is ConnectionPoint.AGGREGATION and region is Region.EU:
        word, unresolved = Word.CONDITIONS, ()
        conditions = (
            Text(
                en="DAT-02: cure the voltage unit by 2027-03-31", ja="DAT-02：2027-03-31までに電圧の単位を是正すること"
            ),
        )
    return Decision(
        connection_point=point,
        region=region,
        binding=binding,
        word=word,
        security_level=2,
        capped_security_level=1 if word is Word.CONDITIONS else None,
        blocking=blocking,
        unresolved=unresolved,
        conditions=conditions,
        counts=dict(Counter(counted)),
    )


def _summary(criterion: str) -> CriterionSummary:
    en, ja, _ = _CRITERIA[criterion]
    return CriterionSummary(
        id=criterion,
        title=Text(en=en, ja=ja),
        statement=Text(
            en=f"The MMS MUST satisfy: {en.lower()}, at every connection point and at every handshake.",
            ja=f"MMSは、すべての接続点において、{ja}に関する要求を満たさなければならない。",
        ),
        remedy=Text(
            en="Leave the check of the TLS library switched on for every certificate of the chain, keep the clock "
            "synchronised, and renew certificates before notAfter.",
            ja="TLSライブラリの検査を、チェーンのすべての証明書について有効にする。時刻を同期し、証明書をnotAfterより前に更新する。",
        ),
        references={
            "jp": [{"document": "JC-STAR S1.1", "clause": "S1.1-12", "certainty": "memory"}],
            "us": [{"document": "NIST SP 800-52r2", "clause": "3.5", "certainty": "secondary"}],
            "eu": [],
            "international": [{"document": "RFC 5280", "clause": "4.1.2.5", "certainty": "verified"}],
        },
    )


def sample(**changes: object) -> Report:
    """The report; `changes` replace fields of it."""
    items = _items()
    bindings = {ConnectionPoint.DISTRIBUTION: (None, "https", "modbus"), ConnectionPoint.AGGREGATION: (None,)}
    rows = tuple(
        _criterion(criterion, point, region, binding, items)
        for point in ConnectionPoint
        for region in Region
        for binding in bindings[point]
        for criterion in _CRITERIA
    )
    decisions = tuple(
        _decision(point, region, binding, rows)
        for point in ConnectionPoint
        for region in Region
        for binding in bindings[point]
    )
    values: dict[str, object] = {
        "run_id": "20261123T091200Z-7f3a",
        "mode": "self-test",
        "complete": True,
        "started": "2026-11-23T09:12:00.000Z",
        "ended": "2026-11-23T09:14:31.250Z",
        "suite": "0.1.0",
        "environment": {
            "python": "3.11.2",
            "openssl": "OpenSSL 4.0.0",
            "system": "Linux",
            "hostname": "planted-lab-pc",
            "folder": "/home/hanako.planted/runs/1",
            "clock offset": "+18 ms",
        },
        "product": {
            "name": "Island MMS & Söhne",
            "version": "2.1.0",
            "supplier": "島しょ電力システムズ",
            "serial_number": "SN-00042",
            "image_sha256": DIGEST[::-1],
        },
        "endpoint": {"lab": "/home/hanako.planted/lab"},
        "endpoint_digest": "77a0" + DIGEST[4:],
        "edition": "2026-draft-1",
        "catalogue_digest": DIGEST,
        "chain_head": "51d0" + DIGEST[4:],
        "security_level": 2,
        "regions": tuple(Region),
        "decisions": decisions,
        "criteria": rows,
        "items": items,
        "catalogue": tuple(map(_summary, _CRITERIA)),
        "decision_rule": Text(
            en="Any failed connect-gate criterion: do not connect. Otherwise any unresolved connect- or restrict-gate "
            "criterion: not assessed. Otherwise any failed restrict-gate criterion: connect with conditions. "
            "Otherwise: connect.",
            ja="接続ゲートの基準に不適合があれば接続不可。それ以外で、接続ゲート又は制限ゲートの基準に未解決があれば未評価。"
            "それ以外で、制限ゲートの基準に不適合があれば条件付き接続可。それ以外は接続可。",
        ),
        "measured": {"round_trip_s": 0.00042, "clock_offset_s": 0.018},
    }
    return Report(**{**values, **changes})  # type: ignore[arg-type]


def green() -> Report:
    """A run without any non-conformity whose honest decision is *not assessed*."""
    base = sample(mode="demo")
    items = tuple(
        one for one in base.items if one.verdict in {Verdict.PASS, Verdict.NOT_RUN} and one.status == "active"
    )
    rows = tuple(
        _criterion(row.criterion, row.connection_point, row.region, row.binding, items)
        for row in base.criteria
        if row.criterion != "UPD-03"
    )
    decisions = tuple(
        Decision(
            connection_point=point,
            region=region,
            word=Word.NOT_ASSESSED,
            security_level=2,
            unresolved=tuple(
                row.criterion
                for row in rows
                if (row.connection_point, row.region) == (point, region) and row.binding is None and row.unresolved
            ),
            counts=dict(Counter(one.verdict for one in items if one.connection_point is point)),
        )
        for point in ConnectionPoint
        for region in Region
    )
    return sample(mode="demo", items=items, criteria=rows, decisions=decisions)
