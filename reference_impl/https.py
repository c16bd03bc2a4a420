"""The binding `https`: HTTP/1.1 on h11, bounded in every direction."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import h11

from reference_impl.problem import Problem
from reference_impl.resources import Answer, Request, Resources, problem_answer

if TYPE_CHECKING:
    from reference_impl.session import Session

LARGEST_HEAD = 16_384
LARGEST_BODY = 16_384
MOST_REQUESTS = 10_000


class HttpsBinding:
    """One HTTP connection: plain bytes in, plain bytes out. `finished` says that the connection has to end."""

    def __init__(self, resources: Resources, session: Session) -> None:
        self._resources = resources
        self._session = session
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._served = 0
        self.finished = False

    def receive(self, data: bytes) -> bytes:
        """Takes what the peer sent; returns what to send back. An empty read means that the peer has finished."""
        out = bytearray()
        try:
            self._http.receive_data(data)
            while not self.finished and self._step(out):
                pass
        except h11.RemoteProtocolError as error:
            self._give_up(out, Problem(error.error_status_hint or 400, "malformed", "the request is not HTTP/1.1"))
        return bytes(out)

    def _step(self, out: bytearray) -> bool:
        event = self._http.next_event()
        if isinstance(event, h11.Request):
            self._request, self._body = event, bytearray()
            if self._http.they_are_waiting_for_100_continue:
                out += self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > LARGEST_BODY:
                self._give_up(out, Problem(413, "too-large", f"the body is larger than {LARGEST_BODY} bytes"))
        elif isinstance(event, h11.EndOfMessage) and self._request is not None:
            self._serve(self._request, out)
        else:
            self.finished = isinstance(event, h11.ConnectionClosed)
            return False
        return True

    def _serve(self, request: h11.Request, out: bytearray) -> None:
        headers: dict[str, str] = {}
        for name, content in request.headers:
            key = name.decode("ascii")
            headers[key] = (
                f"{headers[key]}, {content.decode('latin-1')}" if key in headers else content.decode("latin-1")
            )
        method = request.method.decode("ascii")
        answer = self._resources.answer(
            Request(method, request.target.decode("ascii"), headers, bytes(self._body)), self._session
        )
        self._served += 1
        self._send(out, answer, last=self._served >= MOST_REQUESTS, empty=method == "HEAD")
        if self._http.our_state is h11.MUST_CLOSE or self._http.their_state is h11.CLOSED:
            self.finished = True
        else:
            self._http.start_next_cycle()

    def _send(self, out: bytearray, answer: Answer, *, last: bool = False, empty: bool = False) -> None:
        headers = [
            ("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())),
            ("content-type", answer.content_type),
            ("content-length", str(len(answer.body))),
            ("cache-control", "no-store"),
        ]
        if answer.allow:
            headers.append(("allow", answer.allow))
        if last:
            headers.append(("connection", "close"))
        out += self._http.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        if not empty:
            out += self._http.send(h11.Data(data=answer.body)) or b""
        out += self._http.send(h11.EndOfMessage()) or b""

    def _give_up(self, out: bytearray, problem: Problem) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._send(out, problem_answer(problem), last=True)
        self.finished = True
