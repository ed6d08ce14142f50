"""CIFAR-10 networks: temperature scaling, cascades from a weak to a strong network, and of about equal ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from studies.know_when.cascades import ORDERS, Cascade, CascadePair, cascade, same_size
from studies.know_when.intervals import Floats, Rows, figure_over_rows, halves, mean_over_rows
from studies.know_when.published_data import PublishedData
from studies.know_when.values import NO_FIGURE, Cell, Figure, FigureTable, PaperClaim, Question, RunSettings, StudyPart

__all__ = ["Network", "networks", "study"]

FILES = {
    "LeNet-5": "cifar10_probs_netcal/lenet-5-cifar-10.npz",
    "WRN-16-4": "cifar10_probs_netcal/wideresnet-16-4-cifar-10.npz",
    "VGG16": "cifar10_probs_vgg16_verifiedcal/vgg16_cifar10_probs.npz",
}
Pairs: TypeAlias = dict[str, tuple[CascadePair, CascadePair]]

SAME = 0.03  # two networks within three points of accuracy count as equally good


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """One network's probabilities of the 10 000 test images, and whether its top class is right."""

    name: str
    probs: Floats
    right: NDArray[np.bool_]

    @property
    def stated(self) -> Floats:
        """(N,) the uncalibrated confidence."""
        confidence: Floats = self.probs.max(axis=1)
        return confidence


def networks(store: PublishedData) -> tuple[NDArray[np.intp], list[Network]]:
    """Labels of the test images and the networks, the weakest first."""
    found = []
    for name, file in FILES.items():
        data = store.arrays(file)
        labels, probs = data["ground_truth"], data["predictions"].astype(np.float64)
        probs /= probs.sum(axis=1, keepdims=True)
        found.append(Network(name, probs, probs.argmax(axis=1) == labels))
    return labels.astype(np.intp), found


def study(store: PublishedData, plan: RunSettings) -> StudyPart:
    """Fits on 5 000 images, judges on the other 5 000."""
    labels, nets = networks(store)
    fit, test = halves(len(labels), plan.seed)
    warm = [fe.Temperature.fit(net.probs[fit], labels[fit], scale="probabilities") for net in nets]
    cooled = [scaled.confidence(net.probs) for net, scaled in zip(nets, warm, strict=True)]
    rows = [_calibrated(net, scaled, cool, test) for net, scaled, cool in zip(nets, warm, cooled, strict=True)]
    pairs: Pairs = {}
    for i, j in combinations(range(len(nets)), 2):
        pair = CascadePair((nets[i].stated, nets[j].stated), (cooled[i], cooled[j]), (nets[i].right, nets[j].right))
        pairs[f"{nets[i].name} → {nets[j].name}"] = pair.take(fit), pair.take(test)
    return StudyPart(
        title="CIFAR-10 networks",
        claims=_claims(nets, cooled, pairs, plan),
        tables=(
            FigureTable(
                "Calibration by one temperature, other half",
                ("network", "accuracy", "temperature", "ECE before", "ECE after", "after, by chance"),
                rows,
            ),
            _areas(pairs, plan),
            _equals(pairs, plan),
        ),
        notes=(
            (
                "Three networks only: LeNet-5 → WRN-16-4 and LeNet-5 → VGG16 are "
                "the cascades with a real gap, WRN-16-4 → VGG16 the pair of about equal ones."
            ),
        ),
    )


def _calibrated(net: Network, scaled: fe.Temperature, cooled: Floats, test: Rows) -> tuple[Cell, ...]:
    before, after = fe.ece(net.stated[test], net.right[test]), fe.ece(cooled[test], net.right[test])
    errors = [Figure(error.value, error.low, error.high, error.n, "rows") for error in (before, after)]
    return net.name, float(net.right[test].mean()), scaled.temperature, errors[0], errors[1], after.chance


def _errors(nets: list[Network], cooled: list[Floats], test: Rows) -> str:
    """Mean ECE before and after."""
    judged = list(zip(nets, cooled, strict=True))
    before = np.mean([fe.ece(net.stated[test], net.right[test]).value for net, _ in judged])
    after = np.mean([fe.ece(cool[test], net.right[test]).value for net, cool in judged])
    return f"mean ECE {before:.4f} → {after:.4f}"


def _areas_before_and_after(done: Cascade, judged: CascadePair) -> str:
    if judged.gap <= 0:
        return "no gap"
    return f"APGR {done.area('uncalibrated'):.4f} → {done.area('calibrated'):.4f}"


def _brier_saved(net: Network, cooled: Floats, test: Rows) -> Floats:
    right = net.right[test]
    saved: Floats = (net.stated[test] - right) ** 2 - (cooled[test] - right) ** 2
    return saved


def _areas(pairs: Pairs, plan: RunSettings) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for name, (fit, test) in pairs.items():
        done = cascade(fit, test, plan.bins)
        areas = [figure_over_rows(partial(done.gained, order), done.n, **plan.bootstrap) for order in ORDERS]
        known = [done.area(order) if test.gap > 0 else "no gap" for order in ("calibrated", "oracle")]
        rows.append((name, test.gap, *areas, *known, done.reversed_bins))
    columns = ("small → large", "gap", *ORDERS, "APGR calibrated", "APGR oracle", "reversed pairs of bins")
    return FigureTable("Cascades, other half: mean accuracy above a random router's", columns, rows)


def _equals(pairs: Pairs, plan: RunSettings) -> FigureTable:
    rows: list[tuple[Cell, ...]] = [
        (name, float(test.right[0].mean()), float(test.right[1].mean()), _gain(fit, test, plan))
        for name, (fit, test) in pairs.items()
        if abs(fit.gap) <= SAME
    ]
    columns = ("pair", "accuracy of the first", "of the second", "the cascade over the better one")
    return FigureTable(
        "About equal networks: the second answers where its calibrated advantage is above zero", columns, rows
    )


def _gain(fit: CascadePair, test: CascadePair, plan: RunSettings) -> Figure:
    return mean_over_rows(same_size(fit, test, plan.bins), **plan.bootstrap)


def _claims(nets: list[Network], cooled: list[Floats], pairs: Pairs, plan: RunSettings) -> list[PaperClaim]:
    test = halves(len(cooled[0]), plan.seed)[1]
    saved = np.mean([_brier_saved(net, cool, test) for net, cool in zip(nets, cooled, strict=True)], axis=0)
    claims = [
        PaperClaim(
            Question.TRANSFER,
            "Calibration helps on unseen images of the same kind",
            "ImageNet, EVA02-L: ECE .2624 → .0296",
            mean_over_rows(saved, **plan.bootstrap),
            f"Brier score saved, mean of {len(nets)} networks",
            in_paper_terms=_errors(nets, cooled, test),
        )
    ]
    for name, (fit, judged) in pairs.items():
        done = cascade(fit, judged, plan.bins)
        ahead = figure_over_rows(done.ahead("calibrated", "uncalibrated"), done.n, **plan.bootstrap)
        says = f"A calibrated cascade beats an uncalibrated one: {name}"
        claims.append(
            PaperClaim(
                Question.CALIBRATED,
                says,
                "ImageNet APGR .7984 with calibration",
                ahead,
                "mean accuracy, difference",
                in_paper_terms=_areas_before_and_after(done, judged),
            )
        )
        if abs(fit.gap) <= SAME:
            says = f"A cascade of two about equal networks beats both: {name}"
            claims.append(
                PaperClaim(
                    Question.SAME_SIZE,
                    says,
                    NO_FIGURE,
                    _gain(fit, judged, plan),
                    "accuracy over the better one",
                    "one pair",
                )
            )
    return claims
