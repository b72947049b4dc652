# Every command here uses the Node that the project brings along, and the tools of its lock file.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## List these commands
	@echo 'Usage: make <command>'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## Install what the project needs: packages, Node 24, TensorFlow (safe to repeat)
	@scripts/setup

.PHONY: demo
demo: setup ## Set up, then distill the MNIST example on this machine
	@node examples/mnist/make-data.ts
	@bin/blockstill run examples/mnist/job.yaml

.PHONY: test
test: setup ## Set up, build Kubernetes and what else the tests need once, then run every check and every test
	@node scripts/setup-cluster.ts --for-tests
	@node scripts/setup-s3-server.ts --for-tests
	@node scripts/setup-prometheus.ts --for-tests
	@node scripts/setup-helm.ts --for-tests
	@node scripts/setup-actionlint.ts --for-tests
	@node scripts/setup-checkers.ts --for-tests
	@node scripts/setup-gitops.ts --for-tests
	@node scripts/setup-browser.ts --for-tests
	@node scripts/setup-image-builder.ts --for-tests
	@node scripts/check.ts --tests

.PHONY: unit
unit: setup ## Run the unit tests that stand beside the source
	@vitest run --project unit

.PHONY: lint
lint: setup ## Run every check but the tests: linter, format, types, unused code, generated files
	@node scripts/check.ts

.PHONY: format
format: setup ## Format every file and mend what the linter can mend
	@oxlint --fix
	@prettier --write --log-level warn .

.PHONY: generate
generate: setup ## Write the files that come from others again: definition, API reference, and those of the chart
	@node crds/generate.ts
	@node helm/generate.ts
	@node examples/digits/make-manifest.ts
	@node scripts/generate-manifests.ts
	@node scripts/make-chart-test.ts

.PHONY: bench
bench: setup ## Measure training steps against tfjs, and against Keras where it is installed
	@node test/bench/step.ts

.PHONY: operator
operator: export BLOCKSTILL_LISTEN ?= 127.0.0.1:8080
operator: export BLOCKSTILL_LOG_FORMAT ?= text
operator: setup ## Run the operator here, on the cluster of your kubeconfig; options in OPTIONS='--namespace lab'
	@exec bin/blockstill-operator $(OPTIONS)

.PHONY: bundle
bundle: setup ## Bundle the programs of the images into dist/
	@node scripts/bundle.ts
.PHONY: bench-operator
bench-operator: setup ## Measure the operator with 1,000 jobs, beside JobSet (BENCH='--jobs 200')
	@node scripts/setup-cluster.ts
	@node test/bench/operator/main.ts $(BENCH)

.PHONY: chaos
chaos: setup ## Kill the operator 200 times, alone and as one of two, and have an auditor judge it (CHAOS='--operators 2')
	@node scripts/setup-cluster.ts
	@node test/chaos/chaos.ts $(CHAOS)

.PHONY: cluster
cluster: setup ## Start a Kubernetes with 4 pretend GPUs on this machine (root on Debian or Ubuntu, Go 1.25)
	@node scripts/setup-cluster.ts
	@node test/cluster/main.ts up

.PHONY: cluster-down
cluster-down: setup ## End that Kubernetes
	@node test/cluster/main.ts down

.PHONY: clean
clean: ## Remove what was built here; set-up and results of runs stay
	@rm -rf dist coverage
