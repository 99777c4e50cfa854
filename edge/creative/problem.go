package creative

import (
	"errors"
	"fmt"
	"strings"

	"curb/edge/ad"
)

// ErrNotFound says that the registry has no creative of that id.
var ErrNotFound = errors.New("there is no such creative in the registry")

// ErrNotSubmitted says that a creative whose audit state is none was approved or rejected.
var ErrNotSubmitted = errors.New("the creative was not submitted to audit")

// Problem is one thing wrong with a draft.
type Problem struct {
	Field  string `json:"field"` // as in the API
	Detail string `json:"detail"`
	Remedy string `json:"remedy"`
}

// InvalidError holds everything that is wrong with a draft.
type InvalidError struct{ Problems []Problem }

// Error lists the problems, one per line.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Field + ": " + p.Detail + ": " + p.Remedy
	}
	return strings.Join(lines, "\n")
}

// TakenError says that the member has another creative of the code, here or in the rule set.
type TakenError struct{ ID ad.CreativeID }

// Error names the creative.
func (e *TakenError) Error() string {
	return fmt.Sprintf("the member's creative %d has this code, and other content", e.ID)
}

// StaleError says that a write was meant for another version than there is.
type StaleError struct{ Version uint64 } // that there is

// Error names the version.
func (e *StaleError) Error() string { return fmt.Sprintf("the creative is at version %d", e.Version) }

// FullError says that a limit on the number or bytes of creatives is reached.
type FullError struct{ Limit string }

// Error names the limit.
func (e *FullError) Error() string { return "no room: " + e.Limit }
