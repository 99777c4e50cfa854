package transport

import (
	"bytes"
	"errors"
)

// errQPACK says that a field section is not QPACK without dynamic table: the end of the connection (RFC 9204 §6).
var errQPACK = errors.New("qpack: malformed field section")

// fieldSection is one decoded HEADERS frame. Names and values lie in arena, one after the other, until they become strings
// all at once; those of the static table are not copied at all. It is reused.
type fieldSection struct {
	arena  []byte
	fields []sectionField

	// Pseudo-header fields (RFC 9114 §4.3.1): where they lie, and which were there.
	method, scheme, authority, path int // index into fields, or -1

	size, cookies int
	regular       bool // a field that is no pseudo-header was there
}

// sectionField is one field: static says which row gives the name, and with whole the value too.
type sectionField struct {
	static                       int16 // -1: the name is in arena
	whole                        bool
	nameAt, valueAt, end, nameTo int32
}

func (s *fieldSection) reset() {
	*s = fieldSection{arena: s.arena[:0], fields: s.fields[:0], method: -1, scheme: -1, authority: -1, path: -1}
}

// decode reads a field section and judges it. It stops at the first field over a limit: what a few bytes can be made to
// stand for is never expanded. An error is the end of the connection.
func (s *fieldSection) decode(block []byte, l *Limits) (refusal, error) {
	s.reset()
	required, block, ok := prefixInt(block, 8)
	if !ok || required != 0 || len(block) == 0 {
		return 0, errQPACK
	}
	if _, block, ok = prefixInt(block, 7); !ok { // Base means nothing without a dynamic table
		return 0, errQPACK
	}
	for len(block) > 0 {
		field, rest, ok := s.next(block)
		if !ok {
			return 0, errQPACK
		}
		block = rest
		s.fields = append(s.fields, field)
		if verdict := s.judge(field, l); verdict != accepted {
			return verdict, nil
		}
	}
	return s.finish(), nil
}

// next decodes one field line (RFC 9204 §4.5).
func (s *fieldSection) next(b []byte) (f sectionField, rest []byte, ok bool) {
	f.static, f.nameAt = -1, int32(len(s.arena))
	switch {
	case b[0]&0xc0 == 0xc0: // indexed, static
		index, rest, ok := prefixInt(b, 6)
		if !ok || index >= uint64(len(qpackStatic)) {
			return f, nil, false
		}
		f.static, f.whole = int16(index), true
		return f, rest, true
	case b[0]&0xd0 == 0x50: // literal with name reference, static
		index, rest, ok := prefixInt(b, 4)
		if !ok || index >= uint64(len(qpackStatic)) {
			return f, nil, false
		}
		f.static = int16(index)
		b = rest
	case b[0]&0xe0 == 0x20: // literal with literal name
		if b, ok = s.text(b, 3); !ok {
			return f, nil, false
		}
	default: // the dynamic table
		return f, nil, false
	}
	f.nameTo = int32(len(s.arena))
	f.valueAt = f.nameTo
	if rest, ok = s.text(b, 7); !ok {
		return f, nil, false
	}
	f.end = int32(len(s.arena))
	return f, rest, true
}

// text decodes a string whose length has a prefix of n bits, with the Huffman flag before it.
func (s *fieldSection) text(b []byte, n uint) ([]byte, bool) {
	if len(b) == 0 {
		return nil, false
	}
	coded := b[0]&(1<<n) != 0
	length, rest, ok := prefixInt(b, n)
	if !ok || length > uint64(len(rest)) {
		return nil, false
	}
	if coded {
		if s.arena, ok = appendHuffman(s.arena, rest[:length]); !ok {
			return nil, false
		}
	} else {
		s.arena = append(s.arena, rest[:length]...)
	}
	return rest[length:], true
}

// prefixInt decodes an integer whose first byte has n bits of it (RFC 7541 §5.1), up to 2^28.
func prefixInt(b []byte, n uint) (uint64, []byte, bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	full := uint64(1)<<n - 1
	value := uint64(b[0]) & full
	if value < full {
		return value, b[1:], true
	}
	for i := 1; i < len(b) && i < 5; i++ {
		value += uint64(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			return value, b[i+1:], true
		}
	}
	return 0, nil, false
}

// name and value give the bytes of a field; those of the static table as strings, the others as bytes of the arena.
func (s *fieldSection) name(f sectionField) (string, []byte) {
	if f.static >= 0 {
		return qpackStatic[f.static].name, nil
	}
	return "", s.arena[f.nameAt:f.nameTo]
}

func (s *fieldSection) valueLen(f sectionField) int {
	if f.whole {
		return len(qpackStatic[f.static].value)
	}
	return int(f.end - f.valueAt)
}

