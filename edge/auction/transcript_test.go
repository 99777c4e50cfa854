package auction

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/*.txt")

// TestTranscripts tells auctions line by line. A paragraph of testdata/*.txt is a setting and bids, then ----, then the
// trace of the auction. Paragraphs that begin with # are prose.
//
//	setting second reselling=6 below=price resale=no passed=4 passed=second id=1f
//	floor   native=1 rule=2 rule_soft=3 override=yes default=1 placement=0.5 soft=1 call=2 raise=yes owner=yes
//	bid     ID managed|rtb|open|private price=5 …
//	        priority=10 ask=3 fixed=yes deal=D-1 seat=7 item=3 fee=0.1 platform=0.05 EUR=1.08 cpc=0.002 cpa=0.0001
//	        bias=-0.2 bias_cpm=0.5 min=2 reason=frequency_capped bidder=9701
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in testdata (%v)", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := retell(string(data))
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(data), got); diff != "" {
				t.Errorf("run with -update if the change is meant (- file, + auction):\n%s", diff)
			}
		})
	}
}

// retell gives the file with every answer worked out anew.
func retell(text string) (string, error) {
	paragraphs := strings.Split(strings.TrimRight(text, "\n"), "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, "#") {
			continue
		}
		input, _, _ := strings.Cut(p+"\n", "----\n")
		answer, err := tell(input)
		if err != nil {
			return "", fmt.Errorf("paragraph %d: %w", i+1, err)
		}
		paragraphs[i] = strings.TrimRight(input, "\n") + "\n----\n" + strings.TrimRight(answer, "\n")
	}
	return strings.Join(paragraphs, "\n\n") + "\n", nil
}

func tell(input string) (string, error) {
	trace := &Trace{}
	s := &sale{Setting: Setting{Salt: Salt{1}, Trace: trace}}
	for line := range strings.Lines(input) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		var err error
		switch words[0] {
		case "setting":
			err = s.tellSetting(words[1:])
		case "floor":
			err = s.tellFloor(words[1:])
		case "bid":
			err = s.tellBid(words[1:])
		default:
			err = fmt.Errorf("%q is no command", words[0])
		}
		if err != nil {
			return "", fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
	}
	Run(&s.Setting, s.Bids, &Scratch{})
	return trace.String(), nil
}

// amount reads a decimal, negative ones too.
func amount(text string) (ad.CPM, error) {
	rest, minus := strings.CutPrefix(text, "-")
	value, err := ad.ParseCPM([]byte(rest))
	if minus {
		value = -value
	}
	return value, err
}

func (s *sale) tellSetting(words []string) (err error) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "first":
		case "second":
			s.PriceRule = ad.SecondPrice
		case "reselling":
			n, _ := strconv.Atoi(value)
			s.ResellingPriority = uint8(n)
		case "below":
			s.BelowThreshold = ad.ByPrice
		case "resale":
			s.NoResale = value == "no"
		case "passed":
			s.PassedOn = true
			if value == "second" {
				s.NextSecondPrice = true
			} else if s.Estimate, err = amount(value); err != nil {
				return err
			}
		case "id":
			n, _ := strconv.ParseUint(value, 16, 8)
			s.Auction[15] = byte(n)
		default:
			return fmt.Errorf("%q is no setting", name)
		}
	}
	return nil
}

func (s *sale) tellFloor(words []string) error {
	var r Reserves
	rule := &FloorRule{}
	for _, w := range words {
		name, text, _ := strings.Cut(w, "=")
		if text == "yes" {
			rule.Override = rule.Override || name == "override"
			r.RaiseOnly = r.RaiseOnly || name == "raise"
			r.ByOwner = r.ByOwner || name == "owner"
			continue
		}
		value, err := amount(text)
		if err != nil {
			return err
		}
		switch name {
		case "native":
			r.NativeAsset = value
		case "rule":
			rule.Price, r.Rule = value, rule
		case "rule_soft":
			rule.Soft = value
		case "default":
			r.Default = value
		case "placement":
			r.Placement = value
		case "soft":
			r.Soft = value
		case "call":
			r.Call = value
		default:
			return fmt.Errorf("%q is no floor", name)
		}
	}
	s.Floor = Floor(&r)
	return nil
}

func (s *sale) tellBid(words []string) error {
	b := ad.Bid{ID: words[0], Member: ad.MemberID(len(s.Bids) + 1)}
	if unquoted, err := strconv.Unquote(b.ID); err == nil {
		b.ID = unquoted
	}
	deal, item := &ad.Deal{}, &ad.LineItem{ID: ad.LineItemID(len(s.Bids) + 1)}
	switch words[1] {
	case "managed":
		b.Kind, b.LineItem = ad.Managed, item
	case "private":
		b.Kind, b.Deal, deal.Type = ad.DealBid, deal, ad.DealPrivate
	case "open":
		b.Kind, b.Deal = ad.DealBid, deal
	}
	for _, w := range words[2:] {
		name, text, _ := strings.Cut(w, "=")
		value, err := amount(text)
		switch name {
		case "fixed":
			deal.Fixed = text == "yes"
			continue
		case "deal":
			deal.ID = text
			continue
		case "reason":
			reason, known := ad.ParseReason(text)
			if !known {
				return fmt.Errorf("%q is no reason", text)
			}
			b.Reason = reason
			continue
		}
		if err != nil {
			return err
		}
		if err := tellNumber(&b, deal, item, number{name, value}); err != nil {
			return err
		}
	}
	s.Bids = append(s.Bids, b)
	return nil
}

// number is one of a bid in a transcript.
type number struct {
	name  string
	value ad.CPM
}

func tellNumber(b *ad.Bid, deal *ad.Deal, item *ad.LineItem, n number) error {
	whole := int64(n.value / ad.Dollar)
	switch n.name {
	case "price":
		b.Price = n.value
	case "priority":
		deal.Priority, item.Priority = uint8(whole), uint8(whole)
	case "min":
		b.MinPrice = n.value
	case "ask":
		deal.Ask, deal.HasAsk = n.value, true
	case "bidder":
		b.Bidder = &ad.Bidder{ID: ad.BidderID(whole)}
	case "seat":
		b.Member = ad.MemberID(whole)
	case "item":
		item.ID = ad.LineItemID(whole)
	case "fee":
		b.BidderFee = ad.Share(n.value)
	case "platform":
		b.PlatformFee = ad.Share(n.value)
	case "cpc":
		b.Goal = ad.Goal{Kind: ad.PerClick, Chance: ad.Chance(n.value * 1000)}
	case "cpa":
		b.Goal = ad.Goal{Kind: ad.PerAction, Chance: ad.Chance(n.value * 1000)}
	case "bias":
		b.Bias.Share = ad.Share(n.value)
	case "bias_cpm":
		b.Bias.CPM = n.value
	default:
		code, ok := ad.ParseCurrency(n.name)
		if !ok {
			return fmt.Errorf("%q is nothing of a bid", n.name)
		}
		b.Currency, b.Rate = code, ad.Rate(n.value)*1_000_000
	}
	return nil
}
