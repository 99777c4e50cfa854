package openrtb

// Content is what the ad appears in or beside (OpenRTB 2.6 §3.2.16).
type Content struct {
	ID                 string
	Episode            int
	Title              string
	Series             string
	Season             string
	Artist             string
	Genre              string
	Album              string
	ISRC               string
	Producer           *Producer
	URL                string
	CatTax             int
	Cat                []string
	ProdQ              int
	Context            int
	ContentRating      string
	UserRating         string
	QAGMediaRating     int
	Keywords           string
	KwArray            []string
	LiveStream         Flag
	SourceRelationship Flag
	Len                int // seconds
	Language           string
	LangB              string
	Embeddable         Flag
	Data               []Data
	Network            *Network
	Channel            *Channel
	VideoQuality       int // deprecated for ProdQ
	Ext                []byte
}

func (d *Decoder) readContent(c *Content) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&c.ID)
		case "episode":
			o.ok = o.once(1) && d.integer(&c.Episode)
		case "title":
			o.ok = o.once(2) && d.text(&c.Title)
		case "series":
			o.ok = o.once(3) && d.text(&c.Series)
		case "season":
			o.ok = o.once(4) && d.text(&c.Season)
		case "artist":
			o.ok = o.once(5) && d.text(&c.Artist)
		case "genre":
			o.ok = o.once(6) && d.text(&c.Genre)
		case "album":
			o.ok = o.once(7) && d.text(&c.Album)
		case "isrc":
			o.ok = o.once(8) && d.text(&c.ISRC)
		case "producer":
			o.ok = o.once(9) && one(d, &d.producers, &c.Producer, (*Decoder).readProducer)
		case "url":
			o.ok = o.once(10) && d.text(&c.URL)
		case "cattax":
			o.ok = o.once(11) && d.integer(&c.CatTax)
		case "cat":
			o.ok = o.once(12) && d.texts(&c.Cat)
		case "prodq":
			o.ok = o.once(13) && d.integer(&c.ProdQ)
		case "context":
			o.ok = o.once(14) && d.integer(&c.Context)
		case "contentrating":
			o.ok = o.once(15) && d.text(&c.ContentRating)
		case "userrating":
			o.ok = o.once(16) && d.text(&c.UserRating)
		case "qagmediarating":
			o.ok = o.once(17) && d.integer(&c.QAGMediaRating)
		case "keywords":
			o.ok = o.once(18) && d.text(&c.Keywords)
		case "kwarray":
			o.ok = o.once(19) && d.texts(&c.KwArray)
		case "livestream":
			o.ok = o.once(20) && d.flag(&c.LiveStream)
		case "sourcerelationship":
			o.ok = o.once(21) && d.flag(&c.SourceRelationship)
		case "len":
			o.ok = o.once(22) && d.integer(&c.Len)
		case "language":
			o.ok = o.once(23) && d.text(&c.Language)
		case "langb":
			o.ok = o.once(24) && d.text(&c.LangB)
		case "embeddable":
			o.ok = o.once(25) && d.flag(&c.Embeddable)
		case "data":
			o.ok = o.once(26) && many(d, &d.datas, &c.Data, (*Decoder).readData)
		default:
			o.ok = d.readContentMore(&o, c)
		}
	}
	return d.close(&o)
}

// readContentMore is the rest of readContent's names.
func (d *Decoder) readContentMore(o *object, c *Content) bool {
	switch o.name {
	case "network":
		return o.once(27) && one(d, &d.networks, &c.Network, (*Decoder).readNetwork)
	case "channel":
		return o.once(28) && one(d, &d.channels, &c.Channel, (*Decoder).readChannel)
	case "videoquality":
		return o.once(29) && d.integer(&c.VideoQuality)
	case "ext":
		return o.once(30) && d.raw(&c.Ext)
	}
	return d.other(o)
}

