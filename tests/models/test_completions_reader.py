"""The HTTP reader says what the server's model says, refuses servers that cannot, and survives those that break."""

import math
import threading
from typing import Any

import numpy as np
import pytest

from foureyes.errors import ConfigError, InputError, ModelRefused, ModelUnavailable
from foureyes.http import RequestLimits
from foureyes.http.addresses import KEY_VARIABLE
from foureyes.models.completions import CompletionsReader
from foureyes.types import Exchange, Message, Reading, Unscored
from tests.servers.simulator import ASSISTANT, BOS, USER, Simulator, ToyModel, send, wait_until

QUESTION, ANSWER = "Capital of Australia?", "The capital is é 👍."
MANY = [Exchange(QUESTION, f"answer {i}") for i in range(30)]


@pytest.fixture
def server():
    with Simulator() as server:
        yield server


def open_reader(server, **options):
    options.setdefault("limits", RequestLimits(attempts=2, timeout_s=60.0))
    return CompletionsReader.open(server.url, **options)


@pytest.fixture
def reader(server):
    with open_reader(server) as reader:
        yield reader


def only(rows):
    (row,) = rows
    assert isinstance(row, Reading), row
    return row


def truth(model, prompt, answer):
    """What the toy model says at each position of the answer, over its whole vocabulary."""
    ids = [*prompt, *answer]
    return np.array([model.logprobs(ids[:t]) for t in range(len(prompt), len(ids))])


class TestValues:
    @pytest.mark.parametrize("flavour", ["vllm", "echo", "sglang"])
    def test_surprise_and_top_are_those_of_the_model_given_its_template(self, flavour):
        model = ToyModel()
        kind = "sglang" if flavour == "sglang" else "vllm"
        with Simulator(model, kind=kind) as server, open_reader(server, flavour=flavour) as reader:
            row = only(reader.read([Exchange(QUESTION, ANSWER)]))
        answer = model.encode(ANSWER)
        p = truth(model, [BOS, USER, *model.encode(QUESTION), ASSISTANT], answer)
        entropy = -(np.exp(p) * p).sum(axis=1)
        actual = p[np.arange(len(answer)), answer]
        assert row.token_ids.tolist() == answer
        assert np.allclose(row.nll, -actual, rtol=0, atol=1e-12)
        assert np.allclose(row.top1, np.exp(p.max(axis=1)), rtol=0, atol=1e-12)
        assert (row.entropy_low <= entropy + 1e-9).all()
        assert (row.entropy_high >= entropy - 1e-9).all()
        seen = np.sort(np.exp(p))[:, ::-1][:, :20].sum(axis=1) + np.where(row.rank > 20, np.exp(actual), 0)
        assert np.allclose(row.missing_mass, 1 - seen, atol=1e-12)
        rank = 1 + (p > actual[:, None]).sum(axis=1)
        assert row.rank.tolist() == (rank if flavour == "vllm" else np.minimum(rank, 21)).tolist()
        assert rank.max() > 21

    def test_a_base_model_reads_the_plain_form(self):
        model = ToyModel(template=False)
        with Simulator(model) as server, open_reader(server) as reader:
            row = only(reader.read([Exchange(QUESTION, "Canberra")]))
        answer = model.encode(" Canberra")
        prompt = [BOS, *model.encode(f"Question: {QUESTION}\nAnswer:")]
        p = truth(model, prompt, answer)
        assert np.allclose(row.nll, -p[np.arange(len(answer)), answer])
        assert row.n_prompt_tokens == len(prompt)
        assert row.spans[:2].tolist() == [[0, 0], [0, 1]]
        assert row.spans[-1].tolist() == [7, 8]

    def test_turns_go_through_the_template(self, server, reader):
        turns = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
        reader.read([Exchange(turns, ANSWER)])
        asked = [body["messages"] for path, body in server.requests if path == "/tokenize" and "messages" in body]
        assert asked[-1] == [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]

    def test_nothing_is_generated_beyond_the_token_a_server_insists_on(self, server, reader):
        reader.read([Exchange(QUESTION, ANSWER)])
        assert server.requests[-1][1]["max_tokens"] == 1

    def test_sglang_is_asked_from_one_before_the_answer(self):
        with Simulator(kind="sglang") as server, open_reader(server) as reader:
            row = only(reader.read([Exchange(QUESTION, ANSWER)]))
            assert server.requests[-1][1]["logprob_start_len"] == row.n_prompt_tokens - 1

    def test_the_vocabulary_is_the_servers_or_the_callers(self, server):
        with open_reader(server) as reader:
            assert reader.server.vocabulary == server.model.size
            asked = only(reader.read([Exchange(QUESTION, ANSWER)]))
        with open_reader(server, vocabulary=1000) as reader:
            told = only(reader.read([Exchange(QUESTION, ANSWER)]))
        assert (told.entropy_high > asked.entropy_high).all()
        assert (told.entropy_low == asked.entropy_low).all()

    def test_alternatives_of_an_echoing_server_have_texts(self, server):
        with open_reader(server, flavour="echo") as reader:
            row = only(reader.read([Exchange(QUESTION, "Canberra")], top_k=2))
        best = int(np.argmax(truth(server.model, [BOS, USER, *server.model.encode(QUESTION), ASSISTANT], [5])[0]))
        assert row.alternatives[0][0].text == server.model.text(best)


