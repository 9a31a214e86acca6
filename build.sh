#!/bin/sh
# Builds web/dist: latchkey.js, latchkey.module.js, latchkey.min.js with latchkey.runtime.min.js, latchkey.wasm,
# latchkey.logout.html with latchkey.logout.min.js, latchkey.d.ts and checksums.txt. With `user`, also
# latchkey-user.*: the same without client tokens and agents.
# Needs Go and Node with npm. A second run does only what has changed.
set -eu
cd "$(dirname "$0")"

user=
case "${1:-}" in
'') ;;
user) user=1 ;;
*)
	echo 'usage: ./build.sh [user]' >&2
	exit 2
	;;
esac

for tool in go node npm; do
	command -v "$tool" >/dev/null || {
		echo "build.sh: $tool is needed and not there" >&2
		exit 1
	}
done

# npm keeps a copy of what it installed: it is the same age as the installation.
if [ ! -e web/node_modules/.package-lock.json ] || [ web/package-lock.json -nt web/node_modules/.package-lock.json ]; then
	echo '• installing what the web build needs'
	(cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
	touch web/node_modules/.package-lock.json
fi

version=$(node -p "require('./web/package.json').version")
mkdir -p web/dist
rm -f web/dist/latchkey-user.*
# compile <name> <tags>. What is ours is not inlined, nor what formats and parses: 60 kB less after compression, and
# nothing that can be timed. The runtime keeps its inlining, as what crosses to JavaScript is slower without.
compile() {
	plain='-gcflags=latchkey/...=-l'
	for package in fmt reflect time strconv internal/strconv internal/fmtsort context os errors strings encoding/base64 slices internal/reflectlite unicode/utf8; do
		plain="$plain -gcflags=$package=-l"
	done
	echo "• compiling $1.wasm $version"
	GOEXPERIMENT=nogreenteagc GOOS=js GOARCH=wasm \
		go build -tags "$2" -trimpath $plain -ldflags="-s -w -X main.version=$version" -o "web/dist/$1.wasm" ./wasm
	node web/tools/segments.mjs "web/dist/$1.wasm"
	chmod 644 "web/dist/$1.wasm"
}
compile latchkey ''
[ -z "$user" ] || compile latchkey-user omit_clientauth,omit_asm

echo '• bundling the scripts'
(cd web && node tools/build.mjs)
