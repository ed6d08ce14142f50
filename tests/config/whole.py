"""A configuration that says everything, and the environment it wants."""

HASH = "ab" * 32
ENVIRON = {
    "OPENAI_API_KEY": "sk-openai-secret",
    "ANTHROPIC_API_KEY": "sk-anthropic-secret",
    "ACME_SALT": "acme-salt-of-sixteen-bytes",
    "OTHER_SALT": "other-salt-of-sixteen-bytes",
    "VAULT_KEY": "0f" * 32,
    "WEBHOOK_KEY": "webhook-key-of-sixteen-bytes",
}
WHOLE = f"""
[server]
host = "10.0.0.1"
port = 9000
max_body_bytes = 65536
body_timeout_s = 5
max_in_flight = 64
batch_parallel = 4

[privacy]
vault = "vaults"
key_env = "VAULT_KEY"
ttl_s = 3600
max_sessions = 1000
max_values = 100
min_score = 0.5
pipeline = "en_core_web_md"

[ledger]
url = "sqlite:ledgers/{{tenant}}.db"
key_file = "keys/{{tenant}}.key"
witness = "elsewhere/{{tenant}}.checkpoint"

[monitoring]
window_s = 600
alpha = 0.001
webhook = "https://hooks.example.com/foureyes"
webhook_key_env = "WEBHOOK_KEY"
state = "state"

[telemetry]
endpoint = "http://localhost:4318/v1/traces"
service_name = "guard"

[verifiers.gpt]
kind = "judge"
provider = "openai"
model = "gpt-5"
base_url = "https://api.openai.com/v1"
key_env = "OPENAI_API_KEY"
weight = 2
form = "schema"

[verifiers.claude]
kind = "judge"
api = "anthropic"
model = "claude-5"
key_env = "ANTHROPIC_API_KEY"

[verifiers.local]
kind = "reader"
reader = "gemma3-270m"
template_args.enable_thinking = false
calibrator = "platt.json"
cut = 0.8

[tenants.acme]
verifiers = ["gpt", "local"]
quorum = 2
deadline_s = 8
record_s = 2
requests_per_minute = 600
burst = 20
requests_per_day = 100000
pii = "names"
countries = ["de", "us"]
phone_regions = ["fr"]
salt_env = "ACME_SALT"
ledger_reasons = "clear"

[[tenants.acme.keys]]
id = "old"
sha256 = "{HASH}"
scopes = ["verify", "audit"]
expires = 2030-01-01T00:00:00Z

[[tenants.acme.keys]]
id = "new"
sha256 = "{HASH[::-1]}"
scopes = ["verify"]
not_before = 2026-01-01T00:00:00+01:00

[tenants.other]
mode = "observe"
pii = "off"
salt_env = "OTHER_SALT"
"""
