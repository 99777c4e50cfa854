package node

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"curb/edge/ad"
	"curb/edge/admin"
)

// adminDoor is the operator's listener.
type adminDoor struct {
	address  string
	listener net.Listener
	log      *slog.Logger
	server   *http.Server
}

// openAdmin opens the operator's door. It speaks plain HTTP/1.1: it is reached from this machine only.
func (n *Node) openAdmin() (*adminDoor, error) {
	network, address := "tcp", n.config.Admin
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
		// A socket that a killed node left behind would keep this one from starting; anything else at that path stays.
		if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
			if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
				_ = conn.Close()
				return nil, fmt.Errorf("open the admin listener: another node listens on %s", path)
			}
			_ = os.Remove(path)
		}
	}
	listener, err := net.Listen(network, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("open the admin listener: %w: end what holds the port (ss -lntp shows it), or choose another with --admin", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the admin listener: %w", err)
	}
	if network == "unix" {
		if err := os.Chmod(address, 0o600); err != nil {
			return nil, errors.Join(fmt.Errorf("guard the admin socket: %w", err), listener.Close())
		}
	}
	door := &adminDoor{address: n.config.Admin, listener: listener, log: n.log, server: &http.Server{
		Handler: admin.New(admin.Options{
			Status: n.status, Drain: n.AskDrain, Metrics: n.metrics.Handler(), Logger: n.log,
			Catalog: n.catalog.Load, Creatives: n.creatives, Bills: shownBills{n.ledger}, Notices: n.shownNotices,
		}),
		ReadHeaderTimeout: 3 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}}
	if network == "tcp" {
		door.address = listener.Addr().String()
	}
	return door, nil
}

// serve answers until the door is closed.
func (d *adminDoor) serve() {
	if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		d.log.Error("the admin listener failed", "error", err)
	}
}

func texts(addrs []netip.AddrPort) []string {
	all := make([]string, len(addrs))
	for i, addr := range addrs {
		all[i] = addr.String()
	}
	return all
}

func (d *adminDoor) close() {
	_ = d.server.Close()   // readers of the door learn from the closed connection
	_ = d.listener.Close() // if serve never ran, nobody else closes it
}

// status is how the node is, for operators.
func (n *Node) status() admin.Status {
	s := admin.Status{
		Name: n.config.Node, Version: n.version, Started: n.started, AdCalls: texts(n.Addrs()),
		Draining: n.draining.Load(), Lab: n.config.Lab, Rules: n.catalog.Load().Version(), Missing: []string{}, Warnings: []string{}, Bidders: []admin.Bidder{},
	}
	if s.Draining {
		s.Missing = append(s.Missing, "draining: this node is stopping")
	}
	if err := n.journal.Healthy(); err != nil && !s.Draining {
		s.Missing = append(s.Missing, "journal: "+err.Error())
	}
	s.Warnings = append(s.Warnings, n.ratesWarnings(time.Now())...)
	s.Ready = len(s.Missing) == 0
	snap := n.catalog.Load()
	for _, b := range n.fanout.Stats() {
		line := admin.Bidder{ID: uint32(b.Bidder), Ready: b.Ready, Requests: b.Sent, Bids: b.Bids, Late: b.Late,
			Timeouts: b.Outcomes[ad.Timeout], Connections: b.Connections, Breaker: b.Breaker, SendPercent: b.SendPercent}
		if bidder := snap.Bidder(b.Bidder); bidder != nil {
			line.Name = bidder.Name
		}
		s.Bidders = append(s.Bidders, line)
	}
	return s
}
