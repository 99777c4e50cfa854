package openrtb

// DOOH is the digital out-of-home inventory of a request (OpenRTB 2.6 §3.2.32).
type DOOH struct {
	ID           string
	Name         string
	VenueType    []string
	VenueTypeTax OptInt
	Publisher    *Publisher
	Domain       string
	Keywords     string
	Content      *Content
	Ext          []byte
}

func (d *Decoder) readDOOH(h *DOOH) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&h.ID)
		case "name":
			o.ok = o.once(1) && d.text(&h.Name)
		case "venuetype":
			o.ok = o.once(2) && d.texts(&h.VenueType)
		case "venuetypetax":
			o.ok = o.once(3) && d.optInt(&h.VenueTypeTax)
		case "publisher":
			o.ok = o.once(4) && one(d, &d.publishers, &h.Publisher, (*Decoder).readPublisher)
		case "domain":
			o.ok = o.once(5) && d.text(&h.Domain)
		case "keywords":
			o.ok = o.once(6) && d.text(&h.Keywords)
		case "content":
			o.ok = o.once(7) && one(d, &d.contents, &h.Content, (*Decoder).readContent)
		case "ext":
			o.ok = o.once(8) && d.raw(&h.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendDOOH(dst []byte, h *DOOH) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, h.ID)
	dst = text(dst, `"name":`, h.Name)
	dst = texts(dst, `"venuetype":`, h.VenueType)
	dst = optInt(dst, `"venuetypetax":`, h.VenueTypeTax)
	if h.Publisher != nil {
		dst = appendPublisher(append(dst, `"publisher":`...), h.Publisher)
	}
	dst = text(dst, `"domain":`, h.Domain)
	dst = text(dst, `"keywords":`, h.Keywords)
	if h.Content != nil {
		dst = appendContent(append(dst, `"content":`...), h.Content)
	}
	dst = raw(dst, `"ext":`, h.Ext)
	return endObject(dst)
}
