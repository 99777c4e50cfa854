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

// appendScriptString appends a JavaScript string literal in ASCII that can stand in a script element, in a file of any
// charset and in JSON: quotes, backslash, control characters, <, >, &, U+2028, U+2029 and all beyond ASCII are escaped.
func appendScriptString[T string | []byte](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		b := text[i]
		if b >= ' ' && b < 0x7f && b != '"' && b != '\\' && b != '<' && b != '>' && b != '&' && b != '\'' {
			dst = append(dst, b)
			i++
			continue
		}
		if b < utf8.RuneSelf {
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
		i += n
		if r > 0xffff {
			r -= 0x10000
			dst = appendUnit(dst, 0xd800+r>>10)
			r = 0xdc00 + r&0x3ff
		}
		dst = appendUnit(dst, r)
	}
	return append(dst, '"')
}

func appendUnit(dst []byte, u rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}
