package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"curb/edge/adtest"
)

// programs are the binaries that are measured.
var programs *adtest.Programs

func TestMain(m *testing.M) {
	if playBare() {
		os.Exit(1)
	}
	built, err := adtest.Build(false)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs = built
	code := m.Run()
	programs.Remove()
	os.Exit(code)
}

// connections of the load, in a closed loop: a node that answers keeps 16 requests under way.
const connections = 16

// rounds are taken in turn and the middle one counts, so that a neighbour's burst on the machine falls on one of them.
const rounds = 5

// seconds is how long one round of one contender takes: CURB_BENCH_SECONDS, or 4.
func seconds() time.Duration {
	if n, err := strconv.Atoi(os.Getenv("CURB_BENCH_SECONDS")); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return 4 * time.Second
}

const tag = "/tt?id=1001&size=300x250"

// contender is one way to the ad: a process, and the load that calls it.
type contender struct {
	name    string
	process *adtest.Process
	port    int
	proto   string
	took    []float64 // CPU milliseconds per ad call, by round
	waits   []float64 // 99th percentile of the client's wait in milliseconds, by round
}

// report is what the load says, in part.
type report struct {
	Responses  float64            `json:"responses"`
	Failed     int                `json:"failed"`
	Throughput float64            `json:"throughput"`
	Status     map[string]float64 `json:"status"`
	Outcomes   map[string]float64 `json:"outcomes"`
	Latency    struct {
		P50  float64 `json:"p50"`
		P99  float64 `json:"p99"`
		P999 float64 `json:"p999"`
		Max  float64 `json:"max"`
	} `json:"latency_ms"`
}

// call runs the load against a port; every answer must be 200.
func call(b *testing.B, proto string, port int, lasting time.Duration, more ...string) report {
	b.Helper()
	cmd := exec.Command(programs.Curbsim, append([]string{
		"load", "--url", fmt.Sprintf("https://127.0.0.1:%d%s", port, tag), "--proto", proto,
		"--connections", strconv.Itoa(connections), "--duration", lasting.String(), "--output", "json",
	}, more...)...)
	out, err := cmd.Output()
	var r report
	if decoding := json.Unmarshal(out, &r); decoding != nil {
		b.Fatalf("load over %s: %v, %v", proto, err, decoding)
	}
	if r.Failed > 0 || r.Responses == 0 || r.Status["200"] != r.Responses {
		b.Fatalf("load over %s: %d failed, answers %v\n%s", proto, r.Failed, r.Status, out)
	}
	return r
}

// round measures a contender once.
func (c *contender) round(b *testing.B) {
	b.Helper()
	before, err := c.process.CPU()
	if err != nil {
		b.Fatal(err)
	}
	r := call(b, c.proto, c.port, seconds())
	after, err := c.process.CPU()
	if err != nil {
		b.Fatal(err)
	}
	c.took = append(c.took, float64(after-before)/float64(time.Millisecond)/r.Responses)
	c.waits = append(c.waits, r.Latency.P99)
}

// BenchmarkEndToEnd reports CPU milliseconds of the serving process per ad call, and what the node costs beside the bare
// fan-out.
func BenchmarkEndToEnd(b *testing.B) {
	var table strings.Builder
	for _, count := range []int{1, 5, 20} {
		b.Run(fmt.Sprintf("bidders=%d", count), func(b *testing.B) {
			for range b.N {
				bare, h1, h3 := compare(b, count)
				fmt.Fprintf(&table, "\n%7d %14.3f %10.3f %10.3f %9.2f %9.2f", count, median(bare.took), median(h1.took), median(h3.took),
					median(ratios(h1.took, bare.took)), median(ratios(h3.took, bare.took)))
			}
		})
	}
	fmt.Println("CPU milliseconds of the serving process per ad call, and what the node needs beside the bare fan-out\n" +
		"bidders  bare net/http    curb h1    curb h3   h1/bare   h3/bare" + table.String())
}

