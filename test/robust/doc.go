// Package robust lets real servers suffer: their processes are killed and stopped, and
// between each two of them stands a proxy of ours that cuts, slows and breaks their
// connections, also in one direction only. Clients write and read meanwhile, write down
// what they sent and heard, and internal/check/history judges that.
//
// It guarantees that a run ends, with all processes and connections gone, and that the
// disturbances are chosen by the seed that it prints. It cannot repeat a run exactly:
// processes and networks have their own time.
//
//	make robust                                    ten minutes
//	go test -v ./test/robust -run TestClients/hangs -robust-seed 7 -robust-duration 2m
//
// README.md tells what each scenario proves.
package robust
