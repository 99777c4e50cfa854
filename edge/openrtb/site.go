package openrtb

// Site is the web site of a request (OpenRTB 2.6 §3.2.13).
type Site struct {
	ID                     string
	Name                   string
	Domain                 string
	CatTax                 int
	Cat                    []string
	SectionCat             []string
	PageCat                []string
	Page                   string
	Ref                    string
	Search                 string
	Mobile                 Flag
	PrivacyPolicy          Flag
	Publisher              *Publisher
	Content                *Content
	Keywords               string
	KwArray                []string
	InventoryPartnerDomain string
	Ext                    []byte
}

func (d *Decoder) readSite(s *Site) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&s.ID)
		case "name":
			o.ok = o.once(1) && d.text(&s.Name)
		case "domain":
			o.ok = o.once(2) && d.text(&s.Domain)
		case "cattax":
			o.ok = o.once(3) && d.integer(&s.CatTax)
		case "cat":
			o.ok = o.once(4) && d.texts(&s.Cat)
		case "sectioncat":
			o.ok = o.once(5) && d.texts(&s.SectionCat)
		case "pagecat":
			o.ok = o.once(6) && d.texts(&s.PageCat)
		case "page":
			o.ok = o.once(7) && d.text(&s.Page)
		case "ref":
			o.ok = o.once(8) && d.text(&s.Ref)
		case "search":
			o.ok = o.once(9) && d.text(&s.Search)
		case "mobile":
			o.ok = o.once(10) && d.flag(&s.Mobile)
		case "privacypolicy":
			o.ok = o.once(11) && d.flag(&s.PrivacyPolicy)
		case "publisher":
			o.ok = o.once(12) && one(d, &d.publishers, &s.Publisher, (*Decoder).readPublisher)
		case "content":
			o.ok = o.once(13) && one(d, &d.contents, &s.Content, (*Decoder).readContent)
		case "keywords":
			o.ok = o.once(14) && d.text(&s.Keywords)
		case "kwarray":
			o.ok = o.once(15) && d.texts(&s.KwArray)
		case "inventorypartnerdomain":
			o.ok = o.once(16) && d.text(&s.InventoryPartnerDomain)
		case "ext":
			o.ok = o.once(17) && d.raw(&s.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendSite(dst []byte, s *Site) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, s.ID)
	dst = text(dst, `"name":`, s.Name)
	dst = text(dst, `"domain":`, s.Domain)
	dst = integer(dst, `"cattax":`, s.CatTax)
	dst = texts(dst, `"cat":`, s.Cat)
	dst = texts(dst, `"sectioncat":`, s.SectionCat)
	dst = texts(dst, `"pagecat":`, s.PageCat)
	dst = text(dst, `"page":`, s.Page)
	dst = text(dst, `"ref":`, s.Ref)
	dst = text(dst, `"search":`, s.Search)
	dst = flag(dst, `"mobile":`, s.Mobile)
	dst = flag(dst, `"privacypolicy":`, s.PrivacyPolicy)
	if s.Publisher != nil {
		dst = appendPublisher(append(dst, `"publisher":`...), s.Publisher)
	}
	if s.Content != nil {
		dst = appendContent(append(dst, `"content":`...), s.Content)
	}
	dst = text(dst, `"keywords":`, s.Keywords)
	dst = texts(dst, `"kwarray":`, s.KwArray)
	dst = text(dst, `"inventorypartnerdomain":`, s.InventoryPartnerDomain)
	dst = raw(dst, `"ext":`, s.Ext)
	return endObject(dst)
}