class TestRows:
    def test_a_row_beyond_the_context_says_by_how_much(self):
        with Simulator(context=300) as server, open_reader(server) as reader:
            (row,) = reader.read([Exchange(QUESTION, "x" * 400)])
        n = len(server.model.encode("x" * 400)) + len(server.model.encode(QUESTION)) + 3
        assert row == Unscored("context", f"{n} tokens do not fit a context of 299", n, 299)

    def test_the_beginning_of_a_long_prompt_is_dropped_only_when_asked_for(self):
        long = Exchange("y" * 400, "Canberra")
        with Simulator(context=300) as server:
            with open_reader(server) as reader:
                assert reader.read([long])[0].reason == "context"
            with open_reader(server, truncate="left") as reader:
                row = only(reader.read([long]))
        ids = [BOS, USER, *server.model.encode("y" * 400), ASSISTANT]
        assert (row.n_prompt_tokens, row.n_dropped) == (299 - 8, len(ids) - 291)
        answer = server.model.encode("Canberra")
        p = truth(server.model, ids[:2] + ids[2 - 291 :], answer)  # the head of the template stays
        assert np.allclose(row.nll, -p[np.arange(len(answer)), answer])

    def test_an_answer_that_fills_the_context_is_not_helped_by_dropping(self):
        with Simulator(context=300) as server, open_reader(server, truncate="left") as reader:
            (row,) = reader.read([Exchange(QUESTION, "x" * 299)])
        assert row.reason == "context"

    def test_a_prompt_that_fits_to_the_last_token_is_read(self):
        with Simulator(context=300) as server, open_reader(server) as reader:
            rows = reader.read([Exchange("y" * (299 - 3 - 8 + extra), "Canberra") for extra in (0, 1)])
        assert isinstance(rows[0], Reading)
        assert rows[1] == Unscored("context", "300 tokens do not fit a context of 299", 300, 299)

    def test_messages_the_template_refuses_leave_the_others_alone(self, reader):
        refused = Exchange((Message("user", "raise from the template"),), ANSWER)
        rows = reader.read([refused, Exchange(QUESTION, ANSWER)])
        assert rows[0].reason == "template"
        assert "must alternate" in rows[0].detail
        assert isinstance(rows[1], Reading)

    @pytest.mark.parametrize(("value", "reason"), [(math.nan, "not_finite"), (None, "not_finite"), ("x", "bad_reply")])
    def test_a_value_that_is_no_number_costs_its_row_only(self, server, reader, value, reason):
        def tamper(reply):
            entries = reply["choices"][0]["prompt_logprobs"]
            if len(entries) % 2:
                next(iter(entries[-1].values()))["logprob"] = value
            return reply

        server.tamper = tamper
        rows = reader.read([Exchange(QUESTION, "a"), Exchange(QUESTION, "ab"), Exchange(QUESTION, "abc")])
        reasons = [row.reason if isinstance(row, Unscored) else "read" for row in rows]
        assert reasons in ([reason, "read", reason], ["read", reason, "read"])

    def test_probabilities_that_sum_to_more_than_one_are_no_distribution(self, server, reader):
        def tamper(reply):
            for entry in reply["choices"][0]["prompt_logprobs"][1:]:
                for shown in entry.values():
                    shown["logprob"] = -0.5
            return reply

        server.tamper = tamper
        (row,) = reader.read([Exchange(QUESTION, ANSWER)])
        assert row.reason == "bad_reply"
        assert "sum to at most 1" in row.detail

    def test_garbage_costs_its_row_only(self, server, reader):
        replies = iter([b"<html>502 Bad Gateway</html>"])

        def garbage(handler, reply):
            content = next(replies, None)
            return content is not None and send(handler, content)

        server.trouble = garbage
        rows = reader.read(MANY)
        assert (
            sorted(row.reason if isinstance(row, Unscored) else "read" for row in rows) == ["bad_reply"] + ["read"] * 29
        )

    def test_tokens_that_do_not_spell_the_answer_are_not_given_places(self, server, reader):
        server.model.piece = lambda _: "?"
        server.model.text = lambda _: "?"
        (row,) = reader.read([Exchange(QUESTION, ANSWER)])
        assert row.reason == "bad_reply"
        assert "spell" in row.detail

    def test_a_span_selects_its_tokens_and_nothing_else(self, reader):
        row = only(reader.read([Exchange(QUESTION, ANSWER, answer_span=(15, 16))]))
        assert row.spans[row.selected].tolist() == [[15, 17]]

    def test_one_by_itself_takes_no_further_thread(self, reader, monkeypatch):
        started, start = [], threading.Thread.start
        monkeypatch.setattr(threading.Thread, "start", lambda thread: (started.append(thread.name), start(thread))[1])
        only(reader.read([Exchange(QUESTION, ANSWER)]))
        assert [name for name in started if name.startswith("foureyes")] == []


