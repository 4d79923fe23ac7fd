// Package zootest gives tests a ZooKeeper server, or a whole ensemble, inside of the test's
// own process, and breaks it for them: servers are killed, restarted and paused, the
// network between them is cut, sessions expire.
//
//	func TestSomething(t *testing.T) {
//		e := zootest.NewEnsemble(t, 3)
//		c := e.Client(t)
//		…
//		e.Kill(e.Leader())
//		e.WaitServing()
//		…
//	}
//
// The servers are those of zoo serve. What is different, so that tests are quick:
//
//   - Their logs are not synced (forceSync=no): what was acknowledged survives Kill and
//     Restart, and would not survive the machine.
//   - A tick is 100 milliseconds, syncLimit is 30 ticks and initLimit 100. Sessions may
//     have timeouts from 200 milliseconds to one minute.
//   - Servers speak to each other through memory, at addresses that no port stands behind.
//     Clients connect by TCP, to ports of 127.0.0.1 that stay the servers' own until the
//     end of the test.
//   - There is no admin server, and all four-letter words are answered.
//
// Settings changes all but the network. Everything is gone at the end of the test, by its
// Cleanup: servers, goroutines, ports and directories. What goes wrong fails the test, as
// does a server that ends by itself; a wait that takes longer than 30 seconds has gone
// wrong. Methods that may fail the test are to be called by its own goroutine.
package zootest
