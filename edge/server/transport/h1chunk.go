package transport

// chunkCheck follows a chunked body on the wire (RFC 9112 §7.1): sizes of one to eight hexadecimal digits, no extensions,
// CRLF and nothing else between chunks, no trailers. The zero value is ready for a body.
type chunkCheck struct {
	state  chunkState
	digits int
	left   int64 // bytes of data to come; while the size is read, the size
	last   bool
}

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkDone
)

// feed looks at what has arrived and returns how much of it belongs to the body. It reports false at the first byte that
// has no business there; state is chunkDone once the body is over.
func (c *chunkCheck) feed(b []byte) (int, bool) {
	for i := 0; i < len(b); {
		if c.state == chunkDone {
			return i, true
		}
		if c.state == chunkData {
			n := int(min(c.left, int64(len(b)-i)))
			i += n
			if c.left -= int64(n); c.left == 0 {
				c.state = chunkDataCR
			}
			continue
		}
		if !c.step(b[i]) {
			return i, false
		}
		i++
	}
	return len(b), true
}

// step takes one byte that is not data.
func (c *chunkCheck) step(b byte) bool {
	switch c.state {
	case chunkSize:
		if b == '\r' && c.digits > 0 {
			c.state, c.last = chunkSizeLF, c.left == 0
			return true
		}
		if !isHex(b) || c.digits == 8 {
			return false
		}
		c.digits++
		c.left = c.left<<4 | int64(hexValue(b))
		return true
	case chunkSizeLF:
		if c.state = chunkData; c.last {
			c.state = chunkDataCR
		}
		return b == '\n'
	case chunkDataCR:
		c.state = chunkDataLF
		return b == '\r'
	case chunkDataLF:
		if b != '\n' {
			return false
		}
		c.state, c.digits, c.left = chunkSize, 0, 0
		if c.last {
			c.state = chunkDone
		}
		return true
	}
	return false
}

func hexValue(b byte) byte {
	switch {
	case b >= 'a':
		return b - 'a' + 10
	case b >= 'A':
		return b - 'A' + 10
	}
	return b - '0'
}
