package schema

import (
	"fmt"
	"strings"
	"time"

	"curb/edge/ad"
)

// example is how a value of the type looks in a file, for remedies.
func (t *Type) example() string {
	switch t.Form {
	case FormText, FormMarkup:
		return "text"
	case FormCode:
		return "abc"
	case FormName:
		return "a-name"
	case FormFlag:
		return "true"
	case FormWhole:
		return fmt.Sprint(t.Min)
	case FormMoney:
		return "1.40"
	case FormShare:
		return "5%"
	case FormRate:
		return "1.0842"
	case FormDuration:
		if t.Min > int64(time.Second) {
			return "30m"
		}
		return "150ms"
	case FormSize:
		return "300x250"
	case FormWord:
		return t.Words[0]
	case FormTime:
		return "2026-11-21"
	case FormCurrency:
		return "EUR"
	case FormCountry:
		return "US"
	case FormLanguage:
		return "en"
	case FormDomain, FormPeer:
		return "news.example"
	case FormEndpoint, FormLink:
		return "https://host.example/path"
	case FormPrefix:
		return "192.0.2.0/24"
	case FormTemplate:
		return "https://host.example/path?x={" + t.Words[0] + "}"
	case FormSecret:
		return "a-secret-word"
	case FormKey:
		return "32 random bytes as base64url"
	case FormPath:
		return "ad.html"
	case FormRef:
		return strings.ToLower(t.Ref) + "-name"
	case FormList:
		return "[" + t.Of.example() + "]"
	case FormMap:
		return "{" + t.Key.example() + ": " + t.Of.example() + "}"
	}
	if len(t.Words) > 0 {
		return t.Words[0]
	}
	return "{…}"
}

// describe is the type in words, for the reference.
func (t *Type) describe() string {
	switch t.Form {
	case FormText:
		return fmt.Sprintf("text, up to %d bytes", t.Max)
	case FormMarkup:
		return fmt.Sprintf("text of several lines, up to %d bytes", t.Max)
	case FormCode:
		return fmt.Sprintf("letters, digits and `. _ - %%`, up to %d", t.Max)
	case FormName:
		return "name"
	case FormFlag:
		return "`true` or `false`"
	case FormWhole:
		return fmt.Sprintf("whole number, %d to %d", t.Min, t.Max)
	case FormMoney:
		return fmt.Sprintf("amount, `1.40` or `1.40 USD`, %s to %s, up to 6 decimals", ad.CPM(t.Min), ad.CPM(t.Max))
	case FormShare:
		return fmt.Sprintf("percentage, `12.5%%`, %s to %s", percent(t.Min, t.Unit), percent(t.Max, t.Unit))
	case FormRate:
		return "decimal number, " + rateText(t.Min) + " to " + rateText(t.Max)
	case FormDuration:
		if t.Unit > 0 {
			return fmt.Sprintf("duration, %s to %s, a multiple of %s", time.Duration(t.Min), time.Duration(t.Max), time.Duration(t.Unit))
		}
		return fmt.Sprintf("duration, `150ms`, %s to %s", time.Duration(t.Min), time.Duration(t.Max))
	case FormSize:
		return "size, `300x250`"
	case FormWord:
		return "`" + strings.Join(t.Words, "`, `") + "`"
	case FormTime:
		const text = "day, `2026-11-21` (its start, UTC), or instant, `2026-11-21T08:30:00Z`"
		if len(t.Words) > 0 {
			return text + ", in lab mode also `" + strings.Join(t.Words, "`, `") + "`"
		}
		return text
	case FormList:
		return fmt.Sprintf("list of %d to %d: %s", t.Min, t.Max, t.Of.describe())
	case FormMap:
		return fmt.Sprintf("mapping of %d to %d: %s → %s", t.Min, t.Max, t.Key.describe(), t.Of.describe())
	case FormRecord:
		if len(t.Words) > 0 {
			return "`" + strings.Join(t.Words, "`, `") + "`, or mapping, see below"
		}
		return "mapping, see below"
	}
	return t.describeNamed()
}

