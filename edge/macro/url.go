package macro

// urlState is how far a URL has come, read as browsers do (WHATWG URL): the scheme decides what a value may be.
type urlState uint8

const (
	urlStart     urlState = iota // nothing but spaces
	urlSlash                     // one slash: a path, or the first of two before a host
	urlScheme                    // letters that may be a scheme or the beginning of a path
	urlRelative                  // the same with a value among them
	urlSlashes                   // after http: or https:, or after //
	urlAuthority                 // host and port
	urlTail                      // path, query, fragment: nothing there changes where the URL leads
	urlUnsafe                    // a scheme that runs code, or none that is known for certain
)

// schemeBytesMax is longer than every scheme that is told apart.
const schemeBytesMax = 8

type urlScanner struct {
	state     urlState
	attribute bool // character references count: & may stand for any byte
	whole     bool // a value may be the whole beginning
	scheme    [schemeBytesMax]byte
	length    int
}

func (u *urlScanner) reset(attribute, whole bool) {
	*u = urlScanner{attribute: attribute, whole: whole}
}

func (u *urlScanner) byte(b byte) {
	if u.attribute && b == '&' && u.state < urlAuthority {
		u.state = urlUnsafe
		return
	}
	switch u.state {
	case urlStart:
		u.begin(b)
	case urlSlash:
		switch {
		case isSlash(b):
			u.state = urlSlashes
		case !ignored(b):
			u.state = urlTail
		}
	case urlScheme, urlRelative:
		u.word(b)
	case urlSlashes:
		if !isSlash(b) && !ignored(b) {
			u.state = urlAuthority
			u.byte(b)
		}
	case urlAuthority:
		if isSlash(b) || b == '?' || b == '#' {
			u.state = urlTail
		}
	}
}

func (u *urlScanner) begin(b byte) {
	switch {
	case b <= ' ':
	case isSlash(b):
		u.state = urlSlash
	case b == ':':
		u.state = urlUnsafe
	case alphanumeric(b):
		u.state = urlScheme
		u.word(b)
	default:
		u.state = urlTail
	}
}

func (u *urlScanner) word(b byte) {
	switch {
	case isSlash(b) || b == '?' || b == '#':
		u.state = urlTail
	case b == ':':
		u.decide()
	case ignored(b):
	default:
		if u.length < schemeBytesMax {
			u.scheme[u.length] = lower(b)
		}
		u.length++
	}
}

func (u *urlScanner) decide() {
	known := u.scheme[:min(u.length, schemeBytesMax)]
	switch {
	case u.state == urlRelative || u.length > schemeBytesMax:
		u.state = urlUnsafe
	case string(known) == "http" || string(known) == "https":
		u.state = urlSlashes
	case string(known) == "mailto" || string(known) == "tel" || string(known) == "sms":
		u.state = urlTail
	default:
		u.state = urlUnsafe
	}
}

func (u *urlScanner) place() (how context, filler string) {
	switch u.state {
	case urlStart:
		if !u.whole {
			u.state = urlRelative
			return component, ""
		}
		// The state stays: should the value be empty, what follows is the beginning.
		if u.attribute {
			return wholeURL, ""
		}
		return plainURL, ""
	case urlSlash:
		u.state = urlTail
		return component, "-" // with nothing there, a slash that follows would begin a host
	case urlScheme, urlRelative:
		u.state = urlRelative
		return component, ""
	case urlSlashes:
		u.state = urlAuthority
		return strict, "_"
	case urlAuthority:
		return strict, ""
	case urlTail:
		return component, ""
	}
	return inert, ""
}

func isSlash(b byte) bool { return b == '/' || b == '\\' }

// ignored are the bytes that URL parsers drop wherever they stand.
func ignored(b byte) bool { return b == '\t' || b == '\n' || b == '\r' }
