# Read by the scripts of /usr/share/zoo/bin.
ZOO_LOG_DIR=/var/log/zookeeper
