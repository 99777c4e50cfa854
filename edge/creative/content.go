package creative

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"curb/edge/ad"
	"curb/rules/schema"
)

// content checks that the content is what the format says, and where it leads.
func (c *checker) content(x *ad.Creative) {
	if x.ClickURL != "" {
		c.link("click_url", x.ClickURL, false)
	}
	switch detail, remedy := schema.CheckMarkup(x.Content); {
	case x.Content == "":
		c.problem("content", "it is missing", "write the ad, or its URL")
		return
	case len(x.Content) > ad.CreativeBytesMax:
		c.problem("content", fmt.Sprintf("%d bytes are more than %d", len(x.Content), ad.CreativeBytesMax), "shorten it, or load the rest of the ad from a URL")
		return
	case detail != "":
		c.problem("content", detail, remedy)
		return
	}
	switch x.Format {
	case ad.FormatImage, ad.FormatScript:
		c.link("content", x.Content, true)
	case ad.FormatVAST:
		if strings.HasPrefix(strings.TrimSpace(x.Content), "<") {
			c.vast(x.Content)
		} else {
			c.link("content", x.Content, true)
		}
	case ad.FormatNative:
		c.native(x.Content)
	}
}

// vast checks that a text is one XML document whose root is VAST with a version (VAST 4.2 §3.2). What an ad server puts
// into it is the player's business; that it parses is ours, because a document that does not is an impression that
// was paid for and not shown.
func (c *checker) vast(text string) {
	const remedy = `write a document that begins with <VAST version="4.2">`
	decoder := xml.NewDecoder(strings.NewReader(text))
	roots, depth := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line, column := decoder.InputPos()
			c.problem("content", fmt.Sprintf("line %d, column %d: it is not XML: %s", line, column, xmlCause(err)), "correct it; escape & as &amp; or use CDATA")
			return
		}
		switch t := token.(type) {
		case xml.Directive:
			c.problem("content", "it has a document type", "remove <!DOCTYPE …>: players do not read it")
			return
		case xml.StartElement:
			if depth == 0 {
				roots++
				if detail := vastRoot(t); detail != "" {
					c.problem("content", detail, remedy)
					return
				}
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 {
		c.problem("content", fmt.Sprintf("it has %d root elements", roots), remedy)
	}
}

// xmlCause is what is wrong with XML, without the place, which is said before it.
func xmlCause(err error) string {
	if syntax := (*xml.SyntaxError)(nil); errors.As(err, &syntax) {
		return syntax.Msg
	}
	return strings.TrimPrefix(err.Error(), "xml: ")
}

// vastRoot says what is wrong with the root of a VAST document.
func vastRoot(root xml.StartElement) string {
	if root.Name.Local != "VAST" {
		return "its root is not VAST"
	}
	for _, a := range root.Attr {
		if a.Name.Local != "version" || a.Name.Space != "" {
			continue
		}
		if major, minor, ok := strings.Cut(a.Value, "."); ok && len(major) == 1 && major >= "2" && major <= "4" && len(minor) == 1 && minor >= "0" && minor <= "9" {
			return ""
		}
		return "its version is not 2.0 to 4.x"
	}
	return "its root has no version"
}

// native checks that a text is a native response with assets (OpenRTB Native 1.2 §5.1), bare or below "native".
func (c *checker) native(text string) {
	const remedy = `write a native 1.2 response: {"assets":[…],"link":{"url":"https://…"}}`
	type response struct {
		Assets []map[string]json.RawMessage `json:"assets"`
		Link   *struct {
			URL string `json:"url"`
		} `json:"link"`
	}
	var outer struct {
		response
		Native *response `json:"native"`
	}
	if err := json.Unmarshal([]byte(text), &outer); err != nil {
		detail := "it is no native response"
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			detail = fmt.Sprintf("byte %d: it is not JSON", syntax.Offset)
		}
		c.problem("content", detail, remedy)
		return
	}
	body := &outer.response
	if outer.Native != nil {
		body = outer.Native
	}
	if len(body.Assets) == 0 {
		c.problem("content", "it has no assets", remedy)
	}
	if body.Link == nil || body.Link.URL == "" {
		c.problem("content", "it has no link.url", remedy)
	} else {
		c.link("content", body.Link.URL, false)
	}
}
