package creative

import (
	"slices"

	"curb/edge/ad"
)

// The words of the API and of the log, as in rule files. Their order is that of the constants in edge/ad.
var (
	formatWords = [...]string{ad.FormatImage: "image", ad.FormatHTML: "html", ad.FormatScript: "script", ad.FormatVAST: "vast", ad.FormatNative: "native"}
	auditWords  = [...]string{ad.AuditNone: "none", ad.AuditPending: "pending", ad.AuditRejected: "rejected", ad.Audited: "audited"}
	mediaTypes  = [...]ad.MediaType{ad.Banner, ad.Video, ad.Audio, ad.Native}
)

// FormatWord is the word for a format.
func FormatWord(f ad.Format) string { return formatWords[f] }

// ParseFormat reads one.
func ParseFormat(word string) (ad.Format, bool) {
	i := slices.Index(formatWords[:], word)
	return ad.Format(max(i, 0)), i >= 0
}

// FormatWords lists them.
func FormatWords() []string { return slices.Clone(formatWords[:]) }

// AuditWord is the word for an audit state.
func AuditWord(a ad.AuditStatus) string { return auditWords[a] }

// ParseAudit reads one.
func ParseAudit(word string) (ad.AuditStatus, bool) {
	i := slices.Index(auditWords[:], word)
	return ad.AuditStatus(max(i, 0)), i >= 0
}

// ParseMedia reads the word for a media type.
func ParseMedia(word string) (ad.MediaType, bool) {
	for _, m := range mediaTypes {
		if m.String() == word {
			return m, true
		}
	}
	return 0, false
}

// Status sums up in one word whether a creative serves, and if not why: banned, expired, or where its audit stands.
// Only audited ones serve, while they are active.
func Status(x *ad.Creative) string {
	switch {
	case x.Banned:
		return "banned"
	case x.Expired:
		return "expired"
	}
	return AuditWord(x.Audit)
}

// Status is Status of the creative.
func (x *Registered) Status() string { return Status(&x.Creative) }

// Statuses lists the words of Status.
func Statuses() []string { return append(slices.Clone(auditWords[:]), "banned", "expired") }