func appendContent(dst []byte, c *Content) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, c.ID)
	dst = integer(dst, `"episode":`, c.Episode)
	dst = text(dst, `"title":`, c.Title)
	dst = text(dst, `"series":`, c.Series)
	dst = text(dst, `"season":`, c.Season)
	dst = text(dst, `"artist":`, c.Artist)
	dst = text(dst, `"genre":`, c.Genre)
	dst = text(dst, `"album":`, c.Album)
	dst = text(dst, `"isrc":`, c.ISRC)
	if c.Producer != nil {
		dst = appendProducer(append(dst, `"producer":`...), c.Producer)
	}
	dst = text(dst, `"url":`, c.URL)
	dst = integer(dst, `"cattax":`, c.CatTax)
	dst = texts(dst, `"cat":`, c.Cat)
	dst = integer(dst, `"prodq":`, c.ProdQ)
	dst = integer(dst, `"context":`, c.Context)
	dst = text(dst, `"contentrating":`, c.ContentRating)
	dst = text(dst, `"userrating":`, c.UserRating)
	dst = integer(dst, `"qagmediarating":`, c.QAGMediaRating)
	dst = text(dst, `"keywords":`, c.Keywords)
	dst = texts(dst, `"kwarray":`, c.KwArray)
	dst = flag(dst, `"livestream":`, c.LiveStream)
	dst = flag(dst, `"sourcerelationship":`, c.SourceRelationship)
	dst = integer(dst, `"len":`, c.Len)
	dst = text(dst, `"language":`, c.Language)
	dst = text(dst, `"langb":`, c.LangB)
	dst = flag(dst, `"embeddable":`, c.Embeddable)
	dst = list(dst, `"data":`, c.Data, appendData)
	if c.Network != nil {
		dst = appendNetwork(append(dst, `"network":`...), c.Network)
	}
	if c.Channel != nil {
		dst = appendChannel(append(dst, `"channel":`...), c.Channel)
	}
	dst = integer(dst, `"videoquality":`, c.VideoQuality)
	dst = raw(dst, `"ext":`, c.Ext)
	return endObject(dst)
}

// Producer is who made the content (OpenRTB 2.6 §3.2.17).
type Producer struct {
	ID     string
	Name   string
	CatTax int
	Cat    []string
	Domain string
	Ext    []byte
}

func (d *Decoder) readProducer(p *Producer) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&p.ID)
		case "name":
			o.ok = o.once(1) && d.text(&p.Name)
		case "cattax":
			o.ok = o.once(2) && d.integer(&p.CatTax)
		case "cat":
			o.ok = o.once(3) && d.texts(&p.Cat)
		case "domain":
			o.ok = o.once(4) && d.text(&p.Domain)
		case "ext":
			o.ok = o.once(5) && d.raw(&p.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendProducer(dst []byte, p *Producer) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, p.ID)
	dst = text(dst, `"name":`, p.Name)
	dst = integer(dst, `"cattax":`, p.CatTax)
	dst = texts(dst, `"cat":`, p.Cat)
	dst = text(dst, `"domain":`, p.Domain)
	dst = raw(dst, `"ext":`, p.Ext)
	return endObject(dst)
}

// Network is the network the content is on (OpenRTB 2.6 §3.2.23).
type Network struct {
	ID     string
	Name   string
	Domain string
	Ext    []byte
}

func (d *Decoder) readNetwork(n *Network) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&n.ID)
		case "name":
			o.ok = o.once(1) && d.text(&n.Name)
		case "domain":
			o.ok = o.once(2) && d.text(&n.Domain)
		case "ext":
			o.ok = o.once(3) && d.raw(&n.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendNetwork(dst []byte, n *Network) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, n.ID)
	dst = text(dst, `"name":`, n.Name)
	dst = text(dst, `"domain":`, n.Domain)
	dst = raw(dst, `"ext":`, n.Ext)
	return endObject(dst)
}

// Channel is the channel the content is on (OpenRTB 2.6 §3.2.24).
type Channel struct {
	ID     string
	Name   string
	Domain string
	Ext    []byte
}

func (d *Decoder) readChannel(c *Channel) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&c.ID)
		case "name":
			o.ok = o.once(1) && d.text(&c.Name)
		case "domain":
			o.ok = o.once(2) && d.text(&c.Domain)
		case "ext":
			o.ok = o.once(3) && d.raw(&c.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendChannel(dst []byte, c *Channel) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, c.ID)
	dst = text(dst, `"name":`, c.Name)
	dst = text(dst, `"domain":`, c.Domain)
	dst = raw(dst, `"ext":`, c.Ext)
	return endObject(dst)
}
