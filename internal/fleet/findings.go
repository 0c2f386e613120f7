package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/text"
)

// initCommand is the remedy of what `init` does.
const initCommand = "run `producer init`"

// Findings returns what is wrong with a server and the streams of a fleet, for a fleet with the settings of p. It does
// nothing but compare. What the snapshot does not have is not judged. Settings that p leaves open are as they are.
func Findings(s Snapshot, p Provision) []Finding {
	p = p.adopt(s)
	list := append(ServerFindings(s), accountFindings(s, p)...)
	list = append(list, foreignFindings(s)...)
	if count, _, _ := missing(s, p); count > 0 && count == len(wantedStreams(p)) {
		return append(list, Finding{Kind: Missing, What: "the streams of the fleet are missing", Remedy: initCommand})
	}
	for _, w := range wantedStreams(p) {
		if info, looked := s.Streams[w.config.Name]; looked {
			list = append(list, w.findings(info)...)
		}
	}
	for _, w := range wantedDurables(s, p) {
		if info, looked := s.Durables[w.config.Durable]; looked {
			list = append(list, w.findings(info)...)
		}
	}
	return list
}

// ServerFindings are the findings about the server itself.
func ServerFindings(s Snapshot) (list []Finding) {
	if major, minor, ok := parseVersion(s.Version); ok && (major < schema.LeastMajor || major == schema.LeastMajor && minor < schema.LeastMinor) {
		list = append(list, Finding{
			Kind: Unfit, What: "this nats server has version " + text.Sanitize(s.Version, 40),
			Want: fmt.Sprintf("%d.%d or newer", schema.LeastMajor, schema.LeastMinor), Remedy: "upgrade the nats server",
		})
	}
	if s.MaxPayload > 0 && s.MaxPayload < schema.LeastPayload {
		list = append(list, Finding{
			Kind: Unfit, What: "max_payload of this nats server is " + text.Bytes(s.MaxPayload),
			Want: fmt.Sprintf("at least %s (%d)", text.Bytes(schema.LeastPayload), schema.LeastPayload), Remedy: "set `max_payload: 1MB` in the server's configuration",
		})
	}
	return list
}

