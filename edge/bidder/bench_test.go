package bidder

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// benchWorkers are the auctions held at a time, in a closed loop.
const benchWorkers = 16

// BenchmarkFanout measures the CPU time that one auction's fan-out costs this process; the bidders run in another. "bare"
// clients send fixed bytes and read the answer's bytes, nothing else. Ours encodes, sends, reads, decodes and judges.
func BenchmarkFanout(b *testing.B) {
	for _, count := range []int{1, 5, 20} {
		told, roots := startCrew(b, count, 0)
		b.Run(fmt.Sprintf("bidders=%d/net-http-bare", count), func(b *testing.B) { benchNetHTTP(b, told, roots) })
		b.Run(fmt.Sprintf("bidders=%d/fasthttp-bare", count), func(b *testing.B) { benchFastHTTP(b, told, roots) })
		b.Run(fmt.Sprintf("bidders=%d/ours", count), func(b *testing.B) { benchOurs(b, told, roots) })
	}
}

// measure runs auctions on benchWorkers goroutines and reports CPU time of this process per auction. A few run before;
// warmed, if any, is called after them.
func measure(b *testing.B, auction, warmed func()) {
	var warm sync.WaitGroup
	for range benchWorkers {
		warm.Go(func() {
			for range 20 {
				auction()
			}
		})
	}
	warm.Wait()
	if warmed != nil {
		warmed()
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu()
	left := make(chan struct{}, benchWorkers) // a token per auction allowed to start
	var workers sync.WaitGroup
	for range benchWorkers {
		workers.Go(func() {
			for range left {
				auction()
			}
		})
	}
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64((cpu()-before).Nanoseconds())/1e3/float64(b.N), "cpu-us/auction")
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func endpoints(told crew) []string {
	var list []string
	for _, address := range told.Addresses {
		list = append(list, "https://"+address+"/bid")
	}
	return list
}

// benchCaller asks again and again; each worker of a benchmark takes one from a pool.
type benchCaller struct {
	out     *openrtb.Outgoing
	answers ad.Answers
}

// ask asks once, with so long a deadline.
func (c *benchCaller) ask(f *Fanout, snap *catalog.Snapshot, timeout time.Duration) {
	c.out.Deadline = time.Now().Add(timeout)
	c.answers.Asked, c.answers.Bids = c.answers.Asked[:0], c.answers.Bids[:0]
	f.Ask(context.Background(), snap, c.out, &c.answers)
}

func benchOurs(b *testing.B, told crew, roots *x509.CertPool) {
	f := newFanout(b, roots)
	snap := snapshot(b, contents(endpoints(told)...))
	callers := sync.Pool{New: func() any { return &benchCaller{out: outgoing(snap, 0)} }}
	var bad sync.Map
	measure(b, func() {
		c := callers.Get().(*benchCaller)
		c.ask(f, snap, 5*time.Second)
		for i := range c.answers.Asked {
			if r := c.answers.Asked[i].Reason; r != ad.Undecided {
				bad.Store(r.String(), true)
			}
		}
		for i := range c.answers.Bids {
			if r := c.answers.Bids[i].Reason; r != ad.Undecided {
				bad.Store("bid "+r.String(), true)
			}
		}
		c.answers.Free()
		callers.Put(c)
	}, nil)
	bad.Range(func(k, _ any) bool { b.Errorf("an answer was %v", k); return true })
}

// BenchmarkFanoutSilent asks five bidders of which four never answer, and reports by how much Ask overran its deadline of
// 50 ms: the longest of all, and of all but one in a thousand. Below zero it returned before. What bare timers overran
// by meanwhile stands beside: nothing that waits can be more punctual than they.
func BenchmarkFanoutSilent(b *testing.B) {
	told, roots := startCrew(b, 5, 4)
	f := newFanout(b, roots)
	market := contents(endpoints(told)...)
	for i := range market.Bidders {
		market.Bidders[i].ConnectionsMax = 512
	}
	snap := snapshot(b, market)
	callers := sync.Pool{New: func() any { return &benchCaller{out: outgoing(snap, 0)} }}
	var asks, timers lateness
	stop := make(chan struct{})
	var sleepers sync.WaitGroup
	measure(b, func() {
		c := callers.Get().(*benchCaller)
		c.ask(f, snap, 50*time.Millisecond)
		asks.add(time.Since(c.out.Deadline))
		c.answers.Free()
		callers.Put(c)
	}, func() {
		asks.reset()
		for range benchWorkers {
			sleepers.Go(func() { timers.sleep(stop) })
		}
	})
	close(stop)
	sleepers.Wait()
	asks.report(b, "deadline")
	timers.report(b, "timer")
}

// lateness collects by how much something overran.
type lateness struct {
	mu   sync.Mutex
	over []time.Duration
}

func (l *lateness) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = append(l.over, d)
}

func (l *lateness) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = nil
}

// sleep collects what bare timers of 50 ms overrun by.
func (l *lateness) sleep(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		due := time.Now().Add(50 * time.Millisecond)
		time.Sleep(50 * time.Millisecond)
		l.add(time.Since(due))
	}
}

func (l *lateness) report(b *testing.B, name string) {
	if len(l.over) == 0 {
		return
	}
	slices.Sort(l.over)
	b.ReportMetric(float64(l.over[len(l.over)*999/1000].Microseconds()), "p99.9-us-past-"+name)
	b.ReportMetric(float64(l.over[len(l.over)-1].Microseconds()), "max-us-past-"+name)
}

func fixedBody(b *testing.B) []byte {
	snap := snapshot(b, contents("https://bidder.example/bid"))
	return openrtb.AppendRequest(nil, outgoing(snap, 0).Request)
}

func benchNetHTTP(b *testing.B, told crew, roots *x509.CertPool) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	body := fixedBody(b)
	list := endpoints(told)
	measure(b, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for _, endpoint := range list {
			all.Go(func() {
				request, _ := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
				request.Header.Set("Content-Type", "application/json")
				response, err := client.Do(request)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.ReadAll(response.Body)
				_ = response.Body.Close()
			})
		}
		all.Wait()
	}, nil)
}

func benchFastHTTP(b *testing.B, told crew, roots *x509.CertPool) {
	client := &fasthttp.Client{TLSConfig: &tls.Config{RootCAs: roots}, MaxConnsPerHost: 64, NoDefaultUserAgentHeader: true}
	defer client.CloseIdleConnections()
	body := fixedBody(b)
	list := endpoints(told)
	measure(b, func() {
		deadline := time.Now().Add(5 * time.Second)
		var all sync.WaitGroup
		for _, endpoint := range list {
			all.Go(func() {
				request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
				defer fasthttp.ReleaseRequest(request)
				defer fasthttp.ReleaseResponse(response)
				request.SetRequestURI(endpoint)
				request.Header.SetMethod(fasthttp.MethodPost)
				request.Header.SetContentType("application/json")
				request.SetBodyRaw(body)
				if err := client.DoDeadline(request, response, deadline); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}, nil)
}