class TestDeath:
    def test_rows_read_before_the_server_died_stay_and_the_rest_is_unavailable_at_once(self, server):
        with open_reader(server, limits=RequestLimits(concurrency=4, attempts=2)) as reader:
            server.dies_after = server.completed + 10
            rows = reader.read([Exchange(QUESTION, f"answer {i}") for i in range(2000)])
            asked = sum(path == "/v1/completions" for path, _ in server.requests)
            read = [i for i, row in enumerate(rows) if isinstance(row, Reading)]
            assert 6 <= len(read) <= 10
            assert max(read) < 30
            assert {row.reason for row in rows if isinstance(row, Unscored)} == {"unavailable"}
            assert "not asked" in rows[-1].detail
            assert asked < 60
            with pytest.raises(ModelUnavailable, match="is not back"):
                reader.read(MANY)

    def test_a_server_that_hangs_costs_the_rows_in_flight_and_not_each_row_its_time(self, server):
        with open_reader(server, limits=RequestLimits(concurrency=4, timeout_s=2.0)) as reader:
            server.trouble = server.hang
            before = len(server.requests)
            rows = reader.read(MANY)
            assert [row.reason for row in rows] == ["unavailable"] * 30
            assert sum(path == "/v1/completions" for path, _ in server.requests[before:]) <= 8

    def test_a_server_that_comes_back_is_read_again(self, server):
        with open_reader(server, limits=RequestLimits(concurrency=2, attempts=1)) as reader:
            server.trouble = lambda handler, _: send(handler, b"", 503)
            assert {row.reason for row in reader.read(MANY)} == {"unavailable"}
            server.trouble = None
            assert all(isinstance(row, Reading) for row in reader.read(MANY))

    def test_rows_that_fail_by_themselves_do_not_stop_the_others(self, server, reader):
        server.trouble = lambda handler, reply: (
            len(reply["choices"][0]["prompt_logprobs"]) > 40 and send(handler, b"", 500)
        )
        rows = reader.read([*[Exchange(QUESTION, "x" * 50)] * 10, Exchange(QUESTION, "x")])
        assert [row.reason for row in rows[:10]] == ["unavailable"] * 10
        assert isinstance(rows[10], Reading)

    def test_reading_stops_when_the_caller_does(self, server):
        class Stop(Exception):
            pass

        class Stopping(list):
            def __iter__(self):
                yield from MANY[:5]
                raise Stop

        with open_reader(server) as reader:
            with pytest.raises(Stop):
                reader.read(Stopping(MANY))
            before = len(server.requests)
            wait_until(lambda: True)
            assert len(server.requests) == before


