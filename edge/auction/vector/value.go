package vector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"curb/edge/ad"
)

// text reads a field that is a JSON string.
func (p *parser) text(o *object, name string) (string, bool) {
	raw, ok := o.take(name)
	if !ok {
		return "", false
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		p.fail(o.at(name), "is "+kindOf(raw), "write a text in quotes")
		return "", false
	}
	return text, true
}

// word reads a text that must be one of a few.
func (p *parser) word(o *object, name string, words ...string) (string, bool) {
	text, ok := p.text(o, name)
	if !ok {
		return "", false
	}
	if !slices.Contains(words, text) {
		remedy := "write one of " + strings.Join(words, ", ")
		if near := nearest(text, words); near != "" {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		p.fail(o.at(name), fmt.Sprintf("%q is not known", text), remedy)
		return "", false
	}
	return text, true
}

// truth reads a boolean; missing gives the default.
func (p *parser) truth(o *object, name string, otherwise bool) bool {
	raw, ok := o.take(name)
	if !ok {
		return otherwise
	}
	var b bool
	if json.Unmarshal(raw, &b) != nil {
		p.fail(o.at(name), "is "+kindOf(raw), "write true or false")
		return otherwise
	}
	return b
}

// list reads an array.
func (p *parser) list(o *object, name string) ([]json.RawMessage, bool) {
	raw, ok := o.take(name)
	if !ok {
		return nil, false
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		p.fail(o.at(name), "is "+kindOf(raw), "write a list […]")
		return nil, false
	}
	return items, true
}

// texts reads an array of strings.
func (p *parser) texts(o *object, name string) ([]string, bool) {
	items, ok := p.list(o, name)
	texts := make([]string, len(items))
	for i, raw := range items {
		if json.Unmarshal(raw, &texts[i]) != nil {
			p.fail(fmt.Sprintf("%s[%d]", o.at(name), i), "is "+kindOf(raw), "write a text in quotes")
			return nil, false
		}
	}
	return texts, ok
}

// child reads a field that is an object.
func (p *parser) child(o *object, name string) (*object, bool) {
	raw, ok := o.take(name)
	if !ok {
		return nil, false
	}
	return p.object(o.at(name), raw)
}

// whole reads a whole number from low to high.
func (p *parser) whole(o *object, name string, low, high int) (int, bool) {
	raw, ok := o.take(name)
	if !ok {
		return 0, false
	}
	var n int
	if json.Unmarshal(raw, &n) != nil {
		p.fail(o.at(name), fmt.Sprintf("%s is not a whole number", clip(raw)), fmt.Sprintf("write one from %d to %d", low, high))
		return 0, false
	}
	if n < low || n > high {
		p.fail(o.at(name), fmt.Sprintf("%d is out of range", n), fmt.Sprintf("write one from %d to %d", low, high))
		return 0, false
	}
	return n, true
}

// money reads a decimal of up to six places, not negative.
func (p *parser) money(o *object, name string) (ad.CPM, bool) {
	raw, ok := o.take(name)
	if !ok {
		return 0, false
	}
	return p.decimal(o.at(name), raw)
}

// signed is money that may be negative.
func (p *parser) signed(o *object, name string) (ad.CPM, bool) {
	raw, ok := o.take(name)
	if !ok {
		return 0, false
	}
	if rest, minus := bytes.CutPrefix(raw, []byte("-")); minus {
		amount, ok := p.decimal(o.at(name), rest)
		return -amount, ok
	}
	return p.decimal(o.at(name), raw)
}

func (p *parser) decimal(path string, raw json.RawMessage) (ad.CPM, bool) {
	amount, err := ad.ParseCPM(raw)
	switch {
	case err == nil:
		return amount, true
	case errors.Is(err, ad.ErrPriceRange):
		p.fail(path, clip(raw)+" is beyond any price", "write a smaller number")
	case kindOf(raw) != "a number":
		p.fail(path, "is "+kindOf(raw), "write a number without quotes")
	default:
		p.fail(path, clip(raw)+" is negative", "write a number of 0 or more")
	}
	return 0, false
}

// share reads a part of one.
func (p *parser) share(o *object, name string) ad.Share {
	amount, ok := p.money(o, name)
	if ok && amount > ad.CPM(ad.ShareOne) {
		p.fail(o.at(name), "is more than the whole", "write a part of one: 0.05 for 5 %")
		return 0
	}
	return ad.Share(amount)
}

// fine reads a plain decimal with more than six places, scaled up by a power of ten written e3 or e6.
func (p *parser) fine(path string, raw json.RawMessage, scale string) (ad.CPM, bool) {
	if bytes.ContainsAny(raw, "eE") {
		p.fail(path, clip(raw)+" has an exponent", "write a plain decimal")
		return 0, false
	}
	if kindOf(raw) != "a number" {
		return p.decimal(path, raw)
	}
	return p.decimal(path, append(slices.Clone(raw), scale...))
}

// clip keeps a message readable whatever a file holds.
func clip(raw json.RawMessage) string {
	const most = 40
	if len(raw) > most {
		return string(raw[:most]) + "…"
	}
	return string(raw)
}

// nearest is the known word that a typing slip may have meant: at most two edits away, and fewer than half the word.
func nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k, least); d < least && d*2 < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance counts the edits (insert, delete, replace) between two words, giving up at most.
func distance(a, b string, most int) int {
	if len(a) > len(b)+most || len(b) > len(a)+most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
