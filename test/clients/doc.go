// Package clients holds the stories of real, unmodified clients: Java's zkCli.sh,
// the C client's cli_mt and go-zookeeper work against ensembles of three voters and
// an observer, run as processes of the zoo binary, while servers are killed. It
// guarantees nothing about speed, and its stories say nothing that is true of zoo
// only:
//
//	ZOO_CLIENTS_SERVER=java go test ./test/clients
//
// runs them against Java's own server, to find out who is wrong.
package clients
