package jsonschema

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	N     uint8           `json:"n"`
	List  []inner2        `json:"list"`
	ByKey map[string]bool `json:"by_key,omitempty"`
	skip  int
}

type inner2 struct {
	Raw json.RawMessage `json:"raw"`
	Key []byte          `json:"key"`
}

type maybe struct {
	Extra string `json:"extra"`
}

type outer struct {
	Name string `json:"name"`
	inner
	*maybe
	Time   *time.Time `json:"time,omitempty"`
	Hidden int        `json:"-"`
	Part   struct {
		Rate float64 `json:"rate"`
	} `json:"part"`
	Exact json.Number `json:"exact"`
}

// describe describes each property by the names with which it was called.
func describe(owner, property string) string { return owner + " " + property }

func documentOf(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(Of(reflect.TypeOf(v), describe))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Fields have the JSON names, types and order of encoding/json; embedded structs are in their place.
func TestOf(t *testing.T) {
	t.Parallel()
	const want = `{"type":"object","properties":{` +
		`"name":{"description":"jsonschema.outer name","type":"string"},` +
		`"n":{"description":"jsonschema.inner n","type":"integer","minimum":0},` +
		`"list":{"description":"jsonschema.inner list","type":"array","items":{"type":"object","properties":{` +
		`"raw":{"description":"jsonschema.inner2 raw"},"key":{"description":"jsonschema.inner2 key","type":"string"}},"required":["raw","key"]}},` +
		`"by_key":{"description":"jsonschema.inner by_key","type":"object","additionalProperties":{"type":"boolean"}},` +
		`"extra":{"description":"jsonschema.maybe extra","type":"string"},` +
		`"time":{"description":"jsonschema.outer time","type":"string","format":"date-time"},` +
		`"part":{"description":"jsonschema.outer part","type":"object","properties":{"rate":{"description":"jsonschema.outer.part rate","type":"number"}},"required":["rate"]},` +
		`"exact":{"description":"jsonschema.outer exact","type":"number"}},` +
		`"required":["name","n","list","part","exact"]}`
	if got := string(documentOf(t, outer{})); got != want {
		t.Errorf("got\n%s\nnot\n%s", got, want)
	}
}

// What encoding/json writes of a value fits the document of its type.
func TestCheckAccepts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	full := outer{Name: "a", inner: inner{N: 3, List: []inner2{{Raw: json.RawMessage(`[1]`)}}, ByKey: map[string]bool{"x": true}, skip: 1}, maybe: &maybe{"e"}, Time: &now, Exact: "1.5"}
	full.List[0].Key = []byte{1}
	for _, v := range []outer{full, {inner: inner{List: []inner2{}}}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(documentOf(t, v), b); err != nil {
			t.Errorf("%s: %v", b, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	const valid = `{"name":"a","n":1,"list":[{"raw":null,"key":""}],"by_key":{"x":true},"part":{"rate":1.5},"exact":1}`
	if err := Check(documentOf(t, outer{}), []byte(valid)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, says string }{
		{`"name":"a",`, ``, `the value lacks the required property "name"`},
		{`"name":"a"`, `"name":1`, `name is of type integer, not string`},
		{`"n":1`, `"n":-1`, `n is -1, below 0`},
		{`"n":1`, `"n":1.5`, `n is of type number, not integer`},
		{`"rate":1.5`, `"rate":1,"more":2`, `part has the property "more", which the schema does not describe`},
		{`"list":[{"raw":null,"key":""}]`, `"list":null`, `list is of type null, not array`},
		{`"key":""`, `"key":[]`, `list[0].key is of type array, not string`},
		{`"x":true`, `"x":"true"`, `by_key.x is of type string, not boolean`},
		{`"exact":1}`, `"exact":1} {}`, `more than one value`},
		{`"exact":1}`, `"exact":`, `not JSON`},
	} {
		value := strings.Replace(valid, c.old, c.new, 1)
		if err := Check(documentOf(t, outer{}), []byte(value)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", value, err, c.says)
		}
	}
}

// A type whose JSON is not known is an error of the program, not a document that says less.
func TestOfPanics(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		struct {
			F func() `json:"f"`
		}{},
		struct {
			P *int `json:"p"`
		}{},
		struct{ NoName int }{},
		struct {
			I any `json:"i"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T has a document", v)
				}
			}()
			Of(reflect.TypeOf(v), describe)
		}()
	}
}
