#!/bin/sh
# zkCleanup.sh: removes old snapshots and logs of the server in zoo.cfg, as ZooKeeper's
# script does; it is meant for cron, and a server may be running.
#
#   zkCleanup.sh -n count       keeps the newest count snapshots, at least 3
#
# Environment: ZOOCFGDIR, ZOOCFG, ZOO_BINARY. JVMFLAGS is accepted: there is no JVM. A
# running zoo server purges by itself (autopurge.*).

# The directory of this file, also when it was started through links.
self=$0
while [ -h "$self" ]; do
	target=$(readlink "$self")
	case $target in
	/*) self=$target ;;
	*) self=$(dirname "$self")/$target ;;
	esac
done
ZOOBINDIR=$(cd "$(dirname "$self")" && pwd)

if [ "${1:-}" = --config ] && [ $# -ge 2 ]; then
	ZOOCFGDIR=$2
	shift 2
fi
. "$ZOOBINDIR/zkEnv.sh"
zk_need_binary

data=$(zk_setting dataDir)
log=$(zk_setting dataLogDir)
[ -z "$data" ] || set -- "$data" "$@"
[ -z "$log" ] || set -- "$log" "$@"
exec "$ZOO_BINARY" toolkit purge "$@"