class TestProbe:
    def refusal(self, server, **options):
        with pytest.raises(ModelRefused) as caught:
            open_reader(server, **options)
        return str(caught.value)

    def test_a_server_that_ignores_both_forms_is_refused_with_what_it_did(self, server):
        server.ignores = {"echo", "prompt_logprobs"}
        words = self.refusal(server)
        assert "it showed no prompt_logprobs" in words
        assert "it ignored it and showed 1 generated token, none of the prompt" in words
        assert "wanted the log-probabilities of a given text" in words

    def test_a_server_that_refuses_both_forms_is_quoted(self, server):
        server.forbids = {"echo", "prompt_logprobs"}
        assert "Unrecognized request argument supplied: echo" in self.refusal(server)

    def test_a_server_without_completions_can_only_judge(self, server):
        server.trouble = lambda handler, _: send(handler, b'{"error": {"message": "This is a chat model"}}', 404)
        words = self.refusal(server)
        assert "This is a chat model" in words
        assert "judge answers but not read them" in words

    @pytest.mark.parametrize("flavour", ["vllm", "echo"])
    def test_a_flavour_that_is_asked_for_must_hold(self, server, flavour):
        server.ignores = {"echo", "prompt_logprobs"}
        assert "wanted" in self.refusal(server, flavour=flavour)

    def test_the_other_form_is_found_by_trying(self, server):
        server.ignores = {"prompt_logprobs"}
        with open_reader(server) as reader:
            assert reader.server.dialect.name == "echo"

    def test_sglang_is_known_by_its_card(self):
        with Simulator(kind="sglang") as server, open_reader(server) as reader:
            assert reader.server.dialect.name == "sglang"

    def test_a_server_that_shifts_its_entries_is_refused(self, server):
        def tamper(reply):
            reply["choices"][0]["prompt_logprobs"].pop(1)
            return reply

        server.tamper = tamper
        assert "one per token" in self.refusal(server)

    def test_a_server_that_reads_other_tokens_is_refused(self, server):
        def tamper(reply):
            reply["choices"][0]["prompt_token_ids"] = [9, 9, 9]
            return reply

        server.tamper = tamper
        assert "other tokens than were sent" in self.refusal(server)

    def test_a_server_that_changes_its_mind_is_refused(self, server):
        def tamper(reply):
            server.model.salt += "x"
            return reply

        server.tamper = tamper
        server._computed = server._compute
        assert "the same text read twice, moved by" in self.refusal(server)

    def test_a_server_that_ignores_the_prompt_is_refused(self, server):
        honest = server.model.logprobs
        server.model.logprobs = lambda prefix: honest(
            list(prefix)[list(prefix).index(ASSISTANT) :] if ASSISTANT in prefix else []
        )
        assert "does not condition on the prompt" in self.refusal(server)

    def test_fewer_alternatives_are_taken_when_the_server_allows_no_more(self):
        with Simulator(most=5) as server, open_reader(server) as reader:
            assert reader.server.shown == 5
            assert len(only(reader.read([Exchange(QUESTION, ANSWER)], top_k=5)).alternatives[0]) == 5
            with pytest.raises(ModelRefused, match=r"at most 5 alternatives.*wanted 6.*--max-logprobs 6"):
                reader.read([Exchange(QUESTION, ANSWER)], top_k=6)

    def test_more_alternatives_than_usual_are_had_where_the_server_allows_them(self):
        with Simulator(most=50) as server, open_reader(server) as reader:
            row = only(reader.read([Exchange(QUESTION, ANSWER)], top_k=40))
            assert len(row.alternatives[0]) == 40

    def test_a_server_without_a_tokenizer_is_refused(self, server):
        server.answer = lambda path, body, answer=server.answer: answer(
            "/nowhere" if path == "/tokenize" else path, body
        )
        words = self.refusal(server)
        assert "wanted token ids from /tokenize" in words
        assert "404" in words

    def test_a_model_it_does_not_serve_is_refused_with_those_it_does(self, server):
        server.names = ["big", "small"]
        assert "wanted model 'toy'; it serves big, small" in self.refusal(server, model="toy")
        assert "name after '#'" in self.refusal(server)

    def test_the_model_is_named_in_the_address(self, server):
        server.names = ["big", "small"]
        with CompletionsReader.open(f"{server.url}/v1#small") as reader:
            assert reader.name == "small"
        with CompletionsReader.open(f"{server.url}#small", model="big") as reader:
            assert reader.name == "big"

    def test_a_server_that_is_not_there_is_unavailable(self, server):
        server.stop()
        with pytest.raises(ModelUnavailable, match="wanted a list of models") as caught:
            open_reader(server)
        assert caught.value.retryable

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "localhost:8000",
            "ftp://localhost/v1",
            "http://",
            "http://host:port/v1",
            "http://h/v1?key=1",
            "http://[::1/v1",
        ],
    )
    def test_what_is_no_address_is_refused(self, url):
        with pytest.raises(ConfigError, match="wanted an address like"):
            CompletionsReader.open(url)

    def test_a_password_in_the_address_is_refused_and_not_repeated(self):
        with pytest.raises(ConfigError, match=KEY_VARIABLE) as caught:
            CompletionsReader.open("http://me:hunter2@localhost:8000/v1")
        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize("wrong", [{"flavour": "tgi"}, {"truncate": "right"}])
    def test_options_that_do_not_exist_are_refused(self, server, wrong):
        with pytest.raises(InputError, match=next(iter(wrong))):
            open_reader(server, **wrong)

    def test_a_negative_number_of_alternatives_is_refused(self, reader):
        with pytest.raises(InputError, match="top_k"):
            reader.read(MANY, top_k=-1)


