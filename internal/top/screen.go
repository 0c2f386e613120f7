package top

import (
	"strings"
)

// Control sequences of terminals (ECMA-48, and the alternate screen of xterm).
const (
	// EnterScreen changes to the alternate screen, without a cursor; LeaveScreen changes back.
	EnterScreen = "\x1b[?1049h\x1b[?25l"
	LeaveScreen = "\x1b[?25h\x1b[?1049l"

	home  = "\x1b[H"
	rest  = "\x1b[K" // erases the rest of the line
	below = "\x1b[J" // erases the lines below
	plain = "\x1b[m"
)

var styles = map[Style]string{Bold: "\x1b[1m", Selected: "\x1b[7m", Alarm: "\x1b[1;31m", Faint: "\x1b[2m"}

// Frame returns what draws lines over those that were drawn before. Without colour only the selected row has a style.
func Frame(lines []Line, colour bool) string {
	var b strings.Builder
	b.WriteString(home)
	for i, l := range lines {
		style := styles[l.Style]
		if !colour && l.Style != Selected {
			style = ""
		}
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(style + l.Text)
		if style != "" {
			b.WriteString(plain)
		}
		b.WriteString(rest)
	}
	b.WriteString(below)
	return b.String()
}
