"""The sentences and headings of the HTML page in both languages."""

from conformance.model.text import Text


def _t(en: str, ja: str) -> Text:
    return Text(en=en, ja=ja)


PAGE: dict[str, Text] = {
    "title": _t("Conformance test report", "適合性試験報告書"),
    "subject": _t("Microgrid management system", "マイクログリッド管理システム"),
    "not-a-certificate": _t("This is a test report, not a certificate.", "本書は試験報告書であり、認証書ではない。"),
    "items-tested-only": _t(
        "The results relate only to the item tested, as it was at the time of the test.",
        "結果は、試験時点における試験品目のみに関するものである。",
    ),
    "self-test": _t("Self-test", "自己試験"),
    "self-test-note": _t("made without the supervision of a test laboratory", "試験機関の監督を受けずに実施したもの"),
    "incomplete": _t(
        "The run was interrupted: this report is incomplete.", "実行が中断されたため、本報告書は未完了である。"
    ),
    "decision": _t("Decision", "接続可否の判定"),
    "criteria": _t("Mandatory criteria", "必須基準"),
    "items": _t("Items", "試験項目"),
    "items-planned": _t("items planned", "計画した試験項目"),
    "partial": _t("Only a part of the items was selected.", "試験項目の一部だけを選択した。"),
    "capped": _t("Security level that may be claimed at most", "主張できるセキュリティレベルの上限"),
    "conditions": _t("Conditions", "条件"),
    "blocking": _t("Stands in the way", "接続を妨げるもの"),
    "unresolved": _t("Without an answer", "未評価のもの"),
    "item-under-test": _t("Item under test", "試験品目"),
    "supplier": _t("Supplier", "供給者"),
    "serial": _t("Serial number", "製造番号"),
    "image": _t("Firmware image (SHA-256)", "ファームウェアイメージ（SHA-256）"),
    "ics": _t("ICS and IXIT (SHA-256)", "ICS・IXIT（SHA-256）"),
    "suite": _t("Test suite", "試験スイート"),
    "edition": _t("Edition of the criteria", "基準の版"),
    "catalogue": _t("Catalogue (SHA-256)", "カタログ（SHA-256）"),
    "chain": _t("Head of the evidence chain (SHA-256)", "証拠チェーンの先頭（SHA-256）"),
    "level": _t("Security level aimed at", "目標セキュリティレベル"),
    "run": _t("Run", "実行番号"),
    "mode": _t("Mode", "モード"),
    "performed": _t("Performed", "実施日時"),
    "selection": _t("Selection", "選択範囲"),
    "decision-rule": _t("Decision rule", "判定規則"),
    "contents": _t("Contents", "目次"),
    "matrix": _t("Summary", "総括表"),
    "matrix-note": _t(
        "Every criterion asked, at each connection point and in each region. A criterion marked “SHOULD” is not "
        "mandatory at the security level aimed at.",
        "対象となる全基準を、接続点及び地域ごとに示す。「SHOULD」の付いた基準は、目標セキュリティレベルでは必須でない。",
    ),
    "criterion": _t("Criterion", "基準"),
    "gate": _t("Weight", "重み"),
    "fix": _t("What to fix first", "最初に直すべき事項"),
    "fix-none": _t("No non-conformity was found in what was run.", "実施した範囲では、不適合は認められなかった。"),
    "expected": _t("Expected", "期待"),
    "observed": _t("Observed", "観測"),
    "clause": _t("Clause", "条項"),
    "clauses": _t("Clauses and how certain we are of them", "条項とその確からしさ"),
    "international": _t("International", "国際"),
    "requirement": _t("Requirement", "要求事項"),
    "remedy": _t("Remedy", "処置"),
    "again": _t("Run just this again", "この項目だけを再実行"),
    "cause": _t("Cause", "原因"),
    "trouble": _t("Trouble in the test system", "試験系の異常"),
    "why": _t("Why", "理由"),
    "open": _t("What could not be told, and what was not run", "判定できなかった事項と未実施の事項"),
    "open-none": _t("Every planned item was run and could be told.", "計画した全試験項目を実施し、判定できた。"),
    "untold": _t("Inconclusive and test-system errors", "判定不能及び試験系異常"),
    "unanswered": _t("Mandatory criteria without an answer", "未評価の必須基準"),
    "aside": _t("Items not run or not applicable", "未実施又は対象外の試験項目"),
    "campaign": _t("Test campaign", "試験の経過"),
    "campaign-note": _t(
        "Every planned item, also those that were not run. Every attempt is kept and the worst one counts. "
        "Open a row for its evidence.",
        "未実施のものを含む、計画した全試験項目である。すべての試行を残し、最も悪い結果を採る。行を開くと証拠を示す。",
    ),
    "no-items": _t("No item was planned for this criterion.", "この基準には計画された試験項目がない。"),
    "attempt": _t("Attempt", "試行"),
    "attempts": _t("attempts", "試行数"),
    "transcript": _t("Transcript (SHA-256)", "記録（SHA-256）"),
    "step": _t("Step", "ステップ"),
    "draft": _t("draft: shown, never counted", "草案：表示のみで、判定に数えない"),
    "all-regions": _t("all regions", "全地域"),
    "environment": _t("Environment", "試験環境"),
    "measured": _t("Measured", "計測値"),
    "repeat": _t("Repeat and examine", "再現と確認"),
    "repeat-explain": _t("Tell the story of one item", "1項目の経緯を示す"),
    "repeat-rejudge": _t(
        "Judge the stored evidence again, without the product", "保存した証拠を、製品なしで再判定する"
    ),
    "repeat-rerun": _t("Run again what failed", "不適合の項目を再実行する"),
    "end": _t("End of report", "報告書終わり"),
    "assurance": _t("Rests on", "裏付け"),
    "effect": _t("Effect on the decision", "判定への影響"),
    "should": _t("SHOULD", "SHOULD"),
    "cure-by": _t("cure by", "是正期限"),
}

MODES: dict[str, Text] = {
    "self-test": _t("Self-test", "自己試験"),
    "demo": _t("Demonstration on the bundled reference", "同梱リファレンスによるデモ"),
    "certification": _t("Certification mode", "認証モード"),
}
