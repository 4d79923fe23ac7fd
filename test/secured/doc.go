// Package secured holds the stories of ensembles whose servers prove to each other who
// they are: Java's servers and zoo's in one ensemble, under TLS with key stores that
// keytool has made, by DIGEST-MD5 and by Kerberos. What it says is true of a majority of
// either kind.
package secured
