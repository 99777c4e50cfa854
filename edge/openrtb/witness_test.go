package openrtb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prebid/openrtb/v20/openrtb2"

	"curb/edge/ad"
)

// The witnesses: independent, slow and simple readers that the fuzz targets hold the codec against.

// asErr gives what a document was refused for, "" for nothing.
func asErr(err error) string {
	if err == nil {
		return ""
	}
	return err.(*Error).Code
}

// verdict is what encoding/json and a few rules of ours say of a document.
type verdict struct {
	valid     bool // JSON with one meaning
	depth     int
	tokens    int
	foreign   bool // a name that differs from one of the specification by case only
	duplicate bool
}

var escape = regexp.MustCompile(`\\(?:u[0-9a-fA-F]{4}|.)`)

// judge reads a document with encoding/json.
func judge(body []byte) verdict {
	v := verdict{valid: json.Valid(body) && utf8.Valid(body) && !loneSurrogate(body)}
	if !v.valid {
		return v
	}
	type level struct {
		names  map[string]bool
		inName bool
	}
	var levels []level
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err != nil {
			break
		}
		switch token {
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			continue
		}
		v.tokens++
		if n := len(levels); n > 0 && levels[n-1].names != nil {
			top := &levels[n-1]
			if top.inName = !top.inName; top.inName {
				name := token.(string)
				v.duplicate = v.duplicate || top.names[name]
				top.names[name] = true
				lower := foldName(name)
				v.foreign = v.foreign || lower != name && specNames[lower]
			}
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
		v.depth = max(v.depth, len(levels))
	}
	v.valid = !v.duplicate
	return v
}

func foldName(name string) string {
	return strings.NewReplacer("\u017f", "s", "\u212a", "k").Replace(strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name))
}

// loneSurrogate looks at every escape of a valid document; backslashes are nowhere else.
func loneSurrogate(body []byte) bool {
	high := -1 // where a high surrogate ended
	for _, at := range escape.FindAllIndex(body, -1) {
		text := string(body[at[0]:at[1]])
		var unit uint64
		if strings.HasPrefix(text, `\u`) {
			unit, _ = strconv.ParseUint(text[2:], 16, 32)
		}
		isLow := unit >= 0xDC00 && unit < 0xE000
		if (high >= 0) != isLow || high >= 0 && high != at[0] {
			return true
		}
		high = -1
		if unit >= 0xD800 && unit < 0xDC00 {
			high = at[1]
		}
	}
	return high >= 0
}

// specNames are all names of the specification, as prebid/openrtb spells them, and those read from extensions.
var specNames = func() map[string]bool {
	names := map[string]bool{}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			names[name] = true
			walk(t.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[openrtb2.BidRequest]())
	walk(reflect.TypeFor[openrtb2.BidResponse]())
	return names
}()

// differ says where a value of ours and one of prebid/openrtb differ, "" if they say the same. Fields are matched by name.
func differ(ours, theirs reflect.Value) string {
	for theirs.Kind() == reflect.Pointer {
		if theirs.IsNil() {
			theirs = reflect.Zero(theirs.Type().Elem())
			break
		}
		theirs = theirs.Elem()
	}
	switch x := ours.Interface().(type) {
	case []byte:
		return differExt(x, theirs.Bytes())
	case Flag:
		return same(x == Yes, theirs.Int() == 1, x, theirs)
	case OptInt:
		return same(x.Value, int(theirs.Int()), x, theirs)
	case Number:
		f, _ := x.Float()
		return same(f, theirs.Float(), x, theirs)
	case ad.CPM:
		return differPrice(x, theirs.Float())
	}
	switch ours.Kind() {
	case reflect.Pointer:
		if ours.IsNil() {
			return differ(reflect.Zero(ours.Type().Elem()), theirs)
		}
		return differ(ours.Elem(), theirs)
	case reflect.Struct:
		for i := range ours.NumField() {
			name := ours.Type().Field(i).Name
			if name == "PriceReason" || name == "CurReason" {
				continue
			}
			if d := differ(ours.Field(i), theirs.FieldByName(name)); d != "" {
				return name + "." + d
			}
		}
		return ""
	case reflect.Slice:
		if ours.Len() != theirs.Len() {
			return fmt.Sprintf("%d elements, theirs %d", ours.Len(), theirs.Len())
		}
		for i := range ours.Len() {
			if d := differ(ours.Index(i), theirs.Index(i)); d != "" {
				return fmt.Sprintf("%d.%s", i, d)
			}
		}
		return ""
	case reflect.Int:
		return same(ours.Int(), theirs.Int(), ours, theirs)
	case reflect.String:
		return same(ours.String(), theirs.String(), ours, theirs)
	}
	return "a kind without a comparison: " + ours.Type().String()
}

