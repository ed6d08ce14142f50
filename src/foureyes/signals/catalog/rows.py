"""The rows of the catalogue: one for every signal, those of one reading first, in the order they are written and shown in."""

from __future__ import annotations

import math
from typing import Any, Final

from foureyes.signals import one_pass
from foureyes.signals.catalog.row import Need, Signal, Take
from foureyes.signals.knowing import answerless, p_ik, p_true
from foureyes.signals.worst import worst_claim

__all__ = ["ROWS"]

_CMP: Final = "Gorbett & Jana, arXiv 2603.25450"


def _of_reading(name: str, title: str, span: tuple[float, float], source: str, take: Take, **more: Any) -> Signal:
    """A row in nats per token of which larger is worse, unless ``more`` says otherwise."""
    usual: dict[str, Any] = {"unit": "nats/token", "larger_is": "worse"}
    return Signal(
        name=name,
        title=title,
        low=span[0],
        high=span[1],
        needs=("reader",),
        call="cross.score",
        readings="1",
        generations="0",
        source=source,
        take=take,
        **{**usual, **more},
    )


def _asked(
    name: str, title: str, needs: tuple[Need, ...], call: str, cost: tuple[str, str], source: str, **more: Any
) -> Signal:
    """A row with a value between 0 and 1, unless ``more`` says otherwise."""
    usual: dict[str, Any] = {"unit": "probability", "larger_is": "worse", "low": 0.0, "high": 1.0}
    return Signal(
        name=name,
        title=title,
        needs=needs,
        call=call,
        readings=cost[0],
        generations=cost[1],
        source=source,
        **{**usual, **more},
    )


_NATS: Final = {"unit": "nats", "high": math.inf}
_FROM_ZERO: Final = (0.0, math.inf)

