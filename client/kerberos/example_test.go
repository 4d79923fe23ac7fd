package kerberos_test

import (
	"context"
	"log"

	"zoo/client"
	"zoo/client/kerberos"
)

// A service proves itself with its keytab. This wants a KDC, and is not run by a test.
func ExampleLogin() {
	login, err := kerberos.Login(kerberos.Config{
		KeyTab: "/etc/app.keytab", Principal: "app/host1.example.org@EXAMPLE.ORG"})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	c, err := client.Dial(ctx, client.Options{
		Servers: []string{"zk1.example.org:2181", "zk2.example.org:2181"}, SASL: login})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)
}
