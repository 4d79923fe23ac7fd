# make          builds bin/zoo          make test   everything the tests need
# make check    all that CI runs        make dev    a local ensemble
SHELL := /bin/bash

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
REVISION ?= $(shell git rev-parse --short HEAD 2>/dev/null)
BUILT    ?= $(shell date -u +%Y-%m-%dT%H:%M:%SZ)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.revision=$(REVISION) -X main.built=$(BUILT)
GOBUILD  := CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)'

# SEED chooses the one seed that make sim replays, step by step.
SEED ?=
# PLANTED puts a known bug back for it, by its number in internal/check/sim/README.md.
PLANTED ?=
# KIND is what make sim SEED=n and make sim-night play besides the storm: members, restarts,
# oracle, unlogged, unlogged-members, drains or ports.
KIND ?=
# FUZZTIME is spent on each decoder by make fuzz, FOREIGNFUZZTIME by make test on those
# of what strangers and operators send.
FUZZTIME ?= 30s
FOREIGNFUZZTIME ?= 4s
# TESTTIME bounds one package's tests; CI allows 15 minutes for all of them.
TESTTIME ?= 10m

.PHONY: build dev test race lint fuzz sim sim-night sim-table compat mixed bench bench-hour bench-paper micro curves generate \
	cross cover check soak robust

build:
	$(GOBUILD) -o bin/zoo ./cmd/zoo

dev: build
	bin/zoo dev

# The packages below test/ start servers, some in Java, and run one after another: with two of
# them on two cores a server is late now and then, and what is compared depends on it.
test:
	scripts/install-test-deps
	scripts/check-format
	go vet ./...
	go test -timeout $(TESTTIME) $$(go list ./... | grep -v '^zoo/test/')
	go test -p 1 -timeout $(TESTTIME) ./test/...
	cd test/packaging/cluster && go vet ./... && go test -timeout $(TESTTIME) ./...
	FUZZTIME=$(FOREIGNFUZZTIME) scripts/fuzz foreign

race:
	go test -race -timeout $(TESTTIME) ./cmd/... ./internal/...

lint:
	scripts/check-format
	go vet ./...
	go tool staticcheck ./...
	go test -count=1 ./internal/check/tidy

fuzz:
	FUZZTIME=$(FUZZTIME) scripts/fuzz

sim:
	ZOO_SIM_SEED=$(SEED) ZOO_SIM_PLANTED=$(PLANTED) ZOO_SIM_KIND=$(KIND) go test -count=1 -v -timeout $(TESTTIME) \
		-run '$(if $(SEED),TestReplay,.)' ./internal/check/sim

# Many seeds, on all cores: SEEDS of them, from the seed FROM on.
SEEDS ?= 200000
FROM ?= 1000001
sim-night:
	ZOO_SIM_NIGHT=1 ZOO_SIM_KIND=$(KIND) ZOO_SIM_SEEDS=$(SEEDS) ZOO_SIM_FIRST=$(FROM) \
		go test -count=1 -v -timeout 24h -run TestNight ./internal/check/sim

# Where the planted bugs are found now, for the table of the simulator's README.
sim-table:
	ZOO_SIM_TABLE=1 go test -count=1 -v -timeout $(TESTTIME) -run TestTable ./internal/check/sim

# Streams of random requests to Java's server and to ours: STREAMS of them, from the
# seed FIRST on, each of REQUESTS. A finding prints how to replay it.
STREAMS ?= 20
FIRST ?= 1000
REQUESTS ?= 200000
compat:
	ZOO_COMPAT_STREAMS=$(STREAMS) ZOO_COMPAT_FIRST=$(FIRST) ZOO_COMPAT_REQUESTS=$(REQUESTS) \
		go test -count=1 -v -timeout 120m -run TestJavaAndZooAnswerAlike ./test/compat

# Ensembles of Java's servers and ours in every make-up; make test plays a few.
mixed:
	ZOO_MIXED=all go test -count=1 -v -timeout 60m ./test/mixed

