package bidder

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// benchWorkers are the auctions held at a time, in a closed loop.
const benchWorkers = 16

// BenchmarkFanout measures the CPU time that one auction's fan-out costs this process; the bidders run in another. "bare"
// clients send fixed bytes and read the answer's bytes, nothing else. Ours encodes, sends, reads, decodes and judges.
func BenchmarkFanout(b *testing.B) {
	for _, count := range []int{1, 5, 20} {
		told, roots := startCrew(b, count)
		b.Run(fmt.Sprintf("bidders=%d/net-http-bare", count), func(b *testing.B) { benchNetHTTP(b, told, roots) })
		b.Run(fmt.Sprintf("bidders=%d/fasthttp-bare", count), func(b *testing.B) { benchFastHTTP(b, told, roots) })
		b.Run(fmt.Sprintf("bidders=%d/ours", count), func(b *testing.B) { benchOurs(b, told, roots) })
	}
}

// measure runs auctions on benchWorkers goroutines and reports CPU time of this process per auction.
func measure(b *testing.B, auction func()) {
	var warm sync.WaitGroup
	for range benchWorkers {
		warm.Go(func() {
			for range 20 {
				auction()
			}
		})
	}
	warm.Wait()
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

func benchOurs(b *testing.B, told crew, roots *x509.CertPool) {
	f := newFanout(b, roots)
	snap := snapshot(b, contents(endpoints(told)...))
	type worker struct {
		out     *openrtb.Outgoing
		answers ad.Answers
	}
	workers := sync.Pool{New: func() any { return &worker{out: outgoing(snap, 0)} }}
	var bad sync.Map
	measure(b, func() {
		w := workers.Get().(*worker)
		w.out.Deadline = time.Now().Add(5 * time.Second)
		w.answers.Asked, w.answers.Bids = w.answers.Asked[:0], w.answers.Bids[:0]
		f.Ask(context.Background(), snap, w.out, &w.answers)
		for i := range w.answers.Asked {
			if r := w.answers.Asked[i].Reason; r != ad.Undecided {
				bad.Store(r.String(), true)
			}
		}
		for i := range w.answers.Bids {
			if r := w.answers.Bids[i].Reason; r != ad.Undecided {
				bad.Store("bid "+r.String(), true)
			}
		}
		w.answers.Free()
		workers.Put(w)
	})
	bad.Range(func(k, _ any) bool { b.Errorf("an answer was %v", k); return true })
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
	})
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
	})
}
