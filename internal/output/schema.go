package output

// JSONLine returns a value of the type that a line of format json has, for its schema. Lines are not written by
// encoding/json; appendJSON writes the same.
func JSONLine() any { return jsonLine{} }
