"""The hooks of the upper tester: their names, arguments and what *ready again* means."""

from typing import Literal

from msgspec import Struct

from conformance.model.text import Text

ArgumentType = Literal["text", "number", "boolean", "file"]
Readiness = Literal["done", "service", "restart"]


class Hook(Struct, frozen=True, kw_only=True):
    """One thing that a laboratory can make the product do.

    `ready`: `done` when the hook has answered; `service` when the service check is served again;
    `restart` when the endpoint was gone or answered anew, and then serves the service check.
    """

    name: str
    title: Text
    arguments: dict[str, ArgumentType]
    ready: Readiness


def _hook(name: str, ready: Readiness, en: str, ja: str, /, **arguments: ArgumentType) -> tuple[str, Hook]:
    return name, Hook(name=name, title=Text(en=en, ja=ja), arguments=arguments, ready=ready)


HOOKS: dict[str, Hook] = dict(
    (
        _hook("reboot", "restart", "restart the product", "製品を再起動する"),
        _hook("power-cut", "restart", "cut and restore its power", "電源を遮断し復旧する", seconds="number"),
        _hook(
            "network-cut",
            "service",
            "cut and restore a network",
            "ネットワークを遮断し復旧する",
            network="text",
            seconds="number",
        ),
        _hook(
            "trust-install",
            "service",
            "install trust anchors",
            "トラストアンカーを導入する",
            connection_point="text",
            file="file",
        ),
        _hook(
            "crl-install",
            "service",
            "install a revocation list",
            "失効リストを導入する",
            connection_point="text",
            file="file",
        ),
        _hook(
            "certificate-install",
            "service",
            "install the product's certificate",
            "製品の証明書を導入する",
            connection_point="text",
            file="file",
        ),
        _hook("clock-set", "service", "set the clock", "時計を設定する", offset_s="number"),
        _hook("clock-scale", "service", "let the clock run faster", "時計を早送りする", factor="number"),
        _hook(
            "dial-out",
            "done",
            "connect to the suite as client",
            "クライアントとして試験系へ接続する",
            connection_point="text",
            address="text",
        ),
        _hook("sensor-unplug", "done", "unplug a sensor", "センサを外す", device="text"),
        _hook("sensor-plug", "done", "plug a sensor in again", "センサを戻す", device="text"),
        _hook(
            "measurement-inject",
            "done",
            "inject a measurement",
            "計測値を注入する",
            device="text",
            quantity="text",
            value="number",
            unit="text",
        ),
        _hook("device-add", "done", "add a device", "機器を追加する", device="text", kind="text"),
        _hook("device-remove", "done", "remove a device", "機器を取り外す", device="text"),
        _hook("mode-set", "done", "set local or remote mode", "ローカル／リモートを切り替える", mode="text"),
        _hook("island", "service", "open or close the coupling switch", "連系開閉器を開閉する", state="text"),
        _hook("firmware-install", "restart", "install firmware", "ファームウェアを導入する", file="file"),
        _hook("configuration-change", "done", "change a setting", "設定を変更する", name="text", value="text"),
        _hook("backup-restore", "restart", "restore a backup", "バックアップを復元する", file="file"),
        _hook("factory-reset", "restart", "reset to factory state", "工場出荷状態に戻す"),
        _hook("log-fill", "done", "fill the log", "ログを満杯にする", entries="number"),
        _hook(
            "attestation-state",
            "done",
            "change what the attester measures",
            "アテスタの測定対象を変更する",
            state="text",
        ),
        _hook("default-state", "done", "restore the default state", "既定状態に戻す"),
    )
)
