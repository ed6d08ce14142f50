import json

from foureyes.demo.measures import DemoResults, measure
from foureyes.demo.record import record
from foureyes.demo.recorded import recorded
from foureyes.types import Unscored
from tests.demo.verifiers import live


def test_it_is_json_without_nan_and_holds_every_answer_there_is(found: DemoResults) -> None:
    kept = json.loads(json.dumps(record(found), allow_nan=False))
    assert [row["id"] for row in kept["author"]["answers"]] == [answer.id for answer in recorded().answers]
    assert kept["author"]["sure"]["own"] == found.main.among_sure.own
    assert kept["programs"]["read_by"][0]["n_right"] == found.bugs[0].n_right
    assert kept["provenance"]["sha256"] == recorded().provenance["sha256"]


def test_what_a_live_model_could_not_read_is_null() -> None:
    first = recorded().answers[0].answer
    kept = record(measure(recorded(), [live({first: Unscored("context")})]))
    assert kept["author"]["answers"][0]["live"] == {"the-live-one": None}
    json.dumps(kept, allow_nan=False)
