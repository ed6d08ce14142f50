import pytest

from foureyes.errors import LedgerTampered
from foureyes.ledger.checkpoint import Checkpoint
from foureyes.ledger.keys import Signer
from tests.ledger.conftest import NAME, SEED

SIGNER = Signer(NAME, SEED)
CHECKPOINT = Checkpoint(NAME, 7, bytes(range(32)))


def test_signed_and_opened():
    assert Checkpoint.opened(CHECKPOINT.signed(SIGNER), [SIGNER.key]) == CHECKPOINT


def test_extension_lines_are_left_out_of_account():
    assert Checkpoint.opened(SIGNER.sign(CHECKPOINT.text + "more\n"), [SIGNER.key]) == CHECKPOINT


def test_a_key_signs_for_the_log_of_its_name_only():
    other = Checkpoint("example.com/other", 7, bytes(32))
    with pytest.raises(LedgerTampered, match=r"of the log example.com/other; wanted example.com/guard"):
        Checkpoint.opened(other.signed(SIGNER), [SIGNER.key])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n7\n", "\n07\n"),
        lambda text: text.replace("\n7\n", "\n-7\n"),
        lambda text: text.replace("\n7\n", "\n７\n"),
        lambda text: text.replace("\n7\n", "\n\n"),
        lambda text: text.replace(NAME, ""),
        lambda text: text[:-5] + "\n",
        lambda text: text[:-2] + "\n",
        lambda text: text + "\n",
        lambda _: "hello\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(change):
    with pytest.raises(LedgerTampered, match="not a checkpoint"):
        Checkpoint.parse(change(CHECKPOINT.text))
    with pytest.raises(LedgerTampered, match=r"not a checkpoint|not a signed note"):
        Checkpoint.opened(SIGNER.sign(change(CHECKPOINT.text)), [SIGNER.key])
