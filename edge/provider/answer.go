package provider

import (
	"bytes"
	"strconv"

	"curb/edge/ad"
)

// parseAnswer reads segment codes, one a line, each with an optional :VALUE of 0 to 2147483647. Empty lines say nothing.
// ok is false for an answer that is not that, or past a limit: then nothing of it counts, since nobody can tell which
// half of a broken answer is meant.
func parseAnswer(body []byte) (segments []ad.Segment, ok bool) {
	for len(body) > 0 {
		var row []byte
		row, body, _ = bytes.Cut(body, newline)
		row = bytes.TrimSuffix(row, carriage)
		if len(row) == 0 {
			continue
		}
		if len(segments) == ad.SegmentsMax {
			return nil, false
		}
		s, fine := parseSegment(row)
		if !fine {
			return nil, false
		}
		segments = append(segments, s)
	}
	return segments, true
}

// Separators of answers. They are never written to.
var (
	newline  = []byte("\n")
	carriage = []byte("\r")
)

func parseSegment(row []byte) (s ad.Segment, ok bool) {
	code := row
	if colon := bytes.LastIndexByte(row, ':'); colon >= 0 {
		value, err := strconv.ParseUint(string(row[colon+1:]), 10, 31)
		if err != nil {
			return s, false
		}
		code, s.Value = row[:colon], int32(value)
	}
	if len(code) == 0 || len(code) > ad.SegmentBytesMax {
		return s, false
	}
	for _, b := range code {
		if !codeByte(b) {
			return s, false
		}
	}
	s.Code = string(code)
	return s, true
}

// codeByte reports whether a byte may stand in a segment's code.
func codeByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.' || b == '/'
}
