package transport

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

// relay stands between a client and the server and lets packets through in one direction only: to the server, which sees
// the relay's address. It counts bytes both ways.
type relay struct {
	front, back    *net.UDPConn
	towards, heard atomic.Int64
	wg             sync.WaitGroup
}

func newRelay(t testing.TB, server netip.AddrPort) *relay {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{front: front, back: back}
	r.wg.Go(func() {
		buffer := make([]byte, 2048)
		for {
			n, err := front.Read(buffer)
			if err != nil {
				return
			}
			r.towards.Add(int64(n))
			back.Write(buffer[:n])
		}
	})
	r.wg.Go(func() {
		buffer := make([]byte, 2048)
		for {
			n, err := back.Read(buffer)
			if err != nil {
				return
			}
			r.heard.Add(int64(n))
		}
	})
	t.Cleanup(func() {
		front.Close()
		back.Close()
		r.wg.Wait()
	})
	return r
}

func (r *relay) addr() *net.UDPAddr { return r.front.LocalAddr().(*net.UDPAddr) }
