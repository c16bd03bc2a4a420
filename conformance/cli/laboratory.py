"""The commands that prepare a laboratory: a commented endpoint file, the lab PKI, a signed product certificate."""

import argparse
from pathlib import Path

from conformance.cli.language import bilingual_commands
from conformance.model.criterion import ConnectionPoint
from conformance.model.problem import ProblemError
from conformance.model.text import Language, Text


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `init` and `pki`."""
    command = bilingual_commands(commands)
    init = command("init", help="write a commented endpoint file")
    init.add_argument("file", nargs="?", type=Path, default=Path("endpoint.yaml"))
    init.set_defaults(run=_init)
    pki = command("pki", help="the laboratory's PKI")
    actions = pki.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = bilingual_commands(actions)
    create = action("init", help="make the lab PKI and the files that the vendor installs")
    create.add_argument("folder", nargs="?", type=Path, default=Path("lab"))
    create.set_defaults(run=_pki_init)
    sign = action("sign", help="sign the product's certificate request")
    sign.add_argument("csr", type=Path)
    sign.add_argument("--lab", type=Path, default=Path("lab"))
    sign.add_argument("--point", choices=[*ConnectionPoint], default=ConnectionPoint.DISTRIBUTION)
    sign.add_argument("--out", type=Path, default=None, help="default: beside the request, .crt")
    sign.set_defaults(run=_pki_sign)
    crl = action("crl", help="make the revocation lists anew, valid from now")
    crl.add_argument("--lab", type=Path, default=Path("lab"))
    crl.set_defaults(run=_pki_crl)


def _init(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.schema import schema_text, schemas  # noqa: PLC0415  start-up of the other commands
    from conformance.cli.endpoint_template import SCHEMA, TEMPLATE  # noqa: PLC0415

    path: Path = arguments.file
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
        path.with_name(SCHEMA).write_text(schema_text(schemas()[SCHEMA]), encoding="utf-8")
    except FileExistsError:
        raise ProblemError(
            Text(
                en=f"{path} already exists -> name another file, or remove it yourself",
                ja=f"{path} は既に存在します -> 別の名前を指定するか、不要なら削除してください",
            )
        ) from None
    except OSError as error:
        raise ProblemError(
            Text(
                en=f"{path} cannot be written: {error.strerror} -> choose a folder that exists",
                ja=f"{path} に書き込めません: {error.strerror} -> 既存のフォルダを指定してください",
            )
        ) from error
    _say(
        language,
        f"wrote {path}; edit it, then: mgcc pki init, mgcc preflight --endpoint {path}",
        f"{path} を作成しました。編集後、mgcc pki init、mgcc preflight --endpoint {path} と進めてください",
    )
    return 0


def _pki_init(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.pki.lab import create_lab  # noqa: PLC0415  OpenSSL is loaded only where it is needed

    lab = create_lab(arguments.folder)
    install = [lab.install_folder(point) for point in ConnectionPoint]
    _say(
        language,
        f"made the lab PKI in {arguments.folder}; keys stay there (mode 0600).\n"
        "Install in the product, for each connection point:\n"
        + "\n".join(
            f"  {folder}/trust.pem  trust anchor\n  {folder}/crl.pem    revocation lists\n"
            f"  {folder}/peers.yaml names of the peers it accepts"
            for folder in install
        )
        + "\nThen sign its certificate request: mgcc pki sign REQUEST.csr --point distribution",
        f"試験用PKIを {arguments.folder} に作成しました。秘密鍵はこのフォルダから出しません（0600）。\n"
        "製品には接続点ごとに次のファイルを導入してください:\n"
        + "\n".join(
            f"  {folder}/trust.pem  トラストアンカー\n  {folder}/crl.pem    失効リスト\n"
            f"  {folder}/peers.yaml 受け入れる相手の名称"
            for folder in install
        )
        + "\n続いて証明書署名要求に署名します: mgcc pki sign REQUEST.csr --point distribution",
    )
    return 0


def _pki_sign(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.pki.lab import Lab, sign_csr  # noqa: PLC0415

    out: Path = arguments.out or arguments.csr.with_suffix(".crt")
    lab = Lab.load(arguments.lab)
    leaf = sign_csr(lab, ConnectionPoint(arguments.point), _read(arguments.csr), out)
    until = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
    _say(
        language,
        f"signed: {out} (certificate and issuing CA, valid until {until}); install it in the product",
        f"署名しました: {out}（証明書と発行CA、有効期限 {until}）。製品に導入してください",
    )
    return 0


def _pki_crl(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.pki.lab import Lab, reissue_crls  # noqa: PLC0415

    lab = Lab.load(arguments.lab)
    reissue_crls(lab)
    _say(
        language,
        f"made the revocation lists anew; install {arguments.lab}/install/*/crl.pem in the product",
        f"失効リストを再発行しました。{arguments.lab}/install/*/crl.pem を製品に導入してください",
    )
    return 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1 << 20)
    except OSError as error:
        raise ProblemError(
            Text(
                en=f"{path} cannot be read: {error.strerror} -> name the product's certificate request (PEM)",
                ja=f"{path} を読み取れません: {error.strerror} -> 製品の証明書署名要求（PEM）を指定してください",
            )
        ) from error


def _say(language: Language, en: str, ja: str) -> None:
    print(ja if language is Language.JA else en)
