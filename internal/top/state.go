package top

import (
	"factorfleet/internal/observe"
)

// A Pane is one of the tables.
type Pane int

// The panes, in the order of their keys 1 to 4.
const (
	Jobs Pane = iota
	Numbers
	Workers
	Dead
	panes
)

var paneNames = [panes]string{"jobs", "numbers", "workers", "dead letters"}

// A State is what a user has chosen to see. The zero State is the first screen. It is owned by one goroutine.
type State struct {
	pane    Pane
	sorts   [panes]int  // index of the order of each pane
	reverse [panes]bool // the order is reversed
	at      int         // the row that is selected, from 0
	first   int         // the first row that is shown
	job     string      // the job whose numbers and facts are shown; "" = all
	help    bool
}

// NewState returns the first screen: of a job, or of the fleet if job is "".
func NewState(job string) *State {
	if job != "" {
		return &State{pane: Numbers, job: job}
	}
	return new(State)
}

// Job returns the job that the user looks at, "" if none.
func (s *State) Job() string { return s.job }

// Keys that are no characters.
const (
	Up     = "up"
	Down   = "down"
	PageUp = "page up"
	PageDn = "page down"
	Home   = "home"
	End    = "end"
	Enter  = "enter"
	Escape = "escape"
	Tab    = "tab"
	Break  = "break" // Ctrl-C, or the end of the input
)

// page is how many rows PageUp and PageDn move.
const page = 10

// Key changes the state for a key: a character, or one of the keys above. It reports whether the user quits. v is the View
// that the user sees.
func (s *State) Key(key string, v *observe.View) (quit bool) {
	if s.help && key != "q" && key != Break {
		s.help = false
		return false
	}
	switch key {
	case "q", Break:
		return true
	case "?", "h":
		s.help = true
	case "1", "2", "3", "4":
		s.show(Pane(key[0] - '1'))
	case Tab:
		s.show((s.pane + 1) % panes)
	case "s":
		s.sorts[s.pane] = (s.sorts[s.pane] + 1) % len(orderNames[s.pane])
	case "r":
		s.reverse[s.pane] = !s.reverse[s.pane]
	case Enter:
		s.open(v)
	case Escape:
		s.job, s.at = "", 0
	default:
		s.move(key)
	}
	return false
}

// show changes to a pane.
func (s *State) show(p Pane) {
	if p != s.pane {
		s.pane, s.at, s.first = p, 0, 0
	}
}

// open looks at the job of the selected row: its running numbers.
func (s *State) open(v *observe.View) {
	if s.pane == Workers {
		return
	}
	if ids := jobsOfRows(s, v); s.at < len(ids) {
		s.job = ids[s.at]
		s.show(Numbers)
	}
}

// move moves the selection. Render keeps it within the rows.
func (s *State) move(key string) {
	switch key {
	case Up, "k":
		s.at--
	case Down, "j":
		s.at++
	case PageUp:
		s.at -= page
	case PageDn, " ":
		s.at += page
	case Home, "g":
		s.at = 0
	case End, "G":
		s.at = int(^uint(0) >> 1)
	}
	s.at = max(s.at, 0)
}
