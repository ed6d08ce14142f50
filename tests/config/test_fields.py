"""What the tables of a configuration have in common."""

import pytest
from pydantic import ValidationError

from foureyes.config import JudgeVerifier, Secret
from foureyes.errors import ConfigError
from foureyes.http import RequestLimits

SERVER = 'kind = "judge"\nmodel = "m"\nbase_url = "http://localhost:8000/v1"'


def test_a_key_of_a_lower_layers_value_leaves_the_others_as_the_table_has_them(folder):
    settings = folder.load(f"[verifiers.v]\n{SERVER}\nattempts = 3")
    assert settings.verifiers["v"].limits == RequestLimits(timeout_s=10.0, attempts=3)


def test_what_is_wrong_between_two_keys_comes_out_with_everything_else(folder):
    with pytest.raises(ConfigError) as raised:
        folder.load(
            f"[verifiers.v]\n{SERVER}\nweight = -1\n"
            "[privacy]\nvault = 'v'\nmin_score = 2\n"
            "[tenants.a]\nquorum = 2\nverifiers = ['w']\n[tenants.b]\nrecord_s = 99\npii = 1\n"
        )
    assert [line.partition(":")[0].strip() for line in str(raised.value).splitlines()[1:]] == [
        "[privacy] vault",
        "[privacy] min_score",
        "[verifiers.v] weight",
        "[tenants.a] verifiers",
        "[tenants.b]",
        "[tenants.b] pii",
    ]


def test_settings_made_in_code_obey_the_same_rules_and_show_no_secret():
    with pytest.raises(ValidationError) as raised:
        JudgeVerifier(name="v", model="m", base_url="http://example.com/v1", key=Secret("sk-secret no header"))
    said = str(raised.value)
    assert "plain http to another machine" in said
    assert "wanted printable ASCII" in said
    assert "sk-secret" not in said


def test_settings_are_frozen_and_equal_ones_are_one_key_of_a_cache():
    made = [JudgeVerifier(name="v", model="m", base_url="http://localhost/v1", key=Secret("k")) for _ in range(2)]
    assert len(set(made)) == 1
    with pytest.raises(ValidationError, match="frozen"):
        made[0].model = "n"
