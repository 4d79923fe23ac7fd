#!/bin/sh
# zkServer.sh: starts, stops and asks one zoo server, with the command line, the
# messages and the exit codes that scripts know from ZooKeeper's.
#
#   zkServer.sh [--config DIR] start|start-foreground|stop|restart|status|version|print-cmd [CFG]
#
# CFG is a name in the configuration directory, or a path with a slash.
#
# Environment: ZOOCFGDIR, ZOOCFG, ZOOPIDFILE, ZOO_LOG_DIR, ZOO_BINARY, JVMFLAGS and
# SERVER_JVMFLAGS (their -D options count), ZOO_DATADIR_AUTOCREATE_DISABLE.
# ZK_SERVER_HEAP and JMX* are accepted: there is no JVM that they could be for.
#
# No set -u: java.env may well ask for what is not set.

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

usage() {
	echo "Usage: $0 [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd} [cfg]" >&2
	exit 1
}

if [ "${1:-}" = --config ]; then
	[ $# -ge 2 ] || usage
	if ! [ -d "$2" ]; then
		echo "$2 is no directory" >&2
		exit 1
	fi
	ZOOCFGDIR=$2
	shift 2
fi

. "$ZOOBINDIR/zkEnv.sh"

action=${1:-}
case ${2:-} in
'') ;;
*/*) ZOOCFG=$2 ;;
*) ZOOCFG=$ZOOCFGDIR/$2 ;;
esac

# However the file is told, the server's command line and the script that stops it name
# it alike.
if directory=$(cd "$(dirname "$ZOOCFG")" 2>/dev/null && pwd); then
	ZOOCFG=$directory/${ZOOCFG##*/}
fi

# Whoever runs the script has a name only in some environments.
user=${USER:-$(id -un)}
ZOO_DAEMON_OUT=$ZOO_LOG_DIR/zookeeper-$user-server-$(uname -n).out

# command_line settles ZK_DEFINES, whose words are not to be globbed.
command_line() {
	set -f
	flags="${SERVER_JVMFLAGS:-} ${JVMFLAGS:-}"
	if [ -n "${ZOO_DATADIR_AUTOCREATE_DISABLE:-}" ]; then
		flags="-Dzookeeper.datadir.autocreate=false $flags"
	fi
	zk_properties "$flags"
}

# pid_file settles ZOOPIDFILE, and makes its directory as the server would.
pid_file() {
	[ -n "${ZOOPIDFILE:-}" ] && return
	data=$(zk_setting dataDir)
	if [ -z "$data" ]; then
		echo "dataDir is not in $ZOOCFG; set ZOOPIDFILE to where the pid file is" >&2
		exit 1
	fi
	if [ -z "${ZOO_DATADIR_AUTOCREATE_DISABLE:-}" ]; then
		mkdir -p "$data" 2>/dev/null
	fi
	ZOOPIDFILE=$data/zookeeper_server.pid
}

# alive tells whether a process runs, also one that takes no signals from this user.
# Where nobody reaps, as in many containers, one that has ended stays as a zombie.
alive() {
	if [ -r "/proc/$1/status" ]; then
		! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
		return
	fi
	case $(ps -o stat= -p "$1" 2>/dev/null) in
	Z*) return 1 ;;
	'') kill -0 "$1" 2>/dev/null ;;
	esac
}

# words prints the command line of a process with a blank around each word, and nothing
# for one that is about to end.
words() {
	if [ -r "/proc/$1/cmdline" ]; then
		line=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline")
	else
		line=$(ps -ww -o args= -p "$1" 2>/dev/null)
	fi
	echo "${line:+ $line }"
}

# serves tells whether a process is the server of this configuration. Numbers are used
# again: after a crash or a reboot the pid file may name anybody's process.
serves() {
	line=$(words "$1")
	case $line in *" serve "*) ;; *) return 1 ;; esac
	case $line in *" $ZOOCFG "*) ;; *) return 1 ;; esac
}

# stranger tells that a process is somebody else's.
stranger() {
	[ -n "$(words "$1")" ] && ! serves "$1"
}

# noted_pid sets pid to the process that the pid file names: nothing, if what is in it is
# no number of a process that could be a server.
noted_pid() {
	pid=$(cat "$ZOOPIDFILE") || exit 1
	case $pid in
	*[!0-9]* | 0* | 1) pid= ;;
	esac
}

start() {
	zk_need_binary
	pid_file
	printf 'Starting zookeeper ... '
	if [ -f "$ZOOPIDFILE" ]; then
		noted_pid
		if [ -n "$pid" ] && alive "$pid" && serves "$pid"; then
			echo "already running as process $pid."
			exit 1
		fi
	fi
	mkdir -p "$ZOO_LOG_DIR"
	command_line
	# shellcheck disable=SC2086 # a list of words, without globbing
	nohup "$ZOO_BINARY" serve $ZK_DEFINES "$ZOOCFG" >"$ZOO_DAEMON_OUT" 2>&1 </dev/null &
	pid=$!
	if ! printf '%s' "$pid" >"$ZOOPIDFILE"; then
		echo FAILED TO WRITE PID
		kill "$pid" 2>/dev/null
		exit 1
	fi
	# What is wrong with the configuration shows within this second.
	sleep 1
	if alive "$pid"; then
		echo STARTED
		return
	fi
	rm -f "$ZOOPIDFILE"
	echo FAILED TO START
	tail -n 5 "$ZOO_DAEMON_OUT" >&2
	exit 1
}

