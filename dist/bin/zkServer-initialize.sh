#!/bin/sh
# zkServer-initialize.sh: makes the empty directories of a new server, its myid, and
# the file initialize, which lets an empty server vote (see db.autocreate).
#
#   zkServer-initialize.sh [--configfile=CFG] [--myid=N] [--force]
#
# With --force what is in the directories is removed first.

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

usage() {
	echo "Usage: $0 [--configfile=<cfg>] [--myid=<n>] [--force]" >&2
	exit "$1"
}

force=
myid=
while [ $# -gt 0 ]; do
	case $1 in
	--configfile=*) ZOOCFG=${1#*=} ;;
	--configfile) ZOOCFG=${2:?}; shift ;;
	--myid=*) myid=${1#*=} ;;
	--myid) myid=${2:?}; shift ;;
	--force) force=1 ;;
	--help) usage 0 ;;
	*) usage 2 ;;
	esac
	shift
done

case $myid in
*[!0-9]*)
	echo "myid $myid is not a number" >&2
	exit 1
	;;
esac
if ! [ -r "$ZOOCFG" ]; then
	echo "cannot read $ZOOCFG" >&2
	exit 1
fi
data=$(zk_setting dataDir)
log=$(zk_setting dataLogDir)
if [ -z "$data" ]; then
	echo "dataDir is not in $ZOOCFG" >&2
	exit 1
fi

# prepare DIR makes an empty version-2 in a directory.
prepare() {
	if [ -e "$1/version-2" ]; then
		if [ -z "$force" ]; then
			echo "$1/version-2 exists already; --force removes what is in it" >&2
			exit 1
		fi
		rm -rf "$1/version-2"
	fi
	mkdir -p "$1/version-2" || exit 1
}

prepare "$data"
[ -z "$log" ] || [ "$log" = "$data" ] || prepare "$log"

if [ -n "$myid" ]; then
	echo "$myid" >"$data/myid" || exit 1
else
	echo "No myid was given: an ensemble needs one in $data/myid"
fi
# The server looks for it where its log is; Java's script puts it beside the data.
touch "$data/initialize" || exit 1
[ -z "$log" ] || touch "$log/initialize" || exit 1
