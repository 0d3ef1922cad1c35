"""Each piece of work in a forked process of its own, several at once."""

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

TIME_LIMIT_SECONDS = 1_200


class WorkFailedError(Exception):
    """A piece of work ended without a result; the message says which."""


def forked(work: Callable[[Item], Result], items: Iterable[Item], at_once: int) -> Iterator[Result]:
    """The result of each item, in the order in which they end. A fork shares what this process has loaded and deployed,
    and changes none of it. Raises WorkFailedError.
    """
    context = multiprocessing.get_context("fork")
    # What a fork only reads stays shared; collecting garbage would write to all of it.
    gc.collect()
    gc.freeze()
    waiting = iter(items)
    running: dict[Connection, tuple[Item, BaseProcess]] = {}

    def start() -> None:
        for item in waiting:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_perform, args=(work, item, sender))
            process.start()
            sender.close()
            running[receiver] = item, process
            return

    try:
        for _ in range(at_once):
            start()
        while running:
            ready = wait(list(running), timeout=TIME_LIMIT_SECONDS)
            if not ready:
                raise WorkFailedError(f"no end within {TIME_LIMIT_SECONDS} s: {[str(i) for i, _ in running.values()]}")
            for connection in ready:
                assert isinstance(connection, Connection)
                item, process = running.pop(connection)
                try:
                    result: Result | Exception = connection.recv()
                except EOFError:
                    raise WorkFailedError(f"{item}: the process ended without a result") from None
                process.join()
                if isinstance(result, Exception):
                    raise WorkFailedError(f"{item}: {result}") from result
                start()
                yield result
    finally:
        for _, process in running.values():
            process.kill()


def _perform(work: Callable[[Item], Result], item: Item, sender: Connection) -> None:
    gc.disable()
    try:
        sender.send(work(item))
    except Exception as error:  # the parent raises it
        sender.send(RuntimeError(f"{type(error).__name__}: {error}"))
