"""The file broker, through Kombu as Celery uses it."""

import logging
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from threading import Thread

import pytest
from kombu import Connection
from kombu.simple import SimpleQueue

import vendorrisk.celery

assert vendorrisk.celery.app  # it makes the transport known


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[SimpleQueue]:
    with connection(tmp_path) as link, link.SimpleQueue("work") as queue:
        yield queue


def connection(folder: Path) -> Connection:
    options = {"folder": str(folder / "broker"), "polling_interval": 0.01}
    return Connection("files://localhost/", transport_options=options)


def taken(queue: SimpleQueue) -> object:
    message = queue.get(timeout=5)
    message.ack()
    return message.payload


def test_messages_come_out_in_the_order_they_went_in(queue: SimpleQueue) -> None:
    for number in range(5):
        queue.put({"number": number})
    assert [taken(queue) for _ in range(5)] == [{"number": number} for number in range(5)]


def test_a_message_waits_for_a_reader_that_comes_later(queue: SimpleQueue, tmp_path: Path) -> None:
    queue.put("hello")
    with connection(tmp_path) as other, other.SimpleQueue("work") as reader:
        assert taken(reader) == "hello"


def test_queues_are_kept_apart(queue: SimpleQueue, tmp_path: Path) -> None:
    queue.put("for work")
    with connection(tmp_path) as link, link.SimpleQueue("other/../work") as other:
        assert other.qsize() == 0
        with pytest.raises(Empty):
            other.get(timeout=0.1)
    assert taken(queue) == "for work"


def test_of_several_readers_one_gets_each_message(queue: SimpleQueue, tmp_path: Path) -> None:
    for number in range(60):
        queue.put(number)
    got: list[object] = []

    def read() -> None:
        with connection(tmp_path) as link, link.SimpleQueue("work") as reader:
            while True:
                try:
                    message = reader.get(timeout=0.3)
                except Empty:
                    return
                message.ack()
                got.append(message.payload)

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sorted(got, key=str) == sorted(range(60), key=str)


def test_a_message_that_cannot_be_read_is_dropped_with_a_warning_and_the_next_one_comes(
    queue: SimpleQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue.put("before")
    taken(queue)
    (tmp_path / "broker" / "work" / "ready" / "0-broken").write_text("")
    queue.put("after")
    with caplog.at_level(logging.WARNING):
        assert taken(queue) == "after"
    assert "Dropped a message of queue work" in caplog.text


def test_a_message_taken_but_not_acknowledged_goes_back_when_the_reader_closes(
    queue: SimpleQueue, tmp_path: Path
) -> None:
    queue.put("again")
    with connection(tmp_path) as link, link.SimpleQueue("work") as reader:
        reader.get(timeout=5)
    assert taken(queue) == "again"


def test_purging_removes_what_waits(queue: SimpleQueue) -> None:
    queue.put("one")
    queue.put("two")
    assert queue.qsize() == 2
    assert queue.clear() == 2
    assert queue.qsize() == 0


def test_nobody_else_may_read_the_messages(queue: SimpleQueue, tmp_path: Path) -> None:
    queue.put("private")
    assert (tmp_path / "broker" / "work" / "ready").stat().st_mode & 0o077 == 0
