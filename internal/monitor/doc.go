// Package monitor has the rules of monitoring plug-ins: thresholds, states and the forms of their one line of output. The
// rules are those of the Monitoring Plugins Development Guidelines, which Nagios, Icinga, Naemon and Checkmk follow.
package monitor
