"""Calls of cleanlab, and what they return: of cleanlab itself or of what stands in its place.

``python cleanlab_cases.py cleanlab FIRST LAST`` prints a JSON list with an object for every seed, name of a call → answer;
it needs cleanlab and nothing of ours, so that it runs in a virtual environment of its own. With ``--plain`` no two rows are
alike, so that the answers are the same on every processor.
"""

import importlib
import json
import sys
import warnings

import numpy as np

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def single(rng, *, plain):
    """Labels and probabilities: ties, duplicates, single precision, classes without a row and with a few."""
    n_classes, n = int(rng.integers(2, 7)), int(rng.integers(4, 25 if plain else 90))
    probs = rng.dirichlet(np.ones(n_classes) * rng.choice([0.3, 1, 3]), n)
    if not plain:
        kind = rng.integers(4)
        if kind == 1:
            probs = rng.multinomial(int(rng.choice([2, 4, 10])), np.ones(n_classes) / n_classes, n).astype(float)
            probs /= probs.sum(axis=1, keepdims=True)
        elif kind == 2:
            probs = probs[rng.integers(0, max(1, n // 3), n)]
        if rng.random() < 0.3:
            probs = probs.astype(np.float32)
    used = rng.choice(n_classes, int(rng.integers(2, n_classes + 1)), replace=False)
    labels = np.where(rng.random(n) < 0.4, rng.choice(used, n), probs.argmax(axis=1))
    labels[:2] = used[:2]
    return labels.astype(int), probs


def several(rng, *, plain):
    """Lists of labels and probabilities."""
    n_classes, n = int(rng.integers(2, 6)), int(rng.integers(4, 20 if plain else 60))
    probs = rng.random((n, n_classes))
    if not plain and rng.random() < 0.5:
        probs = rng.integers(0, 5, (n, n_classes)) / 4
    carried = np.where(rng.random((n, n_classes)) < 0.3, rng.random((n, n_classes)) < 0.5, probs > 0.5)
    carried[0], carried[1] = True, False
    carried[0, 0] = False
    return [np.flatnonzero(row).tolist() for row in carried], probs


def options(rng, n_classes, filter_by, shape):
    """Some arguments of find_label_issues."""
    chosen = {}
    if rng.random() < 0.5 and filter_by in FILTERS[:3]:
        chosen["frac_noise"] = float(rng.choice([0, 0.1, 0.3, 0.5, 0.7, 0.9]))
    if rng.random() < 0.5:
        chosen["min_examples_per_class"] = int(rng.choice([0, 1, 2, 5, 20]))
    if rng.random() < 0.5 and filter_by in FILTERS[:3]:
        chosen["num_to_remove_per_class"] = rng.integers(0, 10, n_classes).tolist()
    if rng.random() < 0.5 and filter_by != "confident_learning":
        chosen["confident_joint"] = rng.integers(0, 9, shape) + np.eye(shape[-1], dtype=int) * int(rng.integers(1, 9))
    if rng.random() < 0.5:
        chosen["return_indices_ranked_by"] = str(rng.choice(SCORES[:2]))
        chosen["rank_by_kwargs"] = {"adjust_pred_probs": bool(rng.random() < 0.5)}
    return chosen


def calls(root, seed, *, plain):
    """(name, call) of everything that is asked for one seed."""
    of = {
        name: importlib.import_module(f"{root}.{name}")
        for name in ("filter", "rank", "count", "multilabel_classification.filter", "multilabel_classification.rank")
    }
    rng = np.random.default_rng(seed)
    labels, probs = single(rng, plain=plain)
    yield from single_calls(of["filter"], of["rank"], of["count"], labels, probs, rng)
    many, each = several(rng, plain=plain)
    lists = of["multilabel_classification.filter"], of["multilabel_classification.rank"]
    yield from several_calls(*lists, of["filter"], of["count"], many, each, rng)


def single_calls(find, rank, count, labels, probs, rng):
    n_classes = probs.shape[1]
    for by in FILTERS:
        yield f"find {by}", lambda by=by: find.find_label_issues(labels, probs, filter_by=by, n_jobs=1)
        some = options(rng, n_classes, by, (n_classes, n_classes))
        yield (
            f"find {by} {sorted(some)}",
            lambda by=by, some=some: find.find_label_issues(labels, probs, filter_by=by, n_jobs=1, **some),
        )
    yield "neq", lambda: find.find_predicted_neq_given(labels, probs)
    for calibrate in (True, False):
        yield (
            f"argmax {calibrate}",
            lambda c=calibrate: find.find_label_issues_using_argmax_confusion_matrix(labels, probs, calibrate=c),
        )
        yield (
            f"joint {calibrate}",
            lambda c=calibrate: count.compute_confident_joint(
                labels, probs, calibrate=c, return_indices_of_off_diagonals=True
            ),
        )
    yield "joint at .4", lambda: count.compute_confident_joint(labels, probs, thresholds=[0.4] * n_classes)
    joint = rng.integers(0, 9, (n_classes, n_classes)) + np.eye(n_classes, dtype=int)
    yield "shares", lambda: count.estimate_joint(labels, probs)
    yield "shares of a joint", lambda: count.estimate_joint(labels, probs, confident_joint=joint)
    yield "calibrated", lambda: count.calibrate_confident_joint(joint, labels)
    yield "thresholds", lambda: count.get_confident_thresholds(labels, probs)
    for way in ("off_diagonal", "off_diagonal_calibrated"):
        yield f"number {way}", lambda way=way: count.num_label_issues(labels, probs, estimation_method=way)
    yield (
        "number custom",
        lambda: count.num_label_issues(labels, probs, confident_joint=joint, estimation_method="off_diagonal_custom"),
    )
    for way in ("cnt", "eqn", "marginal", "marginal_ps"):
        for settled in (False,) if way == "eqn" else (True, False):  # made consistent, its last bits grow
            yield (
                f"latent {way} {settled}",
                lambda w=way, c=settled: count.estimate_latent(joint, labels, py_method=w, converge_latent_estimates=c),
            )
    yield "noise", lambda: count.estimate_py_and_noise_matrices_from_probabilities(labels, probs)
    mask = rng.random(len(labels)) < 0.5
    for score in SCORES:
        yield f"score {score}", lambda s=score: rank.get_label_quality_scores(labels, probs, method=s)
        yield f"plain {score}", lambda s=score: getattr(rank, f"get_{s}_for_each_label")(labels, probs)
    for score in SCORES[:2]:
        yield (
            f"adjusted {score}",
            lambda s=score: rank.get_label_quality_scores(labels, probs, method=s, adjust_pred_probs=True),
        )
        yield f"order {score}", lambda s=score: rank.order_label_issues(mask, labels, probs, rank_by=s)
    other = rng.dirichlet(np.ones(n_classes), len(labels))
    for way in ("uniform", "accuracy", "log_loss_search", "custom"):
        weights = rng.random(2) if way == "custom" else None
        yield (
            f"ensemble {way}",
            lambda way=way, w=weights: rank.get_label_quality_ensemble_scores(
                labels, [probs, other], weight_ensemble_members_by=way, custom_weights=w, verbose=False
            ),
        )


def several_calls(find, rank, old, count, labels, probs, rng):
    n_classes = probs.shape[1]
    for by in FILTERS:
        yield f"lists {by}", lambda by=by: find.find_label_issues(labels, probs, filter_by=by, n_jobs=1)
        some = options(rng, n_classes, by, (n_classes, 2, 2))
        if not by.startswith("low"):  # cleanlab's own order of these is no order by its score
            yield (
                f"lists {by} {sorted(some)}",
                lambda by=by, some=some: find.find_label_issues(labels, probs, filter_by=by, n_jobs=1, **some),
            )
            yield (
                f"old lists {by}",
                lambda by=by, some=some: old.find_label_issues(
                    labels, probs, filter_by=by, n_jobs=1, multi_label=True, **some
                ),
            )
        yield (
            f"each {by} {sorted(some)}",
            lambda by=by, some=some: find.find_multilabel_issues_per_class(
                labels, probs, filter_by=by, n_jobs=1, **some
            ),
        )
    yield "lists neq", lambda: old.find_predicted_neq_given(labels, probs, multi_label=True)
    yield "lists thresholds", lambda: count.get_confident_thresholds(labels, probs, multi_label=True)
    for calibrate in (True, False):
        yield (
            f"lists joint {calibrate}",
            lambda c=calibrate: count.compute_confident_joint(
                labels, probs, calibrate=c, multi_label=True, return_indices_of_off_diagonals=True
            ),
        )
    yield "lists shares", lambda: count.estimate_joint(labels, probs, multi_label=True)
    yield "lists number", lambda: count.num_label_issues(labels, probs, multi_label=True)
    ways = (None, {"method": "softmin"}, {"method": "softmin", "temperature": 0.3}, {"alpha": 0.3}, {"alpha": None})
    for score in SCORES:
        yield f"lists plain {score}", lambda s=score: rank.get_label_quality_scores_per_class(labels, probs, method=s)
        for way in ways[1:]:
            chosen = {"method": "exponential_moving_average", **way}
            yield (
                f"lists score {score} {chosen}",
                lambda s=score, w=chosen: rank.get_label_quality_scores(labels, probs, method=s, aggregator_kwargs=w),
            )
        yield (
            f"lists score {score}",
            lambda s=score: rank.get_label_quality_scores(labels, probs, method=s, adjust_pred_probs=s != SCORES[2]),
        )


def answers(root, seed, *, plain):
    """Name of every call → what it returned, in lists and numbers; ``"raises …"`` where it raised."""
    found = {}
    for name, call in calls(root, seed, plain=plain):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found[name] = listed(call())
            except Exception as error:  # noqa: BLE001 - of another library
                found[name] = f"raises {type(error).__name__}"
    return found


def listed(value):
    if isinstance(value, tuple | list):
        return [listed(part) for part in value]
    return np.asarray(value).tolist()


if __name__ == "__main__":
    asked = range(int(sys.argv[2]), int(sys.argv[3]))
    json.dump([answers(sys.argv[1], seed, plain="--plain" in sys.argv) for seed in asked], sys.stdout)
