package wire

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// ErrNotLoopback is wrapped by Listen when an address would be reachable from elsewhere.
var ErrNotLoopback = errors.New("not a loopback address")

// Place says where a party listens and how a person would change that.
type Place struct {
	Party  string // for messages: "bidder 9701"
	Addr   string // host:port; port 0 takes a free one
	Remedy string // what to do when the port is taken: "choose others with --bidder-port"
	// Anywhere allows addresses other than 127.0.0.0/8 and ::1.
	Anywhere bool
}

// Listen opens the party's TCP listener. Its errors name party, address, cause and remedy.
func Listen(place Place) (net.Listener, error) {
	host, port, err := net.SplitHostPort(place.Addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not host:port, such as 127.0.0.1:9701", place.Party, place.Addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, fmt.Errorf("%s: port %q is not a number from 0 to 65535", place.Party, port)
	}
	if !place.Anywhere && !Loopback(host) {
		return nil, fmt.Errorf("%s: %s: %w; simulated parties listen on 127.0.0.1 or ::1 unless --allow-remote is given",
			place.Party, host, ErrNotLoopback)
	}
	listener, err := net.Listen("tcp", place.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: port %s on %s is in use; end what holds it (ss -ltnp 'sport = :%s' shows it) or %s",
			place.Party, port, host, port, place.Remedy)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place.Party, err)
	}
	return listener, nil
}

// Loopback reports whether a host names this machine only: an address of 127.0.0.0/8, ::1, or localhost.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
