# Everything runs from here; CONTRIBUTING.md says when to run what.
STATICCHECK = $(CURDIR)/web/.cache/staticcheck-v0.7.0/staticcheck
RACE := $(shell command -v gcc >/dev/null 2>&1 && echo -race)
say = @printf '\n\033[1m== %s\033[0m\n'

.PHONY: demo build test lint test-go test-wasm test-web test-e2e late bench soak fuzz differential mutation planted herd wpt clean

demo: build
	$(say) "starting the demo; stop it with Ctrl-C"
	cd web && go build -o .cache/demo-server ./demo/server && exec .cache/demo-server -control

build:
	$(say) "building web/dist, latchkey-user too"
	./build.sh user

test: build lint test-go test-wasm test-web test-e2e
	$(say) "all tests passed"

$(STATICCHECK):
	GOBIN=$(@D) go install honnef.co/go/tools/cmd/staticcheck@v0.7.0

lint: $(STATICCHECK)
	$(say) "checking the sources"
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt would change these files"; exit 1; }
	go vet ./... && GOOS=js GOARCH=wasm go vet ./jsbridge ./wasm && cd web && go vet ./...
	for tags in omit_clientauth omit_asm omit_clientauth,omit_asm; do GOOS=js GOARCH=wasm go vet -tags $$tags ./wasm || exit 1; done
	$(STATICCHECK) ./core/... && GOOS=js GOARCH=wasm $(STATICCHECK) ./jsbridge/... ./wasm/...
	cd web && $(STATICCHECK) ./... && npm run --silent check

# GW-15: the race detector, the vets and the corpora of the fuzzers.
test-go:
	$(say) "testing the core, the import rules and the demo's server$(if $(RACE),, (without -race: no C compiler))"
	go test $(RACE) ./...
	go test ./core -run 'TestSimulationIsItsSeed$$'
	$(say) "running 100,000 schedules of the simulator"
	go test ./core -run 'TestSimulation$$' -schedules 100000 -timeout 30m
	cd web && go test $(RACE) ./...

# GW-14: the same tests in WebAssembly.
test-wasm:
	$(say) "testing the core in WebAssembly, and the bridge in Node and in the browser"
	GOOS=js GOARCH=wasm go test -exec "node $(CURDIR)/web/tools/run-wasm.mjs node" ./core -schedules 100
	GOOS=js GOARCH=wasm go test -exec "node $(CURDIR)/web/tools/run-wasm.mjs node" $$(go list ./core/... | grep -v 'latchkey/core$$')
	GOOS=js GOARCH=wasm go test -exec "node $(CURDIR)/web/tools/run-wasm.mjs node" ./jsbridge/...
	GOOS=js GOARCH=wasm BROWSER_PATH="$$(node web/tools/browser.mjs)" go test -exec "node $(CURDIR)/web/tools/run-wasm.mjs chromium" ./jsbridge/...

test-web:
	$(say) "testing the data plane"
	cd web && npm test --silent && node --test demo/page/*.test.mjs differential

test-e2e:
	$(say) "testing in the browser, against real servers"
	node web/tools/browser.mjs >/dev/null
	cd web && node --test --test-concurrency=2 e2e

# Not what makes thousands of requests, and what starts no server.
late:
	$(say) "testing in the browser, against servers that are late now and then"
	cd web && LATE=$${LATE:-500} NODE_OPTIONS="--import $(CURDIR)/web/tools/late.mjs" node --test --test-concurrency=3 \
		$$(ls e2e/*.test.mjs | grep -vE '/(conformance|load|real-tabs|twin|url-fuzz|wpt)\.')

bench: build
	$(say) "measuring, side by side"
	node web/bench/run.mjs

soak:
	$(say) "running 10,000,000 schedules of the simulator"
	go test ./core -run 'TestSimulation$$' -schedules 10000000 -timeout 0
	$(say) "an hour of requests with tokens of a second and faults, in the browser"
	cd web && SOAK=3600 node --test --test-name-pattern=LD-03 e2e/load.test.mjs
	$(say) "10,000 sign-ins and logouts, and 50 tabs for two minutes, lost in each way at each stage of a refresh"
	cd web && ROUNDS=10000 node --test --test-name-pattern=LD-07 e2e/load.test.mjs
	cd web && TABS=50 SECONDS=120 STAGES=all node --test e2e/real-tabs.test.mjs
	$(say) "how soon another tab takes over, thirty times each"
	node web/bench/takeover.mjs

planted:
	$(say) "planting twelve bugs, to see whether the simulator finds them"
	go test ./core -run 'TestPlanted$$' -planted -v -timeout 60m

herd:
	$(say) "drawing what an outage of ten minutes does to a server with 1,000,000 clients"
	go test ./core/session -run 'TestLD06' -v -herd "$(CURDIR)/web/docs/herd.svg"

differential:
	$(say) "comparing 100,000 id tokens with jose"
	cd web && TOKENS=100000 node --test differential

GREMLINS = $(CURDIR)/web/.cache/gremlins-v0.6.0/gremlins
$(GREMLINS):
	GOBIN=$(@D) go install github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0

mutation: $(GREMLINS)
	$(say) "changing core/oauth in a few hundred ways, to see which its tests miss"
	GOFLAGS=-short $(GREMLINS) unleash ./core/oauth --invert-logical --timeout-coefficient 100

# WPT=<folder> names a checkout of web-platform-tests/wpt; its handlers need python3.
wpt: build
	$(say) "running WPT's own files of fetch/api and xhr, natively and wrapped"
	node web/e2e/wpt/list.mjs "$(WPT)" "$(WPT_NAME)"

fuzz:
	$(say) "fuzzing what parses outside input, a minute each"
	go test ./core/strictjson -run '^$$' -fuzz FuzzParse -fuzztime 60s
	for target in FuzzParseAnswer FuzzIDToken FuzzJWKS FuzzMetadata FuzzTokenAnswer; do \
		go test ./core/oauth -run '^$$' -fuzz "$$target\$$" -fuzztime 60s || exit 1; \
	done
	go test ./core/persist -run '^$$' -fuzz FuzzDecode -fuzztime 60s
	go test ./core/spartacus -run '^$$' -fuzz FuzzRead -fuzztime 60s
	$(say) "100,000,000 spellings of addresses, in the browser"
	cd web && SPELLINGS=100000000 node --test e2e/url-fuzz.test.mjs

clean:
	rm -rf web/dist web/.cache web/node_modules web/e2e/spartacus/node_modules web/e2e/servers/backends/node_modules web/e2e/servers/backends/data
