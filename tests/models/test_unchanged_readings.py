"""Rows without any trap are read as they always were: tokens to the last one, and numbers of float32."""

import hashlib
import json

import pytest

from foureyes.models.transformers import TransformersReader
from foureyes.models.weights import ensure
from foureyes.types import Exchange, Message, ToolCall, ToolDefinition, ToolResult

pytestmark = pytest.mark.weights

TOOL = ToolDefinition(
    "wire_transfer",
    "Sends money.",
    '{"type":"object","properties":{"to":{"type":"string"},"amount":{"type":"number"}}}',
)
CALL = ToolCall("wire_transfer", '{"to": "Ana Silva", "amount": 9000}', "c1")
COLOURS = (
    Message("system", "Be brief."),
    Message("user", "Name a colour."),
    Message("assistant", "Blue"),
    Message("user", "Another."),
)
PAID = (
    Message("user", "Pay Ana."),
    Message.of("assistant", [CALL]),
    Message.of("tool", [ToolResult("done", "c1", "wire_transfer")]),
)
ROWS = [
    Exchange("Capital of Australia?", "Sydney"),
    Exchange("Capital of Australia?", "The capital is Canberra, é 中文 😀."),
    Exchange(COLOURS, "Red\n\nor  green <b>x</b>"),
    Exchange.of("Pay Ana 50.", Message.of("assistant", ["On it.", CALL]), tools=(TOOL,)),
    Exchange.of(PAID, Message("assistant", "Paid."), tools=(TOOL,)),
    Exchange("2+2?", "The answer is 4", answer_span=(14, 15)),
]
# Of version 0.1 before typed markers, start tokens and reasoning were looked after.
BEFORE = {
    "smollm2-135m": ("1da4d4fd6175cefc", [2.9934, 5.7823, 3.9661, 2.9573, 4.9463, 0.9927]),
    "gemma3-270m": ("c2f7695640ad0142", [5.1841, 8.1703, 5.0152, 2.4747, 4.066, 1.9384]),
}


@pytest.mark.parametrize("name", sorted(BEFORE))
def test_rows_without_traps_are_read_as_before(name):
    tokens, means = BEFORE[name]
    reader = TransformersReader.load(ensure(name).folder, dtype="float32")
    items = reader._format.items(ROWS)
    parts = [
        [part.tolist() for part in (item.prompt_ids, item.answer_ids, item.spans, item.selected)] for item in items
    ]
    assert hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16] == tokens
    assert [float(row.nll.mean()) for row in reader.read(ROWS)] == pytest.approx(means, abs=1e-3)


def test_a_model_that_needs_its_start_token_keeps_it_when_the_prompt_is_cut():
    reader = TransformersReader.load(ensure("gemma3-270m").folder, dtype="float32", truncate="left")
    town = " ".join(f"In {1800 + i} the town of Ulm counted {900 + 7 * i} people." for i in range(20))
    row = Exchange(f"{town} How many people were there in 1815?", "There were 1005 people in Ulm in 1815.")
    (whole,) = reader._format.items([row])
    start, n = int(whole.prompt_ids[0]), len(whole.prompt_ids)
    reader._format._limit = n + len(whole.answer_ids) - 60
    (cut,) = reader._format.items([row])
    assert cut.n_dropped == 60
    assert int(cut.prompt_ids[0]) == start == reader._loaded.tokenizer.bos_token_id
    headless = type(cut)(cut.turn, whole.prompt_ids[60:], cut.answer_ids, cut.spans, cut.selected)
    kept, lost, all_of_it = (float(reader._own_statistics(item, 0).nll.mean()) for item in (cut, headless, whole))
    assert abs(kept - all_of_it) < 0.3
    assert lost > kept + 0.3