class TestKey:
    def test_it_comes_from_the_environment(self, server, monkeypatch):
        monkeypatch.setenv(KEY_VARIABLE, "from-the-environment")
        with open_reader(server) as reader:
            assert server.headers["Authorization"] == "Bearer from-the-environment"
            assert "from-the-environment" not in repr(reader) + repr(vars(reader)) + reader.fingerprint

    def test_the_argument_wins(self, server, monkeypatch):
        monkeypatch.setenv(KEY_VARIABLE, "from-the-environment")
        with open_reader(server, api_key="from-the-argument"):
            assert server.headers["Authorization"] == "Bearer from-the-argument"

    @pytest.mark.parametrize("key", ["two words", "naïve-key", "line\nbreak"])
    def test_a_key_that_fits_no_header_is_refused_unseen(self, server, key):
        with pytest.raises(ConfigError, match="visible ASCII") as caught:
            open_reader(server, api_key=key)
        assert key not in str(caught.value)

    def test_none_is_sent_where_there_is_none(self, server, monkeypatch):
        monkeypatch.delenv(KEY_VARIABLE, raising=False)
        with open_reader(server):
            assert "Authorization" not in server.headers


class TestFingerprint:
    def test_it_is_the_same_wherever_the_same_model_is_served(self):
        prints = set()
        for _ in range(2):
            with Simulator() as server, open_reader(server) as reader:
                prints.add(reader.fingerprint)
        assert len(prints) == 1

    def test_it_changes_with_whatever_changes_the_numbers(self):
        variants: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({}, {}),
            ({"context": 500}, {}),
            ({"most": 5}, {}),
            ({"kind": "sglang"}, {}),
            ({}, {"flavour": "echo"}),
            ({}, {"truncate": "left"}),
            ({}, {"vocabulary": 5000}),
            ({"model": ToyModel(template=False)}, {}),
        ]
        prints = set()
        for how, options in variants:
            with Simulator(**how) as server, open_reader(server, **options) as reader:
                prints.add(reader.fingerprint)
        assert len(prints) == len(variants)


def test_the_reader_says_what_it_is(reader, server):
    assert repr(reader) == f"CompletionsReader({server.url!r}, model='toy', vllm)"
