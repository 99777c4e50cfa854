package openrtb

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"
)

// wild writes random documents in the shape of a type of prebid/openrtb: mostly right, now and then not.
type wild struct {
	*rand.Rand
	b    strings.Builder
	odds int // one value in so many is something else
}

func (w *wild) pick(from ...string) string { return from[w.IntN(len(from))] }

func (w *wild) space() {
	if w.IntN(20) == 0 {
		w.b.WriteString(w.pick(" ", "\n", "\t \r\n"))
	}
}

// anything is a value of no type in particular.
func (w *wild) anything() string {
	return w.pick(`null`, `true`, `0`, `-1`, `1e2`, `2.50`, `1e400`, `""`, `"x"`, `"\ud83d\ude00"`, `"\ud83d"`, `{}`, `[]`, `{"a":1,"b":{"a":[1]}}`, `{"a":1,"a":2}`,
		`[[[]]]`, `{"ext":{"id":"x"}}`, `{"gdpr":1,"gpp_sid":[6],"consent":"c","eids":[{"source":"s"}],"schain":{"ver":"1.0","nodes":[{}]}}`, `{"gdpr":null}`, `nul`)
}

func (w *wild) value(t reflect.Type) {
	w.space()
	if w.IntN(w.odds) == 0 {
		w.b.WriteString(w.anything())
		return
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		w.b.WriteString(w.pick(`{}`, `{"x":[1, 2.0,"\u00e9"]}`, w.anything()))
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		w.value(t.Elem())
	case reflect.String:
		w.b.WriteString(w.pick(`"x"`, `"eight by"`, `"a longer one of them"`, `"\""`, `"esc\/ap\u0065d, and then more of it\n"`, `"日本語"`, `"é\té"`, `""`))
	case reflect.Float64:
		w.b.WriteString(w.pick(`0`, `0.5`, `1.234567`, `1.2345678`, `0.0000019`, `12e-1`, `1E3`, `100000`, `999999999.25`, `0.1`, `2.3`, `1e11`))
	case reflect.Slice:
		w.b.WriteByte('[')
		for i := range w.IntN(4) {
			if i > 0 {
				w.b.WriteByte(',')
			}
			w.value(t.Elem())
		}
		w.b.WriteByte(']')
	case reflect.Struct:
		w.object(t)
	default:
		w.b.WriteString(w.pick(`0`, `1`, `0`, `1`, `7`, `120`, `-1`))
	}
}

func (w *wild) object(t reflect.Type) {
	w.b.WriteByte('{')
	comma := ""
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if required := name == "id" || name == "imp" || name == "impid"; !required && w.IntN(3) > 0 || name == "app" || name == "dooh" {
			continue
		}
		switch w.IntN(40 * w.odds) {
		case 0:
			name = strings.ToUpper(name)
		case 1:
			name = fmt.Sprintf(`\u%04x`, name[0]) + name[1:]
		case 2:
			name = "ext"
		case 3:
			name = "unknown"
		}
		w.b.WriteString(comma + `"` + name + `":`)
		if name == "id" && t == reflect.TypeFor[openrtb2.Imp]() {
			fmt.Fprintf(&w.b, `"%d"`, w.IntN(1000))
		} else {
			w.value(t.Field(i).Type)
		}
		comma = ","
		w.space()
	}
	w.b.WriteByte('}')
}

func wildDocument(seed uint64, t reflect.Type) []byte {
	w := wild{Rand: rand.New(rand.NewPCG(seed, 0)), odds: 1000}
	if seed%3 == 0 {
		w.odds = 100
	}
	w.object(t)
	return []byte(w.b.String())
}

// TestWild runs documents made at random through what the fuzz targets check.
func TestWild(t *testing.T) {
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 200
	}
	accepted := 0
	for seed := range seeds {
		body := wildDocument(seed, reflect.TypeFor[openrtb2.BidRequest]())
		accepted += checkRequest(t, body)
		other := wildDocument(seed+1e6, reflect.TypeFor[openrtb2.BidRequest]())
		checkTemplate(t, new(Template), body, other)
		accepted += checkResponse(t, wildDocument(seed, reflect.TypeFor[openrtb2.BidResponse]()))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if accepted < int(seeds)/2 {
		t.Errorf("only %d of %d documents are accepted: they test little", accepted, 2*seeds)
	}
	t.Logf("%d of %d accepted", accepted, 2*seeds)
}
