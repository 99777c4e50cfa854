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
// It refuses to know: what a macro's value is and who may see it (the caller supplies values), HTTP, and how creatives
// are wrapped into documents.
//
// Read template.go first, then html.go; RATIONALE.md says why each context is escaped as it is.
package macro
