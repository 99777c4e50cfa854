package compile

import (
	"curb/edge/ad"
	"curb/rules/schema"
)

// buckets are a publisher's price buckets: a granularity by its name, or ranges of its own.
func buckets(v *schema.Value) ad.Buckets {
	if v == nil {
		return ad.Buckets{}
	}
	if name := v.Text(); name != "" {
		named, _ := ad.BucketsNamed(name)
		return named
	}
	const precision = 2
	own := ad.Buckets{Precision: precision}
	if v.Field("precision") != nil {
		own.Precision = uint8(v.Field("precision").Whole())
	}
	for _, r := range v.Field("ranges").List() {
		own.Ranges = append(own.Ranges, ad.BucketRange{Max: r.Field("max").Money(), Increment: r.Field("increment").Money()})
	}
	return own
}

// priceKey is the object's price key. Nothing here quotes it.
func (c *compiler) priceKey(e *entry) ad.PriceKey {
	v := e.Spec.Field("price_key")
	if v == nil || v.Field("scheme") == nil {
		return ad.PriceKey{}
	}
	key := ad.PriceKey{
		Scheme: ad.PriceXOR + ad.PriceScheme(v.Field("scheme").Word(0)), Encryption: v.Field("encryption").Key(), Integrity: v.Field("integrity").Key(),
	}
	switch signed := v.Field("integrity") != nil; {
	case e.Broken:
	case key.Scheme == ad.PriceXOR && !signed:
		c.problem(e, "price_key", "integrity is missing", "scheme xor signs with a key of its own: add integrity")
	case key.Scheme == ad.PriceXOR && key.Integrity == key.Encryption:
		c.problem(e, "price_key.integrity", "both keys are the same", "make another one")
	case key.Scheme == ad.PriceAEAD && signed:
		c.problem(e, "price_key.integrity", "scheme aead has one key", "remove it, or write scheme: xor")
	}
	return key
}

// nanosPerMicro turns amounts of rule files, which are micro-USD, into ad.Amount.
const nanosPerMicro = int64(ad.DollarAmount) / int64(ad.Dollar)

func (c *compiler) budget(e *entry) ad.Budget {
	v := e.Spec.Field("budget")
	if v == nil {
		return ad.Budget{}
	}
	amount := func(field string) ad.Amount { return ad.Amount(int64(v.Field(field).Money()) * nanosPerMicro) }
	b := ad.Budget{
		Lifetime: amount("lifetime"), Daily: amount("daily"),
		LifetimeImpressions: v.Field("lifetime_impressions").Whole(), DailyImpressions: v.Field("daily_impressions").Whole(),
	}
	if b == (ad.Budget{}) && !e.Broken {
		c.problem(e, "budget", "it bounds nothing", "set lifetime, daily, lifetime_impressions or daily_impressions, or remove it")
	}
	return b
}

func (c *compiler) caps(e *entry) ad.Caps {
	v := e.Spec.Field("caps")
	if v == nil {
		return ad.Caps{}
	}
	count := func(field string) uint8 { return uint8(v.Field(field).Whole()) }
	caps := ad.Caps{
		Hour: count("hour"), Day: count("day"), Week: count("week"), Month: count("month"), Lifetime: count("lifetime"),
		Recency: uint32(v.Field("recency").Duration().Minutes()), RequireUser: v.Field("require_user").Flag(false),
	}
	if !caps.Any() && !e.Broken {
		c.problem(e, "caps", "nothing is capped", "set hour, day, week, month, lifetime or recency, or remove it")
	}
	return caps
}
