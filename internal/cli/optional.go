package cli

import "github.com/urfave/cli/v2"

// An OptionalFlag is a flag with an optional value: --NAME, or --NAME=VALUE. A value never is a word of its own.
type OptionalFlag struct{ *cli.GenericFlag }

// NewOptionalFlag returns a flag whose value is fallback if the user writes none; without the flag it is "".
func NewOptionalFlag(name, fallback, category, usage string) *OptionalFlag {
	return &OptionalFlag{&cli.GenericFlag{Name: name, Value: &optional{fallback: fallback}, Category: category, Usage: usage}}
}

// TakesValue reports that the word after the flag is not its value.
func (f *OptionalFlag) TakesValue() bool { return false }

// String returns the line of the help.
func (f *OptionalFlag) String() string { return cli.FlagStringer(f) }

// GetDefaultText returns nothing: the default is that the flag is not there.
func (f *OptionalFlag) GetDefaultText() string { return "" }

// An optional is the value of an OptionalFlag.
type optional struct{ value, fallback string }

// Set takes a value. Package flag passes "true" if there is none.
func (o *optional) Set(value string) error {
	if o.value = value; value == "true" {
		o.value = o.fallback
	}
	return nil
}

func (o *optional) String() string { return o.value }

// IsBoolFlag has package flag accept the flag without a value.
func (o *optional) IsBoolFlag() bool { return true }
