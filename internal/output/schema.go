package output

// JSONLine returns a value of the type that a line of format json has, for its schema. Lines are not written by
// encoding/json; appendJSON writes the same.
func JSONLine() any { return jsonLine{} }

// ItemLine is JSONLine for the answer to an item of a job of kind exec:NAME.
func ItemLine() any { return itemLine{} }
