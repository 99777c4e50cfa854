package bidder

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// writeStallMax bounds a blocking write on a connection that offers no other way (not a socket: in tests).
const writeStallMax = 50 * time.Millisecond

// wire is the network side of a connection. Once armed, its Write never blocks: what the kernel does not take at once
// is copied and written by a goroutine of the wire's own. One caller writes to all bidders in turn, and a bidder that
// does not read must not keep the others waiting.
type wire struct {
	net.Conn
	raw   syscall.RawConn // nil: not a socket
	armed bool            // set before the connection is shared
	owner *sync.WaitGroup // waits for the flusher

	mu       sync.Mutex // guards all below
	attempt  func(fd uintptr) bool
	pending  []byte // what attempt writes
	written  int
	failure  error
	rest     []byte // what the kernel has not taken yet
	flushing bool
}

func newWire(conn net.Conn, owner *sync.WaitGroup) *wire {
	w := &wire{Conn: conn, owner: owner}
	if socket, ok := conn.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			w.raw = raw
		}
	}
	// One closure per connection: one per write would be one allocation per request.
	w.attempt = func(fd uintptr) bool {
		w.written, w.failure = syscall.Write(int(fd), w.pending)
		return true // whatever came of it: never wait
	}
	return w
}

// Write writes all of p, now or later. An error says that the connection is of no use any more.
func (w *wire) Write(p []byte) (int, error) {
	if !w.armed {
		return w.Conn.Write(p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.raw == nil {
		_ = w.SetWriteDeadline(time.Now().Add(writeStallMax))
		return w.Conn.Write(p)
	}
	done := 0
	if !w.flushing {
		n, err := w.try(p)
		if err != nil || n == len(p) {
			return n, err
		}
		done = n
	}
	w.rest = append(w.rest, p[done:]...)
	if !w.flushing {
		w.flushing = true
		w.owner.Go(w.flush)
	}
	return len(p), nil
}

// try writes what the kernel takes at once.
func (w *wire) try(p []byte) (int, error) {
	w.pending, w.written, w.failure = p, 0, nil
	err := w.raw.Write(w.attempt)
	w.pending = nil
	switch {
	case err != nil:
		return 0, err
	case w.failure == nil:
		return w.written, nil
	case errors.Is(w.failure, syscall.EAGAIN), errors.Is(w.failure, syscall.EINTR):
		return 0, nil
	}
	return 0, os.NewSyscallError("write", w.failure)
}

// flush writes the rest, blocking, until there is none or the connection is closed.
func (w *wire) flush() {
	for {
		w.mu.Lock()
		rest := w.rest
		w.rest = nil
		if len(rest) == 0 {
			w.flushing = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		if _, err := w.Conn.Write(rest); err != nil {
			_ = w.Close() // the reader notices; later writes fail
			return
		}
	}
}

// drained reports whether everything written has been taken by the kernel, and the flusher knows. An answer to a very
// large request may overtake that knowledge; its connection is then not kept, which is safe and rare.
func (w *wire) drained() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.flushing
}
