"""The words and symbols of verdicts, decisions, gates and reasons in both languages."""

from conformance.model.criterion import Certainty, ConnectionPoint, Gate, Region
from conformance.model.finding import Assurance, Reason, Verdict
from conformance.model.report import Word
from conformance.model.text import Text
from conformance.model.transcript import Ending, Side


def _t(en: str, ja: str) -> Text:
    return Text(en=en, ja=ja)


VERDICTS: dict[Verdict, Text] = {
    Verdict.PASS: _t("Pass", "適合"),
    Verdict.FAIL: _t("Fail", "不適合"),
    Verdict.INCONCLUSIVE: _t("Inconclusive", "判定不能"),
    Verdict.ERROR: _t("Test-system error", "試験系異常"),
    Verdict.NOT_APPLICABLE: _t("Not applicable", "対象外"),
    Verdict.NOT_RUN: _t("Not run", "未実施"),
}

VERDICT_SYMBOLS: dict[Verdict, str] = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✕",
    Verdict.INCONCLUSIVE: "?",
    Verdict.ERROR: "!",
    Verdict.NOT_APPLICABLE: "-",
    Verdict.NOT_RUN: "□",
}

DECISIONS: dict[Word, Text] = {
    Word.CONNECT: _t("Connect", "接続可"),
    Word.CONDITIONS: _t("Connect with conditions", "条件付き接続可"),
    Word.NOT_ASSESSED: _t("Not assessed", "未評価"),
    Word.DO_NOT_CONNECT: _t("Do not connect", "接続不可"),
}

DECISION_SYMBOLS: dict[Word, str] = {
    Word.CONNECT: "✓",
    Word.CONDITIONS: "△",
    Word.NOT_ASSESSED: "□",
    Word.DO_NOT_CONNECT: "✕",
}

GATES: dict[Gate, Text] = {
    Gate.CONNECT: _t("Blocker", "重大"),
    Gate.RESTRICT: _t("Major", "主要"),
    Gate.OBSERVE: _t("Minor", "軽微"),
}

GATES_MEAN: dict[Gate, Text] = {
    Gate.CONNECT: _t("a failure forbids connection", "不適合の場合、接続不可とする"),
    Gate.RESTRICT: _t("a failure restricts connection", "不適合の場合、接続に条件を付ける"),
    Gate.OBSERVE: _t("a failure is noted", "不適合の場合、記録にとどめる"),
}

POINTS: dict[ConnectionPoint, Text] = {
    ConnectionPoint.DISTRIBUTION: _t("Distribution", "配電系統側"),
    ConnectionPoint.AGGREGATION: _t("Aggregation", "アグリゲーション側"),
}

POINTS_MEAN: dict[ConnectionPoint, Text] = {
    ConnectionPoint.DISTRIBUTION: _t(
        "connection point towards the utility's power control system", "送配電事業者の電力制御システムとの接続点"
    ),
    ConnectionPoint.AGGREGATION: _t(
        "connection point towards the resource aggregator", "リソースアグリゲーターとの接続点"
    ),
}

REGIONS: dict[Region, Text] = {
    Region.JP: _t("Japan", "日本"),
    Region.US: _t("United States", "米国"),
    Region.EU: _t("European Union", "欧州連合"),
}

CERTAINTIES: dict[Certainty, Text] = {
    Certainty.VERIFIED: _t("read in the source", "原典で確認済み"),
    Certainty.SECONDARY: _t("from a secondary source", "二次資料による"),
    Certainty.MEMORY: _t("from memory, to be checked", "記憶による（要確認）"),
}

ASSURANCES: dict[Assurance, Text] = {
    Assurance.OBSERVED: _t("observed", "観測"),
    Assurance.SIMULATED: _t("simulated", "模擬"),
    Assurance.SOFTWARE: _t("software-backed", "ソフトウェアによる裏付け"),
    Assurance.HARDWARE: _t("hardware-backed", "ハードウェアによる裏付け"),
    Assurance.DECLARED: _t("declared by the supplier", "供給者の宣言"),
}

