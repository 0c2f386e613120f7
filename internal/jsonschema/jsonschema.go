// Package jsonschema makes JSON Schema documents (draft 2020-12) of Go types. A document describes what encoding/json
// writes of a value of its type. Names, types and the list of required properties come from the type, so that they
// cannot be out of date. Only the descriptions are written by hand: see Of.
//
//	jsonschema.go   types to documents
//	check.go        whether JSON fits a document, for tests
//
// A document does not forbid unknown properties: later versions of the programs may add some.
package jsonschema

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Draft is the value of $schema in every document.
const Draft = "https://json-schema.org/draft/2020-12/schema"

// A Schema is a document, or a part of one. These are all keywords that documents have.
type Schema struct {
	Schema      string     `json:"$schema,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Type        string     `json:"type,omitempty"`   // "" = any value
	Format      string     `json:"format,omitempty"` // of a string
	Minimum     *int       `json:"minimum,omitempty"`
	Items       *Schema    `json:"items,omitempty"`                // of an array
	Properties  Properties `json:"properties,omitempty"`           // of an object, in the order of its fields
	Required    []string   `json:"required,omitempty"`             // properties that are always there
	Values      *Schema    `json:"additionalProperties,omitempty"` // of a map
}

// Properties are the properties of an object. Their order is kept.
type Properties []Property

// A Property is one property of an object.
type Property struct {
	Name string
	Schema
}

// MarshalJSON writes p as an object.
func (p Properties) MarshalJSON() ([]byte, error) {
	b := bytes.NewBufferString("{")
	for i := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(p[i].Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(&p[i].Schema)
		if err != nil {
			return nil, err
		}
		b.Write(append(append(name, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Describe returns the description of a property. owner is the name of the Go type that has the field, such as
// "task.Job", or, of a struct type without a name, owner and name of the property that has it, such as
// "main.verifyReport.primes".
type Describe func(owner, property string) string

// Of returns the schema of the JSON of a type. It panics if the type has a part whose JSON it does not know, such as an
// interface or a function: types are fixed when the program is built.
func Of(t reflect.Type, describe Describe) Schema { return of(t, t.String(), describe) }

var (
	timeType   = reflect.TypeFor[time.Time]()
	numberType = reflect.TypeFor[json.Number]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	textType   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonType   = reflect.TypeFor[json.Marshaler]()
)

// of is Of. owner is the name of t in calls of describe.
func of(t reflect.Type, owner string, describe Describe) Schema {
	switch {
	case t == timeType:
		return Schema{Type: "string", Format: "date-time"}
	case t == numberType:
		return Schema{Type: "number"}
	case t == rawType:
		return Schema{}
	case t.Implements(jsonType):
		panic(fmt.Sprintf("jsonschema: %v has a JSON form of its own", t))
	case t.Implements(textType):
		return Schema{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return Schema{Type: "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Schema{Type: "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Schema{Type: "integer", Minimum: new(int)}
	case reflect.Float32, reflect.Float64:
		return Schema{Type: "number"}
	case reflect.String:
		return Schema{Type: "string"}
	case reflect.Slice:
		items := of(t.Elem(), nameOf(t.Elem(), owner), describe)
		if t.Elem().Kind() == reflect.Uint8 {
			return Schema{Type: "string"} // base64
		}
		return Schema{Type: "array", Items: &items}
	case reflect.Map:
		values := of(t.Elem(), nameOf(t.Elem(), owner), describe)
		return Schema{Type: "object", Values: &values}
	case reflect.Struct:
		s := Schema{Type: "object"}
		s.addFields(t, owner, true, describe)
		return s
	}
	panic(fmt.Sprintf("jsonschema: %v has no schema", t))
}

// nameOf returns the name of a type in calls of describe; owner if it has no name.
func nameOf(t reflect.Type, owner string) string {
	if t.Name() == "" {
		return owner
	}
	return t.String()
}

// addFields adds the fields of a struct, and those of embedded structs in their place. Without always, the struct may be
// missing as a whole.
func (s *Schema) addFields(t reflect.Type, owner string, always bool, describe Describe) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		target, pointer := f.Type, f.Type.Kind() == reflect.Pointer
		if pointer {
			target = f.Type.Elem()
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		switch {
		case f.Anonymous && name == "" && target.Kind() == reflect.Struct:
			s.addFields(target, nameOf(target, owner), always && !pointer, describe)
		case name == "-" || !f.IsExported():
		case name == "" || pointer && !optional:
			panic(fmt.Sprintf("jsonschema: field %s of %s needs a JSON name, and omitempty if it is a pointer", f.Name, owner))
		default:
			p := Property{Name: name, Schema: of(target, nameOf(target, owner+"."+name), describe)}
			p.Description = describe(owner, name)
			s.Properties = append(s.Properties, p)
			if always && !optional {
				s.Required = append(s.Required, name)
			}
		}
	}
}
