package macro

// attributeKind is what an attribute's value is read as.
type attributeKind uint8

const (
	attributePlain  attributeKind = iota
	attributeLink                 // a URL that a value may give whole
	attributeURL                  // a URL that only the creative may begin
	attributeText                 // holds URLs among other text
	attributeScript               // JavaScript
	attributeStyle                // CSS
	attributeType                 // decides what a script element holds
	attributeInert                // decides how something else is read, or is markup itself
)

// attributeKindOf classifies by tag and attribute name, both in lower case.
func attributeKindOf(tag, name string) attributeKind {
	if len(name) > 2 && name[0] == 'o' && name[1] == 'n' {
		return attributeScript
	}
	switch name {
	case "": // too long for any that matters
		return attributePlain
	case "href", "xlink:href":
		if tag == "a" || tag == "area" {
			return attributeLink
		}
		return attributeURL
	case "src":
		if tag == "img" {
			return attributeLink
		}
		return attributeURL
	case "action", "formaction", "data", "poster", "background", "cite", "codebase", "longdesc", "manifest",
		"profile", "usemap", "classid", "icon", "lowsrc", "dynsrc":
		return attributeURL
	case "srcset", "imagesrcset", "ping", "archive", "content", "to", "from", "by", "values":
		return attributeText
	case "style":
		return attributeStyle
	case "type":
		return attributeType
	case "srcdoc", "http-equiv", "rel", "sandbox", "allow", "is", "language", "attributename", "charset", "csp",
		"integrity", "shadowrootmode", "slot", "nonce", "referrerpolicy":
		return attributeInert
	}
	return attributePlain
}
