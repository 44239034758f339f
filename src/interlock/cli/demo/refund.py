"""The project of `interlock demo audit`: an agent that pays refunds, and a person who approves."""

SETTINGS = """\
[tool.interlock]
app = "refunds:registry"

[tool.interlock.audit]
key = "../keys/refunds.key"
"""

ACTIONS = '''\
"""What the refund agent may do."""

from pathlib import Path

from interlock import Context, Registry, action


@action("shop.order", effect="read")
def order(number: int) -> dict[str, object]:
    """Look an order up."""
    return {"number": number, "customer": "Zoe Marsh", "account": "4417-0093", "cents": 12900}


@action("bank.pay", effect="write", key="Context.idempotency_key")
def pay(account: str, cents: int, context: Context) -> str:
    """Pay money back; once, also when the process dies in between."""
    slip = Path("payments") / context.idempotency_key[-12:]
    slip.parent.mkdir(exist_ok=True)
    slip.write_text(f"{account} {cents}\\n", encoding="utf-8")
    return slip.name


registry = Registry([order, pay])
'''

GRAPH = """\
interlock: 1
name: refund
inputs:
  number: {type: integer}
nodes:
  order:
    call: shop.order
    with: {number: '${{ inputs.number }}'}
  consent:
    gate: {to: [finance], ask: 'Refund order ${{ inputs.number }}?'}
    needs: [order]
  payment:
    call: bank.pay
    with: {account: '${{ order.account }}', cents: '${{ order.cents }}'}
    needs: [consent]
outputs:
  slip: '${{ payment }}'
"""

FILES = {"pyproject.toml": SETTINGS, "refunds.py": ACTIONS, "refund.yaml": GRAPH}
PERSONAL = ("Zoe Marsh", "4417-0093")
"""What the run works with, and no receipt shows unless it is asked to."""
AGENT, APPROVER, SOMEBODY = "agent", "bob", "eve"
INPUT = "number=8123"