// compare takes the contenders in turn and reports the middle of their rounds.
func compare(b *testing.B, count int) (bare, h1, h3 *contender) {
	bidders := programs.StartBidders(b, count)
	node := programs.StartNode(b, map[string]string{"market.yaml": adtest.Rules(bidders)})
	contenders := []*contender{
		{name: "bare-h1", process: nil, proto: "h1"},
		{name: "curb-h1", process: node.Process, port: node.Port, proto: "h1"},
		{name: "curb-h3", process: node.Process, port: node.Port, proto: "h3"},
	}
	call(b, "h1", node.Port, time.Second) // fills the node's connections to bidders, and shows the bid request
	contenders[0].process, contenders[0].port = startBare(b, node, bidders)
	call(b, "h1", contenders[0].port, time.Second)
	call(b, "h3", node.Port, time.Second)
	for range rounds {
		for _, c := range contenders {
			c.round(b)
		}
	}
	for _, c := range contenders {
		b.ReportMetric(median(c.took), c.name+"-cpu-ms/call")
		b.ReportMetric(median(c.waits), c.name+"-p99-ms")
	}
	b.ReportMetric(median(ratios(contenders[1].took, contenders[0].took)), "h1/bare")
	b.ReportMetric(median(ratios(contenders[2].took, contenders[0].took)), "h3/bare")
	b.ReportMetric(0, "ns/op") // how long the rounds last says nothing
	return contenders[0], contenders[1], contenders[2]
}

// startBare starts the bare fan-out with the node's certificate, bidders and bid request.
func startBare(b *testing.B, node *adtest.Node, bidders []*adtest.Bidder) (*adtest.Process, int) {
	b.Helper()
	port := adtest.Ports(b, 1)[0]
	config := bareConfig{Listen: adtest.Address(port), Cert: node.Own.CertFile, Key: node.Own.KeyFile, Timeout: adtest.Deadline}
	var body bytes.Buffer // the counters are shown indented
	if err := json.Compact(&body, bidders[0].Stats().LastRequest); err != nil || body.Len() < 200 {
		b.Fatalf("the bidder has not seen a bid request: %.300s (%v)", body.Bytes(), err)
	}
	config.Body = body.Bytes()
	for _, bidder := range bidders {
		config.Bidders = append(config.Bidders, bidder.URL+"/bid")
	}
	text, err := json.Marshal(config)
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv(bareEnv, string(text))
	process := adtest.Start(b, "bare", os.Args[0])
	os.Unsetenv(bareEnv)
	process.Await(b, "open port", func() bool {
		conn, err := net.Dial("tcp", config.Listen)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return process, port
}

// BenchmarkTheLongestWait has one bidder of five misbehave and reports the client's longest waits. Silent: it never
// answers, until the node no longer asks it. Late: three answers of ten come after the deadline, too few to shut it out.
// How late the machine wakes a sleeper meanwhile stands beside it: a machine that others use adds that to every wait.
func BenchmarkTheLongestWait(b *testing.B) {
	for _, c := range []struct{ name, settings string }{
		{"silent", `{"failure": "silent"}`},
		{"late", `{"latency": "100ms", "jitter": "70ms"}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				longestWait(b, c.settings)
			}
		})
	}
}

func longestWait(b *testing.B, settings string) {
	bidders := programs.StartBidders(b, 5)
	node := programs.StartNode(b, map[string]string{"market.yaml": adtest.Rules(bidders)})
	call(b, "h1", node.Port, time.Second)
	bidders[0].Set(settings)
	for _, proto := range []string{"h1", "h3"} {
		oversleeping := oversleep()
		r := call(b, proto, node.Port, 4*seconds(), "--warmup", "500ms") // handshakes are not what is waited for here
		b.ReportMetric(oversleeping(), proto+"-machine-p99.9-ms")
		b.ReportMetric(r.Responses, proto+"-calls")
		b.ReportMetric(r.Latency.P99, proto+"-p99-ms")
		b.ReportMetric(r.Latency.P999, proto+"-p99.9-ms")
		b.ReportMetric(r.Latency.Max, proto+"-max-ms")
	}
	b.ReportMetric(float64(adtest.Deadline.Milliseconds()), "deadline-ms")
	b.ReportMetric(0, "ns/op")
}

// oversleep sleeps a millisecond at a time until the function that it gives is called, which tells how many milliseconds
// late the worst thousandth of the wakings were.
func oversleep() func() float64 {
	stop, late := make(chan struct{}), make(chan []float64)
	go func() {
		var all []float64
		for {
			select {
			case <-stop:
				late <- all
				return
			default:
			}
			begin := time.Now()
			time.Sleep(time.Millisecond)
			all = append(all, float64(time.Since(begin)-time.Millisecond)/float64(time.Millisecond))
		}
	}()
	return func() float64 {
		close(stop)
		all := slices.Sorted(slices.Values(<-late))
		return all[len(all)*999/1000]
	}
}

// ratios divides round by round: what ran side by side is compared with each other.
func ratios(of, by []float64) []float64 {
	out := make([]float64, len(of))
	for i := range of {
		out[i] = of[i] / by[i]
	}
	return out
}

// median is the middle of an odd number of values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
