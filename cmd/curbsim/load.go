package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/load"
	"curb/edge/ad"
)

// bodyFileMax bounds the body a load run sends.
const bodyFileMax = 4 << 20

// loader is the load command's flags.
type loader struct {
	*shared
	options     load.Options
	proto, mode string
	ownPrice    control.Price
	bodyFile    string
	contentType string
	headers     []string
	caFile      string
}

func loadCommand(s *shared) *cobra.Command {
	l := &loader{shared: s}
	o := &l.options
	cmd := &cobra.Command{
		Use: "load", Short: "Make ad calls over HTTP/3, HTTP/2 or HTTP/1.1 and measure the answers", Args: none,
		Long: "Make ad calls against one target and report latency percentiles, statuses, outcomes and errors.\n\n" +
			"With --rate requests are due at fixed times whatever the answers do (open loop), and latency counts from then;\n" +
			"without it each stream sends its next request when the last is answered (closed loop).\n" +
			"With --mode the answers of preemptive tags are followed as a page would: to the ad server, which redirects to the accept URL,\n" +
			"frames it, or serves its own ad. Latency is the tag's alone; the accept URL's stands beside it.\n" +
			"{id} in --path, --url or the body file becomes an id of each request's own.\n" +
			"Long flags work with one dash too: -proto h3 -duration 10s.\n" +
			"Certificates of loopback targets are verified only with --ca.\n\n" +
			"Exit codes: 0 all answers were 2xx or 3xx; 1 some were not, or requests failed; 2 usage; 5 no connection could be opened.",
		Example: "  curbsim load --proto h3\n  curbsim load --mode pt --count 200\n  curbsim load --proto 2 --connections 16 --streams 4 --rate 2000 --duration 30s -o json\n" +
			"  curbsim load --path /openrtb2/auction --body request.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if l.mode != "" && o.Path == "" && !cmd.Flags().Changed("url") {
				o.Path = "/" + strings.TrimPrefix(l.mode, "/") + "?id=1002&size=728x90"
			}
			return l.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.URL, "url", "https://127.0.0.1:8443/tt?id=1001", "what to call")
	f.StringVar(&o.Path, "path", "", "path and query that replace the URL's")
	f.StringVar(&l.mode, "mode", "", "follow the ads of preemptive tags: pt, ptj, jpt; without --url and --path placement 1002 is called")
	f.Var(&l.ownPrice, "own-price", "CPM of the page's own ad in mode jpt")
	f.StringVar(&l.proto, "proto", "h3", "protocol: h3, 2, 1.1 (also h2, h1)")
	f.StringVar(&l.bodyFile, "body", "", "file to POST; -: standard input")
	f.StringVar(&o.Method, "method", "", "method (default GET, or POST with --body)")
	f.StringVar(&l.contentType, "content-type", "application/json", "Content-Type of the body")
	f.StringArrayVar(&l.headers, "header", nil, "header field, as in \"Name: value\"; may be repeated")
	f.IntVar(&o.Connections, "connections", 8, "connections, each kept and reused")
	f.IntVar(&o.Streams, "streams", 1, "requests at once per connection (HTTP/2 and 3)")
	f.Float64Var(&o.Rate, "rate", 0, "requests per second, open loop; 0: closed loop")
	f.DurationVar(&o.Duration, "duration", 10*time.Second, "how long to send, at most "+load.DurationMax.String())
	f.DurationVar(&o.Warmup, "warmup", 0, "send for so long before counting begins")
	f.Uint64Var(&o.Count, "count", 0, "end after so many requests; 0: by time only")
	f.DurationVar(&o.Timeout, "timeout", 5*time.Second, "of one request, at most "+load.TimeoutMax.String())
	f.BoolVar(&o.Insecure, "insecure", false, "do not verify certificates of remote targets either")
	f.StringVar(&l.caFile, "ca", "", "file of certificates to trust (PEM)")
	f.StringVar(&o.Host, "host", "", "Host or :authority to send (default the URL's)")
	f.StringVar(&o.SNI, "sni", "", "server name for TLS (default --host's, else the URL's)")
	f.BoolVar(&o.AllowRemote, "allow-remote", false, "allow targets other than loopback")
	return cmd
}

