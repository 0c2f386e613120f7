package fleet

// CountRejected counts a result of a worker that this process has refused. A result that is late, a duplicate or of a range
// that is not stored is none.
func (f *Fleet) CountRejected() { f.rejected.Add(1) }

// Rejected returns how many results this process has refused.
func (f *Fleet) Rejected() uint64 { return f.rejected.Load() }

// Reconnects returns how often the connection to the server was made again.
func (f *Fleet) Reconnects() uint64 { return f.link.NC.Stats().Reconnects }
