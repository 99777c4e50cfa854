package openrtb

// Publisher is whose inventory it is (OpenRTB 2.6 §3.2.15).
type Publisher struct {
	ID     string
	Name   string
	CatTax int
	Cat    []string
	Domain string
	Ext    []byte
}

func (d *Decoder) readPublisher(p *Publisher) bool {
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

func appendPublisher(dst []byte, p *Publisher) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, p.ID)
	dst = text(dst, `"name":`, p.Name)
	dst = integer(dst, `"cattax":`, p.CatTax)
	dst = texts(dst, `"cat":`, p.Cat)
	dst = text(dst, `"domain":`, p.Domain)
	dst = raw(dst, `"ext":`, p.Ext)
	return endObject(dst)
}
