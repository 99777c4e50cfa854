package transport

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// pairTries is how many ports are tried for one that is free on TCP and UDP.
const pairTries = 32

// openPair listens on one port number for TCP and UDP.
func openPair(addr string) (*net.TCPListener, *net.UDPConn, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %q: %w; write host:port, such as 127.0.0.1:8443", addr, err)
	}
	var faults error
	for range pairTries {
		tcp, err := net.ListenTCP("tcp", at)
		if err != nil {
			return nil, nil, fmt.Errorf("listen on %s, TCP: %w", addr, err)
		}
		bound := tcp.Addr().(*net.TCPAddr)
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: bound.IP, Port: bound.Port, Zone: bound.Zone})
		if err == nil {
			return tcp, udp, nil
		}
		faults = errors.Join(fmt.Errorf("listen on %s, UDP: %w", bound, err), tcp.Close())
		if at.Port != 0 {
			break
		}
	}
	return nil, nil, faults
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
