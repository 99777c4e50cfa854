package transport

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

// relay stands between one client and the server. What the server says waits until the test opens the way; the server
// sees the relay's address. Bytes are counted both ways.
type relay struct {
	front, back    *net.UDPConn
	client         atomic.Pointer[netip.AddrPort]
	open           chan struct{}
	release        func()
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
	r := &relay{front: front, back: back, open: make(chan struct{})}
	r.release = sync.OnceFunc(func() { close(r.open) })
	r.wg.Go(r.forward)
	packets := make(chan []byte, 1000) // more than any test lets the server say; the rest is lost, as on a network
	r.wg.Go(func() { r.listen(packets) })
	r.wg.Go(func() { r.answer(packets) })
	t.Cleanup(func() {
		front.Close()
		back.Close()
		r.release()
		r.wg.Wait()
	})
	return r
}

// forward takes packets to the server.
func (r *relay) forward() {
	buffer := make([]byte, 2048)
	for {
		n, from, err := r.front.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		r.client.Store(&from)
		r.towards.Add(int64(n))
		r.back.Write(buffer[:n])
	}
}

// listen takes in what the server says.
func (r *relay) listen(packets chan<- []byte) {
	defer close(packets)
	for {
		buffer := make([]byte, 2048)
		n, err := r.back.Read(buffer)
		if err != nil {
			return
		}
		r.heard.Add(int64(n))
		select {
		case packets <- buffer[:n]:
		default:
		}
	}
}

// answer passes it on, once the way is open.
func (r *relay) answer(packets <-chan []byte) {
	<-r.open
	for packet := range packets {
		r.front.WriteToUDPAddrPort(packet, *r.client.Load())
	}
}

func (r *relay) addr() *net.UDPAddr { return r.front.LocalAddr().(*net.UDPAddr) }