REASONS: dict[Reason, Text] = {
    Reason.SERVED_AS_EXPECTED: _t("served, as expected", "期待どおりサービスを提供した"),
    Reason.REFUSED_BY_TLS: _t("refused by TLS", "TLSが拒否した"),
    Reason.REFUSED_BY_APPLICATION: _t("refused by the application", "アプリケーションが拒否した"),
    Reason.NEGOTIATED_AS_EXPECTED: _t("negotiated, as expected", "期待どおりネゴシエーションが成立した"),
    Reason.NOT_NEGOTIATED: _t("not negotiated, as expected", "期待どおり選択しなかった"),
    Reason.DECLARED_LEGACY: _t("a declared legacy suite was negotiated", "申告された旧方式の暗号スイートを選択した"),
    Reason.PORT_CLOSED: _t("port closed", "ポートは閉じている"),
    Reason.CONTENT_AS_EXPECTED: _t("content as expected", "内容は期待どおり"),
    Reason.STATE_UNCHANGED: _t("state unchanged", "状態は変化していない"),
    Reason.LOGGED: _t("logged", "ログに記録された"),
    Reason.PEER_CERTIFICATE_ACCEPTABLE: _t("the product's certificate is acceptable", "製品の証明書は要求を満たす"),
    Reason.SERVED_DESPITE_DEFECT: _t("served despite the defect", "欠陥があるのにサービスを提供した"),
    Reason.REFUSED_ALTHOUGH_VALID: _t("refused although valid", "正当なのに拒否した"),
    Reason.REFUSED_ANOTHER_WAY: _t("refused, but not as the clause says", "条項の定めと異なる方法で拒否した"),
    Reason.NEGOTIATED_FORBIDDEN: _t("negotiated what is forbidden", "禁止されたものを選択した"),
    Reason.NOT_NEGOTIATED_ALTHOUGH_REQUIRED: _t("did not negotiate what is required", "必須のものを選択しなかった"),
    Reason.CLEARTEXT_SERVICE: _t("served in clear text", "平文でサービスを提供した"),
    Reason.CONTENT_WRONG: _t("content is wrong", "内容が正しくない"),
    Reason.STATE_CHANGED: _t("the state changed", "状態が変化した"),
    Reason.NOT_LOGGED: _t("not logged", "ログに記録されなかった"),
    Reason.PEER_CERTIFICATE_UNACCEPTABLE: _t(
        "the product's certificate is not acceptable", "製品の証明書が要求を満たさない"
    ),
    Reason.TWIN_NOT_SERVED: _t(
        "the control stimulus was not served, so nothing can be concluded",
        "対照刺激にサービスが提供されず、結論を下せない",
    ),
    Reason.NO_ANSWER: _t("no answer", "応答なし"),
    Reason.CONNECTION_LOST: _t("connection lost", "接続が失われた"),
    Reason.UNREACHABLE: _t("unreachable", "到達できない"),
    Reason.PRECONDITION_NOT_MET: _t("a precondition was not met", "前提条件が満たされなかった"),
    Reason.CLOCK_UNCERTAIN: _t("inside the clock tolerance", "時刻の許容差の範囲内"),
    Reason.HOOK_FAILED: _t("a hook of the upper tester failed", "上位テスタのフックが失敗した"),
    Reason.SUITE_TROUBLE: _t("trouble in the test system", "試験系の異常"),
    Reason.DENIED_BY_ICS: _t("the ICS says that it is not implemented", "ICSが未実装と宣言している"),
}

ENDINGS: dict[Ending, Text] = {
    Ending.OURS: _t("the suite closed the connection", "試験系が接続を閉じた"),
    Ending.CLOSE_NOTIFY: _t("the product closed TLS properly", "製品がTLSを正常に閉じた"),
    Ending.FIN: _t("the product closed the connection", "製品が接続を閉じた"),
    Ending.RESET: _t("the product reset the connection", "製品が接続をリセットした"),
    Ending.ALERT: _t("a TLS alert ended it", "TLSアラートで終了した"),
    Ending.TIMEOUT: _t("time-out", "タイムアウト"),
    Ending.UNREACHABLE: _t("no connection was possible", "接続できなかった"),
    Ending.FLOOD: _t("the product sent more than the suite accepts", "製品が試験系の受入上限を超えて送信した"),
    Ending.LOCAL: _t("ended within the test system", "試験系の内部で終了した"),
}

SIDES: dict[Side, Text] = {
    Side.STIMULUS: _t("stimulus", "刺激"),
    Side.TWIN: _t("twin (control without the defect)", "対（欠陥のない対照）"),
}

BEHAVIOURS: dict[str, Text] = {
    "valid": _t("valid behaviour", "正当な挙動"),
    "invalid": _t("invalid behaviour", "不正な挙動"),
    "timer": _t("timer", "タイマ"),
}

FAMILIES: dict[str, Text] = {
    "INV": _t("Inventory and equipment identity", "機器台帳と機器識別"),
    "PKI": _t("Certificates and keys", "証明書と鍵"),
    "TLS": _t("Transport", "トランスポート"),
    "ZTA": _t("Zero-trust access", "ゼロトラストアクセス"),
    "ATT": _t("Remote attestation", "リモートアテステーション"),
    "DAT": _t("Decision data integrity", "判断データの完全性"),
    "CTL": _t("Control, dispatch, islanding", "制御・指令・単独運転"),
    "AUD": _t("Logging and accountability", "ログと説明責任"),
    "ROB": _t("Robustness and availability", "堅牢性と可用性"),
    "UPD": _t("Security by design and by operation", "設計と運用によるセキュリティ"),
    "PRV": _t("Privacy", "プライバシー"),
    "DEC": _t("The connection decision", "接続可否の判定"),
}

EXIT_CODES: dict[int, Text] = {
    0: _t(
        "every requested decision is Connect, or a self-check gave the expected verdicts",
        "要求された判定はすべて接続可、又は自己点検の判定がすべて期待どおりである",
    ),
    1: _t("at least one non-conformity", "不適合が1件以上ある"),
    2: _t(
        "no non-conformity, but something is inconclusive, not run or not assessed",
        "不適合はないが、判定不能・未実施・未評価がある",
    ),
    3: _t("configuration or preflight: the product was not judged", "設定又は事前点検の問題：製品は判定していない"),
    4: _t("the test system itself broke", "試験系自体に異常があった"),
    5: _t("verification refused", "検証を拒否した"),
    130: _t("interrupted: the evidence so far is kept", "中断：それまでの証拠は保存されている"),
}


def family(criterion: str) -> Text:
    """Return the title of the family of criterion id `criterion`, or its three letters where it has none."""
    letters = criterion.split("-", 1)[0]
    return FAMILIES.get(letters, Text(en=letters, ja=letters))
