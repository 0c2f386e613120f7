// Package gf2 finds linear dependencies modulo 2: sets of rows of a matrix that add up
// to zero.
//
// The matrix is sparse, as that of a sieve: row r is a relation, column c a prime, and
// the entry is 1 if the exponent of c in r is odd. A set of rows that add up to zero is
// a product of relations that is a square.
//
// # Notation
//
//	B        the matrix transposed: a row for each column, so that B*x = 0 for x in {0,1}^rows is a dependency
//	A        B^T*B, symmetric, rows x rows; it is never computed
//	n        the number of rows of the matrix that is left after filtering
//	width    128, the vectors of a block: one bit of a vec each
//	V, Y     blocks of vectors, n x width matrices
//	S        a choice of columns of a block: a vec with a bit for each
//
// # The steps and their files
//
//	step                                        files
//	the whole matrix, and what callers use      matrix
//	eliminate light columns                     filter
//	rows and columns during that                store, columns
//	pack what is left: the core                 core
//	few rows: Gauss's elimination               dense
//	many rows: block Lanczos                    lanczos, invert
//	from its last vectors to dependencies       nullspace
//	products of blocks, by several goroutines   product
//	inner loops                                 table, vec, kernels*
//	from the core to the whole, and the check   search
//	bytes that all this takes                   memory
//	calls of alive                              meter
//
// # Filtering
//
// A column that only w rows have is eliminated as in Gauss's elimination: the lightest
// of these rows, the pivot, is added to the other w-1 and removed. Row and column are
// gone, and if the pivot has weight m, at most
//
//	fill = (w-1)*(m-2) - m
//
// entries are added: each of w-1 rows loses the column and gets at most m-1 entries,
// and the pivot takes m away. It is done as long as a smaller matrix is worth the fill.
// A third to a half of the rows is left. Dependencies of the smaller matrix are
// dependencies of the whole: see search.expand.
//
// An example: the rows 0 = {a, b}, 1 = {b, c}, 2 = {a, c}, 3 = {c} with the columns a,
// b, c. Column a has the rows 0 and 2. Row 0 is added to row 2 and removed; the merge
// is noted:
//
//	1 = {b, c}, 2 = {b, c}, 3 = {c}    merges: 0 -> 2
//
// The core has the dependency 1 + 2. In the whole, row 2 stands for 0 + 2, so that the
// dependency is 0 + 1 + 2. TestExample computes this.
//
// # Block Lanczos
//
// Lanczos's method makes vectors that are orthogonal with respect to A. Over GF(2)
// every second vector v has v^T*A*v = 0 and cannot be divided by. So the method works
// with subspaces of up to 128 dimensions: Montgomery's block Lanczos. From V[0] = A*Y
// for a random Y it makes blocks V[i] and subspaces W[i] = V[i]*S[i], where S[i]
// chooses as many columns as W[i]^T*A*W[i] can have and be invertible:
//
//	W[i]^inv = S*(S^T*V[i]^T*A*V[i]*S)^-1*S^T
//	V[i+1]   = A*V[i]*S*S^T + V[i]*D + V[i-1]*E + V[i-2]*F
//
//	D = I + W[i]^inv * (V[i]^T*A^2*V[i]*S*S^T + V[i]^T*A*V[i])
//	E = W[i-1]^inv * V[i]^T*A*V[i]*S*S^T
//	F = W[i-2]^inv * (I + V[i-1]^T*A*V[i-1]*W[i-1]^inv)
//	  * (V[i-1]^T*A^2*V[i-1]*S[i-1]*S[i-1]^T + V[i-1]^T*A*V[i-1]) * S*S^T
//
// Why D has this form: W[i]^inv is an inverse on the chosen columns,
//
//	S^T * V[i]^T*A*V[i] * W[i]^inv = S^T,
//
// so that with K = V[i]^T*A^2*V[i]*S*S^T + V[i]^T*A*V[i] and D = I + W[i]^inv*K
//
//	S^T*V[i]^T*A*V[i+1] = S^T*(V[i]^T*A^2*V[i]*S*S^T + V[i]^T*A*V[i] + K) = 0 mod 2,
//
// since the columns of V[i-1]*E are in W[i-1], those of V[i-2]*F in W[i-2], and V[i] is
// orthogonal to both. E and F do the same for W[i-1] and W[i-2]. So V[i+1] is
// orthogonal to these three with respect to A. It is orthogonal to all earlier ones
// without more terms, as long as each column is in S[i] or in S[i-1] for all i. So
// invert prefers the columns that are not in S[i-1]. TestOrthogonal checks all pairs.
//
// Why it ends: the W[i] are independent, as they are orthogonal and W[i]^T*A*W[i] is
// invertible. So their dimensions add up to n at most, and after about n/(width-0.76)
// steps V[m]^T*A*V[m] = 0. Let
//
//	X = sum of V[i]*W[i]^inv*V[i]^T*V[0], i < m,
//
// the sum of the projections of V[0]. If V[m] = 0, then A*X = V[0] = A*Y. In general
// A*(X-Y) and A*V[m] are in the span of V[m], at most width dimensions. So among the
// 2*width columns of X-Y and V[m] there are combinations x with A*x = 0, and mostly B*x
// = 0: nullspace finds those with B*x = 0 by elimination of the images B*(X-Y), B*V[m].
//
// The cost: each step has one product with B, one with B^T, and a few products of
// blocks: about n/127 steps of c*n + w word operations, for w 1s.
//
// # What callers can rely on
//
// Each dependency is checked against the whole matrix before it is handed out. Nothing
// is random but seeds that are fixed: the same rows give the same dependencies, with
// any number of goroutines.
//
// For n columns of a sieve it takes a time proportional to n^2 and a little more: on
// one core, with the kernels, 0.35 s for the 34,000 columns of a number of 80 digits,
// 0.65 s for the 50,000 of one of 85, and 1.2 s for the 65,000 of one of 90. It is fit
// for some 200,000 columns. Beyond that the image of a block no longer fits in caches,
// and block Wiedemann, which is not implemented, divides better among machines.
//
// # Sources
//
//   - A. Odlyzko, Discrete logarithms in finite fields and their cryptographic
//     significance (1984), and S. Cavallar, Strategies in filtering in the number field
//     sieve (2000): the filter.
//   - P. Montgomery, A block Lanczos algorithm for finding dependencies over GF(2)
//     (1995): the names too.
//   - M. Albrecht, G. Bard, W. Hart, Efficient multiplication of dense matrices over
//     GF(2) (2010): sums of rows from tables, the method of the four Russians.
package gf2
