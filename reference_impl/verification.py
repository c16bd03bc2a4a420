"""Joins OpenSSL's chain verification to the rules: all of OpenSSL's findings are collected, then the rules judge once.

pyOpenSSL's own callback can neither see the leaf while an issuer is looked at nor choose the alert, so this one
stands directly on the binding below it.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from cryptography import x509
from OpenSSL import SSL, crypto

from reference_impl import x509_errors as err
from reference_impl.rules.certificates import Defect, Presented
from reference_impl.session import UNREADABLE

if TYPE_CHECKING:
    from reference_impl.material import Trust
    from reference_impl.rules import Rules

_lib: Any = SSL._lib  # type: ignore[attr-defined] # noqa: SLF001 - see the module's docstring
_ffi: Any = SSL._ffi  # type: ignore[attr-defined] # noqa: SLF001

_running: weakref.WeakKeyDictionary[SSL.Connection, Verification] = weakref.WeakKeyDictionary()


class Verification:
    """The verification of one client's chain. Afterwards `leaf` and `defect` say who it was and why it is refused."""

    def __init__(self, connection: SSL.Connection, trust: Trust, rules: Rules) -> None:
        self._trust = trust
        self._rules = rules
        self._errors: set[tuple[int, int]] = set()
        self.judged = False
        self.leaf: x509.Certificate | None = None
        self.defect: Defect | None = None
        _running[connection] = self

    def _refuse(self, store: Any, defect: Defect) -> int:
        self.judged, self.defect = True, defect
        _lib.X509_STORE_CTX_set_error(store, defect.error)
        return 0

    def step(self, ok: int, store: Any) -> int:
        """OpenSSL reports an error (ok = 0), or that it is through with a certificate (ok = 1)."""
        depth = _lib.X509_STORE_CTX_get_error_depth(store)
        number = _lib.X509_STORE_CTX_get_error(store)
        if self.judged:
            return 1 if ok else self._refuse(store, Defect("CERT_VALIDATION_FAILED", number, f"X509_V_ERR {number}"))
        if not ok:
            self._errors.add((depth, number))
            _lib.X509_STORE_CTX_set_error(store, 0)
            return 1
        if depth > 0:
            return 1
        try:
            chain = _chain(store)
            self.leaf = chain[0]
            presented = Presented(chain, frozenset(self._errors), self._trust.peers, self._trust.anchors)
            defect = self._rules.judge(presented)
        except UNREADABLE as error:
            defect = Defect("BAD_CERT", err.CERT_UNTRUSTED, f"a certificate cannot be read: {error}")
        if defect:
            return self._refuse(store, defect)
        self.judged = True
        return 1


def _chain(store: Any) -> tuple[x509.Certificate, ...]:
    stack = _ffi.gc(_lib.X509_STORE_CTX_get1_chain(store), _free)
    found = []
    for i in range(_lib.sk_X509_num(stack)):
        raw = _lib.sk_X509_value(stack, i)
        _lib.X509_up_ref(raw)
        found.append(crypto.X509._from_raw_x509_ptr(raw).to_cryptography())  # noqa: SLF001 - see the docstring
    return tuple(found)


def _free(stack: Any) -> None:
    for i in range(_lib.sk_X509_num(stack)):
        _lib.X509_free(_lib.sk_X509_value(stack, i))
    _lib.sk_X509_free(stack)


@_ffi.callback("int (*)(int, X509_STORE_CTX *)", error=0)  # type: ignore[untyped-decorator]
def _verify(ok: int, store: Any) -> int:
    ssl = _lib.X509_STORE_CTX_get_ex_data(store, _lib.SSL_get_ex_data_X509_STORE_CTX_idx())
    connection = SSL.Connection._reverse_mapping[ssl]  # noqa: SLF001
    return _running[connection].step(ok, store)


def verify_with_rules(context: SSL.Context, mode: int) -> None:
    """Makes every connection of a context ask its Verification; without one it refuses."""
    _lib.SSL_CTX_set_verify(context._context, mode, _verify)  # noqa: SLF001
