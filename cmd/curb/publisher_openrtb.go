package main

import (
	"encoding/json"
	"strconv"
	"strings"
)

// prebid writes what Prebid.js needs to hold the auction on the node. Its price steps are the publisher's, so that header
// bidding and preemptive tags hit the same line items. Bids come under the seats of their buyers, which Prebid.js drops
// unless it is told that codes may be unknown.
func (t *tag) prebid() (string, error) {
	type bucket struct {
		Precision int         `json:"precision"`
		Max       json.Number `json:"max"`
		Increment json.Number `json:"increment"`
	}
	var buckets []bucket
	for _, r := range t.place.PriceBuckets.Ranges {
		buckets = append(buckets, bucket{t.place.PriceBuckets.Precision, json.Number(r.Max), json.Number(r.Increment)})
	}
	endpoint := literal("https://" + t.host + "/openrtb2/auction")
	return t.about("header bidding with the node as server", sendsPrebid) + t.element() + `</div>
<script>
var pbjs = pbjs || {};
pbjs.que = pbjs.que || [];
pbjs.que.push(function () {
  pbjs.setConfig({
    priceGranularity: {buckets: ` + literal(buckets) + `},
    s2sConfig: [{
      accountId: ` + literal(strconv.Itoa(int(t.place.Publisher))) + `,
      adapter: "prebidServer",
      enabled: true,
      bidders: ["curb"],
      allowUnknownBidderCodes: true,
      timeout: 500,
      endpoint: {p1Consent: ` + endpoint + `, noP1Consent: ` + endpoint + `}
    }]
  });
  pbjs.addAdUnits([{
    code: ` + literal(t.targetID) + `,
    mediaTypes: {` + strings.Join(t.mediaTypes(), ", ") + `},
    ortb2Imp: {tagid: ` + literal(t.tagID()) + `},
    bids: [{bidder: "curb", params: {}}]
  }]);
});
</script>
`, nil
}

// What a first try asks for: players and templates have more wishes, which their owners add.
const (
	videoMIME     = "video/mp4"
	audioMIME     = "audio/mpeg"
	nativeRequest = `{"ver":"1.2","assets":[{"id":1,"required":1,"title":{"len":90}}]}`
)

// mediaTypes are what the placement takes, as an ad unit of Prebid.js says it.
func (t *tag) mediaTypes() []string {
	var all []string
	if t.has("banner") {
		all = append(all, `banner: {sizes: `+literal(t.sides())+`}`)
	}
	if t.has("video") {
		size := ""
		if sides := t.sides(); len(sides) > 0 {
			size = `playerSize: ` + literal(sides) + `, `
		}
		all = append(all, `video: {context: "instream", `+size+`mimes: [`+literal(videoMIME)+`]}`)
	}
	if t.has("audio") {
		all = append(all, `audio: {context: "instream", mimes: [`+literal(audioMIME)+`]}`)
	}
	if t.has("native") {
		all = append(all, `native: {ortb: `+nativeRequest+`}`)
	}
	return all
}

// Objects of an OpenRTB request (2.6 §3.2), as far as a first try needs them.
type (
	rtbFormat struct {
		W int `json:"w"`
		H int `json:"h"`
	}
	rtbBanner struct {
		Format []rtbFormat `json:"format"`
	}
	rtbPlayer struct {
		MIMEs []string `json:"mimes"`
		W     int      `json:"w,omitempty"`
		H     int      `json:"h,omitempty"`
	}
	rtbNative struct {
		Request string `json:"request"`
		Version string `json:"ver"`
	}
	rtbImpression struct {
		ID     string     `json:"id"`
		TagID  string     `json:"tagid"`
		Secure int        `json:"secure"`
		Banner *rtbBanner `json:"banner,omitempty"`
		Video  *rtbPlayer `json:"video,omitempty"`
		Audio  *rtbPlayer `json:"audio,omitempty"`
		Native *rtbNative `json:"native,omitempty"`
	}
	rtbPlace struct {
		Page   string `json:"page,omitempty"`
		Domain string `json:"domain,omitempty"`
		Bundle string `json:"bundle,omitempty"`
	}
	rtbRequest struct {
		ID   string          `json:"id"`
		Imp  []rtbImpression `json:"imp"`
		Site *rtbPlace       `json:"site,omitempty"`
		App  *rtbPlace       `json:"app,omitempty"`
		DOOH *rtbPlace       `json:"dooh,omitempty"`
	}
)

// curl writes a command that asks for the placement over OpenRTB. The id is new each time: the same body again would get
// the same answer for a minute.
func (t *tag) curl() (string, error) {
	imp := rtbImpression{ID: "1", TagID: t.tagID(), Secure: 1}
	if t.has("banner") {
		imp.Banner = &rtbBanner{}
		for _, s := range t.sides() {
			imp.Banner.Format = append(imp.Banner.Format, rtbFormat{s[0], s[1]})
		}
	}
	if t.has("video") {
		imp.Video = &rtbPlayer{MIMEs: []string{videoMIME}, W: t.width, H: t.height}
	}
	if t.has("audio") {
		imp.Audio = &rtbPlayer{MIMEs: []string{audioMIME}}
	}
	if t.has("native") {
		imp.Native = &rtbNative{nativeRequest, "1.2"}
	}
	const idMark = "@ID@"
	request := rtbRequest{ID: idMark, Imp: []rtbImpression{imp}}
	place := &rtbPlace{Page: t.place.Site.Page, Domain: t.place.Site.Domain, Bundle: t.place.Site.Bundle}
	switch t.place.Site.Kind {
	case "app":
		request.App = place
	case "dooh":
		request.DOOH = place
	default:
		request.Site = place
	}
	body := strings.ReplaceAll(literal(request), "'", `'\''`)
	body = strings.Replace(body, idMark, `try-'"$(date +%s)"'`, 1)
	return "curl -sS 'https://" + t.host + "/openrtb2/auction' -H 'Content-Type: application/json' \\\n  -d '" + body + "'\n", nil
}