// parseVersion returns the first two numbers of a version such as 2.12.0-beta.1. ok is false for a version that has
// none, such as that of a development build.
func parseVersion(version string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	second, _, _ := strings.Cut(rest, ".")
	major, err := strconv.Atoi(first)
	if err != nil {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(second)
	return major, minor, err == nil
}

// accountFindings are those about the limits of the account, as far as missing streams need more.
func accountFindings(s Snapshot, p Provision) (list []Finding) {
	if s.Account == nil {
		return nil
	}
	replicas := max(1, p.Replicas)
	usage, factor := s.usage(replicas), int64(replicas)
	if len(s.Account.Tiers) > 0 {
		factor = 1 // the limits of a tier count a stream once
	}
	unfit := func(what, want, remedy string) {
		list = append(list, Finding{Kind: Unfit, What: what, Want: want, Remedy: remedy})
	}
	streams, largest, reserved := missing(s, p)
	limits := usage.Limits
	if streams == 0 {
		return nil
	}
	if limits.MaxStreams > 0 && usage.Streams+streams > limits.MaxStreams {
		unfit(fmt.Sprintf("the account may have %s and has %d", text.Count(uint64(limits.MaxStreams), "stream"), usage.Streams),
			fmt.Sprintf("%d more", streams), fmt.Sprintf("set the account's max_streams to at least %d", usage.Streams+streams))
	}
	if limits.MaxConsumers > 0 && limits.MaxConsumers < schema.LeastConsumers {
		unfit(fmt.Sprintf("the account permits %s of a stream", text.Count(uint64(limits.MaxConsumers), "consumer")),
			fmt.Sprintf("at least %d, and one for each job that is watched", schema.LeastConsumers), "raise the account's max_consumers")
	}
	if limits.MaxStore >= 0 && int64(usage.ReservedStore)+reserved*factor > limits.MaxStore {
		unfit(fmt.Sprintf("JetStream may store %s in this account, of which %s are reserved", text.Bytes(limits.MaxStore), text.Bytes(int64(usage.ReservedStore))),
			fmt.Sprintf("%s more, which %s reserves", text.Bytes(reserved*factor), schema.StreamTasks), "raise the account's max_file")
	}
	if limits.StoreMaxStreamBytes > 0 && largest > limits.StoreMaxStreamBytes {
		unfit("a stream of this account may store "+text.Bytes(limits.StoreMaxStreamBytes), text.Bytes(largest)+" for "+schema.StreamTasks, "raise the account's limit of a stream")
	}
	if limits.MaxBytesRequired {
		unfit("this account requires a limit of bytes for each stream", "no such limit", "set the account's max_bytes_required to false")
	}
	return list
}

// missing returns how many streams are missing, the most bytes that one of them reserves, and what all reserve.
func missing(s Snapshot, p Provision) (count int, largest, reserved int64) {
	for _, w := range wantedStreams(p) {
		if info, looked := s.Streams[w.config.Name]; looked && info == nil {
			count++
			largest = max(largest, w.config.MaxBytes)
			reserved += max(0, w.config.MaxBytes)
		}
	}
	return count, largest, reserved
}

// foreignFindings has one finding for each stream of others that takes subjects of missing streams.
func foreignFindings(s Snapshot) (list []Finding) {
	takes, subjects := make(map[string][]string), make(map[string]string)
	for _, w := range wantedStreams(Provision{}) {
		for _, f := range s.Foreign[w.config.Name] {
			if !slices.Contains(takes[f.Name], w.label) {
				takes[f.Name] = append(takes[f.Name], w.label)
			}
			subjects[f.Name] = quoted(f.Subjects)
		}
	}
	for name, labels := range takes {
		need := "needs"
		if len(labels) > 1 {
			need = "need"
		}
		list = append(list, Finding{
			Kind: Foreign, What: fmt.Sprintf("stream %s has the subjects %s, which %s %s", name, subjects[name], strings.Join(labels, ", "), need),
			Remedy: fmt.Sprintf("change its subjects with `nats stream edit %s --subjects=SUBJECTS`, or give the fleet an account of its own", name),
		})
	}
	slices.SortFunc(list, func(a, b Finding) int { return strings.Compare(a.What, b.What) })
	return list
}

// findings are those about one stream; info is nil if it is missing.
func (w *wantedStream) findings(info *jetstream.StreamInfo) (list []Finding) {
	if info == nil {
		return []Finding{{Kind: Missing, What: w.label + " is missing", Remedy: initCommand, of: w.about}}
	}
	differences := w.differences(info)
	if w.expires && !allHarmless(differences) {
		return []Finding{{Kind: Outdated, What: w.label + " has settings with which a worker can remove the heartbeats of others", Remedy: initCommand}}
	}
	for _, d := range differences {
		list = append(list, d.finding(w.about, "stream", "", w.config.Name))
	}
	return list
}

// findings are those about one durable; info is nil if it is missing.
func (w *wantedDurable) findings(info *jetstream.ConsumerInfo) (list []Finding) {
	name := w.config.Durable
	if info == nil {
		return []Finding{{Kind: Missing, What: "durable " + name + " of stream " + w.stream + " is missing", Remedy: initCommand}}
	}
	for _, d := range w.differences(info) {
		if w.stream != schema.StreamTasks {
			d.keep = "" // --ack-wait is that of the tasks
		}
		list = append(list, d.finding(w.stream+" > "+name, "consumer", w.stream+" ", name))
	}
	if info.Paused {
		until := ""
		if t := info.Config.PauseUntil; t != nil {
			until = " until " + t.UTC().Format(time.DateTime) + " UTC"
		}
		list = append(list, Finding{
			Kind: Paused, What: "durable " + name + " is paused" + until,
			Remedy: fmt.Sprintf("run `nats consumer resume %s %s -f`", w.stream, name),
		})
	}
	return list
}

// finding returns the finding about a difference. of begins its line. The nats command names the thing by kind, parent
// and name: "stream", "", NAME or "consumer", "STREAM ", NAME.
func (d difference) finding(of, kind, parent, name string) Finding {
	if d.harmless {
		return Finding{Kind: Outdated, What: of + " has " + d.String(), Remedy: initCommand}
	}
	return Finding{
		Kind: Differs, What: of + " has " + d.String(), Remedy: d.remedy(kind, parent+name), keep: d.keep,
		of: of, state: d.String(), each: d.remedy(kind, parent+"NAME") + " for each",
	}
}
