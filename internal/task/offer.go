package task

import (
	"fmt"
	"slices"
	"strings"
)

// OfferLarge is the offer of workers that accept numbers of any size: see TooLarge.
const OfferLarge = "large"

// execOffer begins the offer of a worker that runs a command.
const execOffer = "exec="

// Serves reports whether a worker with these offers may take tasks of a route: it has all that the route asks for.
func Serves(offers []string, route string) bool {
	if route == "" {
		return true
	}
	for offer := range strings.SplitSeq(route, "+") {
		if !slices.Contains(offers, offer) {
			return false
		}
	}
	return true
}

// NormalOffers returns the offers of a worker, sorted and distinct. An error says which of them is none, or that there are
// too many.
func NormalOffers(offers []string) ([]string, error) {
	list := slices.Clone(offers)
	slices.Sort(list)
	list = slices.Compact(list)
	for _, offer := range list {
		if err := CheckOffer(offer); err != nil {
			return nil, err
		}
	}
	if len(list) > MaxWorkerOffers {
		return nil, fmt.Errorf("%d labels and commands, a worker may have %d at most", len(list), MaxWorkerOffers)
	}
	return list, nil
}

// SoundOffers returns those of the offers that a worker claims which are offers, at most MaxWorkerOffers, sorted.
func SoundOffers(offers []string) []string {
	sound := slices.DeleteFunc(slices.Clone(offers[:min(len(offers), MaxWorkerOffers)]), func(offer string) bool { return CheckOffer(offer) != nil })
	slices.Sort(sound)
	return slices.Compact(sound)
}

// CheckOffer returns an error unless offer is a label, 1 to 24 characters of a-z 0-9 _ -, or "exec=" and such a name.
func CheckOffer(offer string) error {
	if !isName(strings.TrimPrefix(offer, execOffer), labelChar, maxLabel) {
		return fmt.Errorf("%.60q is not a name: use 1 to %d of a-z 0-9 _ -", strings.TrimPrefix(offer, execOffer), maxLabel)
	}
	return nil
}

// CheckLabel returns an error unless label may be given to a worker: 1 to 24 characters of a-z 0-9 _ -.
func CheckLabel(label string) error {
	if !isName(label, labelChar, maxLabel) {
		return fmt.Errorf("%.60q is not a label: use 1 to %d of a-z 0-9 _ -", label, maxLabel)
	}
	return nil
}

// OfferedExec returns the name of the command of an offer; false for a label.
func OfferedExec(offer string) (name string, ok bool) { return strings.CutPrefix(offer, execOffer) }

// ExecOffer returns the offer of workers that run the command name.
func ExecOffer(name string) string { return execOffer + name }
