package adtest

import (
	"fmt"
	"net"
	"testing"
)

// Ports gives n loopback port numbers that are free for TCP and UDP at this moment. All are held until the last is found, so
// they differ.
func Ports(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for tries := 0; len(ports) < n; tries++ {
		if tries > n+100 {
			t.Fatalf("found %d of %d free ports", len(ports), n)
		}
		stream, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("look for a free port: %v", err)
		}
		defer stream.Close()
		port := stream.Addr().(*net.TCPAddr).Port
		packet, err := net.ListenPacket("udp", Address(port))
		if err != nil {
			continue
		}
		defer packet.Close()
		ports = append(ports, port)
	}
	return ports
}

// Address is host:port of a loopback port.
func Address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
