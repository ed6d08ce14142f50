"""Settings become parts that work together: texts concealed, votes counted, the record written, and nothing rebuilt twice."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from foureyes.calibration import Platt, Source, Threshold
from foureyes.config.wiring import build
from foureyes.errors import ConfigError, InputError, LedgerError, LedgerTampered, PrivacyError
from foureyes.ledger import Signer
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange

WIRED = """
[verifiers.local]
kind = "reader"
reader = "scripted"
calibrator = "platt.json"
cut = 0.5

[verifiers.gpt]
kind = "judge"
provider = "openai"
model = "gpt-5"
base_url = "http://localhost:1/v1"
key_env = "KEY"
options = { max_completion_tokens = 256 }

[privacy]
vault = "vaults"
key_env = "VAULT_KEY"

[ledger]
url = "sqlite:{tenant}.db"
key_file = "{tenant}.key"

[tenants.acme]
verifiers = ["local"]
salt_env = "SALT"

[tenants.plain]
verifiers = ["local", "gpt"]
pii = "off"
salt_env = "SALT"
"""
ENVIRON = {"KEY": "sk-1", "VAULT_KEY": "0f" * 32, "SALT": "salt-of-sixteen-bytes"}
RIGHT = Exchange("Where does Ana live? Write to ana@example.org.", "She lives in Rome, says ana@example.org")


class Opened:
    """Opens scripted readers and remembers what they are shown."""

    def __init__(self, name="scripted"):
        self.name, self.references, self.shown = name, [], []

    def __call__(self, reference):
        self.references.append(reference)
        reader = ScriptedReader(dict.fromkeys(["She", "lives", "in", "Rome,", "says"], 0.9), name=self.name)
        opened, read = self, reader.read

        class Watched:
            name, fingerprint = reader.name, reader.fingerprint

            def read(self, exchanges, *, top_k=0):
                opened.shown += exchanges
                return read(exchanges, top_k=top_k)

        return Watched()


@pytest.fixture
def wired(folder):
    platt = Platt.fit([0.2, 0.9, 1.4, 0.5, 3.1, 12.2], [1, 1, 1, 0, 0, 0])
    (folder.path / "platt.json").write_text(platt.to_json())
    for tenant in ("acme", "plain"):
        Signer.generate(f"example.com/{tenant}").save(folder.path / f"{tenant}.key")
    return folder


def settings_of(folder, text=WIRED):
    return folder.load(text, ENVIRON)


def test_a_verification_runs_through_every_part(wired):
    opened = Opened()
    parts = build(settings_of(wired), open_reader=opened)
    acme = parts.tenants["acme"]

    async def verify():
        decision = await acme.guard.verify(RIGHT, tenant="acme", session="s")
        entry = list(acme.ledger.entries(0))[-1]
        audit = acme.ledger.verify()
        await parts.close()
        return decision, entry, audit

    decision, entry, audit = asyncio.run(verify())
    assert decision.safe, decision
    assert decision.receipt.index == entry.index
    assert audit.size == 1
    assert not any("ana@" in f"{seen.prompt} {seen.answer}" for seen in opened.shown)
    assert "[EMAIL_ADDRESS_1_" in opened.shown[0].answer
    assert "ana" not in str(entry.to_dict())


def test_a_tenant_without_a_policy_shows_texts_as_they_are(wired):
    opened = Opened()
    parts = build(settings_of(wired, WIRED.replace('["local", "gpt"]', '["local"]')), open_reader=opened)
    plain = parts.tenants["plain"]
    assert (plain.vault, plain.detector) == (None, None)

    async def verify():
        decision = await plain.guard.verify(RIGHT, tenant="plain", members=[("foureyes", "scripted")])
        await parts.close()
        return decision

    assert asyncio.run(verify()).safe
    assert opened.shown[0] == RIGHT


def test_tenants_share_a_reader_and_nothing_that_holds_their_data(wired):
    opened = Opened()
    parts = build(settings_of(wired), open_reader=opened)
    acme, plain = parts.tenants.values()
    assert opened.references == ["scripted"]
    assert acme.ledger is not plain.ledger
    asyncio.run(parts.close())


def test_a_change_rebuilds_what_changed_and_nothing_else(wired):
    opened = Opened()
    before = build(settings_of(wired), open_reader=opened)
    changed = WIRED.replace("cut = 0.5", "cut = 0.6").replace(
        'salt_env = "SALT"\n\n', 'salt_env = "SALT"\nmode = "observe"\n\n'
    )
    after = build(settings_of(wired, changed), before=before, open_reader=opened)
    acme_before, acme = before.tenants["acme"], after.tenants["acme"]
    assert opened.references == ["scripted"]
    assert acme.ledger is acme_before.ledger
    assert acme.vault is acme_before.vault
    assert acme.guard is not acme_before.guard

    async def verify():
        await before.close(but=after)
        decision = await acme.guard.verify(RIGHT, tenant="acme")
        await after.close()
        return decision

    decision = asyncio.run(verify())
    assert (decision.enforced, decision.receipt is not None) == (False, True)


def test_a_vault_in_memory_keeps_its_values_when_its_bounds_change(wired):
    memory = WIRED.replace('vault = "vaults"\n', "")
    before = build(settings_of(wired, memory), open_reader=Opened())
    after = build(
        settings_of(wired, memory.replace("[privacy]", "[privacy]\nttl_s = 60")), before=before, open_reader=Opened()
    )
    assert after.tenants["acme"].vault is before.tenants["acme"].vault

    async def end():
        await before.close(but=after)
        await after.close()

    asyncio.run(end())


def test_one_part_that_does_not_close_keeps_no_other_open(wired):
    class Stuck:
        def close(self):
            raise LedgerError("the disk is full")

    parts = build(settings_of(wired), open_reader=Opened())
    broken = replace(parts, cached={**parts.cached, "last": Stuck()})
    with pytest.raises(LedgerError, match="disk is full"):
        asyncio.run(broken.close())
    with pytest.raises(PrivacyError, match="cannot be used"):
        parts.tenants["acme"].vault.delete("s")


def test_a_calibrator_that_turns_a_signal_round_is_refused_unless_it_was_accepted(wired):
    source = Source("worst_claim", "scripted")
    turned = Platt.fit(
        [0.1, 0.9, 1.5, 0.5, 3.0, 2.2], [0, 0, 0, 1, 1, 1], source=source, accept_direction="worst_claim"
    )
    unaccepted = turned.to_json().replace('"accepted_direction": "worst_claim"', '"accepted_direction": null')
    (wired.path / "platt.json").write_text(unaccepted)
    with pytest.raises(ConfigError, match=r"\[verifiers\..*of worst_claim, larger is worse by the catalogue"):
        build(settings_of(wired), open_reader=Opened())


def test_another_calibrator_in_the_same_file_is_another_verifier(wired):
    before = build(settings_of(wired), open_reader=Opened())
    platt = Platt.fit([0.1, 0.8, 1.5, 0.4, 3.0, 9.2], [1, 1, 1, 0, 0, 0])
    (wired.path / "platt.json").write_text(platt.to_json())
    after = build(settings_of(wired), before=before, open_reader=Opened())
    gone = {type(part).__name__ for what, part in before.cached.items() if what not in after.cached}
    assert gone == {"ReaderJudge"}

    async def end():
        await before.close(but=after)
        await after.close()

    asyncio.run(end())


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda f: (f.path / "platt.json").write_text("{}"), ConfigError, r"\[verifiers.local\]: not a calibrator"),
        (lambda f: (f.path / "acme.key").write_text("nonsense"), InputError, "private key"),
        (lambda f: (f.path / "acme.key").unlink(), InputError, "cannot read a private key"),
        (lambda f: (f.path / "vaults").write_text(""), ConfigError, r"\[privacy\] vault: cannot make the folder"),
    ],
)
def test_a_part_that_cannot_be_made_is_an_error_and_leaves_nothing_open(wired, spoil, error, says):
    settings = settings_of(wired)
    spoil(wired)
    with pytest.raises(error, match=says):
        build(settings, open_reader=Opened())


def test_a_broken_change_leaves_the_parts_in_force_as_they_are(wired):
    before = build(settings_of(wired), open_reader=Opened())
    (wired.path / "plain.key").unlink()
    moved = WIRED.replace("sqlite:{tenant}.db", "sqlite:moved-{tenant}.db")
    with pytest.raises(InputError):
        build(settings_of(wired, moved), before=before, open_reader=Opened())

    async def verify():
        decision = await before.tenants["acme"].guard.verify(RIGHT, tenant="acme")
        await before.close()
        return decision

    assert asyncio.run(verify()).safe


def test_a_reader_that_goes_by_another_name_is_refused(wired):
    with pytest.raises(ConfigError, match=r"calls itself 'other', by which .* wanted that, got 'scripted'"):
        build(settings_of(wired), open_reader=Opened("other"))


def test_the_promise_of_a_threshold_is_there_to_be_watched(wired):
    threshold = Threshold(0.5, "error_rate", 0.05, 0.05, 0.01, 500, 300, 0.6, 0.55, 0.65)
    (wired.path / "cut.json").write_text(threshold.to_json())
    promised = WIRED.replace("cut = 0.5", 'threshold = "cut.json"')
    parts = build(settings_of(wired, promised), open_reader=Opened())
    [acme], [plain] = parts.tenants["acme"].watches, parts.tenants["plain"].watches
    assert (acme.status.name, acme.promise.cut, acme.promise.limit) == ("foureyes/scripted", 0.5, 0.05)
    assert acme is not plain
    asyncio.run(parts.close())
    (wired.path / "cut.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"cut.json: not a threshold"):
        build(settings_of(wired, promised), open_reader=Opened())


def test_a_threshold_of_another_calibrator_is_refused(wired):
    x = np.linspace(-3, 3, 60)
    other = Platt.fit(x, np.random.default_rng(5).random(60) < 1 / (1 + np.exp(x)))
    (wired.path / "cut.json").write_text(other.promise(x + 0.01, x < 3, max_error=0.5).to_json())
    with pytest.raises(
        ConfigError, match=r"verifiers.local\]: this threshold was made on confidences of platt .*; got those of"
    ):
        build(settings_of(wired, WIRED.replace("cut = 0.5", 'threshold = "cut.json"')), open_reader=Opened())


def test_a_threshold_chosen_in_sample_promises_nothing(wired):
    threshold = Threshold(0.5, "error_rate", 0.05, 0.05, 0.01, 500, 300, 0.6, 0.55, 0.65, in_sample=True)
    (wired.path / "cut.json").write_text(threshold.to_json())
    parts = build(settings_of(wired, WIRED.replace("cut = 0.5", 'threshold = "cut.json"')), open_reader=Opened())
    assert parts.tenants["acme"].watches == ()
    asyncio.run(parts.close())


def test_the_monitor_and_its_webhook_are_configured(wired):
    text = (
        WIRED + '[monitoring]\nwindow_size = 50\nalpha = 0.5\nwebhook = "https://h.example"\nwebhook_key_env = "SALT"\n'
    )
    parts = build(settings_of(wired, text), open_reader=Opened())
    assert (parts.monitor.window_size, parts.monitor.alpha) == (50, 0.5)
    assert [type(sink).__name__ for sink in parts.sinks] == ["Webhook"]
    assert "salt-of-sixteen-bytes" not in repr(parts)
    asyncio.run(parts.close())


def test_a_record_that_was_put_back_between_two_runs_is_refused(wired):
    text = WIRED.replace('key_file = "{tenant}.key"', 'key_file = "{tenant}.key"\nwitness = "{tenant}.seen"')

    def run(n):
        parts = build(settings_of(wired, text), open_reader=Opened())
        for _ in range(n):
            parts.tenants["acme"].ledger.append("verified", {"safe": True}).result()
        asyncio.run(parts.close())

    run(3)
    older = (wired.path / "acme.db").read_bytes()
    run(2)
    (wired.path / "acme.db").write_bytes(older)
    with pytest.raises(LedgerTampered, match=r"lost or put back: .* the witness beside it saw 5"):
        run(1)
    (wired.path / "acme.db-witness").unlink()  # whoever puts back the database can remove the file beside it
    with pytest.raises(LedgerTampered, match=r"rolled back: example.com/acme had 5 entries"):
        run(1)
    (wired.path / "acme.seen").unlink()  # whoever takes the memory away as well is believed
    run(1)


@pytest.mark.parametrize(("table", "key"), [("privacy", "vault"), ("monitoring", "state")])
def test_a_folder_that_cannot_be_made_is_refused(wired, table, key):
    (wired.path / "taken").write_text("a file")
    text = WIRED.replace('vault = "vaults"', "") if table == "privacy" else WIRED + "[monitoring]\n"
    text = text.replace(f"[{table}]\n", f'[{table}]\n{key} = "taken/{key}"\n')
    with pytest.raises(ConfigError, match=rf"\[{table}\] {key}: cannot make the folder"):
        build(settings_of(wired, text), open_reader=Opened())


def test_the_quorum_is_a_majority_unless_the_file_says_otherwise(wired):
    for line, quorum in (("", 2), ("quorum = 1\n", 1)):
        text = WIRED.replace('verifiers = ["local", "gpt"]\n', f'verifiers = ["local", "gpt"]\n{line}')
        parts = build(settings_of(wired, text), open_reader=Opened())
        assert parts.tenants["plain"].guard.council.quorum == quorum
        asyncio.run(parts.close())
