#!/bin/bash
# program: Go
# packages: golang-go
# does: compiles and runs a program of goroutines, channels, timers, HTTP on loopback, child processes and signals; go vet and go test
# seconds: 1200
. "${0%/*}/lib.sh"
version golang-1.19-go
command -v go >/dev/null || { echo "skip Go: not here"; exit 0; }
export GOPATH=$work/go GOCACHE=$work/cache GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=0 LIMIT=600
mkdir p && cd p && cat >go.mod <<'X'
module p
go 1.19
X
cat >m.go <<'X'
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func Sum(n int) int {
	c := make(chan int)
	var w sync.WaitGroup
	for i := 0; i < n; i++ {
		w.Add(1)
		go func(i int) { defer w.Done(); c <- i }(i)
	}
	go func() { w.Wait(); close(c) }()
	s := 0
	for x := range c {
		s += x
	}
	return s
}

func main() {
	fmt.Println("goroutines", Sum(1000))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page ", r.URL.Path) }))
	r, err := http.Get("http://" + l.Addr().String() + "/x")
	if err != nil {
		panic(err)
	}
	b, _ := io.ReadAll(r.Body)
	fmt.Println(string(b))
	out, err := exec.Command("sh", "-c", "echo child; exit 3").Output()
	fmt.Print(string(out))
	fmt.Println(err)
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-sig)
	// A loop without a call is preempted by a signal.
	go func() {
		for i := 0; ; i++ {
			_ = i
		}
	}()
	select {
	case <-time.After(100 * time.Millisecond):
		fmt.Println("timer")
	}
	defer func() { fmt.Println("recovered", recover() != nil) }()
	var p *int
	*p = 1
}
X
cat >m_test.go <<'X'
package main

import "testing"

func TestSum(t *testing.T) {
	if Sum(100) != 4950 {
		t.Fatal("wrong")
	}
}
X
check "go build" go build -o m
same "what it built runs" "goroutines 499500
page /x
child
exit status 3
user defined signal 1
timer
recovered true" ./m
check "go vet" go vet
like "go test" "^ok" go test
