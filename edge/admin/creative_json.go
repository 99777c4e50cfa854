package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/creative"
)

// Creative is a creative as GET /v1/creatives/{id} answers it.
type Creative struct {
	ID      uint32 `json:"id"`
	Version uint64 `json:"version,omitempty"` // as in ETag; absent for those of the rule set
	Source  string `json:"source"`            // "api", or "rules" for those that only rule files change
	Status  string `json:"status"`            // banned, expired, or audit
	Member  uint32 `json:"member"`
	Code    string `json:"code"`
	Name    string `json:"name"`
	Active  bool   `json:"active"`
	Size    string `json:"size"` // empty: any
	Media   string `json:"media"`
	Format  string `json:"format"`
	// Content is left out of lists; ContentBytes is how long it is.
	Content      string     `json:"content,omitempty"`
	ContentBytes int        `json:"content_bytes"`
	Dynamic      bool       `json:"dynamic"`
	ClickURL     string     `json:"click_url"`
	Secure       bool       `json:"secure"`
	Audit        string     `json:"audit"`
	Advertisers  []string   `json:"advertisers"`
	Categories   []string   `json:"categories"`
	Attributes   []int      `json:"attributes"`
	Language     string     `json:"language"`
	Pixels       []string   `json:"pixels"`
	Banned       bool       `json:"banned"`
	Expired      bool       `json:"expired"`
	Reason       string     `json:"reason,omitempty"`
	Created      *time.Time `json:"created,omitempty"`
	Changed      *time.Time `json:"changed,omitempty"`
	Used         string     `json:"used,omitempty"` // UTC day on which it last served or was bid on
}

// CreativePage is what GET /v1/creatives answers.
type CreativePage struct {
	Creatives []Creative `json:"creatives"`
	Next      string     `json:"next,omitempty"` // path of the next page; absent on the last
}

// givenFields are fields of a Creative that only the node says.
var givenFields = []string{"id", "version", "source", "status", "content_bytes", "banned", "expired", "reason", "created", "changed", "used"}

// ruleCreative is a creative of the rule set.
func ruleCreative(x *ad.Creative) Creative {
	c := Creative{ID: uint32(x.ID), Source: "rules", Status: creative.Status(x), Member: uint32(x.Member), Code: x.Code, Name: x.Name, Active: x.Active,
		Media: x.Media.String(), Format: creative.FormatWord(x.Format), Content: x.Content, ContentBytes: len(x.Content), Dynamic: x.Dynamic,
		ClickURL: x.ClickURL, Secure: x.Secure, Audit: creative.AuditWord(x.Audit), Advertisers: filled(x.Advertisers), Categories: filled(x.Categories),
		Attributes: []int{}, Language: x.Language, Pixels: filled(x.Pixels), Banned: x.Banned, Expired: x.Expired}
	if x.Size != (ad.Size{}) {
		c.Size = x.Size.String()
	}
	for _, a := range x.Attributes {
		c.Attributes = append(c.Attributes, int(a))
	}
	return c
}

// apiCreative is a creative of the registry.
func apiCreative(x *creative.Registered) Creative {
	c := ruleCreative(&x.Creative)
	c.Source, c.Version, c.Reason, c.Created, c.Changed = "api", x.Version, x.Reason, &x.Created, &x.Changed
	if !x.Used.IsZero() {
		c.Used = x.Used.Format(time.DateOnly)
	}
	return c
}

// brief is a creative without its content, for lists.
func (c Creative) brief() Creative {
	c.Content = ""
	return c
}

func filled(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// readDraft reads what POST and PUT say of a creative, and refuses it with everything that is wrong, what the registry
// finds included.
func (c *creatives) readDraft(w http.ResponseWriter, r *http.Request) (x ad.Creative, refused *refusal) {
	body, refused := readBody(w, r, true)
	if refused != nil {
		return x, refused
	}
	var member uint32
	var size, media, format string
	var attributes []int
	audit := "pending"
	x.Active = true
	problems, refused := fields(body, map[string]any{
		"member": &member, "code": &x.Code, "name": &x.Name, "active": &x.Active, "size": &size, "media": &media, "format": &format,
		"content": &x.Content, "dynamic": &x.Dynamic, "click_url": &x.ClickURL, "secure": &x.Secure, "audit": &audit,
		"advertisers": &x.Advertisers, "categories": &x.Categories, "attributes": &attributes, "language": &x.Language, "pixels": &x.Pixels,
	})
	if refused != nil {
		return x, refused
	}
	x.Member = ad.MemberID(member)
	word := func(ok bool, field, remedy string) {
		if !ok {
			problems = append(problems, FieldProblem{field, "it is missing, or none of what it may be", remedy})
		}
	}
	var ok bool
	if size != "" {
		x.Size, ok = ad.ParseSize(size)
		word(ok, "size", "write WIDTHxHEIGHT, each 1 to 9999, e.g. 300x250")
	}
	if media != "" {
		x.Media, ok = creative.ParseMedia(media)
		word(ok, "media", "write banner, video, audio or native")
	}
	x.Format, ok = creative.ParseFormat(format)
	word(ok, "format", "write "+strings.Join(creative.FormatWords(), ", "))
	x.Audit, ok = creative.ParseAudit(audit)
	word(ok, "audit", "write pending to submit it, or none")
	for _, a := range attributes {
		if a < 1 || a > 255 {
			word(false, "attributes", "write numbers from 1 to 255, from OpenRTB's list of creative attributes")
			break
		}
		x.Attributes = append(x.Attributes, uint8(a))
	}
	if len(problems) == 0 {
		return x, nil // the registry checks the rest
	}
	for _, p := range c.registry.Check(x) {
		said := func(q FieldProblem) bool { return q.Field == p.Field }
		if !slices.ContainsFunc(problems, said) {
			problems = append(problems, FieldProblem(p))
		}
	}
	return x, creativeInvalid(problems)
}

func creativeInvalid(problems []FieldProblem) *refusal {
	return invalid("creative_invalid", "the creative is not as it should be", problems)
}
