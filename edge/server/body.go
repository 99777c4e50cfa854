package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"curb/edge/ad"
)

// bodyTime is how long a body may take to arrive.
const bodyTime = 2 * time.Second

// readBody reads and decodes the body of an OpenRTB request into the call's buffers, and notes when its last byte came.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, c *openCall) *problem {
	if !acceptedType(r.Header["Content-Type"]) {
		return &contentType
	}
	coding, ok := codingOf(r.Header["Content-Encoding"], r.URL.RawQuery)
	if !ok {
		return &contentEncoding
	}
	if r.ContentLength > ad.BodyBytesMax {
		return &bodyTooLarge
	}
	control := http.NewResponseController(w)
	// Where the connection has no deadlines, transport in front of us has its own.
	timed := control.SetReadDeadline(time.Now().Add(bodyTime)) == nil
	var p *problem
	if c.wire, p = readAll(c.wire[:0], r.Body, r.ContentLength); p != nil {
		return p
	}
	c.arrived = time.Now()
	if timed {
		control.SetReadDeadline(time.Time{}) //nolint:errcheck // it could be set a moment ago
	}
	if coding == ad.Plain {
		c.body = c.wire
		return nil
	}
	c.decoded, p = h.coder.decode(c.decoded[:0], c.wire, coding)
	c.body = c.decoded
	return p
}

// acceptedType reports whether a body is announced as JSON, or not announced at all. Pages send it as text, which needs no
// preflight request.
func acceptedType(headers []string) bool {
	if len(headers) != 1 {
		return len(headers) == 0
	}
	media, _, _ := strings.Cut(headers[0], ";")
	media = strings.TrimSpace(media)
	return strings.EqualFold(media, "application/json") || strings.EqualFold(media, "text/plain")
}

// readAll reads up to ad.BodyBytesMax; announced is the Content-Length, -1 without.
func readAll(dst []byte, body io.Reader, announced int64) ([]byte, *problem) {
	if room := int(announced) + 1; announced > 0 && cap(dst) < room {
		dst = make([]byte, 0, room)
	}
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, make([]byte, max(len(dst), roomMin))...)[:len(dst)]
		}
		n, err := body.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if len(dst) > ad.BodyBytesMax {
			return dst, &bodyTooLarge
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, bodyProblem(err)
		}
	}
}

func bodyProblem(err error) *problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &bodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &bodyTimeout
	}
	return &bodyInvalid
}
