// Package macro fills ${NAME} macros in creatives, click URLs and passback URLs, so that no value can leave the place it
// stands in.
//
// A Template is a source parsed once: literal text, and references each with the context it stands in (text, attribute,
// URL, script string, …), found by a small conservative scanner of HTML, of JavaScript inside it, and of URLs. Expanding
// writes literals and escaped values in one pass; what a value holds is never read again, so a macro inside a value
// stays text. Expand does both at once for markup that is used only once.
//
// It is given a source, its Syntax, and Values that append the raw value of one Name. It promises:
//
//   - a value never changes the structure of what surrounds it: same elements, same attributes, same script tokens,
//     same URL parts, whatever the value is;
//   - where a context is not certain, the reference is either reduced to letters, digits and underscores or left as it
//     was written, never guessed;
//   - unknown names stay as they were written;
//   - expanding allocates nothing beyond the growth of the destination, and stops soon after BytesMax.
//
// A Redirect is the other kind of template: an ad server's URL, with macros in single braces, for a Location header. Redirect
// and AppendClickTarget make every Location of the product; nothing else may. They promise that scheme, host and port
// are the registered ones for every reader of URLs, that no byte leaves the range 0x21 to 0x7E, and that a URL which two readers
// could take for two places is refused with a code.
//
// It refuses to know: what a macro's value is and who may see it (the caller supplies values), HTTP, and how creatives
// are wrapped into documents.
//
// Read template.go first, then html.go; for redirects redirect.go, redirect_parse.go, allow.go and landing.go. RATIONALE.md says
// why each context is escaped as it is.
package macro
