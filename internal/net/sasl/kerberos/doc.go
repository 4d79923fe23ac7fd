// Package kerberos turns a Kerberos principal into the identity that an ACL of the
// sasl scheme holds: by the rules of zookeeper.security.auth_to_local, as Java's
// KerberosName, and by what zookeeper.kerberos.removeHostFromPrincipal and
// removeRealmFromPrincipal leave of the name. It also reads the few settings of
// krb5.conf that a server needs. It guarantees that an identity follows from the
// principal that was proved and never from what a client merely says. It does not
// know tickets or keys.
package kerberos
