#!/bin/sh
# zkSnapShotToolkit.sh: prints a snapshot, with the options and the lines
# of ZooKeeper's script.
#
#   zkSnapShotToolkit.sh [-d | -json] snapshot
#
# Environment: ZOOCFGDIR, ZOO_BINARY. JVMFLAGS is accepted: there is no JVM. zoo log and
# zoo snapshot do more, and go on behind damage: docs/operate/tools.md.

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

. "$ZOOBINDIR/zkEnv.sh"
zk_need_binary

exec "$ZOO_BINARY" toolkit snapshot "$@"