// describeNamed describes the forms that name something of the world outside, or another object.
func (t *Type) describeNamed() string {
	switch t.Form {
	case FormCurrency:
		return "currency, ISO 4217"
	case FormCountry:
		return "country, ISO 3166-1 alpha-2"
	case FormLanguage:
		return "language, ISO 639-1"
	case FormDomain:
		return "domain name"
	case FormPeer:
		return "domain name, in lab mode also a loopback host"
	case FormEndpoint:
		return "https URL, in lab mode also http to loopback"
	case FormLink:
		return "http or https URL"
	case FormPrefix:
		return "network, `192.0.2.0/24`"
	case FormTemplate:
		return "https URL, in lab mode also http to loopback, with the macros `{" + strings.Join(t.Words, "}` `{") + "}`"
	case FormSecret:
		return fmt.Sprintf("%d to %d letters, digits, - and _; never shown", t.Min, t.Max)
	case FormKey:
		return "32 bytes as base64url; never shown"
	case FormPath:
		return "file name, relative to the rule file"
	case FormRef:
		return "name or id of a " + t.Ref
	}
	return "anything"
}

// Reference is the description of every kind as a Markdown page, for operators.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	for _, k := range kinds {
		fmt.Fprintf(&b, "- [%s](#%s)\n", k.Name, strings.ToLower(k.Name))
	}
	b.WriteString("\n## metadata\n\n")
	writeFields(&b, metadata, "")
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s", k.Name, k.Doc)
		if k.Single {
			b.WriteString(" A rule set has at most one.")
		}
		b.WriteString("\n\n")
		writeFields(&b, k.Spec, "")
	}
	return b.String()
}

// writeFields writes the table of a record's fields, and of records inside them.
func writeFields(b *strings.Builder, t *Type, prefix string) {
	if prefix == "" {
		b.WriteString("| field | value | when absent | meaning |\n|---|---|---|---|\n")
	}
	for _, f := range t.Fields {
		absent := f.Default
		switch {
		case f.Required:
			absent = "**required**"
		case absent == "":
			absent = "none"
		}
		escape := strings.NewReplacer("|", `\|`)
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", prefix, f.Name, escape.Replace(f.Type.describe()), escape.Replace(absent), escape.Replace(f.Doc))
		if inner := f.Type; inner.Form == FormList && inner.Of.Form == FormRecord {
			writeFields(b, inner.Of, prefix+f.Name+"[].")
		} else if inner.Form == FormRecord {
			writeFields(b, inner, prefix+f.Name+".")
		}
	}
}

const referenceHead = `# Kinds of rule files

A rule set is a directory. Every file in it and below it that ends in ` + "`.yaml`, `.yml` or `.json`" + ` is read; files that end in
` + "`_test.yaml`, `_test.yml` or `_test.json`" + `, files and directories whose name begins with a dot, and all other files are not. A file
holds any number of documents, divided by ` + "`---`" + `, each one object:

` + "```yaml" + `
apiVersion: curb/v1
kind: Placement
metadata: {name: home-top}
spec:
  id: 1001
  site: news          # by name, or by id
  sizes: [300x250]
  reserve: 1.40 USD
` + "```" + `

It is YAML 1.2 without tags, anchors, aliases and merge keys; a file named ` + "`.json`" + ` is one object in strict JSON. A scalar is the
text that stands there until its field says what it is: ` + "`02134`" + ` keeps its zero and ` + "`NO`" + ` is Norway. Unknown fields, fields given
twice and fields without a value are refused. A file is at most 4 MiB, an object 256 KiB, nesting 32 deep. ` + "`curb rules check DIR`" + `
says everything that is wrong.

This page is printed from the descriptions in ` + "`rules/schema`" + ` (` + "`go test ./rules/schema -run TestReference -update`" + `).

`
