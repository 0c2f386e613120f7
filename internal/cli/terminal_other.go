//go:build !unix && !windows

package cli

import "os"

func consoleWidth(*os.File) int { return 0 }

func enableEscapes(*os.File) {}
