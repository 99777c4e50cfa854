package openrtb

// App is the application of a request (OpenRTB 2.6 §3.2.14).
type App struct {
	ID                     string
	Name                   string
	Bundle                 string
	Domain                 string
	StoreURL               string
	CatTax                 int
	Cat                    []string
	SectionCat             []string
	PageCat                []string
	Ver                    string
	PrivacyPolicy          Flag
	Paid                   Flag
	Publisher              *Publisher
	Content                *Content
	Keywords               string
	KwArray                []string
	InventoryPartnerDomain string
	Ext                    []byte
}

func (d *Decoder) readApp(a *App) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&a.ID)
		case "name":
			o.ok = o.once(1) && d.text(&a.Name)
		case "bundle":
			o.ok = o.once(2) && d.text(&a.Bundle)
		case "domain":
			o.ok = o.once(3) && d.text(&a.Domain)
		case "storeurl":
			o.ok = o.once(4) && d.text(&a.StoreURL)
		case "cattax":
			o.ok = o.once(5) && d.integer(&a.CatTax)
		case "cat":
			o.ok = o.once(6) && d.texts(&a.Cat)
		case "sectioncat":
			o.ok = o.once(7) && d.texts(&a.SectionCat)
		case "pagecat":
			o.ok = o.once(8) && d.texts(&a.PageCat)
		case "ver":
			o.ok = o.once(9) && d.text(&a.Ver)
		case "privacypolicy":
			o.ok = o.once(10) && d.flag(&a.PrivacyPolicy)
		case "paid":
			o.ok = o.once(11) && d.flag(&a.Paid)
		case "publisher":
			o.ok = o.once(12) && one(d, &d.publishers, &a.Publisher, (*Decoder).readPublisher)
		case "content":
			o.ok = o.once(13) && one(d, &d.contents, &a.Content, (*Decoder).readContent)
		case "keywords":
			o.ok = o.once(14) && d.text(&a.Keywords)
		case "kwarray":
			o.ok = o.once(15) && d.texts(&a.KwArray)
		case "inventorypartnerdomain":
			o.ok = o.once(16) && d.text(&a.InventoryPartnerDomain)
		case "ext":
			o.ok = o.once(17) && d.raw(&a.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendApp(dst []byte, a *App) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, a.ID)
	dst = text(dst, `"name":`, a.Name)
	dst = text(dst, `"bundle":`, a.Bundle)
	dst = text(dst, `"domain":`, a.Domain)
	dst = text(dst, `"storeurl":`, a.StoreURL)
	dst = integer(dst, `"cattax":`, a.CatTax)
	dst = texts(dst, `"cat":`, a.Cat)
	dst = texts(dst, `"sectioncat":`, a.SectionCat)
	dst = texts(dst, `"pagecat":`, a.PageCat)
	dst = text(dst, `"ver":`, a.Ver)
	dst = flag(dst, `"privacypolicy":`, a.PrivacyPolicy)
	dst = flag(dst, `"paid":`, a.Paid)
	if a.Publisher != nil {
		dst = appendPublisher(append(dst, `"publisher":`...), a.Publisher)
	}
	if a.Content != nil {
		dst = appendContent(append(dst, `"content":`...), a.Content)
	}
	dst = text(dst, `"keywords":`, a.Keywords)
	dst = texts(dst, `"kwarray":`, a.KwArray)
	dst = text(dst, `"inventorypartnerdomain":`, a.InventoryPartnerDomain)
	dst = raw(dst, `"ext":`, a.Ext)
	return endObject(dst)
}
