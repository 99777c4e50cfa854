package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be curbsim, for the stories.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"curbsim": func() { os.Exit(mainCode()) }})
}

// TestStories tells what a person types and sees; each file in testdata/script is one story.
func TestStories(t *testing.T) {
	handed := &ports{next: 20_000 + os.Getpid()%10_000}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "freeports": handed.free, "await": await, "get": get, "post": post, "hold": hold, "terminate": terminate,
		},
		RequireExplicitExec: true,
	})
}

// exits runs a program and wants an exit code: exits CODE PROGRAM ARGS...
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// ports hands out port numbers, so that stories that run side by side do not take each other's.
type ports struct {
	mu   sync.Mutex
	next int
}

// free sets variables to as many consecutive free ports, in order: freeports NAME...
func (p *ports) free(ts *testscript.TestScript, _ bool, names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ; p.next < 60_000; p.next += len(names) {
		if !allFree(p.next, len(names)) {
			continue
		}
		for i, name := range names {
			ts.Setenv(name, strconv.Itoa(p.next+i))
		}
		p.next += len(names)
		return
	}
	ts.Fatalf("no %d consecutive ports are free", len(names))
}

func allFree(first, n int) bool {
	for i := range n {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+i)))
		if err != nil {
			return false
		}
		defer listener.Close()
	}
	return true
}

// hold listens on a port until the story ends: hold PORT
func hold(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", args[0]))
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
}

// terminate sends SIGTERM to everything in the background: testscript's kill knows only SIGINT and SIGKILL.
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

var client = &http.Client{Timeout: 5 * time.Second}

// await waits until a port takes connections: await PORT
func await(ts *testscript.TestScript, _ bool, args []string) {
	for range 400 {
		if conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", args[0])); err == nil {
			conn.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("port %s does not answer", args[0])
}

// get prints status and body: get URL
func get(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := client.Get(args[0])
	show(ts, neg, resp, err)
}

// post sends the second argument: post URL BODY
func post(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := client.Post(args[0], "application/json", strings.NewReader(args[1]))
	show(ts, neg, resp, err)
}

func show(ts *testscript.TestScript, neg bool, resp *http.Response, err error) {
	if err != nil {
		if !neg {
			ts.Fatalf("%v", err)
		}
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d\n%s\n", resp.StatusCode, body)
	if neg == (resp.StatusCode < 400) {
		ts.Fatalf("status %s", resp.Status)
	}
}
