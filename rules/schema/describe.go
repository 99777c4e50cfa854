package schema

import (
	"slices"
	"time"

	"curb/edge/ad"
)

// Kind describes one kind of object.
type Kind struct {
	Name string
	Doc  string
	// Single kinds occur at most once in a rule set.
	Single bool
	Spec   *Type // a record
}

// Field is one field of a record.
type Field struct {
	Name string
	Type *Type
	Doc  string
	// Default says what an absent field means, for the reference; empty: see Doc. It does not fill the field.
	Default  string
	Required bool
	// Aka are words other systems use for it; they are refused with this field's name as the remedy.
	Aka []string
}

// Form says how the text of a value is read.
type Form uint8

// Forms of values.
const (
	FormText     Form = iota // text of Min to Max bytes, one line
	FormMarkup               // text of Min to Max bytes, many lines
	FormCode                 // letters, digits and . _ - %, Min to Max of them
	FormName                 // an object's name
	FormFlag                 // true or false
	FormWhole                // whole number, Min to Max
	FormMoney                // USD, Min to Max micro-units
	FormShare                // percent, Min to Max, in units of 1/Unit
	FormRate                 // USD per unit of a currency, Min to Max pico-USD
	FormDuration             // Min to Max nanoseconds
	FormSize                 // WxH
	FormWord                 // one of Words
	FormTime                 // an instant: a day (its start, UTC) or RFC 3339
	FormCurrency             // ISO 4217
	FormCountry              // ISO 3166-1 alpha-2
	FormLanguage             // ISO 639-1
	FormDomain               // a domain name, as lower-case A-labels
	FormPeer                 // a domain name, or in lab mode a loopback host
	FormEndpoint             // a URL that nodes call
	FormLink                 // a URL that browsers call
	FormPrefix               // a network, CIDR
	FormTemplate             // a URL that browsers are sent to, with {MACROS} of Words
	FormSecret               // Min to Max letters, digits, - and _; no message shows them
	FormKey                  // 32 bytes as base64url; no message shows them
	FormPath                 // a file beside the rule file
	FormRef                  // another object, by name or id
	FormList                 // Min to Max values of Of
	FormMap                  // Min to Max entries from Key to Of
	FormRecord               // Fields
	FormAny                  // anything; not looked into
)

// Type says what a value may be. Which fields mean something depends on Form. Types are immutable and may be shared,
// and may refer to themselves.
type Type struct {
	Form     Form
	Min, Max int64
	Unit     int64 // FormShare: parts of the whole; FormDuration: what it is a multiple of, 0: anything
	// Words are those of FormWord; words that may stand for a FormRecord or, in lab mode, for a FormTime; the macros of a
	// FormTemplate.
	Words   []string
	Ref     string  // FormRef: the kind
	Of, Key *Type   // FormList, FormMap
	Fields  []Field // FormRecord
}

// field is the description of a field by its name.
func (t *Type) field(name string) (int, bool) {
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
	return i, i >= 0
}

func text(bytesMax int64) *Type   { return &Type{Form: FormText, Min: 1, Max: bytesMax} }
func markup(bytesMax int64) *Type { return &Type{Form: FormMarkup, Min: 1, Max: bytesMax} }
func code(bytesMax int64) *Type   { return &Type{Form: FormCode, Min: 1, Max: bytesMax} }
func whole(min, max int64) *Type  { return &Type{Form: FormWhole, Min: min, Max: max} }
func word(words ...string) *Type  { return &Type{Form: FormWord, Words: words} }
func ref(kind string) *Type       { return &Type{Form: FormRef, Ref: kind} }
func truth() *Type                { return &Type{Form: FormFlag} }
func form(f Form) *Type           { return &Type{Form: f} }
func record(fields ...Field) *Type {
	return &Type{Form: FormRecord, Fields: fields}
}

// named is a record that one of the words may stand for.
func named(words []string, fields ...Field) *Type {
	return &Type{Form: FormRecord, Words: words, Fields: fields}
}

func list(of *Type, min, max int64) *Type { return &Type{Form: FormList, Of: of, Min: min, Max: max} }

// refs is a list of references, at least min of them.
func refs(kind string, min int64) *Type { return list(ref(kind), min, refsMax) }

// refsMax bounds the references of one list.
const refsMax = 10_000

// money is a price per thousand in USD, from 0 to the highest that counts.
func money() *Type { return &Type{Form: FormMoney, Max: int64(ad.CPMMax)} }

// share is a part of a price, from 0 % to below 100 %.
func share() *Type {
	return &Type{Form: FormShare, Max: int64(ad.ShareOne) - 1, Unit: int64(ad.ShareOne)}
}

// timeout is a deadline of auctions.
func timeout() *Type {
	return &Type{Form: FormDuration, Min: int64(timeoutMin), Max: int64(ad.TMaxConfigMax)}
}

// timeoutMin is the shortest deadline a rule set may give: below it no bidder on another machine can answer.
const timeoutMin = 5 * time.Millisecond

// idNumber is the number of an id.
var idNumber = whole(1, 1<<32-1)

// id is an id as the operator assigns it.
func id() Field {
	return Field{Name: "id", Type: idNumber, Required: true,
		Doc: "Number that tags, requests and reports use. Unique within the kind, never reused."}
}

// dongle is a word that opens accounts of debug auctions. It travels in URLs and stands in logs of partners, so it is
// short-lived by nature; still no message of ours shows it.
func dongle(doc string) Field {
	return Field{Name: "dongle", Type: &Type{Form: FormSecret, Min: dongleMin, Max: dongleMax}, Default: "nobody sees one", Doc: doc}
}

// Bounds of a dongle.
const (
	dongleMin = 8
	dongleMax = 64
)

// priceKey is the secret that prices are sealed with.
func priceKey(doc string) Field {
	return Field{Name: "price_key", Default: "no sealed prices", Doc: doc, Type: record(
		Field{Name: "scheme", Type: word(PriceSchemes()...), Required: true, Doc: "`aead`: 48 characters, AES-256-GCM, one key; `xor`: 38 characters, HMAC-SHA1, two keys."},
		Field{Name: "encryption", Type: form(FormKey), Required: true, Doc: "The key that hides the price.", Aka: []string{"key", "encryption_key"}},
		Field{Name: "integrity", Type: form(FormKey), Doc: "The key that signs it; with xor only.", Aka: []string{"integrity_key"}},
	)}
}

// PriceSchemes are the words for ways to seal a price, in the order of ad.PriceScheme from ad.PriceXOR on.
func PriceSchemes() []string { return []string{"xor", "aead"} }

func active() Field {
	return Field{Name: "active", Type: truth(), Default: "true", Doc: "Whether it takes part at all.", Aka: []string{"state", "enabled"}}
}

func dates() []Field {
	return []Field{
		{Name: "start", Type: form(FormTime), Default: "unbounded", Doc: "When it begins.", Aka: []string{"start_date"}},
		{Name: "end", Type: form(FormTime), Default: "unbounded", Doc: "When it ends; this instant no longer belongs to it.", Aka: []string{"end_date"}},
	}
}
