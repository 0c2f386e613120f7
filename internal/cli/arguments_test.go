package cli

import "testing"

func TestSplitListen(t *testing.T) {
	for _, test := range []struct {
		value string
		least int
		host  string // "-" = refused
		port  string
	}{
		{"127.0.0.1:4222", 1, "127.0.0.1", "4222"}, {"[::1]:0", 0, "::1", "0"}, {":65535", 1, "", "65535"},
		{"h:0", 1, "-", ""}, {"h:-1", 0, "-", ""}, {"h:65536", 0, "-", ""}, {"h:", 0, "-", ""}, {"h", 0, "-", ""}, {"::1:80", 0, "-", ""},
	} {
		host, port, err := SplitListen(test.value, test.least)
		if refused := test.host == "-"; refused != (err != nil) || !refused && (host != test.host || port != test.port) {
			t.Errorf("%s: %q, %q, %v", test.value, host, port, err)
		}
		if err != nil && Code(err) != Usage {
			t.Errorf("%s: exit code %d", test.value, Code(err))
		}
	}
}