func same[T comparable](a, b T, ours, theirs any) string {
	if a == b {
		return ""
	}
	return fmt.Sprintf("%v, theirs %v", ours, theirs)
}

func differExt(ours, theirs []byte) string {
	if string(theirs) == "null" {
		theirs = nil
	}
	return same(string(ours), string(theirs), string(ours), string(theirs))
}

// differPrice allows for what a double cannot say: one micro-unit at the boundary, and what a double has of precision.
func differPrice(ours ad.CPM, theirs float64) string {
	micros := theirs * 1e6
	if math.Abs(float64(ours)-micros) <= 1+micros*1e-15 || ours == ad.CPMHuge && micros >= 0.999e18 {
		return ""
	}
	return fmt.Sprintf("%v, theirs %v", ours, theirs)
}

// modern moves what a request in the manner of 2.5 has in its extensions to the places of 2.6, as the Decoder does.
func modern(r *openrtb2.BidRequest) {
	if r.Regs != nil {
		var old struct {
			GDPR      *int8  `json:"gdpr"`
			USPrivacy string `json:"us_privacy"`
			GPP       string `json:"gpp"`
			GPPSID    []int8 `json:"gpp_sid"`
		}
		fromExt(r.Regs.Ext, &old)
		if r.Regs.GDPR == nil {
			r.Regs.GDPR = old.GDPR
		}
		if r.Regs.USPrivacy == "" {
			r.Regs.USPrivacy = old.USPrivacy
		}
		if r.Regs.GPP == "" {
			r.Regs.GPP = old.GPP
		}
		if r.Regs.GPPSID == nil {
			r.Regs.GPPSID = old.GPPSID
		}
	}
	if r.User != nil {
		var old struct {
			Consent string         `json:"consent"`
			EIDs    []openrtb2.EID `json:"eids"`
		}
		fromExt(r.User.Ext, &old)
		if r.User.Consent == "" {
			r.User.Consent = old.Consent
		}
		if r.User.EIDs == nil {
			r.User.EIDs = old.EIDs
		}
	}
	if r.Source != nil && r.Source.SChain == nil {
		var old struct {
			SChain *openrtb2.SupplyChain `json:"schain"`
		}
		fromExt(r.Source.Ext, &old)
		r.Source.SChain = old.SChain
	}
}

func fromExt(ext []byte, old any) {
	if len(ext) > 0 && ext[0] == '{' {
		_ = json.Unmarshal(ext, old)
	}
}

// numberTrouble reports that encoding/json refused a document only for a number its field cannot hold: one with an
// exponent, or too large for an int8.
func numberTrouble(err error) bool {
	wrong, ok := err.(*json.UnmarshalTypeError)
	return ok && strings.HasPrefix(wrong.Value, "number")
}

func sayTheSame(t *testing.T, ours, theirs any) {
	t.Helper()
	if d := differ(reflect.ValueOf(ours), reflect.ValueOf(theirs)); d != "" {
		t.Fatalf("prebid/openrtb reads it differently: %s", d)
	}
}
