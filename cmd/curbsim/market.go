package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"curb/cmd/curbsim/internal/localca"
	"curb/cmd/curbsim/internal/wire"
)

// stopGrace is how long exchanges under way get when the market closes.
const stopGrace = 2 * time.Second

// lifeMax bounds --for.
const lifeMax = 24 * time.Hour

// party is one running simulated party.
type party struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	About string `json:"about"`
	stop  func(context.Context)
}

// market is the parties one command runs, and the flags that all such commands share.
type market struct {
	*shared
	life     time.Duration
	anywhere bool
	secure   bool
	caOut    string

	authority *localca.Authority // nil: plain HTTP
	parties   []party
}

func (m *market) flags(set *pflag.FlagSet) {
	set.DurationVar(&m.life, "for", 0, "end after this long; 0: until SIGINT or SIGTERM")
	set.BoolVar(&m.anywhere, "allow-remote", false, "allow addresses other than loopback")
}

func (m *market) tlsFlags(set *pflag.FlagSet) {
	set.BoolVar(&m.secure, "tls", false, "bidders speak TLS, with a certificate of a local CA made at the start")
	set.StringVar(&m.caOut, "ca-out", "", "write that CA's certificate to this file (PEM)")
}

// prepare checks the shared flags and makes the CA.
func (m *market) prepare() (err error) {
	if m.life < 0 || m.life > lifeMax {
		return usage("--for %s: not from 0 to %s", m.life, lifeMax)
	}
	if m.caOut != "" && !m.secure {
		return usage("--ca-out goes with --tls")
	}
	if !m.secure {
		return nil
	}
	if m.authority, err = localca.New(time.Now()); err != nil {
		return err
	}
	if m.caOut == "" {
		return nil
	}
	return writeFile(m.caOut, m.authority.PEM)
}

// spot is a place to listen on and whether the market's TLS covers it.
type spot struct {
	wire.Place
	secure bool
}

// open listens and gives the URL under which the party is reached.
func (m *market) open(at spot) (net.Listener, string, error) {
	at.Anywhere = m.anywhere
	listener, err := wire.Listen(at.Place)
	if err != nil {
		return nil, "", err
	}
	url := "http://" + listener.Addr().String()
	if at.secure && m.authority != nil {
		url = "https://" + listener.Addr().String()
		listener = tls.NewListener(listener, m.authority.Server)
	}
	return listener, url, nil
}

func (m *market) add(p party) { m.parties = append(m.parties, p) }

// run starts the parties, says where they listen, and ends them when ctx ends or their time is up.
func (m *market) run(ctx context.Context, start func() error) error {
	if err := m.prepare(); err != nil {
		return err
	}
	quietCollector()
	err := start()
	if err == nil {
		err = m.announce()
	}
	if err == nil {
		m.wait(ctx)
	}
	m.close()
	return err
}

// quietCollector lets the heap of a few megabytes grow to several times its size between collections: parties share the
// machine with the node under test. GOGC in the environment decides instead where it is set.
func quietCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

func (m *market) announce() error {
	if m.output == "json" {
		return m.document(struct {
			Parties []party `json:"parties"`
		}{m.parties})
	}
	width := 0
	for _, p := range m.parties {
		width = max(width, len(p.Name))
	}
	for _, p := range m.parties {
		if _, err := fmt.Fprintf(m.out, "%-*s  %-24s  %s\n", width, p.Name, p.URL, p.About); err != nil {
			return err
		}
	}
	end := "Ctrl-C ends it"
	if m.life > 0 {
		end = "ends after " + m.life.String()
	}
	m.say("ready; change a party with POST URL/ctl, see GET URL/ctl/stats; %s\n", end)
	return nil
}

func (m *market) wait(ctx context.Context) {
	if m.life > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.life)
		defer cancel()
	}
	<-ctx.Done()
}

// close ends all parties at once and returns when the last has ended.
func (m *market) close() {
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	var all sync.WaitGroup
	for _, p := range m.parties {
		all.Go(func() { p.stop(ctx) })
	}
	all.Wait()
	m.parties = nil
}

// portOf gives the n-th of consecutive ports; 0 stays 0, a free port each.
func portOf(first uint16, n int) string {
	if first == 0 {
		return "0"
	}
	return strconv.Itoa(int(first) + n)
}

// command makes a command that runs parties.
func (m *market) command(use, short string, start func() error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: none}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return m.run(cmd.Context(), start) }
	m.flags(cmd.Flags())
	return cmd
}
