package macro

import (
	"errors"
	"fmt"
	"strings"

	"curb/edge/ad"
)

// Allowed are the ad servers that one placement may call, parsed. It is immutable.
type Allowed struct {
	servers []allowedServer
	lab     bool
}

type allowedServer struct {
	name     string
	redirect *Redirect
}

// Allow parses the ad servers of a placement. A URL that is none is left out, and the error says which: rule sets are
// checked before they come in force, so an ad call need not look at it.
func Allow(servers []ad.AdServer, lab bool) (*Allowed, error) {
	a := &Allowed{servers: make([]allowedServer, len(servers)), lab: lab}
	var faults []error
	for i, s := range servers {
		r, err := ParseRedirect(s.URL, lab)
		if err != nil {
			faults = append(faults, fmt.Errorf("ad server %q: %w", s.Name, err))
		}
		a.servers[i] = allowedServer{s.Name, r}
	}
	return a, errors.Join(faults...)
}

// Server gives the redirect of the ad server at an index of Allow's list; nil if its URL is none.
func (a *Allowed) Server(index int) *Redirect {
	if index < 0 || index >= len(a.servers) {
		return nil
	}
	return a.servers[index].redirect
}

// Match finds where a tag's redir leads: the name of an ad server is that one's own URL; else it is a URL of the scheme,
// host and port of one, with a path at or below its path, and is read as ParseRedirect does. server is the index of
// the one that allows it, of several the one with the longest path. Errors are *RedirectError.
func (a *Allowed) Match(redir string) (r *Redirect, server int, err error) {
	for i := range a.servers {
		if s := &a.servers[i]; s.name == redir && s.redirect != nil {
			return s.redirect, i, nil
		}
	}
	if isWord(redir) {
		return nil, -1, errNotAllowed // a name, of no ad server
	}
	if r, err = ParseRedirect(redir, a.lab); err != nil {
		return nil, -1, err
	}
	server, longest := -1, 0
	for i := range a.servers {
		if s := a.servers[i].redirect; s != nil && s.allows(r) && len(s.fixed) > longest {
			server, longest = i, len(s.fixed)
		}
	}
	if server < 0 {
		return nil, -1, errNotAllowed
	}
	return r, server, nil
}

// allows reports whether a tag may call other where r is registered: at r's path, or below it at a slash. r's path ends where
// its matrix parameters begin, which other may then have too, or before the segment with its first value.
func (r *Redirect) allows(other *Redirect) bool {
	if r.origin != other.origin {
		return false
	}
	prefix, matrix := r.fixed, false
	if i := strings.IndexByte(prefix, ';'); i >= 0 {
		prefix, matrix = prefix[:i], true
	} else if r.slotted {
		prefix = prefix[:strings.LastIndexByte(prefix, '/')+1]
	}
	rest, ok := strings.CutPrefix(other.fixed, prefix)
	switch {
	case !ok:
		return false
	case strings.HasSuffix(prefix, "/"):
		return true
	case rest == "":
		return !other.slotted
	}
	return rest[0] == '/' || matrix && rest[0] == ';'
}

// isWord accepts what a name of an ad server may be, and no URL is.
func isWord(text string) bool {
	for i := range len(text) {
		if b := text[i]; !alphanumeric(b) && b != '-' && b != '_' {
			return false
		}
	}
	return text != ""
}
