package node

import (
	"time"

	"curb/edge/ad"
	"curb/edge/journal"
	"curb/edge/ledger"
	"curb/edge/notice"
)

// watchBooks shows on the metrics page what was sold, told and written down.
func (n *Node) watchBooks() {
	money := func(read func(ledger.Money) float64) func() float64 {
		return func() float64 { return read(n.ledger.Totals().Money) }
	}
	n.metrics.Counter("curb_bills_total", "Impressions billed, over restarts.", money(func(m ledger.Money) float64 { return float64(m.Count) }))
	n.metrics.Counter("curb_bills_net_usd_total", "What sellers get for them, USD.", money(func(m ledger.Money) float64 { return dollars(m.Net) }))
	n.metrics.Counter("curb_bills_buyer_pays_usd_total", "What buying members owe for them, USD.", money(func(m ledger.Money) float64 { return dollars(m.BuyerPays) }))
	n.metrics.Counter("curb_events_impressions_total", "Ads that were shown, by their pixel.", func() float64 { return float64(n.events.impressions.Load()) })
	n.metrics.Counter("curb_events_clicks_total", "Ads that were clicked.", func() float64 { return float64(n.events.clicks.Load()) })
	n.metrics.Counter("curb_events_missed_total", "Impressions and clicks that the journal had no room for.", func() float64 { return float64(n.events.missed.Load()) })
	n.watchPromises()
	n.watchRates()
	n.watchJournal()
	n.watchNotices()
}

// watchPromises shows what is passed on and may come back, and how much room there is for more.
func (n *Node) watchPromises() {
	show := func(name, help string, read func(ledger.Status) float64, labels ...string) {
		n.metrics.Gauge("curb_promises_"+name, help, func() float64 { return read(n.ledger.Status()) }, labels...)
	}
	show("held", "Sales that were passed on and are kept, accepted ones included.", func(s ledger.Status) float64 { return float64(s.Pendings) })
	show("bytes", "Memory that they take.", func(s ledger.Status) float64 { return float64(s.PendingBytes) })
	show("fullest_publisher_bytes", "Memory that those of one publisher take, the one with most.", func(s ledger.Status) float64 { return float64(s.Fullest.Bytes) })
	show("doubtful_bills", "Bills that may be on disk although the journal said no; they are undone.", func(s ledger.Status) float64 { return float64(s.Doubts) })
}

// watchRates shows how old the exchange rates are, and what is kept out: bids in those currencies are lost.
func (n *Node) watchRates() {
	n.metrics.Gauge("curb_rates_age_seconds", "Age of the exchange rates; past five days only USD is bought and sold.", func() float64 {
		rates := n.catalog.Load().Rates()
		if rates.AsOf.IsZero() {
			return 0
		}
		return time.Since(rates.AsOf).Seconds()
	})
	n.metrics.Gauge("curb_rates_kept_out", "Currencies that are kept out because their rate jumped.", func() float64 { return float64(len(n.jumped)) })
}

// watchJournal shows how the log does.
func (n *Node) watchJournal() {
	show := func(name, help string, read func(journal.Stats) float64) {
		n.metrics.Counter("curb_journal_"+name, help, func() float64 { return read(n.journal.Stats()) })
	}
	show("appends_total", "Records that somebody waited for and that are on disk.", func(s journal.Stats) float64 { return float64(s.Appends) })
	show("commits_total", "Writes, with one fsync each.", func(s journal.Stats) float64 { return float64(s.Commits) })
	show("failures_total", "Writes that failed.", func(s journal.Stats) float64 { return float64(s.Failures) })
	show("abandoned_total", "Records that somebody stopped waiting for.", func(s journal.Stats) float64 { return float64(s.Abandoned) })
	show("dropped_total", "Records nobody waits for that there was no room for.", func(s journal.Stats) float64 { return float64(s.PostsDropped) })
	show("bytes_total", "Bytes written.", func(s journal.Stats) float64 { return float64(s.Bytes) })
	show("sync_seconds_total", "Time spent in fsync.", func(s journal.Stats) float64 { return s.SyncTotal.Seconds() })
	n.metrics.Gauge("curb_journal_sync_seconds_max", "The longest fsync since the start.", func() float64 { return n.journal.Stats().SyncMax.Seconds() })
	n.metrics.Gauge("curb_journal_disk_bytes", "What the journal takes on disk.", func() float64 { return float64(n.journal.Stats().DiskBytes) })
	n.metrics.Gauge("curb_journal_free_bytes", "What is free on its volume.", func() float64 { return float64(n.journal.Stats().FreeBytes) })
	n.metrics.Gauge("curb_journal_healthy", "1 while records can be written.", func() float64 {
		if n.journal.Healthy() != nil {
			return 0
		}
		return 1
	})
}

// watchNotices shows what bidders were told.
func (n *Node) watchNotices() {
	for kind := ad.NoticeWon; int(kind) < notice.KindCount; kind++ {
		n.metrics.Counter("curb_notices_sent_total", "Notices that arrived; one that goes several ways counts each.",
			func() float64 { return float64(n.notices.Stats().Total.Sent[kind]) }, "kind", kind.String())
		n.metrics.Counter("curb_notices_dropped_total", "Notices that gave way to others in a full queue. Won is never among them.",
			func() float64 { return float64(n.notices.Stats().Total.Dropped[kind]) }, "kind", kind.String())
	}
	n.metrics.Counter("curb_notices_failed_total", "Tries in vain.", func() float64 { return float64(n.notices.Stats().Total.Failed) })
	n.metrics.Counter("curb_notices_dead_total", "Notices given up.", func() float64 { return float64(n.notices.Stats().Total.Dead) })
	n.metrics.Gauge("curb_notices_queued", "Notices that wait to be sent.", func() float64 { return float64(n.notices.Stats().Total.Queued) })
	n.metrics.Gauge("curb_notices_spooled", "Won notices on disk that wait for a place in the queue.", func() float64 { return float64(n.notices.Stats().Total.Spooled) })
}

// dollars is a sum of bills as a number for people who watch; the exact one is GET /v1/bills.
func dollars[T ~int64](nano T) float64 { return float64(nano) / 1e9 }
