#!/bin/sh
# zkCli.sh: zoo's client with the command line, the texts and the exit codes of
# ZooKeeper's.
#
#   zkCli.sh [-server host:port[,...][/chroot]] [-timeout ms] [-r] [-waitforconnection]
#            [-client-configuration file] [command args...]
#
# Environment: JVMFLAGS and CLIENT_JVMFLAGS (their -D options count: zookeeper.client.secure
# and zookeeper.ssl.* for TLS, jute.maxbuffer), ZOOCFGDIR, ZOO_BINARY. ZK_CLIENT_HEAP is
# accepted: there is no JVM that it could be for.

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

# Other options of a JVM are no news at a prompt. The words are not to be globbed.
set -f
zk_properties "${CLIENT_JVMFLAGS:-} ${JVMFLAGS:-}" 2>/dev/null
exec "$ZOO_BINARY" shell $ZK_DEFINES "$@"
