"""From TOML and environment to settings; or every mistake at once, and no secret in any of them."""

from pathlib import Path

import pytest

from foureyes.config import JudgeVerifier, RateLimit, ReaderVerifier, Settings, load, needs_restart
from foureyes.config.load import load_with_files
from foureyes.errors import ConfigError
from tests.config.whole import ENVIRON, HASH, WHOLE

ONE = """
[verifiers.v]
kind = "judge"
model = "m"
base_url = "http://localhost:8000/v1"
[tenants.t]
"""


def test_a_whole_file_is_read(folder):
    settings = folder.load(WHOLE)
    assert (settings.server.host, settings.server.port, settings.server.max_in_flight) == ("10.0.0.1", 9000, 64)
    assert settings.privacy.vault == folder.path / "vaults"
    assert settings.privacy.key.reveal() == "0f" * 32
    assert (settings.monitoring.monitor.alpha, settings.monitoring.monitor.window_size) == (0.001, 1000)
    assert settings.monitoring.state == folder.path / "state"
    assert settings.telemetry.endpoint == "http://localhost:4318/v1/traces"
    acme, other = settings.tenants["acme"], settings.tenants["other"]
    assert [verifier.name for verifier in acme.verifiers] == ["gpt", "local"]
    assert (acme.quorum, acme.timing.deadline_s, acme.timing.record_s, acme.mode) == (2, 8.0, 2.0, "enforce")
    assert acme.rate == RateLimit(requests_per_minute=600.0, burst=20, requests_per_day=100_000)
    assert (acme.pii, acme.countries, acme.phone_regions) == ("names", ("de", "us"), ("fr",))
    assert [verifier.name for verifier in other.verifiers] == ["gpt", "claude", "local"]
    assert (other.mode, other.pii, other.rate.requests_per_day) == ("observe", "off", None)


def test_verifiers_are_what_the_file_says(folder):
    gpt, claude, local = folder.load(WHOLE).tenants["other"].verifiers
    assert isinstance(gpt, JudgeVerifier)
    assert (gpt.provider, gpt.model, gpt.weight, gpt.api, gpt.form) == ("openai", "gpt-5", 2.0, "openai", "schema")
    assert gpt.key.reveal() == "sk-openai-secret"
    assert (claude.provider, claude.base_url) == ("anthropic", None)
    assert isinstance(local, ReaderVerifier)
    assert (local.provider, local.model, local.cut, local.threshold) == ("foureyes", "gemma3-270m", 0.8, None)
    assert local.calibrator == folder.path / "platt.json"


def test_every_tenant_has_a_ledger_of_its_own(folder):
    acme, other = folder.load(WHOLE).tenants.values()
    assert acme.ledger.url.reveal() == f"sqlite:{folder.path}/ledgers/acme.db"
    assert acme.ledger.key_file == folder.path / "keys" / "acme.key"
    assert other.ledger.url.reveal() == f"sqlite:{folder.path}/ledgers/other.db"
    assert other.ledger.witness == folder.path / "elsewhere" / "other.checkpoint"


def test_the_keyring_knows_every_tenants_keys(folder):
    keys = folder.load(WHOLE).keyring.keys
    assert [(key.tenant, key.id, key.sha256) for key in keys] == [("acme", "old", HASH), ("acme", "new", HASH[::-1])]
    assert keys[0].expires == 1893456000.0
    assert keys[1].not_before == 1767222000.0


def test_every_file_that_was_read_is_named(folder):
    (folder.path / "key.txt").write_text("sk-1\n")
    text = WHOLE.replace('key_env = "OPENAI_API_KEY"', 'key_file = "key.txt"')
    settings, files = load_with_files(folder.write(text), ENVIRON)
    assert settings.tenants["acme"].verifiers[0].key.reveal() == "sk-1"
    assert files == (folder.file, folder.path / "key.txt", folder.path / "platt.json")


def test_without_a_file_there_are_defaults_and_nobody_may_enter(tmp_path):
    assert load(None, {}) == Settings()
    assert load(None, {}).server.host == "127.0.0.1"
    assert load(None, {}).keyring.identify("foureyes_a_b") is None


def test_the_environment_may_name_the_file(folder):
    folder.write("[server]\nport = 1234\n")
    assert load(None, {"FOUREYES_CONFIG": str(folder.file)}).server.port == 1234


