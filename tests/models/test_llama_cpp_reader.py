"""GGUF files read as they are: the numbers of the dequantised weights, typed markers as text, broken files by name."""

import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models import open_reader, open_writer
from foureyes.models.llama_cpp import LlamaCppReader, library
from foureyes.models.llama_cpp.decoding import MOST_STREAMS
from foureyes.models.llama_cpp.model import LlamaModel
from foureyes.models.llama_cpp.statistics import statistics_of
from foureyes.models.llama_cpp.tokens import LlamaTokens
from foureyes.models.transformers import TransformersReader
from foureyes.models.transformers.formatting import Formatter
from foureyes.models.weights.convert import convert
from foureyes.testing.samples import EXCHANGES, PAYMENT
from foureyes.types import Exchange, Message, Unscored
from tests.models.tiny_weights import write_gguf

TYPED = Exchange("the <|im_end|>\n<|im_start|>", "the<|im_end|> the <|endoftext|>漢é😀")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A GGUF file whose weights are of float32, and the folder that it becomes, which holds the same numbers."""
    folder = tmp_path_factory.mktemp("gguf")
    file = write_gguf(folder / "m.gguf", context=2048, kind=GGMLQuantizationType.F32)
    convert(file, folder / "converted")
    return file, folder / "converted"


@pytest.fixture(scope="module")
def reader(files):
    return LlamaCppReader.load(files[0], threads=1)


@pytest.fixture(scope="module")
def peer(files):
    return TransformersReader.load(files[1], dtype="float32")


def test_numbers_are_those_of_the_same_weights_in_torch(reader, peer):
    exchanges = [*EXCHANGES, TYPED, Exchange("the " * 300, "the theory")]
    for one, other in zip(reader.read(exchanges, top_k=3), peer.read(exchanges, top_k=3), strict=True):
        assert np.array_equal(one.token_ids, other.token_ids)
        assert np.array_equal(one.spans, other.spans)
        assert one.n_prompt_tokens == other.n_prompt_tokens
        for name in ("nll", "entropy_low", "top1", "logit"):  # llama.cpp keeps keys and values in 16 bits
            furthest = np.abs(getattr(one, name) - getattr(other, name)).max()
            assert furthest < 0.01, (name, furthest)


def test_typed_markers_are_text_and_the_templates_are_control_tokens(reader, peer):
    tokens = LlamaTokens(LlamaModel(reader._model.path, "m"))
    marks = [tokens.ids[text] for text in ("<|im_start|>", "<|im_end|>", "<|endoftext|>")]
    (item,) = reader._format.items([TYPED])
    assert not np.isin(item.answer_ids, marks).any()
    assert np.isin(item.prompt_ids, marks).sum() == 2
    assert "".join(TYPED.answer.encode()[a:b].decode() for a, b in np.unique(item.spans, axis=0)) == TYPED.answer


def test_tokens_are_those_of_the_converted_tokenizer(reader, peer):
    mine, theirs = reader._format, Formatter(peer._loaded.tokenizer, limit=2048)
    turns = (Message("user", "the\n\n  10"), Message("assistant", "the"), Message("user", "2024 ﬁ"))
    for exchange in (*EXCHANGES, PAYMENT, TYPED, Exchange(turns, " the theory\t")):
        (one,), (other,) = mine.items([exchange]), theirs.items([exchange])
        assert np.array_equal(one.fed, other.fed)
        assert np.array_equal(one.spans, other.spans)


def test_more_answers_to_one_prompt_than_streams_are_read_alike(reader):
    prompt = "the theory of the thing " * 8
    exchanges = [Exchange(prompt, f"the answer {i}") for i in range(2 * MOST_STREAMS + 3)]
    for exchange, row in zip(exchanges, reader.read(exchanges), strict=True):
        (alone,) = reader.read([exchange])
        assert np.allclose(row.nll, alone.nll, atol=1e-4)


def test_a_row_longer_than_the_files_context_is_unscored_and_a_long_one_is_read(reader):
    long, over = reader.read([Exchange("the " * 900, "the"), Exchange("the " * 3000, "the")])
    assert long.n_prompt_tokens > 900
    assert isinstance(over, Unscored)
    assert (over.reason, over.limit) == ("context", 2048)


def test_statistics_are_those_of_whole_distributions():
    logits = np.random.default_rng(0).normal(0, 3, (3, 70_001)).astype(np.float32)
    logits[1, 5] = -np.inf
    tokens = np.array([7, 69_999, 0, 3])
    rows = np.array([0, 1, 1, 2])
    found = statistics_of(logits, rows, tokens, top_k=2)
    p = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    assert np.allclose(found.nll, -np.log(p[rows, tokens]), atol=1e-6)
    terms = np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0)
    assert np.allclose(found.entropy, -terms.sum(1)[rows], atol=1e-5)
    assert np.allclose(found.top1, p.max(1)[rows], rtol=1e-6)
    assert found.rank.tolist() == [1 + int((p[r] > p[r, t]).sum()) for r, t in zip(rows, tokens, strict=True)]
    assert np.array_equal(found.top_ids, np.argsort(-p, axis=1)[rows, :2])


def broken_files(tmp_path, whole):
    """Files that are no models, by what is said of them."""
    empty = GGUFWriter(tmp_path / "vocabulary.gguf", "llama")
    empty.add_token_list(["a", "b"])
    empty.write_header_to_file()
    empty.write_kv_data_to_file()
    empty.close()
    write_gguf(tmp_path / "unknown.gguf", architecture="llama9")
    write_gguf(tmp_path / "other.gguf", pre="no-such-kind")
    made = {
        "does not begin with GGUF": b"GGML" + whole[4:],
        "version 9": whole[:4] + struct.pack("<I", 9) + whole[8:],
        "ends or breaks within its GGUF header": whole[:400],
        "is cut short": whole[: len(whole) // 2],
        f"is cut short: {len(whole) - 1} bytes; wanted {len(whole)}": whole[:-1],
        "no model has more": whole[:8] + struct.pack("<Q", 1 << 40) + whole[16:],
        "a vocabulary and no weights": (tmp_path / "vocabulary.gguf").read_bytes(),
        "llama9": (tmp_path / "unknown.gguf").read_bytes(),
        "no-such-kind": (tmp_path / "other.gguf").read_bytes(),
    }
    return {said: content for said, content in made.items() if content}


def test_broken_files_are_refused_by_name(tmp_path):
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    for said, content in broken_files(tmp_path, whole).items():
        file = tmp_path / "broken.gguf"
        file.write_bytes(content)
        with pytest.raises(ModelUnavailable, match=said):
            LlamaCppReader.load(file)


def changed(whole, key, kind, value):
    """The file with another number behind a key."""
    at = whole.index(key.encode()) + len(key) + 4
    return whole[:at] + struct.pack(kind, value) + whole[at + struct.calcsize(kind) :]


@pytest.mark.parametrize(
    ("key", "kind", "value", "said"),
    [
        ("llama.block_count", "<I", 65536, "GGML_ASSERT"),
        ("llama.attention.layer_norm_rms_epsilon", "<f", -1.0, "GGML_ASSERT"),
        ("llama.context_length", "<I", 2**32 - 1, "a context of -1 tokens"),
    ],
)
def test_a_whole_file_that_ends_llama_cpp_is_refused_and_this_process_lives(tmp_path, key, kind, value, said):
    file = write_gguf(tmp_path / "whole.gguf")
    file.write_bytes(changed(file.read_bytes(), key, kind, value))
    with pytest.raises(ModelUnavailable, match=said):
        LlamaCppReader.load(file)


def test_templates_that_make_nothing_or_are_endless_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.models.tiny_weights.TEMPLATE", "{# #}")
    (found,) = LlamaCppReader.load(write_gguf(tmp_path / "empty.gguf")).read([Exchange("the", "the")])
    assert isinstance(found, Unscored)
    assert found.reason == "empty_prompt"
    monkeypatch.setattr("tests.models.tiny_weights.TEMPLATE", "{# #}" * 60_000)
    with pytest.raises(ConfigError, match="chat templates have 300,000 characters"):
        LlamaCppReader.load(write_gguf(tmp_path / "long.gguf"))


def test_a_library_of_another_version_is_refused(monkeypatch):
    monkeypatch.setattr(library, "version", lambda _name: "2031.1.1")
    library.open_library.cache_clear()
    with pytest.raises(ConfigError, match=r"xllamacpp 2031.1.1 is installed; .*pip install 'xllamacpp=="):
        library.open_library()
    library.open_library.cache_clear()


def test_a_library_with_other_defaults_is_refused(monkeypatch):
    monkeypatch.setattr(library, "_DEFAULT_CONTEXT", {**library._DEFAULT_CONTEXT, "n_ubatch": 1024})
    with pytest.raises(ConfigError, match=r"other parameters .*n_ubatch"):
        library.open_library().context_params()


def test_a_path_opens_it_and_options_of_others_are_refused(files, reader, tmp_path, monkeypatch):
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path))
    opened = open_reader(str(files[0]))
    assert isinstance(opened, LlamaCppReader)
    assert (opened.name, opened.fingerprint) == ("m", reader.fingerprint)
    with pytest.raises(ConfigError, match="leave out dtype"):
        open_reader(str(files[0]), dtype="float32")
    with pytest.raises(ConfigError, match="gguf:"):
        open_writer(str(files[0]))


def test_the_command_line_reads_where_nothing_else_is_installed(files, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"prompt": "the", "answer": "the theory"}\n')
    absent = (
        "torch",
        "transformers",
        "tokenizers",
        "gguf",
        "safetensors",
        "huggingface_hub",
        "httptools",
        "pyarrow",
    )
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({absent!r}))\n"
        "from foureyes.cli import main\n"
        f"sys.argv = ['foureyes', 'score', 'in.jsonl', '-o', 'out.jsonl', '--json', '--verifier', {str(files[0])!r}]\n"
        "sys.exit(main())\n"
    )
    environment = {**os.environ, "FOUREYES_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.jsonl").read_text())["foureyes"]["m"]["log_cmp"] > 0
    assert "llama" not in done.stderr, "llama.cpp's own log stays off the terminal"
