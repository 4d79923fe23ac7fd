// Package jaas reads the login configuration that Java's ZooKeeper is given by
// -Djava.security.auth.login.config:
//
//	// Comments are as in Java, and from # to the end of a line.
//	Server {
//	    org.apache.zookeeper.server.auth.DigestLoginModule required
//	    user_bob="secret"  debug=true;
//	};
//
// A section names login modules, each a class, one of the flags required, requisite,
// sufficient and optional, and options. Values may be quoted, with Java's escapes,
// and hold ${name} for a property.
//
// It guarantees that errors name file and line and hold no value of any option, and
// that nothing prints one by accident. It does not know what modules mean.
package jaas