def test_every_mistake_is_reported_at_once_with_file_table_and_key(folder):
    text = """
    [server]
    prot = 8000
    max_in_flight = 0
    host = 7
    [verifiers.v]
    kind = "judge"
    base_url = "ftp://example.com"
    [tenants.t]
    verifiers = ["w"]
    """
    with pytest.raises(ConfigError) as raised:
        folder.load(text)
    assert str(raised.value).splitlines() == [
        f"{folder.file} has 6 mistakes:",
        "  [server] host: wanted text; got 7",
        "  [server] max_in_flight: wanted at least 1; got 0",
        "  [server] prot: unknown; did you mean port?",
        "  [verifiers.v] model: missing",
        "  [verifiers.v] base_url: wanted http:// or https://; got the scheme 'ftp'",
        "  [tenants.t] verifiers: no verifier is called 'w'; there are v",
    ]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("port = 1", r"\[port\]: unknown"),
        ("files = ['a']", r"\[files\]: unknown"),
        ("[verifiers.w]\nname = 'v'\nkind = 'judge'\nmodel = 'm'\nbase_url = 'http://localhost/v1'", r"w is called by the name of its table"),
        ("[tenants.a]\nname = 'b'", r"a is called by the name of its table"),
        ("[[tenants.a.keys]]\nid = 'x'\nsha256 = '" + HASH + "'\nscopes = ['verify']\ntenant = 'b'", r"a key belongs to the tenant of its table"),
        ("[tenants.a.rate]\nburst = 5", r"\[tenants.a\]: rate is unknown; its requests_per_minute, burst, requests_per_day are keys of this table"),
        ("[sever]\nport = 1", r"\[sever\]: unknown; did you mean server\?"),
        ("[server]\nport = '8000'", r"\[server\] port: wanted a whole number; got '8000'"),
        ("[server]\nport = true", r"port: wanted a whole number; got True"),
        ("[server]\nport = 70000", r"port: .*got 70000"),
        ("[server]\nbody_timeout_s = nan", r"body_timeout_s: .*got nan"),
        ("[server]\nbody_timeout_s = inf", r"body_timeout_s: .*got inf"),
        ("[server]\nhost = ''", r"host: wanted text; got ''"),
        ('[server]\nhost = "a\\u0000b"', r"host: wanted text"),
        ("server = 3", r"\[server\]: wanted a table; got 3"),
        ("[privacy]\nvault = 'v'", r"\[privacy\] vault: a vault in files needs a key"),
        ("[privacy]\nkey_env = 'SHORT'", r"\[privacy\] key: wanted at least 64 hexadecimal digits"),
        ("[monitoring]\nalpha = 0", r"\[monitoring\]: a monitor wants 0 < alpha < 1, got 0"),
        ("[monitoring]\nwebhook = 'https://h.example'", r"webhook: alarms are signed"),
        ("[telemetry]\nendpoint = 'http://h.example'", r"endpoint: plain http"),
        ("[verifiers]\nw = 3", r"\[verifiers.w\]: wanted a table; got 3"),
        ("[verifiers.w]\nkind = 'oracle'", r"\[verifiers.w\] kind: wanted judge or reader; got 'oracle'"),
        ("[verifiers.w]\nmodel = 'm'", r"\[verifiers.w\] kind: wanted judge or reader; it is missing"),
        ("[verifiers.w]\nkind = 'judge'\nmodel = 'm'", r"base_url: missing"),
        ("[verifiers.w]\nkind = 'judge'\napi = 'google'\nmodel = 'm'", r"key: the API of google needs a key"),
        ("[verifiers.w]\nkind = 'judge'\nmodel = 'm'\nbase_url = 'http://h.example/v1'", r"base_url: plain http"),
        ("[verifiers.w]\nkind = 'reader'\nreader = 'g'\ncut = 1.5\ncalibrator = 'platt.json'", r"cut: wanted at most 1; got 1.5"),
        ("[verifiers.w]\nkind = 'reader'\nreader = 'g'\ncalibrator = 'platt.json'", r"cut: a calibrator wants"),
        ("[verifiers.w]\nkind = 'reader'\nreader = 'gemma3-270m'\ncut = 0.5", r"cut: a calibrator wants"),
        ("[verifiers.w]\nkind = 'reader'\nreader = 'g'\ncut = 0.5", r"calibrator: missing"),
        ("[verifiers.w]\nkind = 'reader'\nreader = 'g'\ncut = 0.5\ncalibrator = 'no.json'", r"calibrator: no such file"),
        ("[verifiers.w]\nkind = 'reader'\nreader = 'http://h.example/v1#m'\ncut = 0.5\ncalibrator = 'platt.json'", r"reader: plain http"),
        ("[tenants.'a b']", r"\[tenants.a b\] name: a tenant's name"),
        ("[tenants.a]\nverifiers = ['v', 'v']", r"verifiers: each needs its own provider and model; two are openai m"),
        ("[tenants.a]\nverifiers = ['vv']", r"no verifier is called 'vv'; there are v"),
        ("[tenants.a]\nquorum = 2", r"quorum: 2 of 1 verifiers can never vote"),
        ("[tenants.a]\nrecord_s = 20", r"\[tenants.a\]: wanted 0 < record_s < deadline_s; got 20.0 and 15.0"),
        ("[tenants.a]\npii = 'on'", r"pii: wanted 'off', 'patterns' or 'names'; got 'on'"),
        ("[tenants.a]\ncountries = ['xx']", r"countries: wanted a list with some of au"),
        ("[tenants.a]\nphone_regions = ['xx']", r"phone_regions: wanted a list of ISO 3166 codes in small letters"),
        ("[tenants.a]\nkeys = 3", r"keys: wanted a list; got 3"),
        ("[[tenants.a.keys]]\nid = 'x'\nsha256 = 'y'\nscopes = ['verify']", r"\[tenants.a.keys 1\]: the sha256 of key x"),
        ("[[tenants.a.keys]]\nid = 'x'\nscopes = ['verify']", r"\[tenants.a.keys 1\] sha256: missing"),
        ("[[tenants.a.keys]]\nid = 'x'\nsha256 = 'y'\nscopes = ['root']", r"scopes 1: wanted 'verify', 'route', 'report', 'audit', 'resume' or 'admin'; got 'root'"),
        ("[[tenants.a.keys]]\nid = 'x'\nsha256 = 'y'\nscopes = ['verify']\nexpires = 2030-01-01", r"expires: wanted a date and time with its offset"),
        ("[tenants.a]\nlegder = 1", r"\[tenants.a\] legder: unknown; did you mean ledger\?"),
        ("[tenants.a.ledger]\nurl = 'sqlite:a.db'", r"\[tenants.a.ledger\] key_file: missing"),
        ("[tenants.a]\nsalt_env = 'SHORT'", r"salt: wanted at least 16 bytes"),
        ("[tenants.a.ledger]\nurl = 'sqlite:a.db'\nkey_file = 'k'", r"salt: the ledger's hashes of texts need a salt"),
        ("[tenants.a.ledger]\nwitness = 'w'", r"\[tenants.a.ledger\] key_file: missing"),
        ("[tenants.a.ledger]\nkey_file = 'k'", r"\[tenants.a.ledger\] url: missing"),
        ("[ledger]\nurl = 'mysql://h/d'\nkey_file = 'k'", r"\[ledger\] url: wanted sqlite:/path or postgresql"),
        ("[shared_state]\nurl = 'sqlite:a.db'", r"\[shared_state\] url: wanted postgresql://…; got something else"),
        ("[shared_state]\nurl = 'postgresql://h/d'\ntimeout_s = 0", r"timeout_s: wanted more than 0; got 0"),
        ("[shared_state]", r"\[shared_state\] url: missing"),
        ("[shared_state]\nurl = 'postgresql://h/d'\n[monitoring]\nstate = 's'", r"shared_state\]?: replicas share what"),
    ],
)  # fmt: skip
def test_each_mistake_says_where_it_is_what_was_got_and_what_was_wanted(folder, more, says):
    top, _, rest = more.partition("\n") if not more.startswith("[") else ("", "", more)
    text = f"{top}\n{ONE}\n{rest}" if top else f"{ONE}\n{more}"
    with pytest.raises(ConfigError, match=says) as raised:
        folder.load(text, {"SHORT": "abcd"})
    assert str(folder.file) in str(raised.value)


