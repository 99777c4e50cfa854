package transport

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// pair is one port number on one address.
type pair struct {
	tcp *net.TCPListener
	udp *net.UDPConn
}

func (p pair) close() error { return errors.Join(p.tcp.Close(), p.udp.Close()) }

func closePairs(pairs []pair) (err error) {
	for _, p := range pairs {
		if e := p.close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// pairTries is how many ports are tried for one that is free everywhere.
const pairTries = 32

// openPairs listens on one port number for TCP and UDP, on the address named. For localhost that is both loopback
// addresses: browsers try ::1 first, and QUIC does not fall back to 127.0.0.1 as TCP does.
func openPairs(addr string) ([]pair, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w; write host:port, such as 127.0.0.1:8443", addr, err)
	}
	hosts := []string{host}
	if host == "localhost" {
		hosts = []string{"127.0.0.1", "::1"}
	}
	for range pairTries {
		var pairs []pair
		if pairs, err = openEach(hosts, port); err == nil {
			return pairs, nil
		}
		if port != "0" || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, err
}

// openEach opens the first host's pair on the port, and the others' on the port it got. A loopback address that this
// machine lacks is left out.
func openEach(hosts []string, port string) ([]pair, error) {
	var pairs []pair
	for _, host := range hosts {
		p, err := openPair(net.JoinHostPort(host, port))
		if len(pairs) > 0 && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, closePairs(pairs))
		}
		pairs = append(pairs, p)
		port = strconv.Itoa(p.tcp.Addr().(*net.TCPAddr).Port)
	}
	return pairs, nil
}

func openPair(addr string) (pair, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return pair{}, fmt.Errorf("listen on %q: %w; write host:port, such as 127.0.0.1:8443", addr, err)
	}
	tcp, err := net.ListenTCP("tcp", at)
	if err != nil {
		return pair{}, fmt.Errorf("listen on %s, TCP: %w", addr, err)
	}
	bound := tcp.Addr().(*net.TCPAddr)
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: bound.IP, Port: bound.Port, Zone: bound.Zone})
	if err != nil {
		return pair{}, errors.Join(fmt.Errorf("listen on %s, UDP: %w", bound, err), tcp.Close())
	}
	return pair{tcp, udp}, nil
}

// receiveBufferWanted is what the kernel should hold for us while we are busy: with less, a burst of packets is lost and
// clients wait for retransmissions.
const receiveBufferWanted = 4 << 20

// checkBuffers says when the kernel gave less. quic-go has asked for more than is needed.
func (t *Transport) checkBuffers(udp *net.UDPConn) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return
	}
	size := 0
	if e := raw.Control(func(fd uintptr) { size, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF) }); e != nil || err != nil {
		return
	}
	if size < receiveBufferWanted {
		t.logger.Warn("the UDP receive buffer is small; packets are lost under load: set net.core.rmem_max", "bytes", size, "wanted", receiveBufferWanted)
	}
}
