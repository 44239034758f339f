"""Messages of one run between the inbox and the journal."""

from interlock.journal import Message, RunReopened, SignalReceived, Value
from interlock.runtime.deciding.mail import Mail
from interlock.runtime.deciding.messages import Decision, message_of
from interlock.values.paths import ROOT
from unit.runtime.stages import ANN, RUN

SIGNAL = SignalReceived(path=ROOT, name="go", payload=Value.of(7))


def posted(event: Decision, name: str) -> Message:
    return message_of(event, run=RUN, id_=name, actor=ANN, now_ms=1)


def test_at_the_end_of_a_run_what_would_open_it_again_is_left():
    mail, reopens = Mail(), posted(RunReopened(), "2")
    mail.deliver([posted(SIGNAL, "1"), reopens, posted(SIGNAL, "3")])
    mail.settle()
    assert mail.taken() == ("1", "3")
    assert list(mail.waiting) == [reopens]


def test_a_message_is_delivered_once_also_when_it_was_taken():
    mail, message = Mail(), posted(SIGNAL, "1")
    mail.deliver([message])
    mail.settle()
    assert mail.taken() == ("1",)
    mail.deliver([message])
    assert not mail.waiting
    assert mail.taken() == ()
