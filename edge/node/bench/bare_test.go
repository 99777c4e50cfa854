package bench

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// bareEnv holds the configuration of the bare fan-out; set, the test binary is that program.
const bareEnv = "CURB_BENCH_BARE"

// bareConfig is what the bare fan-out is told.
type bareConfig struct {
	Listen, Cert, Key string
	Bidders           []string // URLs
	Body              []byte   // the bid request, the same for every call and bidder
	Timeout           time.Duration
}

// bare is an ad server without an auction: it asks everybody, reads what they say, and serves a fixed ad.
type bare struct {
	bareConfig
	client *http.Client
}

// runBare serves until the process is killed.
func runBare(text string) error {
	b := &bare{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	if err := json.Unmarshal([]byte(text), &b.bareConfig); err != nil {
		return fmt.Errorf("read the configuration of the bare fan-out: %w", err)
	}
	server := &http.Server{
		Addr: b.Listen, Handler: b, ReadHeaderTimeout: 2 * time.Second,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	return server.ListenAndServeTLS(b.Cert, b.Key)
}

// What is served: an ad where anybody answered, else the publisher's own.
const (
	bareAd  = `<!doctype html><html><body><a href="https://brand.example/"><img src="https://cdn.example/300x250.png" width="300" height="250"></a></body></html>`
	houseAd = `<!doctype html><html><body><p>house ad</p></body></html>`
)

// ServeHTTP answers one ad call.
func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), b.Timeout)
	defer cancel()
	answers := make([][]byte, len(b.Bidders))
	var wait sync.WaitGroup
	for i, url := range b.Bidders {
		wait.Go(func() { answers[i] = b.ask(ctx, url) })
	}
	wait.Wait()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	ad := houseAd
	for _, answer := range answers {
		if len(answer) > 0 {
			ad = bareAd
		}
	}
	io.WriteString(w, ad)
}

func (b *bare) ask(ctx context.Context, url string) []byte {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b.Body))
	if err != nil {
		return nil
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Openrtb-Version", "2.6")
	response, err := b.client.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 256<<10))
	if err != nil || response.StatusCode != http.StatusOK {
		return nil
	}
	return answer
}

// playBare is the program that TestMain runs when it finds its configuration.
func playBare() (played bool) {
	text := os.Getenv(bareEnv)
	if text == "" {
		return false
	}
	fmt.Fprintln(os.Stderr, runBare(text))
	return true
}
