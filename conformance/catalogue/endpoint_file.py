"""Loads an endpoint file and the laboratory's hook commands, checked for all that can be seen without the network."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from conformance.catalogue.ics import ics_problems
from conformance.catalogue.load import load_criteria
from conformance.catalogue.problem import CatalogueError, LintProblem, did_you_mean, error, shown
from conformance.catalogue.shape import spell, to_model
from conformance.catalogue.yaml_source import Place, Source, below, read_source
from conformance.model.criterion import ConnectionPoint, Criterion
from conformance.model.endpoint import Binding, Endpoint, LabHooks
from conformance.model.hooks import HOOKS
from conformance.model.operations import OPERATIONS, Height
from conformance.model.text import Text


class LoadedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint file: its content, where it stands, and what it points at."""

    endpoint: Endpoint
    path: Path
    digest: str
    lab: Path
    server_trust: dict[ConnectionPoint, Path]

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self.path.parent


def load_endpoint(path: Path, criteria: Mapping[str, Criterion] | None = None) -> LoadedEndpoint:
    """Return the endpoint file at `path`, its ICS checked against `criteria` (absent: the suite's own).

    Raises CatalogueError with every problem found: shape, unknown keys and names, an empty ICS, paths that climb out.
    """
    if not path.exists():
        message = Text("there is no endpoint file", "エンドポイントファイルがない。")
        advice = Text(
            "name it with --endpoint FILE, or write one with `mgcc init`",
            "--endpoint FILE で指定するか、`mgcc init` で作成すること。",
        )
        raise CatalogueError(error(shown(path), None, "missing", message, advice))
    source = read_source(path)
    endpoint = to_model(source, Endpoint)
    problems = list(_binding_problems(endpoint, source))
    problems += _hook_problems(tuple(endpoint.hooks), source, ("hooks",))
    problems += ics_problems(endpoint, load_criteria() if criteria is None else criteria, source.name)
    problems = [_placed(problem, source) for problem in problems]
    if problems:
        raise CatalogueError(*problems)
    folder = path.parent
    trust = {
        point: below(folder, one.server_trust, source.name, source.line(("connection_points", point, "server_trust")))
        for point, one in endpoint.connection_points.items()
        if one.server_trust is not None
    }
    return LoadedEndpoint(
        endpoint=endpoint,
        path=path,
        digest=hashlib.sha256(source.data).hexdigest(),
        lab=below(folder, endpoint.lab, source.name, source.line(("lab",))),
        server_trust=trust,
    )


def load_hooks(path: Path) -> LabHooks:
    """Return the laboratory's hook commands in the file at `path`. Raises CatalogueError."""
    source = read_source(path)
    hooks = to_model(source, LabHooks)
    problems = list(_hook_problems(tuple(hooks.hooks), source, ("hooks",)))
    for name, command in hooks.hooks.items():
        hook = HOOKS.get(name)
        for argument in command.argv if hook is not None else ():
            for unknown in set(re.findall(r"\{([a-z_]+)\}", argument)) - set(hook.arguments if hook else ()):
                place = ("hooks", name, "argv")
                message = Text(
                    f"`{spell(place)}`: hook `{name}` has no argument `{unknown}`",
                    f"`{spell(place)}`: フック `{name}` に引数 `{unknown}` はない。",
                )
                advice = did_you_mean(unknown, hook.arguments if hook else ())
                problems.append(error(source.name, source.line(place), "hook-arguments", message, advice))
    if problems:
        raise CatalogueError(*problems)
    return hooks


def _binding_problems(endpoint: Endpoint, source: Source) -> Iterator[LintProblem]:
    for point, there in endpoint.connection_points.items():
        labels = Counter(binding.label for binding in there.bindings)
        for index, binding in enumerate(there.bindings):
            place = ("connection_points", point.value, "bindings", index)
            if labels[binding.label] > 1:
                message = Text(f"two bindings are called `{binding.label}`", f"名前 `{binding.label}` が重複している。")
                advice = Text("give each a `name`", "それぞれに `name` を付けること。")
                yield _problem(source, place, "duplicate-id", message, advice)
            yield from _service_problems(binding, source, place)
        for port in there.cleartext_ports:
            if not (port.isascii() and port.isdecimal()):
                message = Text(f"`{port}` is no port number", f"`{port}` はポート番号ではない。")
                advice = Text("write {'502': 10502}", "{'502': 10502} のように書くこと。")
                at = ("connection_points", point.value, "cleartext_ports", port)
                yield _problem(source, at, "wrong-type", message, advice)


def _service_problems(binding: Binding, source: Source, place: Place) -> Iterator[LintProblem]:
    services = [name for name, operation in OPERATIONS.items() if operation.height is Height.SERVICE]
    for index, name in enumerate(binding.services):
        if name not in services:
            message = Text(f"unknown service operation `{name}`", f"未知のサービス操作 `{name}` である。")
            yield _problem(
                source, (*place, "services", index), "unknown-operation", message, did_you_mean(name, services)
            )
    check = binding.service_check
    at = (*place, "service_check")
    wanted = {"https": ("path", check.path), "tls": ("expect", check.expect)}.get(binding.protocol)
    if wanted is not None and wanted[1] is None:
        message = Text(f"a binding `{binding.protocol}` needs `{wanted[0]}`", f"`{wanted[0]}` が必要である。")
        advice = Text(
            "say what the protected service answers when it is given", "保護対象サービスの正常な応答を記述すること。"
        )
        yield _problem(source, at, "missing-key", message, advice)
    if check.expect is not None:
        try:
            re.compile(check.expect.encode())
        except re.error as refused:
            message = Text(f"`expect` is no regular expression: {refused}", f"`expect` が正規表現ではない: {refused}")
            yield _problem(source, (*at, "expect"), "bad-pattern", message, Text("correct it", "修正すること。"))


def _hook_problems(names: tuple[str, ...], source: Source, place: Place) -> Iterator[LintProblem]:
    for name in names:
        if name not in HOOKS:
            message = Text(f"unknown hook `{name}`", f"未知のフック `{name}` である。")
            yield _problem(source, (*place, name), "unknown-hook", message, did_you_mean(name, HOOKS))


def _problem(source: Source, place: Place, code: str, message: Text, advice: Text) -> LintProblem:
    words = Text(f"`{spell(place)}`: {message.en}", f"`{spell(place)}`: {message.ja}")
    return error(source.name, source.line(place), code, words, advice)


def _placed(problem: LintProblem, source: Source) -> LintProblem:
    if problem.line is not None:
        return problem
    return error(problem.file, source.line(("ics",)), problem.code, problem.message, problem.advice)
