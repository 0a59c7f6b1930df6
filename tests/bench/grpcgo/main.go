// Command grpcgo is the yardstick of the API benchmark: an echo server in grpc-go, and the client
// that loads it and the node's own API alike. Both sides use raw bytes as messages.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

const (
	method = "/machine.MachineService/Version"
	tag    = "v0.0.0-bench"
	warmUp = 500
)

// rawCodec hands messages through as the bytes they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)

	return nil
}

// reply is a VersionResponse{messages: [{version: {tag: "v0.0.0-bench"}}]}.
var reply = []byte("\x0a\x10\x12\x0e\x0a\x0c" + tag)

func main() {
	mode := flag.String("mode", "load", "serve or load")
	addr := flag.String("addr", "127.0.0.1:50000", "where to listen, or whom to call")
	dir := flag.String("pki", ".", "folder with ca.crt, server.crt, server.key, client.crt, client.key")
	calls := flag.Int("calls", 5000, "calls to make")
	inFlight := flag.Int("in-flight", 1, "calls in flight")
	nodes := flag.String("nodes", "", "the nodes metadata, if any")
	flag.Parse()

	if *mode == "serve" {
		serve(*addr, *dir)
	} else {
		load(*addr, *dir, *calls, *inFlight, *nodes)
	}
}

func identity(dir, name string) (tls.Certificate, *x509.CertPool) {
	pair, err := tls.LoadX509KeyPair(dir+"/"+name+".crt", dir+"/"+name+".key")
	if err != nil {
		log.Fatal(err)
	}

	ca, err := os.ReadFile(dir + "/ca.crt")
	if err != nil {
		log.Fatal(err)
	}

	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)

	return pair, pool
}

func serve(addr, dir string) {
	pair, pool := identity(dir, "server")
	creds := credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS13,
	})
	server := grpc.NewServer(grpc.Creds(creds), grpc.ForceServerCodec(rawCodec{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "machine.MachineService",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "Version",
			Handler: func(_ any, _ context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				var request []byte

				return &reply, dec(&request)
			},
		}},
	}, struct{}{})

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println("ready")
	log.Fatal(server.Serve(listener))
}

func load(addr, dir string, calls, inFlight int, nodes string) {
	pair, pool := identity(dir, "client")
	creds := credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool})

	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	var messages atomic.Int64

	call := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()

		if nodes != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "nodes", nodes)
		}

		var request, answer []byte

		err := conn.Invoke(ctx, method, &request, &answer)
		// Each node that answered has a version in it; one that did not has an error instead.
		messages.Store(int64(bytes.Count(answer, []byte(tag))))

		return err
	}

	for range warmUp {
		if err := call(); err != nil {
			log.Fatal(err)
		}
	}

	times := make([]time.Duration, calls)

	var (
		next, failed atomic.Int64
		wait         sync.WaitGroup
	)

	start := time.Now()

	for range inFlight {
		wait.Go(func() {
			for {
				at := next.Add(1) - 1
				if at >= int64(calls) {
					return
				}

				began := time.Now()

				if err := call(); err != nil {
					failed.Add(1)
				}

				times[at] = time.Since(began)
			}
		})
	}

	wait.Wait()

	total := time.Since(start)

	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })

	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"inFlight":    inFlight,
		"calls":       calls,
		"warmUp":      warmUp,
		"failed":      failed.Load(),
		"messages":    messages.Load(),
		"callsPerSec": int(float64(calls) / total.Seconds()),
		"p50Ms":       ms(times[calls/2]),
		"p99Ms":       ms(times[calls*99/100]),
	})
}
