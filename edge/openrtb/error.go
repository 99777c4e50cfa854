package openrtb

import (
	"strconv"

	"curb/edge/ad"
)

// Codes of an Error.
const (
	CodeJSONInvalid      = "json_invalid"       // not JSON, or JSON that two readers may read differently
	CodeJSONTooDeep      = "json_too_deep"      // nested beyond ad.JSONDepthMax
	CodeRequestInvalid   = "request_invalid"    // JSON, but no bid request, or beyond a limit of one
	CodeResponseInvalid  = "response_invalid"   // JSON, but no bid response
	CodeResponseTooLarge = "response_too_large" // beyond a limit of a bid response
)

// Error says why a document was refused. It never repeats what the document says, only names of the specification.
type Error struct {
	Reason ad.Reason // what becomes of the bidder whose answer it was
	Code   string    // one of the codes above
	Offset int       // byte of the document
	Detail string    // place and cause, e.g. "imp[0].bidfloor: want a number of 0 or more and below 1e12"
}

// Error gives code, offset and detail.
func (e *Error) Error() string {
	return e.Code + " at byte " + strconv.Itoa(e.Offset) + ": " + e.Detail
}

// malformed refuses the document as no JSON at the current position.
func (d *Decoder) malformed(detail string) bool { return d.malformedAt(d.pos, detail) }

func (d *Decoder) malformedAt(offset int, detail string) bool {
	return d.fail(&Error{Reason: ad.JSONInvalid, Code: CodeJSONInvalid, Offset: offset, Detail: detail})
}

func (d *Decoder) tooDeep() bool {
	return d.fail(&Error{Reason: ad.JSONTooDeep, Code: CodeJSONTooDeep, Offset: d.pos,
		Detail: "nested more than " + strconv.Itoa(ad.JSONDepthMax) + " deep"})
}

// mismatch refuses a value of the wrong type, unless it is not even JSON.
func (d *Decoder) mismatch(want string) bool {
	start := d.pos
	return d.skip() && d.refuseValue(start, want)
}

// refuseValue refuses the value at offset, which belongs to a known name, and says where that stands.
func (d *Decoder) refuseValue(offset int, want string) bool {
	return d.refuse(offset, place(d.buf[:offset])+want)
}

// refuse says the document is JSON, but not what it should be.
func (d *Decoder) refuse(offset int, detail string) bool {
	e := &Error{Reason: ad.BodyInvalid, Code: CodeRequestInvalid, Offset: offset, Detail: detail}
	if d.answer {
		e.Reason, e.Code = ad.ResponseInvalid, CodeResponseInvalid
	}
	return d.fail(e)
}

// excess says a limit is passed at the current position.
func (d *Decoder) excess(detail string) bool {
	if !d.answer {
		return d.refuse(d.pos, detail)
	}
	return d.fail(&Error{Reason: ad.ResponseTooLarge, Code: CodeResponseTooLarge, Offset: d.pos, Detail: detail})
}

// fail keeps the first error.
func (d *Decoder) fail(e *Error) bool {
	if d.err == nil {
		d.err = e
	}
	return false
}

// place names the value that follows the given beginning of a document, e.g. "imp[0].bidfloor: ". It reads that once more,
// so that scanning need not keep track.
func place(buf []byte) string {
	var names [ad.JSONDepthMax + 1]string
	var index [ad.JSONDepthMax + 1]int
	depth, last := 0, ""
	for i := 0; i < len(buf); i++ {
		switch buf[i] {
		case '"':
			start := i + 1
			for i++; i < len(buf) && buf[i] != '"'; i++ {
				if buf[i] == '\\' {
					i++
				}
			}
			last = string(buf[start:min(i, len(buf))])
		case ':':
			names[depth] = last
		case '{', '[':
			if depth++; depth == len(names) {
				return ""
			}
			names[depth], index[depth] = "", -1
			if buf[i] == '[' {
				index[depth] = 0
			}
		case '}', ']':
			depth = max(depth-1, 0)
		case ',':
			if index[depth] >= 0 {
				index[depth]++
			}
		}
	}
	path := ""
	for level := 1; level <= depth; level++ {
		if index[level] >= 0 {
			path += "[" + strconv.Itoa(index[level]) + "]"
			continue
		}
		if path != "" && names[level] != "" {
			path += "."
		}
		path += names[level]
	}
	if path != "" {
		path += ": "
	}
	return path
}