ROWS: Final = (
    _of_reading("log_cmp", "mean surprise", _FROM_ZERO, f"{_CMP}, CMP", one_pass.log_cmp),
    _of_reading("cme", "mean entropy", _FROM_ZERO, f"{_CMP}, CME", one_pass.cme),
    _of_reading(
        "excess",
        "surprise beyond what was expected, log_cmp − cme",
        (-math.inf, math.inf),
        f"{_CMP}, CMP and CME",
        one_pass.excess,
    ),
    _of_reading("cmp", "perplexity, exp(log_cmp)", (1.0, math.inf), f"{_CMP}, CMP", one_pass.cmp, unit=""),
    _of_reading(
        "nats_per_byte",
        "surprise per byte, comparable between tokenizers",
        _FROM_ZERO,
        "CMP per byte; Gao et al. 2020, arXiv 2101.00027, §3.1 (bits per byte)",
        one_pass.nats_per_byte,
        unit="nats/byte",
    ),
    _of_reading(
        "nats_per_root_token",
        "summed surprise over √tokens: the rank for answers of unlike length",
        _FROM_ZERO,
        "Wu et al. 2016, arXiv 1609.08144, §7 (length normalisation), α = ½",
        one_pass.nats_per_root_token,
        unit="nats/√token",
    ),
    _of_reading(
        "min_logprob",
        "log-probability of the least likely token",
        (-math.inf, 0.0),
        "Manakul et al. 2023, arXiv 2303.08896, §4 (Max(−log p))",
        one_pass.min_logprob,
        unit="nats",
        larger_is="better",
    ),
    _of_reading(
        "mean_rank",
        "mean rank of the answer's tokens, 1 = always the first choice",
        (1.0, math.inf),
        "Gehrmann et al. 2019, arXiv 1906.04043 (rank of the actual token)",
        one_pass.mean_rank,
        unit="",
    ),
    _of_reading(
        "mean_token_prob",
        "mean probability of the answer's tokens",
        (0.0, 1.0),
        "CREW, arXiv 2510.13501, when taken over the final answer",
        one_pass.mean_token_prob,
        unit="probability",
        larger_is="better",
    ),
    _of_reading(
        "mean_top1_prob",
        "mean probability of the verifier's own first choices",
        (0.0, 1.0),
        "Hendrycks & Gimpel 2017, arXiv 1610.02136 (maximum softmax probability)",
        one_pass.mean_top1_prob,
        unit="probability",
        larger_is="better",
    ),
    _of_reading(
        "mean_logit",
        "mean raw logit of the answer's tokens, where the reader shows logits",
        (-math.inf, math.inf),
        "language confidence; Plaut et al. 2024, arXiv 2402.13213 (maximum logit)",
        one_pass.mean_logit,
        unit="",
        larger_is="better",
    ),
    _asked(
        "worst_claim",
        "surprise of the most surprising claim, without the words around it",
        ("reader",),
        "worst.worst_claim",
        ("1 to 2 × claims", "0"),
        f"{_CMP}, CMP of each claim by itself",
        unit="nats/token",
        high=math.inf,
        ask=worst_claim,
    ),
    _asked(
        "p_true",
        "P(True): 1 − the probability that the answer is called true",
        ("reader",),
        "knowing.p_true",
        ("1", "0"),
        "Kadavath et al. 2022, arXiv 2207.05221, §3",
        ask=p_true,
    ),
    _asked(
        "p_ik",
        "P(IK): 1 − the probability that the verifier says it knows the answer",
        ("reader",),
        "knowing.p_ik",
        ("1", "0"),
        "Kadavath et al. 2022, arXiv 2207.05221, §5",
        ask=lambda exchanges, reader: p_ik([exchange.prompt for exchange in exchanges], reader),
        control=True,
    ),
    _asked(
        "answerless",
        "P(True) with the answer withheld",
        ("reader",),
        "knowing.answerless",
        ("1", "0"),
        "Xiao et al. 2025, arXiv 2509.24988",
        ask=lambda exchanges, reader: answerless([exchange.prompt for exchange in exchanges], reader),
        control=True,
    ),
    _asked(
        "relative_confidence",
        "minus the strength among the rows of the same call, compared in pairs",
        ("reader",),
        "relative.relative_confidence",
        ("2 × rounds", "0"),
        "Shrivastava, Kumar & Liang 2025, arXiv 2502.01126",
        unit="log-odds",
        low=-math.inf,
        high=math.inf,
    ),
    _asked(
        "p_option",
        "1 − the share of the chosen option among the options",
        ("reader", "options"),
        "choice.option_distributions",
        ("1", "0"),
        f"{_CMP}: for a one-token answer CMP ranks as this does",
    ),
    _asked(
        "option_entropy",
        "entropy over the options, whatever the answer",
        ("reader", "options"),
        "choice.option_distributions",
        ("1", "0"),
        f"{_CMP}, CME of a one-token answer",
        control=True,
        **_NATS,
    ),
    _asked(
        "v_agree",
        "V-Agree: 1 where the verifier's own answer differs",
        ("writer",),
        "agree.v_agree",
        ("0", "1"),
        f"{_CMP}, the agreement baseline",
        unit="",
    ),
    _asked(
        "verbalised",
        "1 − the confidence that the model states",
        ("writer",),
        "verbal.verbalised",
        ("0", "1"),
        "Xiong et al. 2024, arXiv 2306.13063; Tian et al. 2023, arXiv 2305.14975",
    ),
    _asked(
        "self_consistency",
        "share of the samples that say otherwise",
        ("samples",),
        "samples.self_consistency",
        ("0", "M"),
        "Wang et al. 2023, arXiv 2203.11171",
    ),
    _asked(
        "semantic_entropy",
        "entropy over the meanings of the samples, each counting the same",
        ("samples", "entailment"),
        "meaning.meanings",
        ("at most M (M − 1)", "M"),
        "Farquhar et al. 2024, Nature 630 (discrete)",
        **_NATS,
    ),
    _asked(
        "semantic_entropy_weighted",
        "entropy over the meanings of the samples, weighted by their probability",
        ("samples", "entailment"),
        "meaning.meanings",
        ("at most M (M − 1)", "M"),
        "Farquhar et al. 2024, Nature 630; Kuhn, Gal & Farquhar 2023, arXiv 2302.09664",
        **_NATS,
    ),
    _asked(
        "similarity_gap",
        "how much more a model's samples are like each other than like another model's",
        ("samples",),
        "similarity.similarities",
        ("0", "2 M"),
        "Hamidieh et al. 2026, arXiv 2604.17112 (epistemic)",
        unit="",
        low=-1.0,
    ),
    _asked(
        "similarity_total",
        "1 − how alike a model's samples are to another model's",
        ("samples",),
        "similarity.similarities",
        ("0", "2 M"),
        "Hamidieh et al. 2026, arXiv 2604.17112 (total)",
        unit="",
    ),
    _asked(
        "unsupported_words",
        "share of the answer's words that a sample lacks",
        ("samples",),
        "overlap.unsupported_words",
        ("0", "M"),
        "Manakul et al. 2023, arXiv 2303.08896 (support by samples), here on words",
        unit="",
    ),
    _asked(
        "sample_gain",
        "how much likelier one sample makes another, whatever the answer",
        ("reader", "samples"),
        "sample_gain.sample_gain",
        ("2 × ⌊M/2⌋", "M"),
        "Johnson et al. 2024, arXiv 2402.08733",
        unit="nats/token",
        low=-math.inf,
        high=math.inf,
        control=True,
    ),
    _asked(
        "log_g_ppl",
        "the generator's own mean surprise",
        ("generator",),
        "within.own_signals",
        ("0", "0"),
        f"{_CMP}, G-PPL",
        unit="nats/token",
        high=math.inf,
    ),
    _asked(
        "g_ppl",
        "the generator's perplexity of its own answer, exp(log_g_ppl)",
        ("generator",),
        "within.own_signals",
        ("0", "0"),
        f"{_CMP}, G-PPL",
        unit="",
        low=1.0,
        high=math.inf,
    ),
    _asked(
        "g_ent",
        "the generator's own mean entropy",
        ("generator",),
        "within.own_signals",
        ("0", "0"),
        f"{_CMP}, G-Ent",
        unit="nats/token",
        high=math.inf,
    ),
    _asked(
        "cross_entropy",
        "the verifier's expected surprise at what the generator might have written",
        ("reader", "generator"),
        "divergence.cross_entropy",
        ("2", "0"),
        "Cover & Thomas, Elements of Information Theory, §2.3",
        unit="nats/token",
        high=math.inf,
    ),
    _asked(
        "learned_correctness",
        "1 − P(correct), learnt from past answers: words of question and answer, and signals",
        ("labels",),
        "history.cross_fitted",
        ("0", "0"),
        "Xiao et al. 2025, arXiv 2509.24988",
    ),
    _asked(
        "wording",
        "1 − P(correct), learnt from the words of question and answer alone",
        ("labels",),
        "history.cross_fitted",
        ("0", "0"),
        "Xiao et al. 2025, arXiv 2509.24988",
    ),
    _asked(
        "difficulty",
        "1 − P(correct), learnt from the words of the question alone",
        ("labels",),
        "history.cross_fitted",
        ("0", "0"),
        "Xiao et al. 2025, arXiv 2509.24988 (answerless control)",
        control=True,
    ),
)
