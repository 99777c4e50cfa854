package transport

//lint:file-ignore SA1019 RATIONALE.md says why HTTP/2 is golang.org/x/net's

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
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
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	xhttp2 "golang.org/x/net/http2"
)

// childVariable makes the test binary a client in a process of its own; its value is a childTask.
const childVariable = "CURB_TRANSPORT_CHILD"

// childTask says how a client is to load a server.
type childTask struct {
	Protocol, Addr, CA string
	Conns, Streams     int
	Fresh              bool // a connection per request
}

// child is a client process that makes as many requests as it is told, in closed loops.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startChild(t testing.TB, task childTask) *child {
	t.Helper()
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd, in, bufio.NewReader(out)}
	t.Cleanup(func() {
		in.Close() // it leaves when nobody tells it anything any more
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// run makes n requests and waits for the last answer.
func (c *child) run(n int) error {
	if _, err := fmt.Fprintln(c.in, n); err != nil {
		return err
	}
	line, err := c.out.ReadString('\n')
	if line = strings.TrimSpace(line); err == nil && line != "done" {
		err = errors.New(line)
	}
	return err
}

// runChild is the client's side. It reports whether this process is one.
func runChild() bool {
	text := os.Getenv(childVariable)
	if text == "" {
		return false
	}
	var task childTask
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		fmt.Println(err)
		return true
	}
	loops, err := task.connect()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, bad := strconv.Atoi(lines.Text())
		if err == nil {
			err = errors.Join(bad, drive(loops, n))
		}
		if err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", "; "))
			continue
		}
		fmt.Println("done")
	}
	return true
}

// drive shares n requests among the loops.
func drive(loops []func() error, n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	faults := make([]error, len(loops))
	var wg sync.WaitGroup
	for i, ask := range loops {
		wg.Go(func() {
			for left.Add(-1) >= 0 && faults[i] == nil {
				faults[i] = ask()
			}
		})
	}
	wg.Wait()
	return errors.Join(faults...)
}

// browserHeader is what a browser sends with a script of another site.
var browserHeader = http.Header{
	"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"},
	"Accept":          {"*/*"},
	"Accept-Language": {"en-US,en;q=0.9"},
	"Accept-Encoding": {"gzip, deflate, br, zstd"},
	"Referer":         {"https://news.example/"},
	"Sec-Fetch-Site":  {"cross-site"},
	"Sec-Fetch-Mode":  {"cors"},
	"Sec-Fetch-Dest":  {"script"},
	"Origin":          {"https://news.example"},
	"Priority":        {"u=1"},
}

// connect opens the connections and gives one loop per stream.
func (task childTask) connect() ([]func() error, error) {
	var loops []func() error
	for range task.Conns {
		if task.Fresh {
			loops = append(loops, task.freshLoop)
			continue
		}
		more, _, err := task.open()
		if err != nil {
			return nil, err
		}
		loops = append(loops, more...)
	}
	return loops, nil
}

// freshLoop connects, asks once, and leaves.
func (task childTask) freshLoop() error {
	task.Streams = 1
	loops, leave, err := task.open()
	if err != nil {
		return err
	}
	defer leave()
	return loops[0]()
}

// open makes one connection and gives a loop per stream.
func (task childTask) open() ([]func() error, func(), error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(task.CA))
	config := &tls.Config{RootCAs: pool, ServerName: "localhost", NextProtos: []string{task.Protocol}}
	if task.Protocol == "h3" {
		return task.openQUIC(config)
	}
	if task.Protocol == "h1" {
		config.NextProtos = nil
	}
	conn, err := tls.Dial("tcp", task.Addr, config)
	if err != nil {
		return nil, nil, err
	}
	leave := func() { conn.Close() }
	if task.Protocol == "h1" {
		return []func() error{h1Loop(conn)}, leave, nil
	}
	tr, err := (&xhttp2.Transport{DisableCompression: true}).NewClientConn(conn)
	return task.trips(tr), leave, err
}

func (task childTask) openQUIC(config *tls.Config) ([]func() error, func(), error) {
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, nil, err
	}
	addr, err := net.ResolveUDPAddr("udp", task.Addr)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	pt := &quic.Transport{Conn: udp}
	conn, err := pt.Dial(ctx, addr, config, &quic.Config{})
	if err != nil {
		return nil, nil, err
	}
	return task.trips((&http3.Transport{DisableCompression: true}).NewClientConn(conn)), func() {
		conn.CloseWithError(quic.ApplicationErrorCode(h3NoError), "")
		pt.Close()
		udp.Close()
	}, nil
}

func (task childTask) trips(tr http.RoundTripper) (loops []func() error) {
	for range task.Streams {
		loops = append(loops, tripLoop(tr))
	}
	return loops
}

// benchTarget is what every loop asks for.
const benchTarget = "/tt?id=1001&size=300x250&cb=1234567890"

func tripLoop(tr http.RoundTripper) func() error {
	r, _ := http.NewRequest("GET", "https://localhost"+benchTarget, nil)
	r.Header = browserHeader
	return func() error {
		resp, err := tr.RoundTrip(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != int64(len(benchBody)) || resp.StatusCode != 200 {
			return fmt.Errorf("%d bytes, status %d, %w", n, resp.StatusCode, err)
		}
		return nil
	}
}

// h1Loop writes one request over and over and looks for the end of the body, which is cheaper than reading answers.
func h1Loop(conn net.Conn) func() error {
	var request strings.Builder
	request.WriteString("GET " + benchTarget + " HTTP/1.1\r\nHost: localhost\r\n")
	browserHeader.Write(&request)
	request.WriteString("\r\n")
	ask, buffer := request.String(), make([]byte, 4096)
	return func() error {
		if _, err := io.WriteString(conn, ask); err != nil {
			return err
		}
		for have := 0; ; {
			n, err := conn.Read(buffer[have:])
			if err != nil {
				return err
			}
			if have += n; strings.HasSuffix(string(buffer[:have]), benchBody) {
				return nil
			}
		}
	}
}
