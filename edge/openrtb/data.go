package openrtb

// Data is what one source knows of a user or of content (OpenRTB 2.6 §3.2.21).
type Data struct {
	ID      string
	Name    string
	Segment []Segment
	Ext     []byte
}

func (d *Decoder) readData(a *Data) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&a.ID)
		case "name":
			o.ok = o.once(1) && d.text(&a.Name)
		case "segment":
			o.ok = o.once(2) && many(d, &d.segments, &a.Segment, (*Decoder).readSegment)
		case "ext":
			o.ok = o.once(3) && d.raw(&a.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendData(dst []byte, a *Data) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, a.ID)
	dst = text(dst, `"name":`, a.Name)
	dst = list(dst, `"segment":`, a.Segment, appendSegment)
	dst = raw(dst, `"ext":`, a.Ext)
	return endObject(dst)
}

// Segment is one thing it knows (OpenRTB 2.6 §3.2.22).
type Segment struct {
	ID    string
	Name  string
	Value string
	Ext   []byte
}

func (d *Decoder) readSegment(s *Segment) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&s.ID)
		case "name":
			o.ok = o.once(1) && d.text(&s.Name)
		case "value":
			o.ok = o.once(2) && d.text(&s.Value)
		case "ext":
			o.ok = o.once(3) && d.raw(&s.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendSegment(dst []byte, s *Segment) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, s.ID)
	dst = text(dst, `"name":`, s.Name)
	dst = text(dst, `"value":`, s.Value)
	dst = raw(dst, `"ext":`, s.Ext)
	return endObject(dst)
}
