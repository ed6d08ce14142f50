# foureyes: make demo (SMALL=1 for the smaller models) | test | test-servers | check | bench | studies
# Every target does its own set-up on a machine with only Python ≥ 3.11, and is quick the second time.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-servers check bench studies format clean

help:
	@grep -E '^#' Makefile | sed 's/^# //'

demo: $(VENV)/user
	$(BIN)/foureyes demo --html foureyes-demo.html $(if $(SMALL),--small)

test: $(VENV)/developer $(VENV)/browser $(VENV)/sandbox
	$(BIN)/foureyes models pull smollm2-135m gemma3-270m
	$(BIN)/python -m tools.gguf_file smollm2-135m
	$(BIN)/python -m tools.published_tokenizers
	$(BIN)/python -m tools.cleanlab_peer
	$(BIN)/python -m pytest -m "not vllm and not gateways" --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-servers: $(VENV)/developer
	$(BIN)/foureyes models pull smollm2-135m
	PYTHON=$(PYTHON) tools/vllm-server install
	PYTHON=$(PYTHON) tools/gateway-peers install
	PYTHON=$(PYTHON) tools/deploy-peers install
	$(BIN)/python -m pytest -m "vllm or gateways" tests/servers

check: $(VENV)/developer
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/developer
	PYTHON=$(PYTHON) bench/setup
	$(BIN)/foureyes models pull smollm2-135m gemma3-270m
	$(BIN)/python -m bench.read --markdown docs/bench.md
	$(BIN)/python -m tools.gguf_file smollm2-135m
	$(BIN)/python -m bench.gguf --markdown docs/small-machines.md
	$(BIN)/python -m bench.int8 --markdown docs/adr/002-arithmetic.md
	$(BIN)/python -m bench.many_machines --markdown docs/many-machines.md
	$(BIN)/python -m bench.shards 250000 1000000 10000000 --markdown docs/score.md
	PYTHON=$(PYTHON) tools/vllm-server client
	$(BIN)/python -m bench.served --markdown docs/reading-over-http.md
	$(BIN)/python -m bench.decisions --markdown docs/bench-decisions.md
	$(BIN)/python -m bench.ledger --markdown docs/bench-ledger.md
	$(BIN)/python -m bench.faults --markdown docs/faults.md
	$(BIN)/python -m bench.service --markdown docs/bench-service.md
	$(BIN)/python -m bench.replicas --markdown docs/bench-replicas.md
	$(BIN)/python -m bench.mixed_reading
	$(BIN)/python -m bench.door --markdown docs/bench-door.md
	$(BIN)/python -m bench.route_client --markdown docs/bench-route-client.md
	$(BIN)/python -m bench.gateway --markdown docs/bench-gateway.md
	$(BIN)/python -m bench.sizes --markdown docs/sizes.md
	$(BIN)/python -m bench.view --markdown docs/bench-view.md
	$(BIN)/python -m bench.sandbox --data $(DATA) --markdown docs/prove.md
	$(BIN)/python -m bench.study_speed --data $(DATA) --markdown docs/bench-study.md
	$(BIN)/python -m bench.reader_pairs --data $(DATA) --markdown docs/bench-study.md

# Folder with the published data of the studies; docs/prove.md says what is read.
DATA ?= ../shared/data

studies: $(VENV)/developer
	$(BIN)/python -m studies.know_when --data $(DATA) --markdown docs/studies/know_when.md
	$(BIN)/python -m studies.second_readers --data $(DATA) --markdown docs/studies/second_readers.md
	$(BIN)/python -m studies.disagreement --data $(DATA) --markdown docs/studies/disagreement.md
	$(BIN)/python -m studies.defaults --data $(DATA) --seed 0 --draws 1000 --splits 5 --markdown docs/studies/defaults.md
	$(BIN)/python -m studies.option_orders --data $(DATA) --markdown docs/studies/option_orders.md
	$(BIN)/python -m studies.vision --data $(DATA) --markdown docs/studies/vision.md
	$(BIN)/foureyes models pull smollm2-135m gemma3-270m qwen2.5-coder-0.5b qwen2.5-coder-1.5b
	$(BIN)/python -m studies.stated_confidence --data $(DATA) --markdown docs/studies/stated_confidence.md
	$(BIN)/python -m studies.route --data $(DATA) --stored 150 --live 60 --markdown docs/studies/route.md
	$(BIN)/python -m studies.rank_wrong --data $(DATA) --limit 250 --markdown docs/studies/rank_wrong.md
	$(BIN)/python -m studies.sample_conditioned --data $(DATA) --samples 5 --other-model qwen2.5-coder-0.5b --others-every 5 --markdown docs/studies/sample_conditioned.md
	$(BIN)/python -m studies.beliefs --data $(DATA) --markdown docs/studies/beliefs.md
	$(BIN)/python -m studies.code_bugs --data $(DATA) --markdown docs/studies/code_bugs.md
	$(BIN)/python -m studies.programs --data $(DATA) --markdown docs/studies/programs.md
	$(BIN)/python -m studies.quantise smollm2-135m Q8_0 Q4_0 Q2
	for study in docs/studies/*.toml; do \
	  $(BIN)/foureyes bench run $$study --data $(DATA) && \
	  $(BIN)/foureyes bench report $$study --markdown $${study%.toml}.md || exit 1; \
	done

format: $(VENV)/developer
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .vllm .gateways .deploy-peers .rivals .cleanlab .tokenizers .gguf dist out foureyes-demo.html

$(BIN)/pip:
	$(PYTHON) -c 'import sys; sys.exit(f"foureyes needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

# torch comes first and pinned: left to itself, pip may take a build for graphics processors, of several gigabytes.
$(VENV)/torch: $(BIN)/pip constraints.txt
	$(PIP) torch
	@touch $@

$(VENV)/user: $(VENV)/torch pyproject.toml constraints.txt
	$(PIP) --editable '.[local,report]'
	@touch $@

$(VENV)/developer: $(VENV)/user pyproject.toml constraints.txt
	$(PIP) --editable '.[all]' --group dev
	@touch $@

$(VENV)/sandbox: tools/sandbox $(VENV)/developer
	tools/sandbox install
	@touch $@

$(VENV)/browser: tools/browser $(VENV)/developer
	tools/browser install
	@touch $@
