package creative

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"curb/edge/ad"
	"curb/rules/schema"
)

// Bounds of a draft's fields, as in rule files. Lengths are in characters.
const (
	codeMax        = 100
	nameMax        = 100
	advertisersMax = 10
	categoriesMax  = 20
	categoryMax    = 20
	attributesMax  = 32
	pixelsMax      = 16
	sideMax        = 9999
	domainMax      = 253
	labelMax       = 63
)

// checker collects what is wrong with a draft.
type checker struct{ problems []Problem }

func (c *checker) problem(field, detail, remedy string) {
	c.problems = append(c.problems, Problem{field, detail, remedy})
}

// Check gives everything that is wrong with a draft, as Register would; of a code that is taken it says nothing.
func (r *Registry) Check(draft ad.Creative) []Problem { return r.check(&draft) }

// check fills in what a draft leaves out and gives everything that is wrong with it.
func (r *Registry) check(x *ad.Creative) []Problem {
	normalize(x)
	var c checker
	switch {
	case x.Member == 0:
		c.problem("member", "it is missing", "name the member whose creative it is by id")
	case r.o.Catalog != nil && r.o.Catalog().Member(x.Member) == nil:
		c.problem("member", "there is no member "+strconv.Itoa(int(x.Member)), "name a member of the rule set")
	}
	c.plain("code", x.Code, codeMax)
	if x.Code == "" {
		c.problem("code", "it is missing", "give the key by which bids name it (crid)")
	} else if strings.TrimSpace(x.Code) != x.Code {
		c.problem("code", "it begins or ends with a space", "remove it")
	}
	c.plain("name", x.Name, nameMax)
	if x.Audit > ad.AuditPending {
		c.problem("audit", AuditWord(x.Audit)+" is what auditors say", "write pending to submit it, or none; :approve and :reject decide")
	}
	c.shape(x)
	c.content(x)
	c.judged(x)
	return c.problems
}

// normalize fills in defaults and brings texts to one form, so that the same draft reads the same.
func normalize(x *ad.Creative) {
	x.ID, x.Banned, x.Expired, x.ApprovedBy, x.BannedBy = 0, false, false, nil, nil
	if x.Name == "" {
		x.Name = x.Code
	}
	if x.Media == 0 {
		x.Media = media[x.Format][0]
	}
	x.Advertisers, x.Categories = slices.Clone(x.Advertisers), slices.Clone(x.Categories)
	x.Attributes, x.Pixels = slices.Clone(x.Attributes), slices.Clone(x.Pixels)
	for i, domain := range x.Advertisers {
		x.Advertisers[i] = strings.ToLower(strings.TrimSuffix(domain, "."))
	}
}

// plain checks a text of one line.
func (c *checker) plain(field, text string, charactersMax int) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		c.problem(field, "it holds a control character or is not UTF-8", "write plain text on one line")
	case utf8.RuneCountInString(text) > charactersMax:
		c.problem(field, fmt.Sprintf("it has more than %d characters", charactersMax), "shorten it")
	}
}

// media are the kinds of ad that a format may be, the usual one first.
var media = [...][]ad.MediaType{
	ad.FormatImage: {ad.Banner}, ad.FormatHTML: {ad.Banner}, ad.FormatScript: {ad.Banner},
	ad.FormatVAST: {ad.Video, ad.Audio}, ad.FormatNative: {ad.Native},
}

// shape checks medium and size.
func (c *checker) shape(x *ad.Creative) {
	if !slices.Contains(media[x.Format], x.Media) {
		c.problem("media", FormatWord(x.Format)+" is no format of "+x.Media.String(), "banner: image, html or script; video and audio: vast; native: native")
	}
	switch {
	case x.Size == (ad.Size{}):
		if x.Media == ad.Banner {
			c.problem("size", "it is missing", "banners need one, e.g. 300x250")
		}
	case x.Size.W == 0 || x.Size.H == 0 || x.Size.W > sideMax || x.Size.H > sideMax:
		c.problem("size", x.Size.String()+" is no size", "write WIDTHxHEIGHT, each 1 to 9999")
	}
}

// judged checks what bidders and publishers judge the ad by.
func (c *checker) judged(x *ad.Creative) {
	count(c, "advertisers", len(x.Advertisers), advertisersMax)
	for i, domain := range x.Advertisers {
		if !isDomain(domain) {
			c.problem(element("advertisers", i), "it is no domain name", "write it in full, e.g. shop.example; other alphabets as an A-label, xn--…")
		}
	}
	count(c, "categories", len(x.Categories), categoriesMax)
	for i, category := range x.Categories {
		if category == "" || len(category) > categoryMax || strings.ContainsFunc(category, notCode) {
			c.problem(element("categories", i), "it is no category", "write the code of one, e.g. IAB12 or 483")
		}
	}
	count(c, "attributes", len(x.Attributes), attributesMax)
	if i := slices.Index(x.Attributes, 0); i >= 0 {
		c.problem(element("attributes", i), "0 is no attribute", "write 1 to 255, from OpenRTB's list of creative attributes")
	}
	count(c, "pixels", len(x.Pixels), pixelsMax)
	for i, pixel := range x.Pixels {
		c.link(element("pixels", i), pixel, true)
	}
	if x.Language != "" && (len(x.Language) != 2 || strings.Trim(x.Language, "abcdefghijklmnopqrstuvwxyz") != "") {
		c.problem("language", "it is no language", "write two lower-case letters (ISO 639-1), e.g. en")
	}
}

func count(c *checker, field string, n, most int) {
	if n > most {
		c.problem(field, fmt.Sprintf("%d are too many", n), fmt.Sprintf("list at most %d", most))
	}
}

func element(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

func notCode(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
}

// isDomain reports whether a text is a full domain name in lower-case A-labels (RFC 1035 §2.3.1).
func isDomain(text string) bool {
	labels := strings.Split(text, ".")
	for _, label := range labels {
		if label == "" || len(label) > labelMax || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return len(labels) >= 2 && len(text) <= domainMax && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// link checks a URL that browsers call, by the rules of rule files.
func (c *checker) link(field, text string, secure bool) {
	switch detail, remedy := schema.CheckLink(text); {
	case detail != "":
		c.problem(field, detail, remedy)
	case secure && !strings.HasPrefix(text, "https://"):
		c.problem(field, "it is not https", "write https://")
	}
}
