// Package digestmd5 is the SASL mechanism DIGEST-MD5 (RFC 2831) for both sides, as far
// as ZooKeeper uses it: one realm, quality of protection "auth", the algorithm md5-sess,
// one round.
//
//	client                    server
//	(empty)             ->
//	                    <-    realm="…",nonce="…",charset=utf-8,algorithm=md5-sess
//	username="…",realm="…",nonce="…",nc=00000001,cnonce="…",
//	digest-uri="…",response=…,qop=auth,charset=utf-8  ->
//	                    <-    rspauth=…
//
// It guarantees that a client that is done knows a password of the configuration, and
// so does the server that a Client is done with.
// It protects nothing that follows, and MD5 is no longer a hash to be proud of: who
// can should use Kerberos or client certificates.
package digestmd5
