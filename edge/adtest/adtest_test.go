package adtest

import (
	"crypto/tls"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play a program: one that says a line, uses CPU time and ends with a code of its own.
func TestMain(m *testing.M) {
	switch os.Getenv("ADTEST_PLAY") {
	case "spin":
		os.Stdout.WriteString("spinning\n")
		for begin := time.Now(); time.Since(begin) < time.Minute; {
		}
	case "exit":
		os.Stderr.WriteString("nothing to do\n")
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func TestProcess(t *testing.T) {
	t.Setenv("ADTEST_PLAY", "spin")
	p := Start(t, "spinner", os.Args[0])
	p.Await(t, "first words", func() bool { return strings.Contains(p.Output(), "spinning") })
	if runtime.GOOS == "linux" {
		p.Await(t, "CPU time", func() bool {
			used, err := p.CPU()
			if err != nil {
				t.Fatal(err)
			}
			return used > 0
		})
	}
	p.Stop(t)
	if code := p.Exit(t); code != -1 {
		t.Errorf("a process ended by a signal has exit code %d, want -1", code)
	}
}

func TestExitCode(t *testing.T) {
	t.Setenv("ADTEST_PLAY", "exit")
	p := Start(t, "quitter", os.Args[0])
	if code := p.Exit(t); code != 3 || !strings.Contains(p.Output(), "nothing to do") {
		t.Errorf("exit code %d, output %q", code, p.Output())
	}
}

func TestOutputKeepsTheEnd(t *testing.T) {
	var o output
	for range 3 {
		o.Write([]byte(strings.Repeat("a", outputMax/2)))
	}
	o.Write([]byte("end"))
	if s := o.String(); len(s) != outputMax || !strings.HasSuffix(s, "aend") {
		t.Errorf("kept %d bytes, want %d", len(s), outputMax)
	}
}

func TestIssue(t *testing.T) {
	authority := NewAuthority(t)
	leaf := authority.Issue(t, t.TempDir(), "ads.test", "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(leaf.CertFile, leaf.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	server, client := net.Pipe()
	defer server.Close()
	defer client.Close()
	go tls.Server(server, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake()
	if err := tls.Client(client, &tls.Config{RootCAs: authority.Pool(), ServerName: "ads.test"}).Handshake(); err != nil {
		t.Errorf("a client that trusts the authority: %v", err)
	}
	if len(leaf.SPKI) != 44 {
		t.Errorf("SPKI %q is not the base64 of 32 bytes", leaf.SPKI)
	}
}

func TestPortsDiffer(t *testing.T) {
	ports := Ports(t, 20)
	seen := map[int]bool{}
	for _, port := range ports {
		if seen[port] {
			t.Errorf("port %d twice", port)
		}
		seen[port] = true
	}
}
