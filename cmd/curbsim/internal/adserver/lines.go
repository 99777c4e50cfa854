package adserver

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// bucketKey is the parameter that carries the bucket unless the line items say another.
const bucketKey = "pb"

// Buckets are price steps with a line item each: by the name of a granularity, or as lower ends in ascending order.
type Buckets struct {
	Name   string
	Prices []control.Price
}

// UnmarshalJSON reads "dense" and [0.5, 1].
func (b *Buckets) UnmarshalJSON(text []byte) error {
	*b = Buckets{}
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &b.Name)
	}
	return json.Unmarshal(text, &b.Prices)
}

// MarshalJSON writes what UnmarshalJSON reads.
func (b Buckets) MarshalJSON() ([]byte, error) {
	if b.Name != "" {
		return json.Marshal(b.Name)
	}
	return json.Marshal(append([]control.Price{}, b.Prices...))
}

// ParseBuckets reads the name of a granularity, or prices with commas.
func ParseBuckets(text string) (b Buckets, err error) {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return Buckets{Name: text}, nil // settings are checked as a whole
	}
	for part := range strings.SplitSeq(text, ",") {
		price, err := control.ParsePrice(strings.TrimSpace(part))
		if err != nil {
			return b, err
		}
		b.Prices = append(b.Prices, price)
	}
	return b, nil
}

// LineItem is a line item as curb publisher lineitems prints it: it applies to requests whose parameter Key is Value, and
// its Creative calls the ad back.
type LineItem struct {
	Order     string        `json:"order"`
	Name      string        `json:"name"`
	Price     control.Price `json:"price"` // CPM at which it competes
	Currency  string        `json:"currency"`
	Key       string        `json:"key"` // empty: pb
	Value     string        `json:"value"`
	Targeting string        `json:"targeting"`
	Sizes     []string      `json:"sizes"`
	// Creative is markup in which %%PATTERN:NAME%% is the request's parameter NAME; empty: a frame around the accept URL.
	Creative string `json:"creative"`
}

// line is a line item of the exchange's.
type line struct {
	name     string
	price    ad.CPM
	value    string // of the parameter, to the letter; empty: any text that means the price
	creative string
}

// arrange lists the line items by price and finds them by what requests say.
func (p *plan) arrange() error {
	if len(p.LineItems) > 0 {
		return p.arrangeItems()
	}
	p.keys = []string{bucketKey}
	if p.Buckets.Name == "" {
		return p.arrangePrices()
	}
	named, ok := ad.BucketsNamed(p.Buckets.Name)
	if !ok {
		return fmt.Errorf("buckets: unknown %q; one of low, medium, high, auto, dense, or a list of prices", p.Buckets.Name)
	}
	for price := range named.Lines() {
		p.add(bucketKey, line{name: "exchange-" + price.String(), price: price, value: string(named.AppendFloor(nil, price))})
	}
	return nil
}

func (p *plan) arrangePrices() error {
	if len(p.Buckets.Prices) > linesMax {
		return fmt.Errorf("buckets: %d given; at most %d", len(p.Buckets.Prices), linesMax)
	}
	if !slices.IsSorted(p.Buckets.Prices) {
		return errors.New("buckets: not in ascending order")
	}
	for _, price := range p.Buckets.Prices {
		p.add(bucketKey, line{name: "exchange-" + price.String(), price: ad.CPM(price)})
	}
	return nil
}

func (p *plan) arrangeItems() error {
	if len(p.LineItems) > linesMax {
		return fmt.Errorf("line_items: %d given; at most %d", len(p.LineItems), linesMax)
	}
	items := slices.Clone(p.LineItems)
	slices.SortStableFunc(items, func(a, b LineItem) int { return int(a.Price - b.Price) })
	for _, item := range items {
		key := item.Key
		if key == "" {
			key = bucketKey
		}
		switch {
		case item.Name == "" || item.Value == "":
			return fmt.Errorf("line_items: %q has no name or no value of its parameter", item.Name)
		case item.Currency != "" && item.Currency != "USD":
			return fmt.Errorf("line_items: %q is in %s; prices come in USD", item.Name, item.Currency)
		}
		if !slices.Contains(p.keys, key) {
			p.keys = append(p.keys, key)
		}
		if _, twice := p.exact[key+"="+item.Value]; twice {
			return fmt.Errorf("line_items: two are for %s=%s", key, item.Value)
		}
		p.add(key, line{name: item.Name, price: ad.CPM(item.Price), value: item.Value, creative: item.Creative})
	}
	return nil
}

func (p *plan) add(key string, l line) {
	if l.value != "" {
		p.exact[key+"="+l.value] = len(p.lines)
	}
	p.lines = append(p.lines, l)
}

// find picks the line item of a request: by the bucket it says, to the letter, as ad servers do, or without one by the price.
func (p *plan) find(query url.Values, price ad.CPM) (l *line, why string) {
	for _, key := range p.keys {
		text := query.Get(key)
		if text == "" {
			continue
		}
		if i, ok := p.exact[key+"="+text]; ok {
			return &p.lines[i], "line item of " + key + "=" + text
		}
		if bucket, err := ad.ParseCPM([]byte(text)); err == nil {
			i, found := slices.BinarySearchFunc(p.lines, bucket, func(l line, b ad.CPM) int { return int(l.price - b) })
			if found && p.lines[i].value == "" {
				return &p.lines[i], "line item of " + key + "=" + text
			}
		}
		return nil, fmt.Sprintf("no line item is for %s=%.20s", key, text)
	}
	for i := range p.lines {
		if p.lines[i].price <= price {
			l = &p.lines[i]
		}
	}
	if l == nil {
		return nil, "price below every bucket"
	}
	return l, "highest bucket at or below the price"
}

// ReadLineItems reads what curb publisher lineitems prints, as CSV or as JSON.
func ReadLineItems(r io.Reader) ([]LineItem, error) {
	body, err := io.ReadAll(io.LimitReader(r, control.BodyBytesMax))
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff"))
	if strings.HasPrefix(text, "[") {
		var items []LineItem
		err := json.Unmarshal([]byte(text), &items)
		return items, err
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 {
		return nil, errors.New("no line items: a CSV file has a row of names and a row for each")
	}
	return fromRows(rows[0], rows[1:])
}

// fromRows reads the columns it knows by their names.
func fromRows(names []string, rows [][]string) ([]LineItem, error) {
	items := make([]LineItem, len(rows))
	for n, row := range rows {
		item := &items[n]
		fields := map[string]*string{"order": &item.Order, "line_item": &item.Name, "currency": &item.Currency, "key": &item.Key,
			"value": &item.Value, "targeting": &item.Targeting, "creative": &item.Creative}
		for i, name := range names {
			switch field := fields[name]; {
			case field != nil:
				*field = row[i]
			case name == "sizes":
				item.Sizes = strings.Fields(row[i])
			case name == "price_cpm":
				if err := item.Price.Set(row[i]); err != nil {
					return nil, fmt.Errorf("row %d: %w", n+2, err)
				}
			}
		}
	}
	return items, nil
}
