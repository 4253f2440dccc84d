// net.Resolver.LookupHost of Go's own resolver. The line it prints is described in probe.h. With an address
// family it asks for that alone (LookupIP).
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	_ "unsafe" // for go:linkname
)

// CLOCK_MONOTONIC, as package time reads it.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64

func lookup(resolver *net.Resolver, name, family string) ([]string, error) {
	if family == "unspec" {
		return resolver.LookupHost(context.Background(), name)
	}
	network := map[string]string{"inet": "ip4", "inet6": "ip6"}[family]
	found, err := resolver.LookupIP(context.Background(), network, name)
	addresses := []string{}
	for _, address := range found {
		addresses = append(addresses, address.String())
	}
	return addresses, err
}

// Go's words for an error, without the addresses and ports in front of them.
func words(err error) string {
	if err == nil {
		return "-"
	}
	text := err.Error()
	var dns *net.DNSError
	if errors.As(err, &dns) {
		text = dns.Err
	}
	return text[strings.LastIndex(text, ": ")+1:]
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		parts := strings.Split(strings.TrimPrefix(runtime.Version(), "go"), ".")
		fmt.Println("go-" + strings.Join(parts[:2], "."))
		return
	}
	if len(os.Args) != 3 {
		os.Exit(2)
	}
	resolver := &net.Resolver{PreferGo: true}
	os.Open("lookup begins")
	began := nanotime()
	addresses, err := lookup(resolver, os.Args[1], os.Args[2])
	ended := nanotime()
	os.Open("lookup ended")
	fields := append([]string{fmt.Sprint(began), fmt.Sprint(ended), strings.TrimSpace(words(err))}, addresses...)
	fmt.Println(strings.Join(fields, "\t"))
}
