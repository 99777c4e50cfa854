package schema

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"curb/edge/ad"
)

// reading is one scalar being read.
type reading struct {
	*Type
	v      *Value // receives the result
	text   string
	lab    bool
	report *Report
}

// fault says what is wrong with a scalar; nil: nothing.
type fault struct{ detail, remedy string }

// readers read scalars by form. Forms of other shapes have none.
var readers = [...]func(*reading) *fault{
	FormText: readText, FormMarkup: readMarkup, FormCode: readCode, FormName: readName, FormFlag: readFlag, FormWhole: readWhole,
	FormMoney: readMoney, FormShare: readShare, FormRate: readRate, FormDuration: readDuration, FormSize: readSize, FormWord: readWord,
	FormTime: readTime, FormCurrency: readCurrency, FormCountry: readCountry, FormLanguage: readLanguage, FormDomain: readDomain,
	FormPeer: readPeer, FormEndpoint: readEndpoint, FormLink: readLink, FormPrefix: readPrefix, FormTemplate: readTemplate, FormSecret: readSecret, FormKey: readKey,
	FormPath: readPath, FormRef: readRef,
}

func (r *reading) length() *fault {
	switch n := int64(len(r.text)); {
	case n < r.Min:
		return &fault{"there is no text", "write some, or remove the field"}
	case n > r.Max:
		return &fault{fmt.Sprintf("the text has %d bytes, more than %d", n, r.Max), "shorten it"}
	}
	return nil
}

func readText(r *reading) *fault {
	if printable(r.text) != r.text {
		return &fault{"there is a line break or an invisible character", "write one line of visible characters"}
	}
	return r.length()
}

func readMarkup(r *reading) *fault {
	if detail, remedy := CheckMarkup(r.text); detail != "" {
		return &fault{detail, remedy}
	}
	return r.length()
}

// CheckMarkup says what is wrong with the text of an ad, whatever its length, and what to do about it; "" if nothing is.
func CheckMarkup(text string) (detail, remedy string) {
	switch {
	case !utf8.ValidString(text):
		return "the text is not UTF-8", "save it as UTF-8"
	case strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f }):
		return "there is a control character", "remove it"
	case strings.TrimSpace(text) == "":
		return "there is no text", "write the ad"
	}
	return "", ""
}

// codeRune says which characters codes are made of.
func codeRune(c rune, more string) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(more, c)
}

func readCode(r *reading) *fault {
	if strings.ContainsFunc(r.text, func(c rune) bool { return !codeRune(c, "._-%") }) {
		return &fault{quote(r.text) + " is not a code", "use letters, digits and . _ - %"}
	}
	return r.length()
}

// nameMax bounds the name of an object.
const nameMax = 100

func readName(r *reading) *fault {
	const remedy = "use letters, digits and . _ -, up to 100, beginning with a letter or digit"
	switch {
	case r.text == "" || len(r.text) > nameMax || !codeRune(rune(r.text[0]), ""),
		strings.ContainsFunc(r.text, func(c rune) bool { return !codeRune(c, "._-") }):
		return &fault{quote(r.text) + " is not a name", remedy}
	case digits(r.text) == len(r.text):
		return &fault{quote(r.text) + " could be an id", "names hold something other than digits"}
	}
	return nil
}

func readRef(r *reading) *fault {
	if r.text != "" && digits(r.text) == len(r.text) {
		return readWhole(&reading{Type: idNumber, v: r.v, text: r.text})
	}
	return readName(r)
}

func readFlag(r *reading) *fault {
	switch r.text {
	case "true":
		r.v.num = 1
	case "false":
	default:
		return &fault{quote(r.text) + " is neither true nor false", "write true or false"}
	}
	return nil
}

// digits counts the digits that text starts with.
func digits(text string) int {
	i := 0
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	return i
}

func readWhole(r *reading) *fault {
	n := digits(r.text)
	switch {
	case n == 0 || n < len(r.text):
		return &fault{quote(r.text) + " is not a whole number", "write digits only"}
	case n > 1 && r.text[0] == '0':
		return &fault{quote(r.text) + " starts with a zero", "write " + clip(strings.TrimLeft(r.text[:n-1], "0")+r.text[n-1:])}
	}
	number, err := strconv.ParseInt(r.text, 10, 64)
	if err != nil || number < r.Min || number > r.Max {
		return &fault{clip(r.text) + " is out of range", fmt.Sprintf("%d to %d", r.Min, r.Max)}
	}
	r.v.num = number
	return nil
}

