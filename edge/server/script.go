package server

import (
	"net/http"
	"unicode/utf8"

	"curb/edge/adcall"
)

// The script of /ttj makes one frame. It runs where it stands, deferred or async: it never writes into the parser. It goes
// into the element that the tag names; without one, or if there is none of that id, after its own script element, which
// is the running one or, where browsers do not say, the first with this URL that has not been served yet. A script
// in the head waits for the body.
const (
	scriptHead = `(function(d,a,v,w,h,t,u){var f=d.createElement("iframe"),i,l,e,s;f.title="Advertisement";f.width=w;f.height=h;` +
		`f.setAttribute("scrolling","no");f.style.cssText="border:0;overflow:hidden;vertical-align:bottom";f.setAttribute("sandbox",`
	scriptTail = `);f.setAttribute(a,v);s=d.currentScript;` +
		`if(!s){l=d.getElementsByTagName("script");for(i=0;i<l.length&&!s;i++)if(l[i].src&&l[i].src.slice(-u.length)===u&&!l[i].curbServed)s=l[i]}` +
		`if(s)s.curbServed=1;function go(){e=t&&d.getElementById(t);if(e)e.appendChild(f);` +
		`else if(s&&s.parentNode&&d.body&&d.body.contains(s))s.parentNode.insertBefore(f,s.nextSibling);else if(d.body)d.body.appendChild(f)}` +
		`if(d.body&&(!t||d.getElementById(t)||d.readyState!=="loading"))go();else d.addEventListener("DOMContentLoaded",go)})(document,`
	scriptEnd = ");\n"
)

// script writes the answer of /ttj around a document, or around the URL of a daisy chain.
func (v *visit) script(r *http.Request, body []byte, outcome adcall.Outcome) []byte {
	rights, attribute := sandbox, "srcdoc"
	if outcome == adcall.Chain {
		rights, attribute = chainSandbox, "src"
	}
	out := append(v.out[:0], scriptHead...)
	out = appendScriptString(out, rights)
	out = append(out, scriptTail...)
	out = appendScriptString(out, attribute)
	out = append(out, ',')
	out = appendScriptString(out, body)
	out = append(out, ',')
	out = number(out, v.page.values.size.W)
	out = append(out, ',')
	out = number(out, v.page.values.size.H)
	out = append(out, ',')
	out = appendScriptString(out, v.target)
	out = append(out, ',')
	v.self = append(append(append(v.self[:0], r.URL.Path...), '?'), r.URL.RawQuery...)
	out = appendScriptString(out, v.self)
	out = append(out, scriptEnd...)
	v.out = out
	return out
}

// appendScriptString appends a JavaScript string literal in ASCII, for a file of any charset. It is written compactly: what
// ends the string is escaped, control characters, all beyond ASCII, and each < that would mean something to HTML around
// the script. A byte of UTF-8 becomes at most 4.
func appendScriptString[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		b := text[i]
		switch {
		case b >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
			dst = appendRune(dst, r)
			i += n
			continue
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b == '\n':
			dst = append(dst, `\n`...)
		case b == '\r':
			dst = append(dst, `\r`...)
		case b == '\t':
			dst = append(dst, `\t`...)
		case b < ' ' || b == 0x7f || b == '<' && special(text[i+1:]):
			dst = appendByte(dst, b)
		default:
			dst = append(dst, b)
		}
		i++
	}
	return append(dst, '"')
}

// special reports whether < before this text would end a script element, or change how its end is found (HTML §13.2.5.4).
func special[T string | []byte](text T) bool {
	for _, word := range [...]string{"!--", "script", "/script"} {
		i := 0
		for i < len(word) && i < len(text) && (text[i] == word[i] || word[i] >= 'a' && text[i] == word[i]-('a'-'A')) {
			i++
		}
		if i == len(word) {
			return true
		}
	}
	return false
}

const hexLower = "0123456789abcdef"

// appendByte writes \xNN.
func appendByte(dst []byte, b byte) []byte {
	return append(dst, '\\', 'x', hexLower[b>>4], hexLower[b&15])
}

// appendRune writes a character beyond ASCII.
func appendRune(dst []byte, r rune) []byte {
	switch {
	case r <= 0xff:
		return appendByte(dst, byte(r))
	case r <= 0xffff:
		return appendUnit(dst, r)
	}
	r -= 0x10000
	return appendUnit(appendUnit(dst, 0xd800+r>>10), 0xdc00+r&0x3ff)
}

func appendUnit(dst []byte, u rune) []byte {
	return append(dst, '\\', 'u', hexLower[u>>12&15], hexLower[u>>8&15], hexLower[u>>4&15], hexLower[u&15])
}
