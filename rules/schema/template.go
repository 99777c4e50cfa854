package schema

import "strings"

// adServerMacros are what the URL of a publisher's ad server may hold.
var adServerMacros = []string{"PRICEBUCKET", "PRICE", "SEALED_PRICE", "ACCEPT_URL", "AUCTION_ID", "CREATIVE_ID", "CREATIVE_CODE", "SIZE", "WIDTH", "HEIGHT",
	"DEAL_ID", "CB", "PLACEMENT_ID"}

// readTemplate reads a URL like an endpoint's, whose path and query hold {MACROS} of the description's words and braces for
// nothing else.
func readTemplate(r *reading) *fault {
	if f := readEndpoint(r); f != nil {
		return f
	}
	for rest := r.text; ; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			return nil
		}
		end := strings.IndexByte(rest[open:], '}')
		if rest[open] == '}' || end < 0 || strings.IndexByte(rest[open+1:open+end], '{') >= 0 {
			return &fault{"there is a brace without its other half", "write macros as {PRICE}, and other braces as %7B and %7D"}
		}
		name := rest[open+1 : open+end]
		if open > 0 && rest[open-1] == '$' {
			return &fault{"${" + clip(name) + "} has a dollar sign", "write {" + clip(name) + "}"}
		}
		if f := readWord(&reading{Type: r.Type, v: &Value{}, text: name, report: r.report}); f != nil {
			return &fault{"the macro {" + clip(name) + "} is not known", f.remedy}
		}
		rest = rest[open+end+1:]
	}
}
