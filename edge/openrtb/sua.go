package openrtb

// SUA is the structured user agent, from client hints (OpenRTB 2.6 §3.2.29).
type SUA struct {
	Browsers     []BrandVersion
	Platform     *BrandVersion
	Mobile       Flag
	Architecture string
	Bitness      string
	Model        string
	Source       int
	Ext          []byte
}

func (d *Decoder) readSUA(s *SUA) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "browsers":
			o.ok = o.once(0) && many(d, &d.brands, &s.Browsers, (*Decoder).readBrandVersion)
		case "platform":
			o.ok = o.once(1) && one(d, &d.brands, &s.Platform, (*Decoder).readBrandVersion)
		case "mobile":
			o.ok = o.once(2) && d.flag(&s.Mobile)
		case "architecture":
			o.ok = o.once(3) && d.text(&s.Architecture)
		case "bitness":
			o.ok = o.once(4) && d.text(&s.Bitness)
		case "model":
			o.ok = o.once(5) && d.text(&s.Model)
		case "source":
			o.ok = o.once(6) && d.integer(&s.Source)
		case "ext":
			o.ok = o.once(7) && d.raw(&s.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendSUA(dst []byte, s *SUA) []byte {
	dst = append(dst, '{')
	dst = list(dst, `"browsers":`, s.Browsers, appendBrandVersion)
	if s.Platform != nil {
		dst = appendBrandVersion(append(dst, `"platform":`...), s.Platform)
	}
	dst = flag(dst, `"mobile":`, s.Mobile)
	dst = text(dst, `"architecture":`, s.Architecture)
	dst = text(dst, `"bitness":`, s.Bitness)
	dst = text(dst, `"model":`, s.Model)
	dst = integer(dst, `"source":`, s.Source)
	dst = raw(dst, `"ext":`, s.Ext)
	return endObject(dst)
}

// BrandVersion is a browser or platform and its version, part by part (OpenRTB 2.6 §3.2.30).
type BrandVersion struct {
	Brand   string
	Version []string
	Ext     []byte
}

func (d *Decoder) readBrandVersion(b *BrandVersion) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "brand":
			o.ok = o.once(0) && d.text(&b.Brand)
		case "version":
			o.ok = o.once(1) && d.texts(&b.Version)
		case "ext":
			o.ok = o.once(2) && d.raw(&b.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendBrandVersion(dst []byte, b *BrandVersion) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"brand":`, b.Brand)
	dst = texts(dst, `"version":`, b.Version)
	dst = raw(dst, `"ext":`, b.Ext)
	return endObject(dst)
}
