package jsonschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Check reports how a value does not fit a document of this package; nil if it fits. Both are JSON. Unlike the document
// it does not accept properties that the document does not list: a test that calls it finds the ones that are not
// described. Error messages name the place in the value, such as "[0].strikes[1].job".
func Check(document, value []byte) error {
	var schema map[string]any
	if err := json.Unmarshal(document, &schema); err != nil {
		return fmt.Errorf("the schema is not JSON: %w", err)
	}
	var v any
	d := json.NewDecoder(strings.NewReader(string(value)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("the value is not JSON: %w", err)
	}
	if d.More() {
		return errors.New("there is more than one value")
	}
	return errors.Join(check(schema, v, "")...)
}

// check returns what is wrong with v, which is at a place of the value.
func check(schema map[string]any, v any, place string) (errs []error) {
	want, _ := schema["type"].(string)
	if got := typeOf(v); want != "" && got != want && !(got == "integer" && want == "number") {
		return []error{fmt.Errorf("%s is of type %s, not %s", at(place), got, want)}
	}
	switch v := v.(type) {
	case []any:
		items, _ := schema["items"].(map[string]any)
		for i, item := range v {
			errs = append(errs, check(items, item, fmt.Sprintf("%s[%d]", place, i))...)
		}
	case map[string]any:
		errs = checkObject(schema, v, place)
	case json.Number:
		if minimum, ok := schema["minimum"].(float64); ok {
			if f, err := v.Float64(); err != nil || f < minimum {
				errs = append(errs, fmt.Errorf("%s is %v, below %v", at(place), v, minimum))
			}
		}
	}
	return errs
}

// checkObject is check for an object.
func checkObject(schema, v map[string]any, place string) (errs []error) {
	properties, _ := schema["properties"].(map[string]any)
	values, isMap := schema["additionalProperties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		inner, known := properties[name].(map[string]any)
		if !known && !isMap && schema["type"] != nil {
			errs = append(errs, fmt.Errorf("%s has the property %q, which the schema does not describe", at(place), name))
			continue
		}
		if !known {
			inner = values
		}
		errs = append(errs, check(inner, v[name], place+"."+name)...)
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, there := v[name.(string)]; !there {
			errs = append(errs, fmt.Errorf("%s lacks the required property %q", at(place), name))
		}
	}
	return errs
}

// at names a place.
func at(place string) string {
	if place == "" {
		return "the value"
	}
	return strings.TrimPrefix(place, ".")
}

// typeOf returns the type of a JSON value. A number without a fraction is an integer.
func typeOf(v any) string {
	switch v := v.(type) {
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}
