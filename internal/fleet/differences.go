package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// What a stream, durable or bucket may differ in without harm, such as its number of messages, is not compared. Nor
// are the bytes of FACTOR_TASKS: the operator of the server decides about its store, and a full queue makes producers
// wait. All else is: with another retention or another limit of messages for each subject, steps that are done
// twice would not be harmless any more. The server reports a setting that was left out with its default, which
// unlimited allows for.

// A setting is one that is compared. C is the configuration of a stream or a durable.
type setting[C any] struct {
	name  string
	value func(c *C) string   // as text, and as the nats command takes it
	copy  func(to, from *C)   // nil = it cannot be changed in place without loss
	edit  func(*C) string     // option of `nats stream edit` or `nats consumer edit` that sets it to that of C
	keep  func(got *C) string // option of `producer init` for another value; "" = none
}

// A difference is a setting whose value is not the wanted one.
type difference struct {
	setting, got, want string
	harmless           bool   // to change it loses nothing, and undoes no choice of a user
	edit, keep         string // see setting; "" = impossible
}

func (d difference) String() string { return fmt.Sprintf("%s %s, not %s", d.setting, d.got, d.want) }

// compare returns what differs between the configuration of something and the wanted one.
func compare[C any](name string, settings []setting[C], want, got *C) (list []difference) {
	for _, s := range settings {
		d := difference{setting: s.name, got: s.value(got), want: s.value(want)}
		if d.got == d.want {
			continue
		}
		d.harmless = s.copy != nil && (s.name == "description" || s.name == "subjects" && contains(d.want, d.got) ||
			slices.Contains(schema.Formers, schema.Former{Of: name, Setting: s.name, Value: d.got}))
		if s.edit != nil {
			d.edit = s.edit(want)
		}
		if s.keep != nil {
			d.keep = s.keep(got)
		}
		list = append(list, d)
	}
	return list
}

// bring copies harmless differences from want to got.
func bring[C any](settings []setting[C], differences []difference, got C, want *C) C {
	for _, d := range differences {
		i := slices.IndexFunc(settings, func(s setting[C]) bool { return s.name == d.setting })
		settings[i].copy(&got, want)
	}
	return got
}

// harmless returns the harmless ones of the differences.
func harmless(list []difference) (some []difference) {
	for _, d := range list {
		if d.harmless {
			some = append(some, d)
		}
	}
	return some
}

// allHarmless reports whether all differences are.
func allHarmless(list []difference) bool { return len(harmless(list)) == len(list) }

// contains reports whether all of the subjects in part, separated by commas, are among those in all.
func contains(all, part string) bool {
	list := strings.Split(all, ",")
	for subject := range strings.SplitSeq(part, ",") {
		if !slices.Contains(list, subject) {
			return false
		}
	}
	return true
}

// unlimited returns -1 for both ways to write "no limit", 0 and -1, else x.
func unlimited[T int | int32 | int64](x T) string {
	if x <= 0 {
		return "-1"
	}
	return strconv.FormatInt(int64(x), 10)
}

// quoted returns subjects as the nats command takes them, and as they are compared: sorted, with commas between.
func quoted(subjects []string) string {
	return strings.Join(slices.Sorted(slices.Values(subjects)), ",")
}

type (
	streamSetting  = setting[jetstream.StreamConfig]
	durableSetting = setting[jetstream.ConsumerConfig]
)

// flag returns an edit function that sets the option of that name to the value of the setting.
func flag[C any](option string, value func(*C) string) func(*C) string {
	return func(c *C) string { return "--" + option + "=" + value(c) }
}

// onOff returns an edit function for an option without a value.
func onOff[C any](option string, value func(*C) bool) func(*C) string {
	return func(c *C) string {
		if value(c) {
			return "--" + option
		}
		return "--no-" + option
	}
}
