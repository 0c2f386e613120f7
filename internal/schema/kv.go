package schema

// A key-value bucket of NATS (ADR-8) is a stream whose subjects are the keys. Code that needs more than
// the key-value interface of the client library uses the stream itself, by these names.

// BucketStream returns the name of the stream of a bucket.
func BucketStream(bucket string) string { return "KV_" + bucket }

// KeyPrefix returns the prefix of the subjects of a bucket, with its last dot. The key follows it.
func KeyPrefix(bucket string) string { return "$KV." + bucket + "." }
