"""A local server that stands for the other end of socket mode: sends envelopes, records their acknowledgements."""

import asyncio
import itertools
import threading

from aiohttp import WSMsgType, web
from slack_stand_in import PATIENCE

ANSWERED_IN_PLACE = ("slash_commands", "interactive")
"""Envelopes whose acknowledgement may carry an answer."""


class Link:
    """Slack's websockets, on port 0 of this machine. Each address that is handed out is good for one attempt."""

    def __init__(self):
        self.refuses = False
        """While it does, every attempt to connect is answered with 503."""
        self.mute = False
        """While it is, no ping is answered."""
        self.sent = {}
        """Every envelope, by its id."""
        self.acknowledged = {}
        """The payloads of all acknowledgements of an envelope, by its id."""
        self.connections = 0
        """How many there have been."""
        self.refused = 0
        self._changed = threading.Condition()
        self._tickets = itertools.count(1)
        self._unused = set()
        self._numbers = itertools.count(1)
        self._sockets = []
        """Those that stand, the newest last."""
        self._pongs = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")

    def __enter__(self):
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_):
        self._do(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    # What a test does and sees

    def address(self):
        """A fresh address to connect to."""
        with self._changed:
            ticket = str(next(self._tickets))
            self._unused.add(ticket)
        return f"ws://127.0.0.1:{self._port}/link?ticket={ticket}"

    def send(self, kind, payload):
        """Deliver an envelope on the newest connection, or where there is none, on the next; its id."""
        envelope = {
            "envelope_id": f"envelope-{next(self._numbers)}",
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind in ANSWERED_IN_PLACE,
        }
        with self._changed:
            self.sent[envelope["envelope_id"]] = envelope
        self._do(self._deliver([envelope]))
        return envelope["envelope_id"]

    def send_again(self):
        """Deliver again on the newest connection what is not acknowledged, as Slack does after a while."""
        self._do(self._deliver(self.unacknowledged()))

    def ask_to_leave(self):
        """Say that this connection will be closed, and another is to be opened."""
        self._do(self._sockets[-1].send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}}))

    def close(self):
        """Close the connection as a server that is restarted does."""
        self._do(self._sockets[-1].close())

    def cut(self):
        """Break the connection off without a word."""
        self._do(self._cut(self._sockets[-1]))

    def unacknowledged(self):
        with self._changed:
            return [envelope for name, envelope in self.sent.items() if name not in self.acknowledged]

    def wait_acknowledged(self, envelope_id):
        """Wait for an acknowledgement; its payload."""
        self.wait(lambda: envelope_id in self.acknowledged, f"an acknowledgement of {self.sent[envelope_id]}")
        return self.acknowledged[envelope_id][-1]

    def wait_connected(self, count=1):
        """Wait for so many connections in all, the last of which stands."""
        self.wait(lambda: self.connections >= count and self._sockets, f"connection {count}")

    def wait_read(self):
        """Wait until whatever was sent on the newest connection is read at the other end."""
        token = f"read-{next(self._numbers)}".encode()
        self._do(self._sockets[-1].ping(token))
        self.wait(lambda: token in self._pongs, "an answer to a ping")

    def wait(self, condition, what):
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), f"no {what} in {PATIENCE} s"

    # What the bot meets

    async def _open(self):
        app = web.Application()
        app.router.add_get("/link", self._connect)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _connect(self, request):
        ticket = request.query.get("ticket")
        with self._changed:
            known = ticket in self._unused
            self._unused.discard(ticket)
            refused = self.refuses or not known
            self.refused += refused
            self._changed.notify_all()
        if refused:
            return web.Response(status=503 if known else 403)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0"}})
        with self._changed:
            self._sockets.append(socket)
            self.connections += 1
            self._changed.notify_all()
        try:
            await self._deliver(self.unacknowledged())
            async for message in socket:
                await self._read(socket, message)
        finally:
            with self._changed:
                self._sockets.remove(socket)
                self._changed.notify_all()
        return socket

    async def _read(self, socket, message):
        if message.type == WSMsgType.PING:
            if not self.mute:
                await socket.pong(message.data)
            return
        with self._changed:
            if message.type == WSMsgType.PONG:
                self._pongs[bytes(message.data)] = socket
            else:
                said = message.json()
                self.acknowledged.setdefault(said["envelope_id"], []).append(said.get("payload"))
            self._changed.notify_all()

    async def _deliver(self, envelopes):
        for envelope in envelopes:
            if self._sockets and not self._sockets[-1].closed:
                await self._sockets[-1].send_json(envelope)

    async def _cut(self, socket):
        socket._req.transport.abort()

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