def test_tenants_must_not_share_a_record(folder):
    shared = WHOLE.replace("ledgers/{tenant}.db", "ledger.db")
    with pytest.raises(ConfigError, match=r"\[tenants\]: no two share a record: each needs its own url"):
        folder.load(shared)
    with pytest.raises(ConfigError, match=r"each needs its own key_file"):
        folder.load(WHOLE.replace("keys/{tenant}.key", "one.key"))
    with pytest.raises(ConfigError, match=r"each needs its own witness"):
        folder.load(WHOLE.replace("elsewhere/{tenant}.checkpoint", "seen"))


def test_a_record_needs_no_witness(folder):
    acme, _ = folder.load(WHOLE.replace('witness = "elsewhere/{tenant}.checkpoint"', "")).tenants.values()
    assert acme.ledger.witness is None


def test_two_verifiers_of_a_tenant_must_be_told_apart(folder):
    twin = '[verifiers.twin]\nkind = "judge"\nprovider = "openai"\nmodel = "gpt-5"\nbase_url = "https://b.example/v1"\n'
    with pytest.raises(ConfigError, match="each needs its own provider and model; two are openai gpt-5"):
        folder.load(f"{WHOLE}\n{twin}")


def test_two_keys_cannot_be_the_same(folder):
    with pytest.raises(ConfigError, match="every key needs its own sha256"):
        folder.load(WHOLE.replace(HASH[::-1], HASH))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[server\n", "not TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"# " + b"x" * (5 << 20), "larger than"),
        (b"a = 1\na = 2\n", "not TOML"),
    ],
)
def test_what_is_no_toml_is_refused(folder, text, says):
    folder.file.write_bytes(text)
    with pytest.raises(ConfigError, match=says):
        load(folder.file, {})


