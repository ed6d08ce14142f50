"""Contract suites: what every implementation of a role promises, as tests to run on yours.

Subclass the suite of a role in your own tests, give it your implementation as a fixture, and run pytest::

    from foureyes.testing import ReaderContract

    class TestMyReader(ReaderContract):
        @pytest.fixture(scope="class")
        @classmethod
        def reader(cls):
            return MyReader(...)

A judge has :class:`JudgeContract`, a model of entailment :class:`EntailmentContract`. Every test states one promise in its
name. A reader that passes can stand wherever :class:`~foureyes.models.roles.Reader` is asked for; a reader that fails one
gives numbers that nothing downstream can catch. ``register_assert_rewrite`` of pytest, called on ``"foureyes.testing"`` in
your ``conftest.py``, makes failures show the values compared.
"""

from foureyes.testing.entailments import EntailmentContract
from foureyes.testing.judges import JudgeContract
from foureyes.testing.readers import ReaderContract
from foureyes.testing.samples import EXCHANGES, TEXTS

__all__ = ["EXCHANGES", "TEXTS", "EntailmentContract", "JudgeContract", "ReaderContract"]