func (l *loader) run(ctx context.Context) error {
	if err := l.read(); err != nil {
		return err
	}
	terminal := isTerminal(l.err)
	if terminal {
		l.options.Progress = l.progress
	}
	quietCollector()
	quietQUIC()
	report, err := load.Run(ctx, l.options)
	if terminal {
		l.say("\r\x1b[K")
	}
	switch {
	case errors.Is(err, load.ErrUsage):
		return &exitError{exitUsage, err}
	case err != nil:
		return &exitError{exitUnreachable, err}
	}
	if l.output == "json" {
		err = l.document(report)
	} else {
		_, err = io.WriteString(l.out, reportText(report))
	}
	if err != nil {
		return err
	}
	return verdict(report)
}

// quietQUIC keeps quic-go from writing about the size of UDP buffers between our lines: a load's few sockets do not need
// seven megabytes each, and the buffers that matter are the node's.
func quietQUIC() {
	const name = "QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING"
	if os.Getenv(name) == "" {
		os.Setenv(name, "true")
	}
}

// verdict is the exit code a report leads to.
func verdict(r *load.Report) error {
	switch {
	case r.OK():
		return nil
	case r.Unreachable():
		return &exitError{exitUnreachable, fmt.Errorf("%s: no connection could be opened; is the node running? (make run starts the demo)", r.Target)}
	case r.Requests == 0:
		return &exitError{exitFailed, errors.New("no request was made")}
	}
	return &exitError{code: exitFailed}
}

// read turns flags into options.
func (l *loader) read() (err error) {
	o := &l.options
	if o.Protocol, err = load.ParseProtocol(l.proto); err != nil {
		return usage("--proto: %w", err)
	}
	if o.Mode, err = load.ParseMode(l.mode); err != nil {
		return usage("--mode: %w", err)
	}
	o.OwnPrice = ad.CPM(l.ownPrice)
	o.Header = http.Header{}
	for _, line := range l.headers {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return usage("--header %q: not \"Name: value\"", line)
		}
		o.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if l.bodyFile != "" {
		if o.Body, err = readBody(l.bodyFile); err != nil {
			return err
		}
		if o.Header.Get("Content-Type") == "" {
			o.Header.Set("Content-Type", l.contentType)
		}
	}
	if l.caFile == "" {
		return nil
	}
	pem, err := os.ReadFile(l.caFile)
	if err != nil {
		return usage("--ca: %w", err)
	}
	o.Roots = x509.NewCertPool()
	if !o.Roots.AppendCertsFromPEM(pem) {
		return usage("--ca %s: holds no PEM certificate", l.caFile)
	}
	return nil
}

func readBody(path string) ([]byte, error) {
	file := os.Stdin
	if path != "-" {
		opened, err := os.Open(path)
		if err != nil {
			return nil, usage("--body: %w", err)
		}
		defer opened.Close()
		file = opened
	}
	body, err := io.ReadAll(io.LimitReader(file, bodyFileMax+1))
	if err != nil {
		return nil, usage("--body: %w", err)
	}
	if len(body) > bodyFileMax {
		return nil, usage("--body %s: larger than %d bytes", path, bodyFileMax)
	}
	return body, nil
}

// isTerminal reports whether a person reads this: a character device that is not the null device.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && !os.SameFile(info, null)
}

// progress overwrites one line of the terminal.
func (l *loader) progress(r *load.Report) {
	l.say("\r\x1b[K%4.0f s  %d requests  %.0f/s  p50 %.2f ms  p99 %.2f ms  %d errors",
		r.Seconds, r.Requests, r.Throughput, r.Latency.P50, r.Latency.P99, r.Failed)
}