@pytest.mark.parametrize("path", ["missing.toml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, path):
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path / path, {})


SECRET = "sk-live-0123456789"


@pytest.mark.parametrize(
    ("line", "environ", "says"),
    [
        (f'key = "{SECRET}"', {}, "secrets do not stand in the configuration"),
        (f'key_env = "{SECRET}"', {}, "wanted the name of an environment variable"),
        ('key_env = "NOT_SET"', {}, "is not set"),
        ('key_env = "EMPTY"', {"EMPTY": "  "}, "is not set, or empty"),
        (f'key_file = "{SECRET}"', {}, "cannot be read: No such file"),
        ('key_file = "empty.txt"', {}, "key_file names is empty"),
        ('key_file = "binary.bin"', {}, "not UTF-8"),
        ('key_env = "A"\nkey_file = "b"', {"A": SECRET}, "not both"),
        (f'api_key = "{SECRET}"', {}, "api_key: unknown"),
        (f'key_evn = "{SECRET}"', {}, "did you mean key_env?"),
        (f'key_env = ["{SECRET}"]', {}, "wanted the name"),
        (f'"{SECRET} {SECRET}" = 1', {}, "unknown"),
        (f'weight = 1\nbase_url2 = "https://u:{SECRET}@h/v1"', {}, "unknown; did you mean base_url?"),
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_not_repeated(folder, line, environ, says):
    (folder.path / "empty.txt").write_text("\n")
    (folder.path / "binary.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError) as raised:
        folder.load(
            f"{ONE}\n[verifiers.w]\nkind = 'judge'\nmodel = 'm'\nbase_url = 'http://localhost/v1'\n{line}", environ
        )
    assert says in str(raised.value)
    if not line.startswith('"'):
        assert SECRET not in str(raised.value)


def test_a_password_in_an_address_is_refused_and_not_repeated(folder):
    for line, where in (
        (f"[ledger]\nurl = 'postgresql://u:{SECRET}@h/d'\nkey_file = 'k'", r"\[ledger\] url: it holds a password"),
        (f"[ledger]\nurl = 'postgresql://u:℀{SECRET}@h/d'\nkey_file = 'k'", r"\[ledger\] url: it holds a password"),
        (f"[ledger]\nurl = 'postgresql://u:x]{SECRET}[@h/d'\nkey_file = 'k'", r"\[ledger\] url: it holds a password"),
        (
            f"[ledger]\nurl = 'postgresql://h/d?password={SECRET}'\nkey_file = 'k'",
            r"\[ledger\] url: it holds a password",
        ),
        (f"[shared_state]\nurl = 'postgresql://u:{SECRET}@h/d'", r"\[shared_state\] url: it holds a password"),
        (f"[telemetry]\nendpoint = 'https://u:{SECRET}@h/'", r"\[telemetry\] endpoint: credentials"),
    ):
        with pytest.raises(ConfigError, match=where) as raised:
            folder.load(f"{ONE}\n{line}")
        assert SECRET not in str(raised.value)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_an_option_that_cannot_be_sent_is_refused(folder, number):
    with pytest.raises(ConfigError, match="options: nan and inf are no numbers"):
        folder.load(ONE.replace("[tenants.t]", f"options = {{temperature = {number}}}\n[tenants.t]"))


@pytest.mark.parametrize("number", ["9" * 400, "9" * 5000, f"0x{'f' * 5000}", "-9223372036854775809"], ids=len)
@pytest.mark.parametrize("line", ["[server]\nport = {}", "[server]\nbody_timeout_s = {}", "[a]\nb = [{{c = {}}}]"])
def test_a_number_that_is_none_of_tomls_is_refused(folder, line, number):
    with pytest.raises(ConfigError, match=r"is not TOML: .* more than 64 bits"):
        folder.load(f"{ONE}\n{line.format(number)}")


def test_settings_show_no_secret_in_any_form(folder):
    settings = folder.load(WHOLE)
    for value in ENVIRON.values():
        assert value not in repr(settings)
        assert value not in str(settings)


def test_what_needs_a_new_process_is_named(folder):
    old = folder.load(WHOLE)
    assert needs_restart(old, folder.load(WHOLE.replace("quorum = 2", "quorum = 1"))) == ()
    moved = folder.load(WHOLE.replace("9000", "9001").replace('"guard"', '"eyes"'))
    assert needs_restart(old, moved) == ("[server] port", "[telemetry] service_name")
    wider = folder.load(WHOLE.replace("window_s = 600", "window_s = 700").replace("ttl_s = 3600", "ttl_s = 60"))
    assert needs_restart(old, wider) == ("[monitoring] window_s",)
    shared = WHOLE.replace('state = "state"\n', "") + "[shared_state]\nurl = 'postgresql://h/d'\n"
    assert needs_restart(folder.load(shared), folder.load(shared.replace("/h/", "/i/"))) == ("[shared_state] url",)
    assert (
        needs_restart(folder.load(WHOLE.replace('state = "state"\n', "")), folder.load(shared))[0]
        == "[shared_state] url"
    )
    forgetful = WHOLE.replace('vault = "vaults"\n', "")
    shorter = folder.load(forgetful.replace("ttl_s = 3600", "ttl_s = 60"))
    assert needs_restart(folder.load(forgetful), shorter) == ("[privacy] ttl_s",)


def test_the_example_of_the_documentation_is_a_configuration(folder):
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    example = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    named = {"OPENAI_API_KEY": "k", "ACME_SALT": "s" * 16, "FOUREYES_VAULT_KEY": "0f" * 32, "ALERTS_KEY": "w" * 16}
    assert list(folder.load(example, named).tenants) == ["acme"]


GATED = """
[verifiers.local]
kind = "judge"
model = "toy"
base_url = "http://localhost:1/v1"

[gate]
least = 30
reliability = 0.9

[[gate.actions]]
action_type = "tool_call"
resource_type = "wire_transfer"
decision = "review"

[[gate.actions]]
resource_type = "look_up"
least = 5

[tenants.acme]

[tenants.own.gate]
window = 50
"""


def test_a_gate_has_rules_for_every_tenant_and_of_their_own(folder):
    tenants = folder.load(GATED, {}).tenants
    policy = tenants["acme"].gate.policy
    transfer, look_up = policy.rules_for("tool_call", "wire_transfer"), policy.rules_for("reply", "look_up")
    assert (policy.rules.least, policy.rules.reliability) == (30, 0.9)
    assert (transfer.decision, transfer.least, transfer.reliability) == ("review", 30, 0.9)
    assert (look_up.decision, look_up.least, look_up.reliability) == ("by_record", 5, 0.9)
    own = tenants["own"].gate.policy
    assert (own.memory.window, own.rules.least, own.actions) == (50, 20, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[gate]\nlest = 3", r"\[gate\] lest: unknown; did you mean least\?"),
        ("[gate]\nleast = 0", r"\[gate\].*least ≥ 1, got 0"),
        ("[gate]\ndecision = 'allow'", r"\[gate\] decision: wanted 'by_record', 'review' or 'deny'; got 'allow'"),
        ("[[gate.actions]]\nleast = 3", r"\[gate\] actions: .*got neither"),
        (
            "[[gate.actions]]\naction_type = 'a'\n[[gate.actions]]\naction_type = 'a'",
            "two rules are for the same actions",
        ),
        ("[[gate.actions]]\naction_type = 'a'\nwindow = 3", r"\[gate.actions 1\] window: unknown"),
        ("[[gate.actions]]\naction_type = 'a'\nleast = 300", "least ≤ window; got 300 and 200"),
        (
            "[[tenants.a.gate.actions]]\naction_type = 7",
            r"\[tenants.a.gate.actions 1\] action_type: wanted text; got 7",
        ),
    ],
)
def test_what_is_wrong_with_a_gate_is_said_in_its_place(folder, text, message):
    with pytest.raises(ConfigError, match=message):
        folder.load(text, {})


def test_further_names_of_a_model_are_a_list(folder):
    text = '[verifiers.tgi]\nkind = "judge"\nmodel = "tgi"\nbase_url = "http://localhost:1/v1"\nreports_as = {}'
    assert folder.load(text.format('["org/model"]'), {}).verifiers["tgi"].reports_as == ("org/model",)
    for wrong in ('"org/model"', "[7]", '[""]'):
        with pytest.raises(ConfigError, match=r"\[verifiers.tgi\] reports_as"):
            folder.load(text.format(wrong), {})