// decimal reads a decimal number without sign or exponent in units of 10^-places, exactly.
func decimal(text string, places int) (int64, *fault) {
	whole := digits(text)
	rest := text[whole:]
	switch {
	case strings.Contains(text, ","):
		return 0, &fault{quote(text) + " is not a number", "write a decimal point: " + clip(strings.ReplaceAll(text, ",", "."))}
	case whole == 0 || rest != "" && (rest[0] != '.' || len(rest) == 1 || digits(rest[1:]) != len(rest)-1):
		return 0, &fault{quote(text) + " is not a decimal number", "write digits with a decimal point, e.g. 1.40"}
	case whole > 1 && text[0] == '0':
		return 0, &fault{quote(text) + " starts with a zero", "write " + clip(strings.TrimLeft(text[:whole-1], "0")+text[whole-1:])}
	}
	fraction := strings.TrimPrefix(rest, ".")
	if len(fraction) > places {
		return 0, &fault{fmt.Sprintf("%s has more than %d decimals", clip(text), places), "round it"}
	}
	number, err := strconv.ParseInt(text[:whole]+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil {
		return math.MaxInt64, nil // beyond every bound
	}
	return number, nil
}

func readMoney(r *reading) *fault {
	amount, currency, named := strings.Cut(r.text, " ")
	switch {
	case named && currency != "USD":
		return &fault{quote(r.text) + " is not an amount in USD", "write 1.40 or 1.40 USD: rule files name prices in USD"}
	case strings.HasPrefix(amount, "$"):
		return &fault{quote(r.text) + " is not an amount", "write " + clip(amount[1:])}
	}
	if _, f := decimal(amount, 6); f != nil {
		return f
	}
	price, err := ad.ParseCPM([]byte(amount))
	if err != nil || int64(price) < r.Min || int64(price) > r.Max {
		return &fault{clip(amount) + " is out of range", fmt.Sprintf("%s to %s USD", ad.CPM(r.Min), ad.CPM(r.Max))}
	}
	r.v.num = int64(price)
	return nil
}

func readShare(r *reading) *fault {
	amount, ok := strings.CutSuffix(r.text, "%")
	if !ok {
		return &fault{quote(r.text) + " is not a percentage", "write a percent sign, e.g. 12.5%"}
	}
	places := 0
	for unit := r.Unit; unit > 100; unit /= 10 {
		places++
	}
	number, f := decimal(strings.TrimRight(amount, " "), places)
	if f != nil {
		return f
	}
	if number < r.Min || number > r.Max {
		return &fault{clip(r.text) + " is out of range", percent(r.Min, r.Unit) + " to " + percent(r.Max, r.Unit)}
	}
	r.v.num = number
	return nil
}

// percent writes parts of a whole as a percentage.
func percent(parts, unit int64) string {
	text := strconv.FormatFloat(float64(parts)/float64(unit)*100, 'f', 7, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + "%"
}

func readRate(r *reading) *fault {
	number, f := decimal(r.text, 12)
	if f != nil {
		return f
	}
	if number < r.Min || number > r.Max {
		return &fault{clip(r.text) + " is out of range", rateText(r.Min) + " to " + rateText(r.Max) + ": USD per unit of the currency"}
	}
	r.v.num = number
	return nil
}

// rateText writes an exchange rate as decimal text.
func rateText(pico int64) string {
	one := int64(ad.RateOne)
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%012d", pico/one, pico%one), "0"), ".")
}

func readDuration(r *reading) *fault {
	if n := digits(r.text); n > 0 && n == len(r.text) {
		return &fault{quote(r.text) + " has no unit", "write 150ms, 2s or 48h"}
	}
	d, err := time.ParseDuration(r.text)
	if err != nil {
		return &fault{quote(r.text) + " is not a duration", "write 150ms, 2s or 48h"}
	}
	if int64(d) < r.Min || int64(d) > r.Max {
		return &fault{clip(r.text) + " is out of range", fmt.Sprintf("%s to %s", time.Duration(r.Min), time.Duration(r.Max))}
	}
	if r.Unit > 0 && int64(d)%r.Unit != 0 {
		return &fault{clip(r.text) + " is no multiple of " + time.Duration(r.Unit).String(), "write " + (d - d%time.Duration(r.Unit)).String()}
	}
	r.v.num = int64(d)
	return nil
}

func readSize(r *reading) *fault {
	size, ok := ad.ParseSize(r.text)
	if ok {
		r.v.num = int64(size.W)<<16 | int64(size.H)
		return nil
	}
	tidy := strings.NewReplacer("X", "x", "×", "x", "*", "x", " ", "").Replace(r.text)
	if _, ok := ad.ParseSize(tidy); ok {
		return &fault{quote(r.text) + " is not a size", "write " + tidy}
	}
	return &fault{quote(r.text) + " is not a size", "write width and height from 1 to 9999, e.g. 300x250"}
}

func readWord(r *reading) *fault {
	i := slices.Index(r.Words, r.text)
	if i < 0 {
		return &fault{quote(r.text) + " is not known", r.report.DidYouMean(r.text, r.Words, "one of "+strings.Join(r.Words, ", "))}
	}
	r.v.num = int64(i)
	return nil
}

func readTime(r *reading) *fault {
	if slices.Contains(r.Words, r.text) {
		if !r.lab {
			return &fault{quote(r.text) + " is for nodes in lab mode", "write the day, e.g. 2026-11-21"}
		}
		return nil
	}
	when, err := time.Parse(time.DateOnly, r.text)
	if err != nil {
		when, err = time.Parse(time.RFC3339, r.text)
	}
	if err != nil || when.Year() < 1970 || when.Year() > 2200 {
		return &fault{quote(r.text) + " is not a time", "write a day, 2026-11-21, or an instant, 2026-11-21T08:30:00Z"}
	}
	r.v.when = when.UTC()
	return nil
}

func readPrefix(r *reading) *fault {
	if addr, err := netip.ParseAddr(r.text); err == nil && addr.Zone() == "" {
		return &fault{quote(r.text) + " is an address, not a network", fmt.Sprintf("write %s/%d", addr, addr.BitLen())}
	}
	p, err := netip.ParsePrefix(r.text)
	switch {
	case err != nil || p.Addr().Is4In6():
		return &fault{quote(r.text) + " is not a network", "e.g. 192.0.2.0/24 or 2001:db8::/32"}
	case p != p.Masked():
		return &fault{quote(r.text) + " has host bits", "write " + p.Masked().String()}
	}
	r.v.text = p.String()
	return nil
}

// appendScalar writes a scalar for AppendCanonical: its meaning if it is a number or an instant, else its text.
func appendScalar(dst []byte, v *Value) []byte {
	switch v.typ.Form {
	case FormFlag, FormWhole, FormMoney, FormShare, FormRate, FormDuration, FormSize, FormWord:
		return binary.AppendVarint(append(dst, '#'), v.num)
	case FormTime:
		if !v.when.IsZero() {
			return binary.AppendVarint(append(dst, '@'), v.when.UnixNano())
		}
	}
	dst = binary.AppendUvarint(append(dst, '"'), uint64(len(v.text)))
	return append(dst, v.text...)
}

// byKey is the order of a map's entries by key.
func (v *Value) byKey() []int {
	order := make([]int, len(v.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(v.keys[a].text, v.keys[b].text) })
	return order
}

// joinSurrogates writes JSON's pairs of \u escapes, which YAML does not know, as the character they stand for.
func joinSurrogates(text []byte) []byte {
	const pair = 12
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		if text[i+1] == 'u' && i+pair <= len(text) && text[i+6] == '\\' && text[i+7] == 'u' {
			high, err1 := strconv.ParseUint(string(text[i+2:i+6]), 16, 16)
			low, err2 := strconv.ParseUint(string(text[i+8:i+12]), 16, 16)
			if err1 == nil && err2 == nil && high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000 {
				out = utf8.AppendRune(out, rune(0x10000+(high-0xd800)<<10+(low-0xdc00)))
				i += pair - 1
				continue
			}
		}
		out = append(out, text[i], text[i+1])
		i++
	}
	return out
}
