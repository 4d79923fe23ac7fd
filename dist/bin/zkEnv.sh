# zkEnv.sh: what the scripts beside it have in common. It is sourced, with ZOOBINDIR
# set to this directory.
#
# It settles ZOOCFGDIR, ZOOCFG (the whole path), ZOO_LOG_DIR and ZOO_BINARY from the
# environment, from zookeeper-env.sh and java.env in the configuration directory, and
# from --config DIR on the caller's command line, which the caller has put into
# ZOOCFGDIR before.

ZOOKEEPER_PREFIX=$(cd "$ZOOBINDIR/.." && pwd)

# Where the configuration is: conf beside bin, or else etc/zookeeper.
if [ -z "${ZOOCFGDIR:-}" ]; then
	if [ -d "$ZOOKEEPER_PREFIX/conf" ]; then
		ZOOCFGDIR=$ZOOKEEPER_PREFIX/conf
	else
		ZOOCFGDIR=$ZOOKEEPER_PREFIX/etc/zookeeper
	fi
fi

for zk_env in "$ZOOCFGDIR/zookeeper-env.sh" "$ZOOCFGDIR/java.env"; do
	if [ -f "$zk_env" ]; then
		. "$zk_env"
	fi
done

case ${ZOOCFG:-} in
/*) ;;
*) ZOOCFG=$ZOOCFGDIR/${ZOOCFG:-zoo.cfg} ;;
esac

: "${ZOO_LOG_DIR:=$ZOOKEEPER_PREFIX/logs}"

# zoo itself: told by ZOO_BINARY, beside this file, built in a checkout, or on PATH.
if [ -z "${ZOO_BINARY:-}" ]; then
	if [ -x "$ZOOBINDIR/zoo" ]; then
		ZOO_BINARY=$ZOOBINDIR/zoo
	elif [ -x "$ZOOKEEPER_PREFIX/../bin/zoo" ]; then
		ZOO_BINARY=$ZOOKEEPER_PREFIX/../bin/zoo
	else
		ZOO_BINARY=$(command -v zoo)
	fi
fi

zk_need_binary() {
	if [ -z "$ZOO_BINARY" ] || ! [ -x "$ZOO_BINARY" ]; then
		echo "zoo is not beside this script and not on PATH; set ZOO_BINARY to it" >&2
		exit 1
	fi
}

# zk_properties FLAGS sets ZK_DEFINES to the -D options in a list of JVM flags, and
# tells once that there is no JVM for the others.
zk_properties() {
	ZK_DEFINES=
	zk_others=
	for zk_flag in $1; do
		case $zk_flag in
		-D*) ZK_DEFINES="$ZK_DEFINES $zk_flag" ;;
		*) zk_others="$zk_others $zk_flag" ;;
		esac
	done
	if [ -n "$zk_others" ]; then
		echo "Ignored, there is no JVM:$zk_others" >&2
	fi
}

# zk_setting KEY [FILE] prints the last value of a key in a configuration file. A key
# ends at a blank, = or :, as in Java's properties.
zk_setting() {
	[ -r "${2:-$ZOOCFG}" ] || return 0
	awk -v key="$1" '
		{
			line = $0
			sub(/\r$/, "", line)
			sub(/^[ \t\f]+/, "", line)
			if (substr(line, 1, length(key)) != key) next
			rest = substr(line, length(key) + 1)
			if (rest != "" && rest !~ /^[ \t=:]/) next
			sub(/^[ \t]*[=:]?[ \t]*/, "", rest)
			sub(/[ \t]+$/, "", rest)
			value = rest
		}
		END { print value }' "${2:-$ZOOCFG}"
}
