package creative

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"curb/edge/ad"
)

// Kinds of records in the log. The registry owns 20 to 29.
const (
	kindCreative = 20 // a creative as it is from here on: JSON of a record
	kindUsed     = 21 // a day on which it served or was bid on: id and day, big endian
)

// recordVersion is the form of records that is written. Other forms are refused: a node does not guess.
const recordVersion = 1

// record is a creative in the log. Words stand for constants, so that a new one in between changes nothing.
type record struct {
	V           int           `json:"v"`
	ID          ad.CreativeID `json:"id"`
	Version     uint64        `json:"version"`
	Member      ad.MemberID   `json:"member"`
	Code        string        `json:"code"`
	Name        string        `json:"name"`
	Active      bool          `json:"active"`
	Width       uint16        `json:"w,omitempty"`
	Height      uint16        `json:"h,omitempty"`
	Media       string        `json:"media"`
	Format      string        `json:"format"`
	Content     string        `json:"content"`
	Dynamic     bool          `json:"dynamic,omitempty"`
	ClickURL    string        `json:"click_url,omitempty"`
	Secure      bool          `json:"secure,omitempty"`
	Audit       string        `json:"audit"`
	Advertisers []string      `json:"advertisers,omitempty"`
	Categories  []string      `json:"categories,omitempty"`
	Attributes  []int         `json:"attributes,omitempty"`
	Language    string        `json:"language,omitempty"`
	Pixels      []string      `json:"pixels,omitempty"`
	Banned      bool          `json:"banned,omitempty"`
	Reason      string        `json:"reason,omitempty"`
	Created     time.Time     `json:"created"`
	Changed     time.Time     `json:"changed"`
	UsedDay     uint32        `json:"used_day,omitempty"` // in snapshots
}

// appendRecord writes a creative as one line of JSON without the line end.
func appendRecord(dst []byte, x *Registered, usedDay uint32) ([]byte, error) {
	c := record{V: recordVersion, ID: x.ID, Version: x.Version, Member: x.Member, Code: x.Code, Name: x.Name, Active: x.Active,
		Width: x.Size.W, Height: x.Size.H, Media: x.Media.String(), Format: FormatWord(x.Format), Content: x.Content, Dynamic: x.Dynamic,
		ClickURL: x.ClickURL, Secure: x.Secure, Audit: AuditWord(x.Audit), Advertisers: x.Advertisers, Categories: x.Categories,
		Language: x.Language, Pixels: x.Pixels, Banned: x.Banned, Reason: x.Reason, Created: x.Created, Changed: x.Changed, UsedDay: usedDay}
	for _, a := range x.Attributes {
		c.Attributes = append(c.Attributes, int(a))
	}
	out := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(&c); err != nil {
		return dst, fmt.Errorf("encode creative %d: %w", x.ID, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// readRecord reads what appendRecord wrote.
func readRecord(line []byte) (x Registered, usedDay uint32, err error) {
	var c record
	if err := json.Unmarshal(line, &c); err != nil {
		return x, 0, fmt.Errorf("read a creative's record: %w", err)
	}
	media, knowsMedia := ParseMedia(c.Media)
	format, knowsFormat := ParseFormat(c.Format)
	audit, knowsAudit := ParseAudit(c.Audit)
	if c.V != recordVersion || c.ID < ad.RegisteredCreativeMin || !knowsMedia || !knowsFormat || !knowsAudit {
		return x, 0, fmt.Errorf("read the record of creative %d: another version of curb wrote it", c.ID)
	}
	x = Registered{Version: c.Version, Reason: c.Reason, Created: c.Created, Changed: c.Changed, Creative: ad.Creative{
		ID: c.ID, Code: c.Code, Member: c.Member, Name: c.Name, Active: c.Active, Size: ad.Size{W: c.Width, H: c.Height},
		Media: media, Format: format, Content: c.Content, Dynamic: c.Dynamic, ClickURL: c.ClickURL, Secure: c.Secure, Audit: audit,
		Advertisers: c.Advertisers, Categories: c.Categories, Language: c.Language, Pixels: c.Pixels, Banned: c.Banned}}
	for _, a := range c.Attributes {
		x.Attributes = append(x.Attributes, uint8(a))
	}
	return x, c.UsedDay, nil
}

// Kinds are the kinds of records that the registry writes.
func (r *Registry) Kinds() []uint8 { return []uint8{kindCreative, kindUsed} }

// Apply replays a record. A record may come again, or after a snapshot that holds what followed it: versions and days
// only rise.
func (r *Registry) Apply(kind uint8, record []byte) error {
	switch kind {
	case kindCreative:
		x, day, err := readRecord(record)
		if err != nil {
			return err
		}
		r.restore(&x, day)
		return nil
	case kindUsed:
		if len(record) != 8 {
			return fmt.Errorf("read a creative's day: %d bytes, not 8", len(record))
		}
		if e := r.entry(ad.CreativeID(binary.BigEndian.Uint32(record))); e != nil {
			e.raise(binary.BigEndian.Uint32(record[4:]))
		}
		return nil
	}
	return fmt.Errorf("record kind %d is not the registry's", kind)
}

// restore takes in a creative from the log, unless a later version is there.
func (r *Registry) restore(x *Registered, day uint32) {
	if e := r.entry(x.ID); e == nil || e.state.Load().Version <= x.Version {
		r.put(x)
	}
	r.entry(x.ID).raise(day)
}

// raise sets the day of use to a later one and reports whether it did; before is what it was.
func (e *entry) raise(day uint32) (before uint32, raised bool) {
	for {
		before = e.used.Load()
		if before >= day {
			return before, false
		}
		if e.used.CompareAndSwap(before, day) {
			return before, true
		}
	}
}

// snapshotHead begins a snapshot; the next id follows, then a line per creative.
const snapshotHead = "curb creatives 1 "

// AppendSnapshot writes everything the registry holds. Writes may go on: each creative is whole, old or new.
func (r *Registry) AppendSnapshot(dst []byte) []byte {
	r.mu.RLock()
	entries, next := append([]*entry(nil), r.order...), r.next
	r.mu.RUnlock()
	dst = fmt.Appendf(dst, "%s%d\n", snapshotHead, next)
	for _, e := range entries {
		line, err := appendRecord(dst, e.state.Load(), e.used.Load())
		if err != nil {
			continue // cannot be: the same state was encoded before it was kept
		}
		dst = append(line, '\n')
	}
	return dst
}

// RestoreSnapshot takes in what AppendSnapshot wrote.
func (r *Registry) RestoreSnapshot(snapshot []byte) error {
	head, rest, ok := bytes.Cut(snapshot, []byte("\n"))
	number, hasHead := bytes.CutPrefix(head, []byte(snapshotHead))
	var next ad.CreativeID
	if _, err := fmt.Sscanf(string(number), "%d", &next); !ok || !hasHead || err != nil || next < ad.RegisteredCreativeMin {
		return fmt.Errorf("read the snapshot of creatives: another version of curb wrote it")
	}
	for line := range bytes.Lines(rest) {
		x, day, err := readRecord(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return err
		}
		r.restore(&x, day)
	}
	r.mu.Lock()
	r.next = max(r.next, next)
	r.mu.Unlock()
	return nil
}
