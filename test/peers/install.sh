#!/bin/sh
# Installs on Debian what bench.py measures this fleet beside. It may be run again.
#
#   test/peers/install.sh [DIR]     DIR is that of `bench.py --dir`
#
# It needs root for the packages, and Go. Debian starts the services of these packages; bench.py does not use them, and
# a measurement should run without them: systemctl disable --now redis-server rabbitmq-server postgresql
#
# Celery and dask.distributed are Debian's. For newer ones, afterwards: DIR/venv/bin/pip install -U celery distributed
set -eu
dir=${1:-/tmp/factorfleet-peers}
here=$(cd "$(dirname "$0")" && pwd)
packages="redis-server rabbitmq-server postgresql python3-celery python3-redis python3-distributed python3-venv"

# shellcheck disable=SC2086 # a list of words
if [ "$(dpkg-query -W -f '${db:Status-Status}\n' $packages 2>/dev/null | grep -cx installed)" != "$(echo $packages | wc -w)" ]; then
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
fi

# The interpreter of Debian's packages, whichever python3 is first on PATH.
[ -x "$dir/venv/bin/python3" ] || /usr/bin/python3 -m venv --system-site-packages "$dir/venv"

mkdir -p "$dir/bin"
cd "$here/go"
go build -o "$dir/bin/" . github.com/contribsys/faktory/cmd/faktory
echo "installed; next: just bench-peers"
