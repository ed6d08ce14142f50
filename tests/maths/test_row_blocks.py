from pathlib import Path

import numpy as np
import pytest

from foureyes.maths.row_blocks import copy_rows, row_blocks


@pytest.mark.parametrize("rows", [None, np.array([3, 0, 40_000, 3])])
def test_blocks_join_to_the_rows_asked_for(rows):
    matrix = np.random.default_rng(0).random((50_000, 7))
    parts = list(row_blocks(matrix, rows))
    wanted = matrix if rows is None else matrix[rows]
    np.testing.assert_array_equal(np.concatenate([block for _, block in parts]), wanted)
    assert [i for where, _ in parts for i in range(where.start, where.stop)] == list(range(len(wanted)))


def test_a_block_has_about_as_many_numbers_however_wide_the_matrix():
    sizes = {k: max(block.size for _, block in row_blocks(np.zeros((400_000 // k, k)))) for k in (2, 100, 10_000)}
    assert all(100_000 <= size <= 131_072 for size in sizes.values())


@pytest.mark.parametrize(("given", "got"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("?", "f4"), ("i8", "f8")])
def test_blocks_are_at_least_single_precision(given, got):
    assert next(row_blocks(np.ones((3, 2), given)))[1].dtype == got


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_mapped_file_reads_the_same_and_keeps_what_was_written(tmp_path, mode):
    stored = np.random.default_rng(0).random((90_000, 5))
    np.save(tmp_path / "p.npy", stored)
    mapped = np.load(tmp_path / "p.npy", mmap_mode=mode)
    if mode != "r":
        stored[-1] = mapped[-1] = 0.25
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate([block for _, block in row_blocks(mapped)]), stored)


def test_a_mapped_file_does_not_stay_in_memory(tmp_path):
    status = "/proc/self/smaps_rollup"
    try:
        before = _resident(status)
    except OSError:
        pytest.skip("needs /proc of Linux")
    np.save(tmp_path / "p.npy", np.zeros((400_000, 20)))
    mapped = np.load(tmp_path / "p.npy", mmap_mode="r")
    highest = max(_resident(status) for _ in row_blocks(mapped))
    assert highest - before < mapped.nbytes / 4


def _resident(status):
    lines = Path(status).read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss:"))


def test_rows_are_gathered_in_the_order_asked_for():
    matrix = np.random.default_rng(0).random((60_000, 3)).astype("f2")
    rows = np.random.default_rng(1).integers(0, 60_000, 90_000)
    np.testing.assert_array_equal(copy_rows(matrix, rows), matrix[rows])
    assert copy_rows(matrix, rows).dtype == "f4"