// judge bounds and checks one field (RFC 9114 §4.2, §4.3).
func (s *fieldSection) judge(f sectionField, l *Limits) refusal {
	static, raw := s.name(f)
	for _, c := range s.arena[f.valueAt:f.end] {
		if c < ' ' && c != '\t' || c == 0x7f {
			return requestMalformed
		}
	}
	if len(static) > 0 && static[0] == ':' || len(raw) > 0 && raw[0] == ':' {
		return s.judgePseudo(static, raw, l)
	}
	s.regular = true
	s.size += len(static) + len(raw) + s.valueLen(f) + fieldOverhead
	if static == "cookie" || string(raw) == "cookie" {
		s.cookies += s.valueLen(f)
	}
	if s.size > l.HeaderBytes || s.cookies > l.CookieBytes || s.regulars() > l.HeaderFields {
		return headerTooLarge
	}
	if static == "" && !validName(raw) {
		return requestMalformed
	}
	return accepted
}

// regulars counts fields that are no pseudo-headers, and :authority, which stands for Host.
func (s *fieldSection) regulars() int {
	n := len(s.fields)
	for _, at := range [...]int{s.method, s.scheme, s.path} {
		if at >= 0 {
			n--
		}
	}
	return n
}

// judgePseudo notes where a pseudo-header field is.
func (s *fieldSection) judgePseudo(static string, raw []byte, l *Limits) refusal {
	at := len(s.fields) - 1
	length := s.valueLen(s.fields[at])
	var place *int
	switch {
	case static == ":method" || string(raw) == ":method":
		place = &s.method
		if length > l.MethodBytes {
			return methodInvalid
		}
	case static == ":scheme" || string(raw) == ":scheme":
		place = &s.scheme
	case static == ":authority" || string(raw) == ":authority":
		place = &s.authority
		s.size += len("host") + length + fieldOverhead
	case static == ":path" || string(raw) == ":path":
		place = &s.path
		if length > l.TargetBytes {
			return targetTooLong
		}
	}
	if place == nil || *place >= 0 || s.regular {
		return requestMalformed
	}
	*place = at
	return accepted
}

// finish judges what only the whole section shows. CONNECT lacks :scheme and :path (RFC 9114 §4.4) and is the door's.
func (s *fieldSection) finish() refusal {
	if s.method < 0 || s.valueLen(s.fields[s.method]) == 0 {
		return requestMalformed
	}
	if (s.scheme < 0 || s.path < 0) && !(s.scheme < 0 && s.path < 0 && s.authority >= 0) {
		return requestMalformed
	}
	return accepted
}

// validName takes lower-case tokens, and none of those that only mean something to one connection of HTTP/1.1 (RFC 9114
// §4.2).
func validName(name []byte) bool {
	if len(name) == 0 {
		return false
	}
	for _, c := range name {
		if !tokenBytes[c] || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	switch string(name) {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return false
	}
	return true
}

// canonicalize spells a lower-case name as http.Header does.
func canonicalize(name []byte) {
	upper := true
	for i, c := range name {
		if upper && c >= 'a' && c <= 'z' {
			name[i] = c - ('a' - 'A')
		}
		upper = c == '-'
	}
}

// qpackPrefix says that a field section uses no dynamic table.
var qpackPrefix = [2]byte{}

// appendPrefixInt encodes an integer after the flags in first, with n bits of prefix.
func appendPrefixInt(b []byte, first byte, n uint, value uint64) []byte {
	full := uint64(1)<<n - 1
	if value < full {
		return append(b, first|byte(value))
	}
	b = append(b, first|byte(full))
	for value -= full; value >= 0x80; value >>= 7 {
		b = append(b, byte(value)|0x80)
	}
	return append(b, byte(value))
}

// appendStatus encodes :status.
func appendStatus(b []byte, status int) []byte {
	text := [3]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)}
	for _, row := range qpackByName[":status"] {
		if qpackStatic[row].value == string(text[:]) {
			return appendPrefixInt(b, 0xc0, 6, uint64(row))
		}
	}
	b = appendPrefixInt(b, 0x50, 4, uint64(qpackByName[":status"][0]))
	b = append(b, 3)
	return append(b, text[:]...)
}

// appendField encodes a field whose name is canonical, without Huffman: the bytes it saves fit into the same packet.
func appendField(b []byte, name, value string) []byte {
	rows := qpackByName[name]
	for _, row := range rows {
		if qpackStatic[row].value == value {
			return appendPrefixInt(b, 0xc0, 6, uint64(row))
		}
	}
	if len(rows) > 0 {
		b = appendPrefixInt(b, 0x50, 4, uint64(rows[0]))
	} else {
		b = appendPrefixInt(b, 0x20, 3, uint64(len(name)))
		at := len(b)
		b = append(b, name...)
		copy(b[at:], bytes.ToLower(b[at:]))
	}
	b = appendPrefixInt(b, 0, 7, uint64(len(value)))
	return append(b, value...)
}
