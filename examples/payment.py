"""Three writes whose answer gets lost, and what each of them declares for that case.

The bank is a toy in this file. It does what it is told and then loses its answer, which is the case
that matters: nobody can tell from outside whether the write happened.
"""

import asyncio
from dataclasses import dataclass

import interlock
from interlock import Context, Registry, Runtime, action, graph, open_store


@dataclass
class Receipt:
    number: int


class Bank:
    """Executes every order, remembers keys and notes, and loses its first answer."""

    def __init__(self) -> None:
        self.payments: list[str] = []
        self.keys: dict[str, int] = {}
        self.lines = 0

    def pay(self, note: str, key: str | None = None) -> Receipt:
        if key not in self.keys:
            self.payments.append(note)
            self.keys[key or note] = len(self.payments)
        self.lines += 1
        if self.lines == 1:
            raise ConnectionError("the line went dead")
        return Receipt(number=self.keys[key or note])


bank = Bank()


@action(effect="write", key="Context.idempotency_key", window="24h")
def pay_with_key(note: str, ctx: Context) -> Receipt:
    """The bank knows an order by its key: sending the same bytes again is safe."""
    return bank.pay(note, key=ctx.idempotency_key)


def find_payment(note: str) -> Receipt | None:
    """Asks the bank whether the write happened; None says for certain that it did not."""
    return Receipt(number=bank.keys[note]) if note in bank.keys else None


@action(effect="write", probe=find_payment)
def pay_with_probe(note: str) -> Receipt:
    """The bank can be asked."""
    return bank.pay(note)


@action(effect="write")
def pay_blindly(note: str) -> Receipt:
    """The bank can do neither, so only a person can look."""
    return bank.pay(note)


@graph
def by_key(note: str) -> int:
    return pay_with_key.using(retry={"attempts": 2, "delay": "1ms"})(note).number


@graph
def by_probe(note: str) -> int:
    # The probe waits until nothing can be under way any more: for the timeout of the attempt.
    return pay_with_probe.using(timeout="50ms")(note).number


@graph
def by_hand(note: str) -> int:
    return pay_blindly.using(id="payment")(note).number


async def main() -> None:
    registry = Registry([pay_with_key, pay_with_probe, pay_blindly])
    async with Runtime(open_store("memory:"), registry) as runtime:
        for form in (by_key, by_probe):
            bank.__init__()
            result = await runtime.run(interlock.compile(form), {"note": "rent"})
            print(form.name, result.status, "payments:", bank.payments)

        bank.__init__()
        result = await runtime.run(interlock.compile(by_hand), {"note": "rent"})
        print(by_hand.name, result.status, "payments:", bank.payments, "at:", *result.in_doubt)
        result = await runtime.resolve(
            result.run,
            result.in_doubt[0],
            "succeeded",
            output={"number": 1},
            reason="it is on the statement",
        )
        print(by_hand.name, result.status, "payments:", bank.payments)


asyncio.run(main())
