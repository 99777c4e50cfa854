package provider

import (
	"bytes"
	"context"
	"time"
)

// Ready checks: a provider is asked while the answer of its ready URL holds the character 1, anywhere. One answer without
// it, or three failures in a row, take it out until the next answer that has it.
const (
	readyTimeout     = time.Second
	readyFailuresMax = 3
)

// checkReady asks all ready URLs, one after the other, again and again until the client closes.
func (c *Client) checkReady() {
	timer := time.NewTicker(c.every)
	defer timer.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-timer.C:
		}
		for _, l := range *c.lines.Load() {
			if l.provider.ReadyURL != "" && l.provider.Active {
				c.check(l)
			}
		}
	}
}

// check asks one ready URL and notes a change.
func (c *Client) check(l *line) {
	ctx, cancel := context.WithTimeout(c.ctx, readyTimeout)
	defer cancel()
	body, err := c.get(ctx, l.provider.ReadyURL)
	if c.ctx.Err() != nil {
		return
	}
	out := false
	switch {
	case err != nil:
		l.failures++
		out = l.failures >= readyFailuresMax || l.out.Load()
	default:
		l.failures = 0
		out = !bytes.Contains(body, []byte("1"))
	}
	if l.out.Swap(out) != out {
		c.log.Info("data provider readiness changed", "provider", l.provider.Name, "ready", !out)
	}
}