# What takes too long for make test: all servers killed at once, KILLS times, and a parent
# with millions of children.
KILLS ?= 50
soak:
	ZOO_KILLS=$(KILLS) go test -count=1 -v -timeout 120m \
		-run TestNothingAcknowledgedIsLostWhenAllAreKilled ./test/clients
	ZOO_SOAK=1 go test -count=1 -v -timeout 70m \
		-run TestAFamilyOfMillionsIsServedByPages ./test/bench
	ZOO_SOAK=1 go test -count=1 -v -timeout 60m \
		-run TestAParentWithMillionsOfChildrenWorks ./internal/server

# Real processes under partitions, kills and hangs: ROBUSTTIME for each of its
# scenarios, the disturbances of SEED, with logs and histories left in KEEP.
ROBUSTTIME ?= 66s
KEEP ?=
robust:
	go test -count=1 -v -timeout 120m -run TestClientsSeeNothingWrong ./test/robust \
		-robust-duration $(ROBUSTTIME) -robust-seed $(or $(SEED),0) -robust-keep '$(KEEP)'

# All figures beside Java's server and the bare one, about 20 minutes on a machine that does nothing
# else. BENCH has flags of test/bench: -rows "REGEXP" -sides java,zoo,bare measures a part; -write writes
# the results that are committed, and docs/benchmarks.md.
BENCH ?=
bench:
	ZOO_BENCH=1 go test -count=1 -v -timeout 60m ./test/bench -run TestFiguresBesideJava $(BENCH)

# HOUR of writes and reads on a large tree, for what happens seldom; of ours alone unless BENCH says more.
HOUR ?= 1h
bench-hour:
	ZOO_BENCH=hour go test -count=1 -v -timeout 24h ./test/bench -run TestAnHourOfWrites -hour $(HOUR) \
		-sides zoo $(BENCH)

# The experiments of the ZooKeeper paper with Java's servers and ours, 3, 5 and 7 of them, within forty
# minutes on a machine that does nothing else. BENCH=-write puts the results into docs/paper and docs/benchmarks.md.
bench-paper:
	ZOO_BENCH=paper go test -count=1 -v -timeout 6h ./test/bench -run TestThePaperIsRepeated $(BENCH)

# What the parts of a request cost each for itself: time, bytes and allocations, within two
# minutes. With COUNT=10 before and after a change benchstat tells the difference. What takes
# large trees is left out.
MICROTIME ?= 50ms
COUNT ?= 1
micro:
	go test -run '^$$' -bench . -skip 'Million|OfMany|Memory|Descendants' -benchmem \
		-benchtime $(MICROTIME) -count $(COUNT) ./internal/jute ./internal/wire ./internal/txn \
		./internal/core/acl ./internal/core/prep ./internal/core/replica ./internal/core/tree \
		./internal/core/watch ./internal/core/zab ./internal/disk/adler ./internal/disk/txnlog \
		./internal/net/peer ./internal/server

# How cost grows: CURVES by name, WIDE=1 for the points that take minutes, SIDES=zoo,java.
# Tables, plots and docs/scale-curves.md are written anew.
CURVES ?=
WIDE ?=
SIDES ?= zoo
curves: build
	ZOO_CURVES=1 go test -count=1 -v -timeout 120m -run TestCurvesAreMeasured ./test/bench/curves \
		-binary '$(CURDIR)/bin/zoo' -curves '$(CURVES)' -sides '$(SIDES)' $(if $(WIDE),-wide)
	go test -count=1 -run TestPageIsWhatTablesAndWordsMake ./test/bench/curves -write

generate:
	go generate ./...

cross:
	@set -e; for os in linux darwin windows; do for arch in amd64 arm64; do \
		ext=; if [ $$os = windows ]; then ext=.exe; fi; \
		echo "bin/zoo-$$os-$$arch$$ext"; \
		GOOS=$$os GOARCH=$$arch $(GOBUILD) -o bin/zoo-$$os-$$arch$$ext ./cmd/zoo; \
	done; done

cover:
	go test -coverprofile=coverage.out ./cmd/... ./internal/...
	go tool cover -func=coverage.out | tail -1

check: lint test race cross
