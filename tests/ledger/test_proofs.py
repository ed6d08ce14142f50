import dataclasses
import json

import pytest

from foureyes.errors import InputError, LedgerTampered
from foureyes.ledger import Checkpoint, ConsistencyProof, InclusionProof
from foureyes.ledger.proofs import parse_proof
from foureyes.maths.merkle import leaf_hash, mth, path, proof
from tests.ledger.conftest import NAME

LEAVES = [leaf_hash(bytes([i])) for i in range(20)]
OLD, NEW = (Checkpoint(NAME, size, mth(LEAVES[:size])) for size in (12, 20))


def subtree(start, stop):
    return mth(LEAVES[start:stop])


def hexed(hashes):
    return tuple(digest.hex() for digest in hashes)


INCLUSION = InclusionProof(7, 20, LEAVES[7].hex(), hexed(path(7, 20, subtree)), NEW.root.hex())
CONSISTENCY = ConsistencyProof(12, 20, OLD.root.hex(), NEW.root.hex(), hexed(proof(12, 20, subtree)))


def test_proofs_that_hold_and_whose_roots_were_signed():
    INCLUSION.check([OLD, NEW])
    CONSISTENCY.check([NEW, OLD])
    assert str(INCLUSION).endswith("is entry 7 of the 20 that were signed")
    assert str(CONSISTENCY) == "the 20 entries that were signed begin with the 12 that were signed earlier"


@pytest.mark.parametrize(
    "forged",
    [
        dataclasses.replace(INCLUSION, index=8),
        dataclasses.replace(INCLUSION, entry_hash=LEAVES[8].hex()),
        dataclasses.replace(INCLUSION, path=INCLUSION.path[:-1]),
        dataclasses.replace(INCLUSION, size=12),
        InclusionProof(0, 20, LEAVES[7].hex(), (), LEAVES[7].hex()),
        dataclasses.replace(CONSISTENCY, hashes=CONSISTENCY.hashes[1:]),
        dataclasses.replace(CONSISTENCY, old_root=LEAVES[0].hex()),
        dataclasses.replace(CONSISTENCY, new_root=LEAVES[0].hex()),
        ConsistencyProof(20, 20, LEAVES[0].hex(), LEAVES[0].hex(), ()),
        ConsistencyProof(20, 12, NEW.root.hex(), OLD.root.hex(), CONSISTENCY.hashes),
    ],
)
def test_what_was_forged_proves_nothing(forged):
    with pytest.raises(LedgerTampered):
        forged.check([OLD, NEW])


def test_a_proof_that_holds_by_itself_needs_a_signed_root():
    alone = InclusionProof(0, 1, LEAVES[7].hex(), (), LEAVES[7].hex())
    assert alone.holds()
    with pytest.raises(InputError, match="checkpoint of 1 entry that you kept"):
        alone.check([OLD, NEW])
    with pytest.raises(LedgerTampered, match="another root of 1 entry than"):
        alone.check([Checkpoint(NAME, 1, LEAVES[0])])


def test_two_signed_roots_of_one_size_prove_nothing():
    with pytest.raises(LedgerTampered, match="another root"):
        INCLUSION.check([NEW, Checkpoint(NAME, 20, bytes(32))])


@pytest.mark.parametrize(("name", "one"), [("inclusion", INCLUSION), ("consistency", CONSISTENCY)])
def test_json_keeps_a_proof(name, one):
    assert parse_proof(json.dumps({name: one.to_dict(), "checkpoint": "note"})) == (one, "note")


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "[]",
        lambda _: "[" * 100_000,
        lambda fields: {"inclusion": fields["inclusion"]},
        lambda _: {"checkpoint": "note"},
        lambda fields: {**fields, "inclusion": None},
        lambda fields: {**fields, "inclusion": {**fields["inclusion"], "more": 1}},
        lambda fields: {**fields, "inclusion": {**fields["inclusion"], "index": "7"}},
        lambda fields: {**fields, "inclusion": {**fields["inclusion"], "index": True}},
        lambda fields: {**fields, "inclusion": {**fields["inclusion"], "root": "xy"}},
        lambda fields: {**fields, "inclusion": {**fields["inclusion"], "path": [1]}},
        lambda fields: {**fields, "inclusion": {**fields["inclusion"], "path": 1}},
    ],
)
def test_what_is_no_proof_is_refused(change):
    changed = change({"inclusion": INCLUSION.to_dict(), "checkpoint": "note"})
    with pytest.raises(InputError, match="not a proof"):
        parse_proof(changed if isinstance(changed, str) else json.dumps(changed))
