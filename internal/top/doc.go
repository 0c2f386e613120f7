// Package top draws what is seen of a fleet on a terminal, as lines of text. It does not know the terminal: Render is a pure
// function of a View, a State and a size, and Key changes the State. `producer top` reads keys and writes lines.
package top
