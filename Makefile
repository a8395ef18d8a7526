# Recipes of one line; anything longer is a script or `cargo xtask`.
.PHONY: run test check release bench load cluster cluster-down chaos soak sim fuzz fmt clean

run: ## build and start a whole cluster in one process (SQLite, embedded feed)
	@scripts/run.sh $(ARGS)

test: ## every test, with the servers that they need
	@scripts/test.sh

check: ## format, lints, house rules, dependency rules
	@scripts/check.sh

release: ## the binary as it is shipped, and beside it what is in it (CycloneDX)
	@scripts/release.sh

bench: ## product and limit in turn, printed as medians and ratios
	@scripts/bench.sh $(ARGS)

load: ## open-loop load on the cluster that runs, `make load ARGS="--rate 200"`: storms, bulk uploads, a city's week
	@scripts/load.sh $(ARGS)

cluster: ## a whole cluster of separate processes on this machine, returns when it is ready
	@scripts/cluster.sh up

cluster-down: ## end exactly that cluster
	@scripts/cluster.sh down

chaos: ## strike that cluster: kill, freeze and end its processes and servers, `make chaos ARGS="200"` strikes
	@scripts/chaos.sh .cluster $(ARGS)

soak: ## a cluster of its own in a network of its own, struck for an hour while it works: also lines are cut; `make soak ARGS=5` minutes, `ARGS="20 --rows FILE"` with a file's rows
	@scripts/soak.sh $(ARGS)

sim: ## services on a simulated network that loses, cuts and repeats, `make sim ARGS=500` seeds
	@scripts/sim.sh $(ARGS)

fuzz: ## parsers that meet the outside, each for 60 s with the nightly toolchain, `make fuzz ARGS=gateway_request SECONDS_EACH=600`
	@SECONDS_EACH=$(or $(SECONDS_EACH),60) scripts/fuzz.sh $(ARGS)

fmt: ## format the code
	@cargo fmt --all && rustfmt --edition 2024 e2e/fuzz/fuzz_targets/*.rs

clean: ## remove what builds and runs leave behind
	@rm -rf target data .tools .cluster
