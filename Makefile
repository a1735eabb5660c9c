# Every target sets up what it needs: a virtual environment in .venv, made by PYTHON (3.11 or newer).
PYTHON ?= python3
TEST   ?= small
TIME   ?= 3
MEM    ?=
THREADS ?= 1
PERMUTE ?= 0
SOLVER ?=
JOBS   ?= 2
OUT    ?= results
SET    ?= all

SOLVERS = highs scip cbc glpk
APT     = coinor-cbc glpk-utils

METHODS = univariate activation_search neuron_mccormick@highs neuron_big_m@highs pattern_l0@highs pattern_l1@highs \
          pattern_l1@clarabel reweighted_l1[p=0.4] global_lp coordinate_start
OBJECTIVES = neurons parameters l1 lp:0.4

LIMITS = --threads $(THREADS) $(MEM:%=--memory-limit %) $(patsubst %,--perm %,$(shell seq 0 $(PERMUTE)))

BIN = .venv/bin
.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\#.*/\1/p' $(MAKEFILE_LIST))

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20
	@echo "Variables, as MIPLIB has them: TEST=$(TEST) SOLVER=$(SOLVER) (one, for its models alone) TIME=$(TIME) (s a task) MEM=$(MEM) (MB) THREADS=$(THREADS) PERMUTE=$(PERMUTE) (orders besides the given one)"
	@echo "Others: JOBS=$(JOBS) OUT=$(OUT) SET=$(SET) PYTHON=$(PYTHON) METHODS OBJECTIVES SOLVERS"

setup-solvers: .venv/ready ## Install the free solvers: CBC and GLPK (apt), SCIP, OR-tools and SCS (pip)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[solvers]'
	@missing=; command -v cbc >/dev/null && command -v glpsol >/dev/null || missing='$(APT)'; \
	if [ -n "$$missing" ]; then \
	    if ! command -v apt-get >/dev/null; then echo "install CBC and GLPK by this system's means" && exit 0; fi; \
	    if [ "$$(id -u)" = 0 ]; then root=; elif sudo -n true 2>/dev/null; then root=sudo; \
	    else echo "CBC and GLPK need an administrator: apt-get install $$missing" && exit 0; fi; \
	    $$root apt-get update -q && $$root apt-get install -y -q --no-install-recommends $$missing; \
	fi
	$(BIN)/milpsparse list solvers

results: .venv/ready ## Run the test set, check every answer, rewrite tables, figures and report.html (resumes)
	$(BIN)/milpsparse run -t $(TEST) --out $(OUT) --time-limit $(TIME) -j $(JOBS) $(LIMITS) \
	    $(if $(SOLVER),$(SOLVER:%=-m '*@%'),$(METHODS:%=-m '%')) $(OBJECTIVES:%=--objective %)
	@status=0; $(BIN)/milpsparse check $(OUT) || status=$$?; \
	    $(BIN)/milpsparse table $(OUT) && $(BIN)/milpsparse report $(OUT) && exit $$status

tables: .venv/ready ## Rewrite tables and figures from the stored rows
	$(BIN)/milpsparse table $(OUT)

report: .venv/ready ## Rewrite the page OUT/report.html from the stored rows
	$(BIN)/milpsparse report $(OUT)

solvers: TIME := $(if $(filter file,$(origin TIME)),10,$(TIME))
solvers: .venv/ready ## SOLVERS side by side on every model of theirs, TIME=10 s a task (an hour or two; resumes)
	$(BIN)/milpsparse run -t $(TEST) --out $(OUT)/solvers --time-limit $(TIME) -j $(JOBS) $(LIMITS) \
	    $(SOLVERS:%=-m '*@%') --objective neurons --objective parameters
	@status=0; $(BIN)/milpsparse check $(OUT)/solvers || status=$$?; \
	    $(BIN)/milpsparse table $(OUT)/solvers --as $(OUT)/tables/solvers && exit $$status

bench-univariate: .venv/ready ## Growth to ten million points against NumPy (minutes)
	$(BIN)/python benchmarks/univariate.py --out $(OUT)

