// Package schema says what rule files may hold, and reads them: YAML 1.2 or JSON text in, checked objects or problems
// with their places out.
//
// A file holds documents, a document one object: apiVersion, kind, metadata (name, labels) and spec. kinds.go and its
// neighbours describe every kind once, as data: fields, types, bounds, what is required, one sentence each. The walker
// checks nodes against that description, KINDS.md is printed from it, and editors' schemas can be; a new kind is a new
// table and no new code.
//
// It is given a file's name and bytes. It promises that a scalar is the text that stands in the file (02134 keeps its
// zero, NO is Norway, 1.10 is not 1.1 until a field says it is a number); that everything wrong is reported at once,
// each with file, line and column, the line itself with a caret, and a remedy; and that no input makes it panic or
// cost more than its size: bytes, nesting, documents and problems are bounded (edge/ad limits). No message shows a key or
// a dongle, however the line around it is mistyped.
//
// Strict means: no unknown field or kind, no field twice, no null, no tag, no anchor, no alias, no merge key, no tab as
// indentation, no control character, UTF-8 only. Empty documents are allowed.
//
// It refuses to know: other files, whether a reference leads anywhere (rules/compile), what a value means for an
// auction, sockets and clocks. It is the only package that says yaml.
//
// Read describe.go for what a description can say, kinds.go for the kinds, walk.go for the checks, secret.go for what is
// veiled, RATIONALE.md for why
// it is not done with struct tags or a validator of JSON Schema.
package schema
