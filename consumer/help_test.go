package main

import (
	"testing"

	"factorfleet/internal/cli/clitest"
)

func TestHelp(t *testing.T) { clitest.Help(t, app, examples) }

func TestMan(t *testing.T) { clitest.Man(t, app) }
