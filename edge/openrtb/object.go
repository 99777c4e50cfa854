package openrtb

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"curb/edge/ad"
)

// object is the state of reading one JSON object: open, then a switch on name while there is a member, then close.
type object struct {
	name  string // of the member to be read now
	ok    bool   // set by the switch: the member was read
	began bool   // a member has been read, so that a comma comes next
	// variant says that name is not what was read but that in lower case, to find out whether it is a known one.
	variant bool
	seen    uint64 // a bit per known name
	at      int    // offset of name
	base    int    // where the unknown names of this object begin in scanner.names
}

// once is true when a known name is there for the first time. bit is the switch's own number of the name.
func (o *object) once(bit uint) bool {
	mask := uint64(1) << bit
	if o.seen&mask != 0 {
		return false
	}
	o.seen |= mask
	return true
}

// open enters an object.
func (d *Decoder) open(o *object) {
	switch {
	case d.at() != '{':
		d.mismatch("want an object")
	case d.depth == ad.JSONDepthMax:
		d.tooDeep()
	default:
		d.depth++
		d.pos++
		o.base = len(d.names)
		o.ok = true
	}
}

// member moves to the value of the next member and tells its name. It is false at the object's end and after an error.
func (d *Decoder) member(o *object) bool {
	if !o.ok || o.variant {
		return o.ok
	}
	c := d.token()
	switch {
	case c == '}':
		d.pos++
		d.depth--
		return false
	case !o.began:
		o.began = true
	case c == ',':
		d.pos++
		c = d.token()
	default:
		o.ok = d.malformed("want a comma or the end of the object")
		return false
	}
	o.at = d.pos
	if c != '"' {
		o.ok = d.malformed("want a name")
		return false
	}
	if d.tokens += 2; d.tokens > ad.JSONTokensMax {
		o.ok = d.excess("too many values")
		return false
	}
	if !d.shortName(o) {
		o.ok = d.longName(o)
	}
	return o.ok
}

// shortName reads a name of less than eight bytes, the colon, and nothing between them and the value: most members begin
// like that. It is false, and has read nothing, where one does not.
func (d *Decoder) shortName(o *object) bool {
	start := d.pos + 1
	if start+10 > len(d.buf) {
		return false
	}
	buf := d.buf[start : start+10]
	m := special(binary.LittleEndian.Uint64(buf))
	if m == 0 {
		return false
	}
	n := bits.TrailingZeros64(m) >> 3
	if buf[n] != '"' || buf[n+1] != ':' || buf[n+2] <= ' ' {
		return false
	}
	o.name = stringOf(buf[:n])
	d.pos = start + n + 2
	return true
}

// longName reads any name, the colon, and white space up to the value.
func (d *Decoder) longName(o *object) bool {
	var ok bool
	if o.name, ok = d.str(); !ok {
		return false
	}
	if d.token() != ':' {
		return d.malformed("want a colon")
	}
	d.pos++
	d.token()
	return true
}

// other deals with a name the switch does not know: it is looked up once more in lower case, since another reader may
// take it for the known one, and then skipped.
func (d *Decoder) other(o *object) bool {
	if o.variant {
		o.variant, o.seen, o.name = false, d.seen, d.original
	} else if lower, differs := d.lower(o.name); differs {
		d.original, d.seen = o.name, o.seen
		// As if every known name had been seen: whichever matches is refused.
		o.name, o.seen, o.variant = lower, ^uint64(0), true
		return true
	}
	d.names = append(d.names, o.name)
	return d.skip()
}

// close ends reading an object.
func (d *Decoder) close(o *object) bool {
	switch {
	case d.err != nil:
		return false
	case !o.ok:
		return d.malformedAt(o.at, "a name twice in one object, or once more in other case")
	case len(d.names) > o.base+1 && !distinct(d.names[o.base:]):
		return d.malformedAt(o.at, "a name twice in one object")
	}
	d.names = d.names[:o.base]
	return true
}

// fewNames is how many names are compared each with each; more are sorted, which bounds the work for hostile objects.
const fewNames = 8

func distinct(names []string) bool {
	if len(names) > fewNames {
		slices.Sort(names)
		for i := 1; i < len(names); i++ {
			if names[i] == names[i-1] {
				return false
			}
		}
		return true
	}
	for i := range names {
		for j := range i {
			if names[i] == names[j] {
				return false
			}
		}
	}
	return true
}

// nameMax is the longest name that may be a variant of a known one: 22 letters, of which each may be the three bytes of
// the Kelvin sign.
const nameMax = 66

// lower folds a name to lower case as encoding/json does: letters of ASCII, and the two that fold into ASCII from outside.
func (d *Decoder) lower(name string) (string, bool) {
	if len(name) > nameMax || plainName(name) {
		return name, false
	}
	folded := d.folded[:0]
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == 0xC5 && i+1 < len(name) && name[i+1] == 0xBF: // U+017F, long s
			c = 's'
			i++
		case c == 0xE2 && i+2 < len(name) && name[i+1] == 0x84 && name[i+2] == 0xAA: // U+212A, Kelvin sign
			c = 'k'
			i += 2
		}
		folded = append(folded, c)
	}
	return stringOf(folded), stringOf(folded) != name
}

// plainName reports that no byte of a name folds.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c-'A' < 26 || c >= 0x80 {
			return false
		}
	}
	return true
}

// listing is the state of reading one JSON array: openList, then elements, then closeList.
type listing struct {
	ok, began bool
}

func (d *Decoder) openList() (l listing) {
	switch {
	case d.at() != '[':
		d.mismatch("want a list")
	case d.depth == ad.JSONDepthMax:
		d.tooDeep()
	default:
		d.depth++
		d.pos++
		l.ok = true
	}
	return l
}

// element moves to the next element. It is false at the list's end and after an error.
func (d *Decoder) element(l *listing) bool {
	if !l.ok {
		return false
	}
	c := d.token()
	switch {
	case c == ']':
		d.pos++
		d.depth--
		return false
	case !l.began:
		l.began = true
	case c == ',':
		d.pos++
		d.token()
	default:
		l.ok = d.malformed("want a comma or the end of the list")
		return false
	}
	if d.tokens++; d.tokens > ad.JSONTokensMax {
		l.ok = d.excess("too many values")
	}
	return l.ok
}

func (d *Decoder) closeList(l *listing) bool { return l.ok && d.err == nil }
