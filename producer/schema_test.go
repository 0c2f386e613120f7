package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/jsonschema"
)

// TestSchemaDescribesAll: each property of each document has a description, and no description is left over.
func TestSchemaDescribesAll(t *testing.T) {
	t.Parallel()
	left := maps.Clone(properties())
	for _, d := range documents {
		jsonschema.Of(reflect.TypeOf(d.value), func(owner, property string) string {
			name := owner + "." + property
			delete(left, name)
			if describe(owner, property) == "" {
				t.Errorf("%s: the property %q of the Go type %s has no description: add a line to producer/schema.txt:\n%s   DESCRIPTION", d.name, property, owner, name)
			}
			return ""
		})
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("producer/schema.txt describes %s, which no output has", name)
	}
}

// TestSchemaTable: each line has a description, and no property has two lines.
func TestSchemaTable(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for line := range strings.Lines(propertyText) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if seen[name] || strings.TrimSpace(text) == "" {
			t.Errorf("%s has two lines, or no description", name)
		}
		seen[name] = true
	}
}