# stopSecondsMax is how long a server may take to end before it is killed, and
# killSecondsMax how long the system may take over that.
stopSecondsMax=30
killSecondsMax=30

stop() {
	pid_file
	printf 'Stopping zookeeper ... '
	if ! [ -f "$ZOOPIDFILE" ]; then
		echo "no zookeeper to stop (could not find file $ZOOPIDFILE)"
		return
	fi
	noted_pid
	if [ -z "$pid" ] || ! alive "$pid" || ! serves "$pid"; then
		rm -f "$ZOOPIDFILE"
		echo "no zookeeper to stop (file $ZOOPIDFILE named process '$pid', not this server)"
		return
	fi
	if ! kill "$pid" 2>/dev/null && alive "$pid"; then
		echo "FAILED TO STOP: $user may not send signals to process $pid"
		exit 1
	fi
	waited=0
	while alive "$pid" && ! stranger "$pid"; do
		if [ "$waited" -eq "$stopSecondsMax" ] && serves "$pid"; then
			kill -9 "$pid" 2>/dev/null
		elif [ "$waited" -ge $((stopSecondsMax + killSecondsMax)) ]; then
			echo "FAILED TO STOP: process $pid does not end"
			exit 1
		fi
		sleep 1
		waited=$((waited + 1))
	done
	rm -f "$ZOOPIDFILE"
	echo STOPPED
}

# own_line prints this server's own server.N line, from the file or from the dynamic
# one that it names.
own_line() {
	data=$(zk_setting dataDir)
	[ -r "$data/myid" ] || return 0
	id=$(tr -d ' \t\r\n' <"$data/myid")
	line=$(zk_setting "server.$id")
	dynamic=$(zk_setting dynamicConfigFile)
	if [ -z "$line" ] && [ -n "$dynamic" ]; then
		line=$(zk_setting "server.$id" "$dynamic")
	fi
	echo "$line"
}

# find_client settles host, port and secure: the plain port, that of the own server
# line, or else the secure one.
find_client() {
	secure=false
	port=$(zk_setting clientPort)
	host=$(zk_setting clientPortAddress)
	if [ -z "$port" ]; then
		echo 'Client port not found in static config file. Looking in dynamic config file.' >&2
		client=$(own_line)
		case $client in
		*\;*)
			client=${client##*;}
			port=${client##*:}
			case $client in *:*) host=${client%:*} ;; esac
			;;
		esac
	fi
	if [ -z "$port" ]; then
		port=$(zk_setting secureClientPort)
		host=$(zk_setting secureClientPortAddress)
		secure=true
	fi
	case $host in
	'' | 0.0.0.0 | '[::]' | ::) host=localhost ;;
	\[*) ;;
	*:*) host="[$host]" ;;
	esac
}

status() {
	zk_need_binary
	find_client
	if [ -z "$port" ]; then
		echo 'Client port not found. Terminating.' >&2
		exit 1
	fi
	echo "Client port found: $port. Client address: $host. Client SSL: $secure."
	if $secure; then
		command_line
		# shellcheck disable=SC2086 # a list of options
		answer=$("$ZOO_BINARY" status --word=srvr --tls="$ZOOCFG" $ZK_DEFINES "$host:$port") || answer=
	else
		answer=$("$ZOO_BINARY" status --word=srvr "$host:$port" 2>/dev/null) || answer=
	fi
	mode=$(printf '%s\n' "$answer" | grep '^Mode: ')
	if [ -n "$mode" ]; then
		echo "$mode"
		return
	fi
	echo 'Error contacting service. It is probably not running.'
	exit 1
}

case $action in
start | start-foreground | stop | restart | status | print-cmd | upgrade)
	echo "Using config: $ZOOCFG" >&2
	;;
esac

case $action in
start) start ;;
start-foreground)
	zk_need_binary
	command_line
	# exec: whoever kills this process kills the server.
	# shellcheck disable=SC2086
	exec "$ZOO_BINARY" serve $ZK_DEFINES "$ZOOCFG"
	;;
print-cmd)
	zk_need_binary
	command_line
	echo "\"$ZOO_BINARY\" serve$ZK_DEFINES \"$ZOOCFG\" > \"$ZOO_DAEMON_OUT\" 2>&1 < /dev/null"
	;;
stop) stop ;;
restart)
	stop
	start
	;;
status) status ;;
version)
	zk_need_binary
	exec "$ZOO_BINARY" version
	;;
upgrade)
	echo 'There is nothing to upgrade: data of ZooKeeper 3.4 and later is read as it is.'
	;;
*) usage ;;
esac