bench-exact: .venv/ready ## Proofs in several inputs: all exact methods side by side (about an hour; SET=core is minutes)
	$(BIN)/python benchmarks/exact.py --set $(SET) --out $(OUT)

bench-global-lp: .venv/ready ## The least lp norm with its proof, N = 3 to 6 (half an hour; TIME=60 s each)
	$(BIN)/python benchmarks/global_lp.py --time $(if $(filter file,$(origin TIME)),60,$(TIME)) --out $(OUT)

formulations: .venv/ready ## Every formulation side by side (20 minutes; TIME=60 takes hours; resumes)
	$(BIN)/python benchmarks/formulations.py --time $(if $(filter file,$(origin TIME)),2,$(TIME)) --jobs $(JOBS) --out $(OUT)

numerics: .venv/ready ## Claims of solvers that the exact check refutes, and the test set of them (half an hour; resumes)
	$(BIN)/python benchmarks/numerics.py --time $(if $(filter file,$(origin TIME)),5,$(TIME)) --jobs $(JOBS) --out $(OUT)

bench-harness: .venv/ready ## Overhead of a task; a store of 100,000 rows (minutes)
	$(BIN)/python benchmarks/overhead.py --out $(OUT)
	$(BIN)/python benchmarks/store.py --out $(OUT)

bench-build: .venv/ready ## Seconds from an instance to a model in HiGHS (minutes)
	$(BIN)/python benchmarks/build.py --out $(OUT)

bench-reweighted: .venv/ready ## Reweighted l1 against the paper's training (pip install -e '.[torch]') and a cvxpy loop (minutes)
	$(BIN)/python benchmarks/reweighted.py --out $(OUT)

compare-lp: .venv/ready ## l1, reweighted l1 by p and schedule, global lp and l0 side by side: tables/lp.md (minutes; TEST, TIME; resumes)
	$(BIN)/python benchmarks/compare_lp.py --testset $(if $(filter file,$(origin TEST)),lp,$(TEST)) \
	    --time $(if $(filter file,$(origin TIME)),5,$(TIME)) --jobs $(JOBS) --out $(OUT)

pstar: .venv/ready ## Tables and figures of p*: random convex data, the dial, tiny data by all vertices (10 minutes)
	$(BIN)/python benchmarks/pstar.py --out $(OUT)

test: .venv/ready ## Run the tests, in JOBS processes
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

lint: .venv/ready ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test ## Lint and test

format: .venv/ready ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

instances: .venv/ready ## Rebuild the instance library, its index, test sets and pages; known values stay
	$(BIN)/python -m milpsparse.curation build

verify: .venv/ready ## Check the evidence of all known values again, in exact arithmetic (minutes)
	$(BIN)/python -m milpsparse.curation verify -j $(JOBS)

known: TIME := $(if $(filter file,$(origin TIME)),6,$(TIME))
known: .venv/ready ## Compute known values of the whole library, TIME=6 s a task (half an hour; resumes)
	$(BIN)/milpsparse run -t all -m auto --objective neurons --objective parameters \
	    --time-limit $(TIME) -j $(JOBS) --out $(OUT)/library
	$(BIN)/milpsparse run -t norms -m auto --objective l1 --objective group_l2 --objective lp:0.1 \
	    --objective lp:0.5 --objective lp:0.9 --time-limit $(TIME) -j $(JOBS) --out $(OUT)/library
	$(MAKE) update OUT=$(OUT)/library

update: .venv/ready ## Take better networks and bounds from the results in OUT into the library
	$(BIN)/python -m milpsparse.curation update $(OUT)
	$(BIN)/python -m milpsparse.curation table

library-table: .venv/ready ## The library in numbers: results/tables/library.md
	$(BIN)/python -m milpsparse.curation table

mps: .venv/ready ## Write the whole library as MPS into instances/mps, with SHA-256 hashes
	$(BIN)/python -m milpsparse.curation mps instances/mps

clean: ## Remove runs, caches and the virtual environment (tables and figures stay)
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
	rm -rf $(addprefix $(OUT)/,runs.jsonl checks.jsonl records.jsonl plan.json running.json logs instances solvers compare-lp library)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
