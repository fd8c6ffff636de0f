"""Opening a desk: the one place that puts the journal, the keys and the network together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rfsn.models.desk import Desk
from rfsn.models.keys import key_of
from rfsn.models.patience import Patience
from rfsn.models.purse import Purse
from rfsn.models.request import Wire
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import CallEnded, CallStarted
from rfsn.sessions.projection import Projection
from rfsn.sessions.session import Session

__all__ = ["open_desk", "opened_desk"]


def open_desk(
    record: Callable[[CallStarted | CallEnded], None],
    projection: Callable[[], Projection],
    blobs: BlobStore,
    *,
    max_cost_usd: float,
    purse: Purse | None = None,
    sessions: int = 1,
    patience: Patience | None = None,
    wire: Wire | None = None,
) -> Desk:
    """A desk for the models of a projection, over the network unless a `wire` is given; see `JournaledDesk`."""
    from rfsn.models.calls import JournaledDesk  # noqa: PLC0415  # a session without a model needs none of it
    from rfsn.models.wire.http import HttpWire  # noqa: PLC0415  # the same

    return JournaledDesk(
        wire or HttpWire(key_of),
        record,
        projection,
        blobs,
        max_cost_usd=max_cost_usd,
        purse=purse,
        sessions=sessions,
        patience=patience,
    )


@contextmanager
def opened_desk(session: Session, purse: Purse | None, sessions: int, wire: Wire | None) -> Iterator[Desk | None]:
    """A desk of a session during the block, if the session may ask models."""
    if session.projection.models is None:
        yield None
        return
    desk = open_desk(
        session.record,
        lambda: session.projection,
        session.blobs,
        max_cost_usd=session.config.max_cost,
        purse=purse,
        sessions=sessions,
        wire=wire,
    )
    try:
        yield desk
    finally:
        desk.close()
