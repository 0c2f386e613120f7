# Recipes over the commands of README.md; `just` lists them.

# list the recipes
help:
    @just --list --unsorted

# build the three programs into bin/
build:
    go build -o bin/ ./producer ./consumer ./embedded

# factor numbers on this machine: just factor 10403 360
factor *numbers:
    go run ./embedded submit {{numbers}}

# the list of the tutorial that this grew out of, in its chunks of 43
tutorial:
    go run ./embedded submit --range 999999999999:1000000001997:2 --chunk 43

# all tests, as README has it
test:
    go test ./...

# tests of the concurrent packages under the race detector
race:
    go test -race -short ./internal/factor/resource ./internal/worker ./internal/collect ./internal/plan ./internal/cli ./internal/natsconn ./internal/stream ./internal/puller ./internal/execkind ./internal/metrics ./internal/campaign ./internal/sieving ./internal/curving ./internal/kind ./internal/explain ./internal/command ./internal/fleet ./internal/job ./internal/natsserver

# break a fleet in all ways at random: just soak 10m
soak time="2m":
    go test ./test -run '^TestSoak$' -v -count 1 -timeout 0 -soak {{time}}

# what the gate runs
ci:
    bash .ci/run

# benchmarks: the queue alone, lists through the fleet, then every kernel
bench:
    go test ./test -run '^$' -bench . -benchtime 3x
    go test ./internal/... -run '^$' -bench . -benchmem

# the engine beside factor (coreutils), gp (PARI), yafu and ecm (GMP-ECM), those that are on PATH
peers:
    go test ./test -run '^$' -bench 'Peers|Curves' -benchtime 1x -timeout 0

# this fleet beside other queues, those that test/peers/install.sh has installed: just bench-peers asynq fleet
bench-peers *systems:
    python3 test/peers/bench.py {{systems}}

# hard semiprimes one by one beside gp and yafu, in user seconds: just hard 60,70
hard digits="40,50,60":
    go test ./test -run '^$' -bench Hard -benchtime 1x -timeout 0 -digits {{digits}}

# one number of so many digits with all consumers of a fleet, which are killed in turn: just campaign 80 2 -kill 90s
campaign digits="80" consumers="2" *flags:
    go test ./test -run '^$' -bench '^BenchmarkCampaign$' -benchtime 1x -timeout 0 -campaign {{digits}} -consumers {{consumers}} {{flags}}

# a list of 10,000 small numbers alone and beside two campaigns of numbers of so many digits
campaign-list digits="90":
    go test ./test -run '^$' -bench '^BenchmarkCampaignList$' -benchtime 3x -timeout 0 -campaign {{digits}}

# the error of the ETA at 10, 50 and 90 % of three mixed jobs; of another version: just eta -eta-programs DIR
eta *flags:
    go test ./test -run '^$' -bench '^BenchmarkETA$' -benchtime 1x -timeout 0 {{flags}}

# format, vet, staticcheck
lint:
    gofmt -l -w $(git ls-files '*.go')
    go vet ./...
    go tool staticcheck ./...

# build the last commit twice, in two directories, and compare the programs byte by byte
reproducible dir="/tmp/factorfleet-reproducible":
    for d in one two/deeper; do mkdir -p {{dir}}/$d && git archive HEAD | tar -x -C {{dir}}/$d && \
      (cd {{dir}}/$d && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/ ./producer ./consumer ./embedded) || exit 1; done
    for p in producer consumer embedded; do cmp {{dir}}/one/bin/$p {{dir}}/two/deeper/bin/$p || exit 1; done
    sha256sum {{dir}}/one/bin/*

# known vulnerabilities in what the programs call; it needs vuln.go.dev
vulnerabilities:
    go run golang.org/x/vuln/cmd/govulncheck@latest ./...

# fuzz one target: just fuzz internal/task FuzzDecodeResult 5m
fuzz package target time="1m":
    go test -run '^$' -fuzz '^{{target}}$' -fuzztime {{time}} ./{{package}}

# a nats-server with JetStream in DIR, built from the module
server dir="/tmp/factorfleet-server":
    go run github.com/nats-io/nats-server/v2 -js -sd {{dir}}

# make internal/task/taskpb anew from task.proto (needs protoc)
proto:
    protoc --plugin=protoc-gen-go="$(go tool -n protoc-gen-go)" --go_out=internal/task/taskpb --go_opt=paths=source_relative -I internal/task task.proto
